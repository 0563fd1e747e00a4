"""An experiment's settings: presets, ``--set`` overrides, and the settings.toml that a run leaves complete.

Settings are `Section`s. TOML has no null, so a setting that is None is left out of
the file, and what is left out of a complete file is None.
"""

from __future__ import annotations

import difflib
import tomllib
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import tomli_w
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from blockspin.runs.store import write_text

FILE = "settings.toml"
HEAD = "# The complete settings of this run. A folder holds one run: other settings go into another folder.\n"

FILE_KINDS: dict[str, type] = {"experiment": str, "preset": str, "seed": int, "settings": dict, "sweep": dict}

S = TypeVar("S", bound=BaseModel)
LARGEST = 2**53  # a whole number up to this is exact in TOML, JSON and floating point


class Section(BaseModel):
    """Settings, or a part of them: no unknown key; numbers that are finite, and whole ones of at most 2^53."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _plain_numbers(cls, value: Any, info: ValidationInfo) -> Any:
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
                raise ValueError("this setting is not true or false")
            if isinstance(one, int) and abs(one) > LARGEST:
                raise ValueError(f"a whole number is at most 2^53 = {LARGEST}")
        return value


class SettingsError(ValueError):
    """Settings that cannot be used; the message names the setting, the rule, what came and the choices."""


def build(
    model: type[S],
    preset: Mapping[str, Any],
    overrides: Sequence[str] = (),
    *,
    file: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
) -> S:
    """Settings from the model's defaults, then the preset, a file's tables, the overrides "a.b=value", and `values`.

    A value of an override is read as TOML (``0.44``, ``[400, 100]``, ``true``) and as a plain string where it is not
    TOML; ``none`` is None where the setting allows that. values: settings by dotted name, taken as they are.
    Raises SettingsError for a misspelt or invalid setting.
    """
    exact = values or {}
    values = _merged(model, _merged(model, _defaults(model), preset), file or {})
    for override in overrides:
        name, equals, text = override.partition("=")
        if not equals or not name.strip():
            raise SettingsError(f"an override must read key=value; got {override!r}")
        _put(model, values, name.strip(), text.strip())
    for name, value in exact.items():
        _put(model, values, name, value, read=False)
    return _validated(model, values)


def nearest(kind: str, name: str, choices: Iterable[str]) -> str:
    """The sentence for a name that is not among the choices: the likeliest one, then all."""
    choices = list(choices)
    close = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    likely = f"; did you mean {close[0]!r}?" if close else "."
    return f"no {kind} is called {name!r}{likely} The choices are: {', '.join(choices)}"


def document(
    experiment: str, preset: str, seed: int, settings: BaseModel, sweep: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What settings.toml holds, as a dictionary without None."""
    values = _without_none(settings.model_dump(mode="json"))
    stored = {"experiment": experiment, "preset": preset, "seed": seed, "settings": values}
    return stored if sweep is None else {**stored, "sweep": dict(sweep)}


def read_file(path: Path) -> dict[str, Any]:
    """The tables of a TOML file that a user gives: settings, sweep, preset, seed. Raises SettingsError."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    for name, value in given.items():
        if name not in FILE_KINDS:
            raise SettingsError(f"{path}: {nearest('entry', name, FILE_KINDS)}")
        if not isinstance(value, FILE_KINDS[name]):
            raise SettingsError(f"{path}: {name} must be a {FILE_KINDS[name].__name__}; got {value!r}")
    return given


def write(folder: Path, stored: Mapping[str, Any]) -> None:
    """Write a `document` to the folder's settings.toml, at once. Raises StoreError."""
    write_text(folder / FILE, HEAD + tomli_w.dumps(stored))


def read(folder: Path) -> dict[str, Any]:
    """The document in a folder's settings.toml; raises SettingsError where there is none or it is not one."""
    try:
        stored = tomllib.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"{folder} is not the folder of a run: it has no {FILE}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{folder / FILE} cannot be read: {error}") from error
    wrong = [
        name
        for name, kind in (("experiment", str), ("preset", str), ("seed", int), ("settings", dict))
        if not isinstance(stored.get(name), kind)
    ]
    if wrong or stored["seed"] < 0 or not isinstance(stored.get("sweep", {}), dict):
        lacks = ", ".join(wrong) or "a seed from 0 on, or a sweep that is one"
        raise SettingsError(f"{folder / FILE} is not complete: it lacks {lacks}")
    return stored


def restore(model: type[S], stored: Mapping[str, Any]) -> S:
    """The settings of a stored `document`, None where the complete file has no entry. Raises SettingsError."""
    return _validated(model, _with_none(model, stored["settings"]))


def differences(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Each setting in which two documents differ, such as "settings.K (0.44 there, 0.408 here)"; presets aside."""
    there, here = dict(_flat(stored)), dict(_flat(wanted))
    names = [name for name in {**there, **here} if name != "preset" and there.get(name) != here.get(name)]
    return [f"{name} ({there.get(name, 'none')} there, {here.get(name, 'none')} here)" for name in names]


def _put(model: type[BaseModel], values: dict[str, Any], name: str, given: Any, *, read: bool = True) -> None:
    *outer, last = name.split(".")
    inside: type[BaseModel] | None = model
    path = ""
    for part in outer:
        _known(inside, part, path)
        inside = _model_in(inside.model_fields[part].annotation) if inside is not None else None
        path += f"{part}."
        if not isinstance(values.get(part), dict):
            if inside is None and values.get(part) is not None:
                raise SettingsError(f"{path[:-1]!r} is one value and has no part {last!r}; set it whole")
            values[part] = {} if inside is None else _defaults(inside)
        values = values[part]
    _known(inside, last, path)
    annotation = inside.model_fields[last].annotation if inside is not None else None
    if isinstance(given, str) and given.lower() == "none" and _allows_none(annotation):
        values[last] = None
    else:
        values[last] = _value(given) if read else given


def _known(model: type[BaseModel] | None, name: str, path: str) -> None:
    if model is not None and name not in model.model_fields:
        names = [f"{path}{field}" for field in model.model_fields]
        raise SettingsError(nearest("setting", f"{path}{name}", names))


def _value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _validated(model: type[S], values: Mapping[str, Any]) -> S:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise SettingsError("; ".join(_problems(model, error))) from error


def _problems(model: type[BaseModel], error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        name = ".".join(map(str, problem["loc"])) or "settings"
        if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
            yield nearest("setting", name, model.model_fields)
        elif problem["type"] == "missing":
            yield f"{name}: this setting has no default and must be given"
        else:
            rule = problem["msg"].removeprefix("Value error, ")
            # a rule about several settings says itself what came
            if problem["loc"]:
                came = "" if isinstance(problem["input"], Mapping) else f"; got {problem['input']!r}"
                yield f"{name}: {rule[:1].lower()}{rule[1:]}{came}"
            else:
                yield rule


def _defaults(model: type[BaseModel]) -> dict[str, Any]:
    # an override inside a nested default must keep the rest of that default, not of its class
    fields = {name: field for name, field in model.model_fields.items() if not field.is_required()}
    return {name: _dumped(field.get_default(call_default_factory=True)) for name, field in fields.items()}


def _dumped(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else value


def _merged(model: type[BaseModel], base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in over.items():
        inside = _model_in(model.model_fields[name].annotation) if name in model.model_fields else None
        old = merged.get(name)
        if inside is not None and isinstance(value, Mapping):
            merged[name] = _merged(inside, old if isinstance(old, Mapping) else _defaults(inside), value)
        else:
            merged[name] = _dumped(value)
    return merged


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The settings model that a field holds, also as ``Model | None``; None for anything else."""
    choices = [choice for choice in (annotation, *typing.get_args(annotation)) if _is_model(choice)]
    whole = _is_model(annotation) or _allows_none(annotation)
    return choices[0] if whole and len(choices) == 1 else None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _allows_none(annotation: Any) -> bool:
    return annotation is Any or type(None) in typing.get_args(annotation)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(entry) for name, entry in value.items() if entry is not None}
    if isinstance(value, list):
        if any(entry is None for entry in value):
            raise SettingsError(f"a list in the settings cannot hold none; got {value}")
        return [_without_none(entry) for entry in value]
    return value


def _with_none(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    complete = dict(values)
    for name, field in model.model_fields.items():
        if name not in complete:
            if _allows_none(field.annotation):
                complete[name] = None
            continue
        inside = _model_in(field.annotation)
        parts = [choice for choice in typing.get_args(field.annotation) if _is_model(choice)]
        if inside is not None and isinstance(complete[name], dict):
            complete[name] = _with_none(inside, complete[name])
        elif len(parts) == 1 and isinstance(complete[name], list):
            complete[name] = [_with_none(parts[0], entry) for entry in complete[name]]
    return complete


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value
