"""A sweep: which settings vary, and over which values; every combination of a grid, or values that go together.

In TOML, where an axis is a list, or a range "start:stop:number" with ":log" for equal ratios:

    [sweep]
    seeds = 3                      # three seeds a point: the run's own and the next two

    [sweep.grid]                   # every combination
    l1 = "1e-4:1e-1:8:log"
    K = [0.38, 0.408, 0.44]

    [sweep.zip]                    # these go together, first with first
    L = [16, 24]
    units = [64, 144]
"""

import copy
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from blockspin.runs.settings import SettingsError, validated, value_of, values_of

MOST = 100_000  # points of a sweep
RULE = "an axis is a list of values, or a range start:stop:number, with :log for equal ratios (1e-4:1e-1:8:log)"


def axis(given: Any) -> tuple[Any, ...]:
    """The values of an axis, from a list or a range. Raises ValueError with the rule."""
    values = _range(given) if isinstance(given, str) else given
    if not isinstance(values, list | tuple) or not values:
        raise ValueError(RULE)
    for n, value in enumerate(values):
        if value in values[:n]:
            raise ValueError(f"the values of an axis must differ; {value!r} is there twice")
    return tuple(values)


Axis = Annotated[tuple[Any, ...], BeforeValidator(axis)]


@dataclass(frozen=True)
class Point:
    """One point of a sweep: settings by name, the seed, and its place along each axis."""

    values: dict[str, Any]
    seed: int
    place: tuple[int, ...]

    def __str__(self) -> str:
        shown = {name: f"{value:.4g}" if isinstance(value, float) else value for name, value in self.values.items()}
        return ", ".join(f"{name}={value}" for name, value in {**shown, "seed": self.seed}.items())


class Sweep(BaseModel):
    """Axes of a grid, axes that go together, and a number of seeds; `points` are their combinations."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seeds: Annotated[int, Field(ge=1)] = 1
    grid: dict[str, Axis] = {}
    zip: dict[str, Axis] = {}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.grid and not self.zip and self.seeds == 1:
            raise ValueError("a sweep needs at least one axis, or more than one seed")
        lengths = {name: len(values) for name, values in self.zip.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {n}" for name, n in lengths.items())
            raise ValueError(f"axes that go together must have as many values each; got {told}")
        for name in self.zip:
            if name in self.grid:
                raise ValueError(f"{name} must be in the grid or among the axes that go together, not in both")
        if (size := math.prod(self.shape.values())) > MOST:
            raise ValueError(f"a sweep has at most {MOST} points; this one has {size}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The settings that vary."""
        return (*self.grid, *self.zip)

    @property
    def shape(self) -> dict[str, int]:
        """Number of values along each dimension: the grid's axes, the first of those that go together, the seeds."""
        together = {next(iter(self.zip)): len(next(iter(self.zip.values())))} if self.zip else {}
        return {name: len(values) for name, values in self.grid.items()} | together | {"seed": self.seeds}

    def points(self, seed: int) -> list[Point]:
        """Every point, the last axis fastest; seeds are `seed`, `seed` + 1, ..."""
        found = []
        for place in itertools.product(*(range(n) for n in self.shape.values())):
            values = {name: self.grid[name][i] for name, i in zip(self.grid, place, strict=False)}
            values |= {name: along[place[len(self.grid)]] for name, along in self.zip.items()}
            found.append(Point(values, seed + place[-1], place))
        return found


def build_sweep(table: Mapping[str, Any] | None, options: Sequence[str] = ()) -> Sweep | None:
    """The sweep of a TOML table with ``--sweep`` options added; None where neither is given.

    An option is ``NAME=VALUES`` (an axis of the grid), several of them in one option, separated by spaces (axes that go
    together), or ``seeds=N``. VALUES is a range, or values separated by commas, read as ``--set`` reads them. An option
    replaces the axis of its name. Raises SettingsError.
    """
    if table is None and not options:
        return None
    chosen = copy.deepcopy(dict(table or {}))
    grid, together = chosen.setdefault("grid", {}), chosen.setdefault("zip", {})
    for option in options if isinstance(grid, dict) and isinstance(together, dict) else ():
        axes = _AXIS.findall(option)
        if not axes or _AXIS.sub("", option).strip():
            raise SettingsError(f"--sweep must read NAME=VALUES; got {option!r}. {RULE[0].upper()}{RULE[1:]}")
        for name, text in axes:
            grid.pop(name, None)
            together.pop(name, None)
            if name == "seeds":
                chosen["seeds"] = value_of(text)
            else:
                (grid if len(axes) == 1 else together)[name] = _axis(text)
    try:
        return validated(Sweep, chosen, "part")
    except SettingsError as error:
        raise SettingsError(f"sweep: {error}") from error


# a space begins a new axis only before NAME=, so that lists may be written with spaces
_AXIS = re.compile(r"([^\s=]+)=(\S.*?)(?=\s+[^\s=]+=|\s*$)")


def _axis(text: str) -> Any:
    if text.startswith(("[", '"')) or ":" not in text:
        return values_of(text)
    return text


def _range(text: str) -> list[Any]:
    match = re.fullmatch(r"([^:]+):([^:]+):(\d+)(?::(lin|log))?", text)
    try:
        start, stop, n = float(match[1]), float(match[2]), int(match[3])  # type: ignore[index]
    except (ValueError, TypeError):
        raise ValueError(RULE) from None
    assert match is not None
    if n < 2 or start == stop or not math.isfinite(stop - start):
        raise ValueError("a range has two ends that differ and at least 2 values")
    if match[4] == "log" and min(start, stop) <= 0:
        raise ValueError("equal ratios need positive ends")
    shares = [i / (n - 1) for i in range(n)]
    there, back = (math.log, math.exp) if match[4] == "log" else (float, float)
    values = [back(there(start) * (1 - t) + there(stop) * t) for t in shares]
    # twelve digits: the last bit may differ from machine to machine, and is part of the tasks' keys
    rounded = [float(f"{value:.12g}") for value in values]
    whole = all("." not in part and "e" not in part.lower() for part in match.groups()[:2])
    return [int(v) for v in rounded] if whole and all(v.is_integer() for v in rounded) else rounded
