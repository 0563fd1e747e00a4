"""Phase maps: a quantity over two parameters, a box a point with its value and error, borders, and marked recipes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin.report.axes import NOTHING, short, shown
from blockspin.report.page import Figure
from blockspin.report.svg import panels, plot
from blockspin.report.theme import INK, SOFT

COLOURS = "cividis"  # light to dark alike for the colour-blind, and on paper
EMPTY, LIGHT, DARK, BORDER = "#6b6b6b", "#ffffff", "#000001", "#d55e00"  # the same in either scheme, as the boxes are
DARK_FROM = 0.465  # share of the colours where dark letters are as readable as light ones: 4.5 to 1 on every box
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

    inside: the points that a border rings; log: colours by ratio; limits: of the colours. missing: what a box says
    where there is no value.
    """

    title: str
    detail: str
    value: ArrayLike
    error: ArrayLike
    log: bool = False
    limits: tuple[float, float] | None = None
    inside: ArrayLike = False
    missing: str = "–"


def phase_map(maps: Sequence[Map], x: Axis, y: Axis, *, marks: Sequence[Mark] = ()) -> Figure:
    """Maps of several quantities over one plane, a panel each, with the same axes and marks.

    Raises ValueError where a map does not have a value a point.
    """
    if not x.values or not y.values:
        return Figure(NOTHING)
    drawn = []
    for one in maps:
        value, error = np.asarray(one.value, float), np.asarray(one.error, float)
        if value.shape != (len(y.values), len(x.values)) or error.shape != value.shape:
            raise ValueError(f"the map {one.title!r} must be {len(y.values)} by {len(x.values)}; got {value.shape}")
        body = plot(
            partial(_draw, one=one, value=value, error=error, x=x, y=y, marks=marks),
            alt=f"{one.title} over {x.label} and {y.label}: {_told(value, x, y)}",
            height=0.8 + 0.52 * len(y.values), margins=(0.86, 0.1, 0.62, 0.18),
        )  # fmt: skip
        drawn.append((one.title, one.detail, body))
    return Figure(panels(drawn))


def _draw(
    axes: Any, one: Map, value: NDArray[np.float64], error: NDArray[np.float64], x: Axis, y: Axis, marks: Sequence[Mark]
) -> None:
    axes.grid(False)
    shares = _shares(value, one)
    for (row, column), share in np.ndenumerate(shares):
        fill = EMPTY if math.isnan(share) else mpl.colors.to_hex(mpl.colormaps[COLOURS](share))
        axes.add_patch(mpl.patches.Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=fill, edgecolor="none"))
        middle = {"ha": "center", "va": "center", "color": DARK if share >= DARK_FROM else LIGHT}
        found, around = float(value[row, column]), float(error[row, column])
        if math.isnan(found):
            axes.text(column, row, one.missing, fontsize=10, **middle)
        elif not x.roomy:
            axes.text(column, row, _tight(found), fontsize=10, **middle)
        else:
            axes.text(column, row + 0.16, short(found), fontsize=11, **middle)
            if not math.isnan(around):
                axes.text(column, row - 0.24, f"± {short(around, 1)}".replace("0.", "."), fontsize=9.2, **middle)
    _border(axes, np.broadcast_to(np.asarray(one.inside, bool), value.shape))
    for letters, place in _together(marks).items():
        at = x.place(place[0]), y.place(place[1])
        if at[0] is not None and at[1] is not None:
            size = 13 + 4 * (len(letters) - 1)
            axes.plot(*at, "o", markersize=size, markerfacecolor=LIGHT, markeredgecolor=BORDER, markeredgewidth=2)
            axes.text(*at, letters, ha="center", va="center_baseline", color=DARK, fontsize=9.2)
    axes.set(xlim=(-0.5, len(x.values) - 0.5), ylim=(-0.5, len(y.values) - 0.5), xlabel=x.label, ylabel=y.label)
    labels = [short(v) if x.roomy else _tight(v) for v in x.values]
    axes.set_xticks(range(len(x.values)), labels, fontsize=11 if x.roomy else 9)
    axes.set_yticks(range(len(y.values)), [short(v) for v in y.values])
    axes.tick_params(color=SOFT, labelcolor=INK, length=3)


def _together(marks: Sequence[Mark]) -> dict[str, tuple[float, float]]:
    """The letters of the marks at each place, joined, and the place."""
    letters: dict[tuple[float, float], str] = {}
    for mark in marks:
        letters[mark.x, mark.y] = letters.get((mark.x, mark.y), "") + mark.letter
    return {some: place for place, some in letters.items()}


def _border(axes: Any, inside: NDArray[np.bool_]) -> None:
    """The line around the boxes that are inside: exact, where a contour through a coarse grid would invent a course."""
    edges = []
    for row, column in np.argwhere(inside[:, 1:] != inside[:, :-1]):
        edges.append(((column + 0.5, column + 0.5), (row - 0.5, row + 0.5)))
    for row, column in np.argwhere(inside[1:] != inside[:-1]):
        edges.append(((column - 0.5, column + 0.5), (row + 0.5, row + 0.5)))
    for colour, width in ((LIGHT, 5.0), (BORDER, 2.6)):
        for x, y in edges:
            axes.plot(x, y, color=colour, linewidth=width, solid_capstyle="projecting")


def _shares(value: NDArray[np.float64], one: Map) -> NDArray[np.float64]:
    """Where each value lies between the limits of the colours, 0 to 1; nan where it has no colour."""
    known = shown(value, "log" if one.log else "linear")
    if not known.any():
        return np.full(value.shape, np.nan)
    low, high = one.limits or (value[known].min(), value[known].max())
    scale = np.log if one.log else np.asarray
    at, low, high = scale(np.where(known, value, 1.0)), scale(low), scale(high)
    share = np.clip((at - low) / (high - low), 0, 1) if high > low else np.full(value.shape, 0.5)
    return np.where(known, share, np.nan)


def _tight(value: float) -> str:
    """Two digits and no zero before the point, for narrow boxes."""
    return short(value, 3 if 1 <= abs(value) < 2 else 2).replace("0.", ".", 1) if abs(value) < 100 else f"{value:.0f}"


def _told(value: NDArray[np.float64], x: Axis, y: Axis) -> str:
    if np.isnan(value).all():
        return "nowhere defined"
    ends = []
    for word, place in (("least", np.nanargmin(value)), ("most", np.nanargmax(value))):
        row, column = divmod(int(place), value.shape[1])
        found = short(float(value[row, column]))
        ends.append(f"{word} {found} at ({short(x.values[column])}, {short(y.values[row])})")
    return "; ".join(ends)
