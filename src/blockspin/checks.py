"""Checks of arguments: each gives its value back, or refuses it by the argument's name, the rule and what came."""

import math
import numbers
import os
import reprlib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

MOST_SEED = 2**32 - 1  # that numpy's RandomState takes


def shown(value: Any) -> str:
    """What came, in few words: a number or a word as it is, an array or another object by its type and shape."""
    if value is None or isinstance(value, (bool, numbers.Number, str, bytes, np.generic)):
        return reprlib.repr(value.item() if isinstance(value, np.generic) else value)
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{type(value).__name__} of shape {value.shape} and dtype {value.dtype}"
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        return reprlib.repr(value)
    return type(value).__name__


def whole(name: str, value: Any, least: float = -math.inf, most: float = math.inf) -> int:
    """An integer from least to most, no bool."""
    integral = isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_))
    if not integral or not least <= int(value) <= most:
        both = f" from {least:g} to {most:g}"
        rule = both if math.isfinite(most) else f" of at least {least:g}" if math.isfinite(least) else ""
        raise ValueError(f"{name} must be an integer{rule}; got {shown(value)}")
    return int(value)


def number(
    name: str,
    value: Any,
    least: float = -math.inf,
    most: float = math.inf,
    *,
    open_start: bool = False,
    open_end: bool = False,
    infinite: bool = False,
) -> float:
    """A real number in [least, most], an end left out where it is open, no bool, and finite unless `infinite`."""
    found = math.nan
    if isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_)):
        try:
            found = float(value)
        except OverflowError:  # an integer beyond the largest double
            found = math.inf if value > 0 else -math.inf  # type: ignore[operator]  # real numbers have an order
    outside = not least <= found <= most or (open_start and found == least) or (open_end and found == most)
    if outside or (math.isinf(found) and not infinite):
        low, high = "(" if open_start else "[", ")" if open_end else "]"
        above = "above" if open_start else "of at least"
        both = f" in {low}{least:g}, {most:g}{high}"
        rule = both if math.isfinite(most) else f" {above} {least:g}" if math.isfinite(least) else ""
        kind = "number" if infinite or rule else "finite number"
        raise ValueError(f"{name} must be a {kind}{rule}; got {shown(value)}")
    return found


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False; got {shown(value)}")
    return bool(value)


def choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """One of these words."""
    known = tuple(choices)
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}; got {shown(value)}")
    return value


def instance(name: str, value: Any, kinds: type[T] | tuple[type[T], ...], like: str) -> T:
    """An object of one of these classes; like: what to give, in words."""
    if not isinstance(value, kinds):
        raise TypeError(f"{name} must be {like}; got {shown(value)}")
    return value


def function(name: str, value: Any, like: str) -> Callable[..., Any]:
    """Something that can be called; like: what to give, in words."""
    if not callable(value):
        raise TypeError(f"{name} must be {like}; got {shown(value)}")
    return value  # type: ignore[no-any-return]  # whatever it returns


def listed(name: str, value: Any, like: str) -> list[Any]:
    """The entries of a list, tuple or other finite iterable that is no string, mapping or array of no entries."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable) or getattr(value, "shape", None) == ():
        raise TypeError(f"{name} must be {like}; got {shown(value)}")
    return list(value)


def words(name: str, value: Any, like: str = "a list of names") -> tuple[str, ...]:
    """A list of words, of which a lone string is none."""
    if isinstance(value, str):
        raise ValueError(f"{name} must be {like}; got the string {value!r}: give [{value!r}]")
    found = listed(name, value, like)
    for one in found:
        if not isinstance(one, str):
            raise TypeError(f"{name} must be {like}; got {shown(one)} among them")
    return tuple(found)


def array(name: str, value: Any, ndim: int | None = None) -> NDArray[Any]:
    """A dense array of real numbers (of so many dimensions), nothing masked; a sequence of numbers becomes one."""
    unmasked(name, value)
    try:
        found = np.asarray(value)
    except (ValueError, TypeError, OverflowError):  # rows of different lengths, numbers of more than 64 bits
        found = None
    if found is None or found.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be an array of real numbers; got {shown(value if found is None else found)}")
    if ndim is not None and found.ndim != ndim:
        raise ValueError(f"{name} must be an array of {ndim} dimensions; got {shown(found)}")
    return found


def finite(name: str, value: Any, ndim: int | None = None) -> NDArray[Any]:
    """As `array`, and every number finite."""
    found = array(name, value, ndim)
    if found.dtype.kind == "f" and not np.isfinite(found).all():
        raise ValueError(f"{name} must hold finite numbers; got {int((~np.isfinite(found)).sum())} that are not")
    return found


def unmasked(name: str, value: Any) -> Any:
    """Anything but an array with masked entries, whose values mean nothing."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ValueError(
            f"{name} must have no masked entries; got {int(np.ma.getmaskarray(value).sum())} of {value.size} masked: "
            "leave out their rows"
        )
    return value


def transformer(name: str, value: Any) -> Any:
    """A map: an object with transform(X), no class that was not called."""
    if isinstance(value, type):
        raise TypeError(f"{name} must be an object, not a class: give {value.__name__}(...)")
    if not callable(getattr(value, "transform", None)):
        raise TypeError(f"{name} must have transform(X); got {shown(value)}: wrap it (docs/how-to/own-network.md)")
    return value


def outputs(name: str, given: Any, rows: int) -> NDArray[Any]:
    """What the map of this name gave for so many rows: a dense array (rows, M) of finite real numbers, M >= 1."""
    if hasattr(given, "tocsr"):
        raise ValueError(f"the map {name} must give a dense array; got {shown(given)}, a sparse one")
    values = finite(f"what the map {name} gives", given)
    if values.ndim != 2 or len(values) != rows or not values.shape[1]:
        raise ValueError(f"the map {name} must give a row of outputs a sample, ({rows}, M); got shape {values.shape}")
    return values


def path(name: str, value: Any) -> Path:
    """A path."""
    if not isinstance(value, (str, os.PathLike)) or isinstance(value, bytes) or "\0" in os.fspath(value):
        raise TypeError(f"{name} must be a path; got {shown(value)}")
    return Path(value)


def is_samples(value: Any) -> bool:
    """Whether the value is an xarray.DataArray, which samples are; xarray is not imported for it."""
    xarray = sys.modules.get("xarray")
    return xarray is not None and isinstance(value, xarray.DataArray)


def random_state(value: Any, name: str = "random_state") -> Any:
    """None, an integer that numpy takes for a seed, or a numpy RandomState."""
    if value is None or isinstance(value, np.random.RandomState):
        return value
    integer = isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_))
    if not integer or not 0 <= value <= MOST_SEED:
        raise ValueError(f"{name} must be an integer from 0 to 2^32 - 1, a RandomState or None; got {shown(value)}")
    return value
