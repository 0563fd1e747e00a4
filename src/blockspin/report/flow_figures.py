"""Flows as pictures: paths of arrows in the plane of two couplings, and K' against K of one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from blockspin.report.axes import STEPS, bars, plain, shown
from blockspin.report.page import Figure, minus
from blockspin.report.svg import legend, panels, plot
from blockspin.report.theme import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, SOFT, VERMILION, Style

Point = tuple[float, float, float, float]
"""J1, J2 and their standard errors, nan where there is none."""

BELOW, AT, ABOVE, FIXED = Style(BLUE, "o"), Style(INK, "s", "--"), Style(VERMILION, "^"), Style(GREEN, "P")

LINES = (Style(GREY, "", "-"), Style(GREY, "", "--"), Style(PURPLE, "", "-"), Style(PURPLE, "", "--"))
POINTS = (
    Style(INK, "P"),
    Style(SOFT, "X"),
    Style(GREEN, "D"),
    Style(BLUE, "s"),
    Style(VERMILION, "o"),
    Style(PURPLE, "v"),
    Style(SKY, "^"),
    Style(ORANGE, "h"),
)


@dataclass(frozen=True)
class Path:
    """Couplings of one set of samples before and after each step; side: -1 below Kc, 0 at it, 1 above."""

    label: str
    side: int
    points: Sequence[Point]


@dataclass(frozen=True)
class Plane:
    """The panel of one map: its paths, and the fixed point where it is defined."""

    title: str
    detail: str
    paths: Sequence[Path]
    fixed: Point | None = None


def plane(
    planes: Sequence[Plane],
    *,
    axes_labels: tuple[str, str] = ("J_1, nearest neighbours", "J_2, next-nearest"),
    title: str = "Flow of two couplings",
    caption: str = (
        "A path is one set of samples, from its own coupling (on the axis) through the steps; arrows point along the "
        "coarse-graining, bars are standard errors."
    ),
    alt: str | None = None,
) -> Figure:
    """The plane of two couplings, a panel a map, all on the same axes. Raises ValueError where no panel is given.

    A path ends before its first point that is not defined.
    """
    if not planes:
        raise ValueError("a figure of flows needs at least one map; got none")
    seen = [point for one in planes for path in one.paths for point in _defined(path.points)]
    seen += [one.fixed for one in planes if one.fixed is not None]
    limits = tuple(_limits([point[axis] for point in seen]) for axis in (0, 1))
    drawn = []
    for one in planes:
        words = f"Flow of {one.title}: " + "; ".join(f"{path.label} {_told(path.points)}" for path in one.paths)
        body = plot(_panel(one, limits, axes_labels), alt=words, height=3.4, margins=(0.78, 0.2, 0.55, 0.12))
        drawn.append((one.title, one.detail, body))
    sides = {path.side for one in planes for path in one.paths}
    key = [
        (name, look)
        for side, name, look in (
            (-1, "from below Kc", BELOW),
            (0, "from Kc", AT),
            (1, "from above Kc", ABOVE),
        )
        if side in sides
    ]
    if any(one.fixed is not None for one in planes):
        key.append(("fixed point", FIXED))
    words = alt or f"Flow of two couplings for {', '.join(one.title for one in planes)}"
    return Figure(legend(key) + panels(drawn), title, caption, words)


def one_step(
    x: ArrayLike,
    lines: Mapping[str, ArrayLike],
    points: Mapping[str, Sequence[tuple[float, float, float]]],
    *,
    mark: float,
    title: str = "",
    caption: str = "",
    alt: str | None = None,
) -> Figure:
    """K' against K: closed recursions as lines over x, maps as points (K, K', error), beside K' = K; mark: Kc.

    Points that are not finite are left out. Raises ValueError where a line does not have a value an x, or where there
    are more names than can be told apart.
    """
    at = np.asarray(x, float)
    for name, values in lines.items():
        if np.shape(values) != at.shape:
            raise ValueError(f"the line {name} must have {len(at)} values; got {np.shape(values)}")
    if len(lines) > len(LINES) or len(points) > len(POINTS):
        raise ValueError(
            f"at most {len(LINES)} lines and {len(POINTS)} maps can be told apart; got {len(lines)} and {len(points)}"
        )
    drawn, dotted = dict(zip(lines, LINES, strict=False)), dict(zip(points, POINTS, strict=False))

    def draw(axes: Any) -> None:
        axes.plot(at, at, ":", color=SOFT)
        axes.axvline(mark, color=INK, linewidth=1.1, linestyle="--")
        for name, values in lines.items():
            seen = shown(values)
            axes.plot(at[seen], np.asarray(values, float)[seen], drawn[name].line, color=drawn[name].colour)
        for name, some in points.items():
            K, value, error = np.array([one for one in some if shown(one[:2]).all()], float).reshape(-1, 3).T
            look = dotted[name]
            half = bars(error)
            axes.vlines(K, value - half, value + half, color=look.colour, linewidth=1.4)
            axes.plot(K, value, look.line, marker=look.marker, color=look.colour, linewidth=1.2, markersize=5.5)
        if len(at) > 1:
            axes.set_xlim(at.min(), at.max())
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(6, steps=STEPS))
            axis.set_major_formatter(FuncFormatter(plain))
        axes.set_xlabel("K, fine spins")
        axes.set_ylabel("K', coarse spins")

    words = alt or f"K' against K: the recursions {', '.join(lines)} and the maps {', '.join(points)}, beside K' = K"
    body = plot(draw, alt=words, height=4.2, margins=(0.72, 0.2, 0.55, 0.12))
    key = [
        legend([("K' = K", Style(SOFT, "", ":")), *drawn.items()], marker=False),
        legend(list(dotted.items())),
    ]
    return Figure(Markup("").join(key) + panels([("", "", body)]), title, caption, words)


def _panel(one: Plane, limits: tuple[tuple[float, float], ...], labels: tuple[str, str]) -> Callable[[Any], None]:
    def draw(axes: Any) -> None:
        axes.axhline(0, color=SOFT, linewidth=0.9)
        axes.set(xlim=limits[0], ylim=limits[1])
        for path in one.paths:
            look = {-1: BELOW, 0: AT, 1: ABOVE}[path.side]
            points = _defined(path.points)
            for start, end in pairwise(points):
                arrow = {
                    "arrowstyle": "-|>,head_width=0.22,head_length=0.45",
                    "color": look.colour,
                    "linewidth": 1.3,
                    "linestyle": look.line,
                    "shrinkA": 2.5,
                    "shrinkB": 2.5,
                }
                axes.annotate("", xy=end[:2], xytext=start[:2], arrowprops=arrow)
            _points(axes, points, look, 4.5)
        if one.fixed is not None:
            _points(axes, [one.fixed], FIXED, 9)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(5, steps=STEPS))
            axis.set_major_formatter(FuncFormatter(plain))
        axes.set_xlabel(labels[0])
        axes.set_ylabel(labels[1])

    return draw


def _points(axes: Any, points: Sequence[Point], look: Style, size: float) -> None:
    x, y, dx, dy = np.array(points, float).reshape(-1, 4).T
    dx, dy = bars(dx), bars(dy)
    axes.hlines(y, x - dx, x + dx, color=look.colour, linewidth=1.3)
    axes.vlines(x, y - dy, y + dy, color=look.colour, linewidth=1.3)
    axes.plot(x, y, linestyle="none", marker=look.marker, color=look.colour, markersize=size)


def _defined(points: Sequence[Point]) -> list[Point]:
    found: list[Point] = []
    for point in points:
        if not shown(point[:2]).all():
            break
        found.append(point)
    return found


def _limits(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = 0.08 * (high - low or 1.0)
    return low - room, high + room


def _told(points: Sequence[Point]) -> str:
    return " to ".join(minus(f"({x:.3g}, {y:.3g})") for x, y, *_ in _defined(points)) or "not defined"
