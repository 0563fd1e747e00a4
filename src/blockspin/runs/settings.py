"""An experiment's settings: presets, ``--set`` overrides, and the settings.toml that a run leaves complete.

Settings are `Section`s. TOML has no null: a setting that may be None is None unless it is given, and is left out of the
file where it is.
"""

import copy
import difflib
import os
import tomllib
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from blockspin.runs.store import write_text

FILE = "settings.toml"
HEAD = "# The complete settings of this run. A folder holds one run: other settings go into another folder.\n"

S = TypeVar("S", bound=BaseModel)
LARGEST = 2**53  # a whole number up to this is exact in TOML, JSON and floating point


class Section(BaseModel):
    """Settings, or a part of them: no unknown key; numbers that are finite, and whole ones of at most 2^53.

    The word none is None where a setting may be that; None is then its default. A text with commas is a list where the
    setting is one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _plain(cls, value: Any, info: ValidationInfo) -> Any:
        annotation = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, str) and value.lower() == "none" and type(None) in typing.get_args(annotation):
            return None
        if isinstance(value, str) and "," in value and _is_list(annotation):
            value = values_of(value)
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, bool) and annotation is not bool:
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
    TOML; that of a setting which is a list may be values with commas between (``400,100``). values: settings by dotted
    name, taken as they are. Raises SettingsError for a misspelt or invalid setting.
    """
    # defaults first: what changes inside a nested default keeps the rest of that default, not of its class
    merged = model.model_construct().model_dump()
    for tables in (preset, file or {}):
        merged = _merged(model, merged, copy.deepcopy(tables))
    named: list[tuple[str, Any]] = []
    for override in overrides:
        name, equals, text = override.partition("=")
        if not equals or not name.strip():
            raise SettingsError(f"an override must read key=value; got {override!r}")
        named.append((name.strip(), value_of(text.strip())))
    for name, value in [*named, *(values or {}).items()]:
        _put(merged, name.split("."), value)
    return validated(model, merged)


def value_of(text: str) -> Any:
    """A value as TOML reads it, or the text itself where it is not TOML."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return parsed["value"] if len(parsed) == 1 else text


def values_of(text: str) -> list[Any]:
    """Values with commas between, each as `value_of` reads it, or a list as TOML reads it."""
    listed = value_of(text if text.startswith("[") else f"[{text}]")
    return listed if isinstance(listed, list) else [value_of(one.strip()) for one in text.removesuffix(",").split(",")]


def _is_list(annotation: Any) -> bool:
    return any(typing.get_origin(one) in (list, tuple) for one in (annotation, *typing.get_args(annotation)))


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
    values = settings.model_dump(mode="json", exclude_none=True)
    stored = {"experiment": experiment, "preset": preset, "seed": seed, "settings": values}
    return stored if sweep is None else {**stored, "sweep": dict(sweep)}


class _File(BaseModel):
    """The entries of a TOML file of settings."""

    model_config = ConfigDict(extra="forbid", strict=True)

    experiment: str = ""
    preset: str = ""
    seed: Annotated[int, Field(ge=0)] = 0
    settings: dict[str, Any] = {}
    sweep: dict[str, Any] = {}


def read_file(path: Path) -> dict[str, Any]:
    """The tables of a TOML file that a user gives: settings, sweep, preset, seed. Raises SettingsError."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        validated(_File, given, "entry")
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    return given


def write(folder: Path, stored: Mapping[str, Any]) -> None:
    """Write a `document` to the folder's settings.toml, at once. Raises StoreError."""
    write_text(folder / FILE, HEAD + tomli_w.dumps(stored))


def read(folder: Path) -> dict[str, Any]:
    """The document in a folder's settings.toml; raises SettingsError where there is none or it is not one."""
    if not os.path.lexists(folder / FILE):
        raise SettingsError(f"{folder} is not the folder of a run: it has no {FILE}")
    stored = read_file(folder / FILE)
    lacking = [name for name in ("experiment", "preset", "seed", "settings") if name not in stored]
    if lacking:
        raise SettingsError(f"{folder / FILE} is not complete: it lacks {', '.join(lacking)}")
    return stored


def differences(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Each setting in which two documents differ, such as "settings.K (0.44 there, 0.408 here)"; presets aside."""
    there, here = dict(flat(stored)), dict(flat(wanted))
    names = [name for name in {**there, **here} if name != "preset" and there.get(name) != here.get(name)]
    return [f"{name} ({there.get(name, 'none')} there, {here.get(name, 'none')} here)" for name in names]


def _merged(model: type[BaseModel], base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in over.items():
        inside = section(model, name)
        if inside is not None and isinstance(value, Mapping):
            value = _merged(inside, merged.get(name, {}), value)
        merged[name] = value
    return merged


def _put(values: dict[str, Any], place: Sequence[str], value: Any) -> None:
    for part in place[:-1]:
        if not isinstance(values.get(part), dict):
            values[part] = {}
        values = values[part]
    values[place[-1]] = value


def section(model: type[BaseModel] | None, name: Any) -> type[BaseModel] | None:
    """The model of a setting that is a section itself."""
    annotation = model.model_fields[name].annotation if model is not None and name in model.model_fields else None
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def validated(model: type[S], values: Mapping[str, Any], kind: str = "setting") -> S:
    """The values as the model takes them. Raises SettingsError, which calls them a `kind`."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise SettingsError("; ".join(_problems(model, error, kind))) from error


def _problems(model: type[BaseModel], error: ValidationError, kind: str) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        *outer, last = place = problem["loc"] or ("",)
        name, rule = ".".join(map(str, place)), problem["msg"].removeprefix("Value error, ")
        inside: type[BaseModel] | None = model
        for part in outer:
            inside = section(inside, part)
        if problem["type"] == "extra_forbidden" and inside is not None:
            yield nearest(kind, name, [".".join(map(str, [*outer, field])) for field in inside.model_fields])
        elif problem["type"] == "missing":
            yield f"{name}: this {kind} has no default and must be given"
        elif not name:
            yield rule  # about several settings: it says itself what came
        else:
            whole = isinstance(problem["input"], Mapping) and section(inside, last) is not None
            came = "" if whole else f"; got {problem['input']!r}"
            yield f"{name}: {rule[:1].lower()}{rule[1:]}{came}"


def flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings as (name, value), names joined by dots."""
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value
