"""Phase maps: a quantity over two parameters, a box a point with its value and error, contours, and marked recipes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin.report.axes import NOTHING, plain, shown
from blockspin.report.page import Figure, minus
from blockspin.report.svg import panels, plot
from blockspin.report.theme import INK, SOFT

COLOURS = "cividis"  # light to dark alike for the colour-blind, and on paper
EMPTY = "#8a8a8a"
ROOMY = 6  # columns at most whose boxes hold three digits and an error; narrower ones hold two digits


@dataclass(frozen=True)
class Axis:
    """An axis of a map: what it is, and its values in order; they are drawn at equal distances."""

    label: str
    values: Sequence[float]

    @property
    def roomy(self) -> bool:
        """Whether boxes along it are wide enough for errors."""
        return len(self.values) <= ROOMY

    def place(self, value: float) -> float | None:
        """Where a value lies among the boxes, between two by the ratio of values; None more than half a box outside."""
        known = np.asarray(self.values, float)
        order = np.argsort(known)
        scale = np.log if (known > 0).all() and value > 0 else np.asarray
        at, given = scale(known[order]), float(scale(value))
        if len(at) < 2:
            return None
        i = int(np.clip(np.searchsorted(at, given) - 1, 0, len(at) - 2))
        place = i + (given - at[i]) / (at[i + 1] - at[i])
        if not -0.5 <= place <= len(at) - 0.5:
            return None
        return float(place if order[0] < order[-1] else len(at) - 1 - place)


@dataclass(frozen=True)
class Mark:
    """A point to mark: its letter, name, and coordinates in the axes' units."""

    letter: str
    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Map:
    """One quantity over the plane: value and error (len(y), len(x)), nan where it is not defined.

    contour: a second field over the same plane, whose line through `level` is drawn; log: colours by ratio; limits: of
    the colours. missing: what a box says where there is no value.
    """

    title: str
    detail: str
    value: ArrayLike
    error: ArrayLike
    log: bool = False
    limits: tuple[float, float] | None = None
    contour: ArrayLike | None = None
    level: float = 0.5
    missing: str = "–"


def phase_maps(
    maps: Sequence[Map], x: Axis, y: Axis, *, marks: Sequence[Mark] = (), title: str, caption: str, alt: str = ""
) -> Figure:
    """Maps of several quantities over one plane, a panel each, with the same axes and marks.

    Raises ValueError where a map does not have a value a point.
    """
    if not x.values or not y.values:
        return Figure(NOTHING, title, caption, alt or "A map without points")
    drawn = []
    for one in maps:
        value, error = np.asarray(one.value, float), np.asarray(one.error, float)
        if value.shape != (len(y.values), len(x.values)) or error.shape != value.shape:
            raise ValueError(f"the map {one.title!r} must be {len(y.values)} by {len(x.values)}; got {value.shape}")
        words = f"{one.title} over {x.label} and {y.label}: " + _told(value, x, y)
        height = 0.62 + 0.18 + 0.52 * len(y.values)
        drawn.append(
            (
                one.title,
                one.detail,
                plot(_panel(one, value, error, x, y, marks), alt=words, height=height, margins=(0.86, 0.1, 0.62, 0.18)),
            )
        )
    body = panels(drawn)
    return Figure(body, title, caption, alt or f"Maps of {', '.join(one.title for one in maps)}")


def _panel(
    one: Map, value: NDArray[np.float64], error: NDArray[np.float64], x: Axis, y: Axis, marks: Sequence[Mark]
) -> Callable[[Any], None]:
    colours = mpl.colormaps[COLOURS]

    def draw(axes: Any) -> None:
        axes.grid(False)
        known = value[shown(value, log=one.log)]
        low, high = one.limits or (float(known.min(initial=np.inf)), float(known.max(initial=-np.inf)))
        for (row, column), found in np.ndenumerate(value):
            v = float(found)
            share = _share(v, low, high, one.log)
            fill = EMPTY if math.isnan(share) else mpl.colors.to_hex(colours(share))
            axes.add_patch(mpl.patches.Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=fill, edgecolor="none"))
            ink = "#fefefe" if math.isnan(share) or share < 0.55 else "#0f0f0f"
            if math.isnan(v):
                axes.text(column, row, one.missing, ha="center", va="center", color=ink, fontsize=10)
                continue
            if not x.roomy:
                axes.text(column, row, _tight(v), ha="center", va="center", color=ink, fontsize=10)
                continue
            axes.text(column, row + 0.16, _short(v), ha="center", va="center", color=ink, fontsize=11)
            if not math.isnan(error[row, column]):
                told = f"± {_short(float(error[row, column]), 1)}"
                axes.text(column, row - 0.24, told, ha="center", va="center", color=ink, fontsize=8.5)
        if one.contour is not None:
            _border(axes, np.asarray(one.contour, float) > one.level)
        for mark in _together(marks):
            at = x.place(mark.x), y.place(mark.y)
            if at[0] is not None and at[1] is not None:
                axes.plot(
                    *at, "o", markersize=13, markerfacecolor="#fefefe", markeredgecolor="#d55e00", markeredgewidth=2
                )
                size = 9 if len(mark.letter) == 1 else 7
                axes.text(*at, mark.letter, ha="center", va="center_baseline", color="#0f0f0f", fontsize=size)
        axes.set_xlim(-0.5, len(x.values) - 0.5)
        axes.set_ylim(-0.5, len(y.values) - 0.5)
        labels = [_short(v) if x.roomy else _tight(v) for v in x.values]
        axes.set_xticks(range(len(x.values)), labels, fontsize=11 if x.roomy else 9)
        axes.set_yticks(range(len(y.values)), [_short(v) for v in y.values])
        axes.tick_params(color=SOFT, labelcolor=INK, length=3)
        axes.set_xlabel(x.label)
        axes.set_ylabel(y.label)

    return draw


def _together(marks: Sequence[Mark]) -> list[Mark]:
    """Marks at one place as one, with all their letters."""
    places: dict[tuple[float, float], list[Mark]] = {}
    for mark in marks:
        places.setdefault((mark.x, mark.y), []).append(mark)
    return [
        Mark("".join(mark.letter for mark in some), ", ".join(mark.name for mark in some), *place)
        for place, some in places.items()
    ]


def _border(axes: Any, inside: NDArray[np.bool_]) -> None:
    """The line around the boxes that are inside: exact, where a contour through a coarse grid would invent a course."""
    rows, columns = inside.shape
    for row in range(rows):
        for column in range(columns - 1):
            if inside[row, column] != inside[row, column + 1]:
                _edge(axes, (column + 0.5, column + 0.5), (row - 0.5, row + 0.5))
    for row in range(rows - 1):
        for column in range(columns):
            if inside[row, column] != inside[row + 1, column]:
                _edge(axes, (column - 0.5, column + 0.5), (row + 0.5, row + 0.5))


def _edge(axes: Any, x: tuple[float, float], y: tuple[float, float]) -> None:
    axes.plot(x, y, color="#fefefe", linewidth=5, solid_capstyle="projecting")
    axes.plot(x, y, color="#d55e00", linewidth=2.6, solid_capstyle="projecting")


def _share(value: float, low: float, high: float, log: bool) -> float:
    if not shown(value, log=log):
        return math.nan
    if log:
        value, low, high = math.log(value), math.log(max(low, 1e-300)), math.log(high)
    return min(max((value - low) / (high - low), 0.0), 1.0) if high > low else 0.5


def _short(value: float, digits: int = 3) -> str:
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits}g}")
    if abs(rounded) < 0.001:
        return minus(f"{rounded:.{digits}g}".replace("e-0", "e-"))
    return plain(rounded)


def _tight(value: float) -> str:
    """Two digits and no zero before the point, for narrow boxes."""
    return _short(value, 3 if 1 <= abs(value) < 2 else 2).replace("0.", ".", 1) if abs(value) < 100 else f"{value:.0f}"


def _told(value: NDArray[np.float64], x: Axis, y: Axis) -> str:
    if np.isnan(value).all():
        return "nowhere defined"
    low, high = np.unravel_index([np.nanargmin(value), np.nanargmax(value)], value.shape)
    ends = [
        f"{word} {_short(value[row, column])} at ({_short(x.values[column])}, {_short(y.values[row])})"
        for word, row, column in (("least", low[0], high[0]), ("most", low[1], high[1]))
    ]
    return "; ".join(ends)
