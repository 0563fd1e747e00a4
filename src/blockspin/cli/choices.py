"""What the words of a command stand for: a lattice, a model, a map."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr


def lattice(shape: str, kind: str | None = None) -> Any:
    """The lattice of a shape: 100 is a ring, 40x40 square, 8x8x8 cubic, unless a kind is named. Raises ValueError."""
    from blockspin.lattice import HYPERCUBIC, Lattice

    parts = shape.lower().split("x")
    if len(parts) not in HYPERCUBIC or not all(part.isdecimal() for part in parts):
        raise ValueError(f"a shape reads 100 (ring), 40x40 (square lattice) or 8x8x8 (cubic lattice); got {shape!r}")
    return Lattice(kind if kind is not None else HYPERCUBIC[len(parts)], tuple(map(int, parts)))


def model(name: str, lattice: Any, given: list[str]) -> Any:
    """The model of a name, or of "package.module:Class", with settings NAME=VALUE: those it needs, and no others."""
    from dataclasses import MISSING, fields

    from blockspin.models import MODELS

    kind = attribute("model", name) if ":" in name else chosen("model", name, MODELS, "package.module:Class")
    places, *known = fields(kind)
    settings = dict(_setting(name, one, [field.name for field in known]) for one in given)
    for field in known:
        if field.default is MISSING and field.name not in settings:
            raise ValueError(f"the model {name} needs {field.name}: give it as --set {field.name}=...")
    return kind(**{places.name: lattice}, **settings)


def _setting(model: str, given: str, known: list[str]) -> tuple[str, Any]:
    name, equals, value = given.partition("=")
    if not equals or name not in known:
        raise ValueError(f"settings of the model {model} are {', '.join(known)}, as in {known[0]}=0.5; got {given!r}")
    try:
        numbers = [int(one) if one.lstrip("-").isdecimal() else float(one) for one in value.split(",")]
    except ValueError:
        raise ValueError(f"{name} of the model {model} must be a number; got {value!r}") from None
    return name, numbers[0] if len(numbers) == 1 else tuple(numbers)


def reading(shape: str | None, alphabet: str | None, given: list[str]) -> dict[str, Any]:
    """The options of `bs.read_samples` from --shape, --alphabet and --read NAME=VALUE. Raises ValueError."""
    from inspect import signature

    import blockspin as bs
    from blockspin.own_data.sources import opened

    known = [name for name in signature(bs.read_samples).parameters if name not in ("source", "shape", "alphabet")]
    options: dict[str, Any] = {"shape": lattice(shape).shape if shape is not None else None, "alphabet": alphabet}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or name not in known:
            raise ValueError(f"--read takes one of {', '.join(known)}, as in axis=-1; got {one!r}")
        with suppress(ValueError, SyntaxError):  # what is no number, tuple or dictionary is a word
            options[name] = ast.literal_eval(value)
        options.setdefault(name, value)
        if name in ("K", "T", "mask") and Path(value).is_file():
            options[name] = opened(value, None, None)[0]
    return options


def attribute(kind: str, place: str) -> Any:
    """What "package.module:name" names, of the working folder's modules too. Raises ValueError for nothing."""
    import sys

    module, _, name = place.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        return getattr(import_module(module), name)
    except Exception as error:  # of the user's own code
        raise ValueError(f"{kind} {place!r} cannot be imported: {error}") from error


def transformer(names: list[str], samples: xr.DataArray, b: int) -> Any:
    """The transformer that --map names: a rule by name, "package.module:build", trained weights, a stack of them.

    Raises ValueError for a name that is none, for what gives no map, and for all but weights in a stack.
    """
    import blockspin as bs
    from blockspin.coarse import MAPS, rule
    from blockspin.samples import lattice_of

    weights = [name for name in names if name.endswith(".npz")]
    if weights and len(weights) == len(names):
        machines = [bs.RBM.load(name) for name in names]
        if machines[0].units_ == "binary":  # it was trained on 0/1, and samples are -1/+1
            machines = [bs.ToBinary(), *machines]
        if len(machines) == 1:
            return machines[0]
        from sklearn.pipeline import make_pipeline

        return make_pipeline(*machines)
    if len(names) > 1:
        raise ValueError(f"only .npz weights can be stacked; got {', '.join(names)}")
    if ":" in names[0]:
        return built(names[0], lattice_of(samples))
    chosen("map", names[0], MAPS, "an .npz file of trained weights", "package.module:build")
    return rule(names[0])(lattice_of(samples), b).fit(bs.to_matrix(samples))


def built(place: str, lattice: Any) -> Any:
    """The map that "package.module:build" gives: build(lattice), or build() where it takes nothing.

    Raises ValueError where it cannot be imported or called, and where it gives no map.
    """
    from inspect import signature

    from blockspin import checks

    build = checks.function(f"map {place}", attribute("map", place), "a function of the lattice, or of nothing")
    try:
        given = build(lattice) if signature(build).parameters else build()
    except Exception as error:  # of the user's own code
        raise ValueError(f"map {place} is not built: {type(error).__name__}: {error}") from error
    return checks.transformer(f"what {place} gives", given)


def chosen(kind: str, name: str, table: Mapping[str, Any], *others: str) -> Any:
    """The row of a table by its name. Raises ValueError with the choices, and what else there is."""
    if name not in table:
        raise ValueError(f"{kind} must be one of {', '.join([*table, *others])}; got {name!r}")
    return table[name]


def criteria() -> dict[str, str]:
    """The judge's criteria, each with the question in the first line of its file."""
    (table,) = [
        one.value
        for one in _source("blockspin.judging.criteria").body
        if isinstance(one, ast.AnnAssign) and isinstance(one.value, ast.Dict)
    ]
    names = [str(key.value) for key in table.keys if isinstance(key, ast.Constant)]
    words = {name: ast.get_docstring(_source(f"blockspin.judging.criteria.{name}")) or "" for name in names}
    return {name: text.partition("\n")[0].partition(": ")[2] for name, text in words.items()}


def summary(place: str) -> str:
    """The first line of the docstring of "module:class" of this package."""
    module, _, name = place.partition(":")
    (found,) = [one for one in _source(module).body if isinstance(one, ast.ClassDef) and one.name == name]
    return (ast.get_docstring(found) or "").partition("\n")[0]


def _source(module: str) -> ast.Module:
    """The source of a module of this package, read: an import would take seconds."""
    path = Path(__file__).parents[1].joinpath(*module.split(".")[1:])
    return ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text("utf-8"))
