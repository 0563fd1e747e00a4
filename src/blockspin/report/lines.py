"""Curves with errors, one a name: the one function that draws measured numbers over a parameter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blockspin.report.axes import Scale, bars, set_scale, set_ticks, short, shown, widen
from blockspin.report.page import Figure
from blockspin.report.svg import WIDTH, legend, panels, plot
from blockspin.report.theme import INK, PAGE, SOFT, Style, dashed, styles

Point = tuple[float, ...]
"""x and y, then the standard errors of y and of x, each nan or left out where there is none."""
Curves = Mapping[str, Sequence[Point] | NDArray[Any]]
"""Points by name, or their columns as an array (n, 2 to 4)."""
Lines = Sequence[tuple[float, str]]
"""(value, label) of lines to hold curves against."""
Limits = tuple[tuple[float, float], tuple[float, float]]

LEFT, RIGHT, BOTTOM, TOP = 0.85, 0.2, 0.55, 0.12  # margins in inches
ROOM = 0.08  # around the points, of the axis


@dataclass(frozen=True)
class Panel:
    """One pair of axes and what is on them.

    curves: points by name, joined by a line, by arrows in their order, or not at all. dashed: lines without points, of
    exact values, or in the colour of the curve of the same name. single: faint points, of which the curve of the same
    name is the mean. rings: a point by name of a curve that is ringed.
    across, down: lines at a y and at an x. bands: errors of y as bands instead of bars. limits: of both axes, where
    they do not follow the points. square: both axes are of one length.
    """

    x_label: str
    y_label: str
    curves: Curves
    title: str = ""
    dashed: Curves = field(default_factory=dict)
    single: Curves = field(default_factory=dict)
    rings: Mapping[str, Point] = field(default_factory=dict)
    across: Lines = ()
    down: Lines = ()
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"
    joined: Literal["lines", "arrows", "no"] = "lines"
    bands: bool = False
    limits: Limits | None = None
    square: bool = False


def line_plot(parts: Sequence[Panel], *, same_axes: bool = False) -> Figure:
    """A panel a part; a name has the same colour and marker in all. same_axes: all panels have the same limits.

    A point that is not finite, or not positive on a logarithmic axis, is left out, and the line is broken there.
    Raises ValueError where there is no panel or no curve, and for more names than can be distinguished.
    """
    if not parts or not all(part.curves or part.dashed for part in parts):
        raise ValueError("a figure of curves needs at least one panel, and every panel a curve")
    looks = styles(name for part in parts for name in part.curves)
    exact = dashed(name for part in parts for name in part.dashed if name not in looks)
    together = [_points(part, some) for part in parts for some in part.curves.values()] if same_axes else []
    drawn = []
    for part in parts:
        words = f"{part.title}, ".removeprefix(", ") + f"{part.y_label} against {part.x_label}: "
        words += "; ".join(f"{name} {_told(_points(part, some))}" for name, some in _named(part))
        top = 0.3 if any(label for _, label in part.down) else TOP
        inside = WIDTH - LEFT - RIGHT if part.square else 2.4 if len(parts) > 2 else 2.8
        body = plot(
            partial(_draw, part=part, looks={**exact, **looks}, together=together),
            alt=words, height=inside + BOTTOM + top, margins=(LEFT, RIGHT, BOTTOM, top),
        )  # fmt: skip
        drawn.append((part.title, "", body))
    joined = any(part.joined != "no" for part in parts)
    key = legend([*exact.items(), *looks.items()], line=joined)
    return Figure(key + panels(drawn))


def _draw(axes: Any, part: Panel, looks: Mapping[str, Style], together: Sequence[NDArray[np.float64]]) -> None:
    set_scale(axes.xaxis, part.x_scale)
    set_scale(axes.yaxis, part.y_scale)
    axes.margins(x=ROOM / 2 if part.x_scale == "linear" else ROOM, y=ROOM)
    for name, some in part.dashed.items():
        points, look = _points(part, some), looks[name]
        x, y = points[np.isfinite(points[:, 0])][:, :2].T
        line = look.line if not look.marker else "--"
        axes.plot(x, y, line, marker="." if len(x) == 1 else "", color=look.colour, linewidth=1.5)
    for name, some in part.single.items():
        axes.plot(*_points(part, some)[:, :2].T, ".", color=looks[name].colour, alpha=0.4, markersize=5)
    for place, (name, some) in enumerate(part.curves.items()):
        # curves that agree lie upon one another: the later, the smaller
        size = max(7.0 - 0.6 * place, 4.0) if part.joined == "lines" or len(some) == 1 else 4.0
        _curve(axes, part, _points(part, some), looks[name], size)
    for name, point in part.rings.items():
        if shown(point[:2]).all():
            axes.plot(*point[:2], "o", color=looks[name].colour, markersize=10, mfc="none", zorder=4)
    for points in together:  # the axes hold them, drawn here or not
        at, half = points[:, :2], points[:, [3, 2]]
        axes.update_datalim([*(at - half), *(at + half)])
    _finish(axes, part)


def _curve(axes: Any, part: Panel, points: NDArray[np.float64], look: Style, size: float) -> None:
    x, y, dy, dx = points.T
    low = np.minimum(dy, 0.9 * y) if part.y_scale == "log" else dy  # a bar that reached zero would have no end
    if part.bands:
        axes.fill_between(x, y - low, y + dy, color=look.colour, alpha=0.22, linewidth=0)
    else:
        there, wide = dy > 0, dx > 0
        axes.vlines(x[there], (y - low)[there], (y + dy)[there], color=look.colour, linewidth=1.5)
        axes.hlines(y[wide], (x - dx)[wide], (x + dx)[wide], color=look.colour, linewidth=1.5)
    if part.joined == "arrows":
        for start, end in pairwise(points[:, :2]):
            if np.isfinite([start, end]).all():
                axes.annotate("", xy=end, xytext=start, arrowprops=_ARROW | {"color": look.colour, "ls": look.line})
    line = look.line if part.joined == "lines" else "none"
    axes.plot(x, y, linestyle=line, marker=look.marker, color=look.colour, markersize=size, linewidth=1.5)


_ARROW = {"arrowstyle": "-|>,head_width=0.22,head_length=0.45", "linewidth": 1.3, "shrinkA": 2.5, "shrinkB": 2.5}


def _finish(axes: Any, part: Panel) -> None:
    for axis, scale in ((axes.xaxis, part.x_scale), (axes.yaxis, part.y_scale)):
        if scale == "log":
            widen(axis)
    for value, _ in part.across:
        axes.axhline(value, color=INK, linewidth=1.1, linestyle="--" if len(part.across) > 1 else "-", zorder=0.6)
    for value, _ in part.down:
        axes.axvline(value, color=SOFT, linewidth=1.1, linestyle="--", zorder=0.6)
    if part.limits is not None:
        axes.set(xlim=part.limits[0], ylim=part.limits[1])
    axes.autoscale_view()
    axes.autoscale(False)
    set_ticks(axes.xaxis, part.x_scale)
    set_ticks(axes.yaxis, part.y_scale)
    axes.set_xlabel(part.x_label)
    axes.set_ylabel(part.y_label)
    (left, low), (right, high) = axes.get_position().get_points()
    left += max(0.0, 2 - axes.yaxis.get_tightbbox().x0) / axes.figure.bbox.width  # long numbers at ticks need room
    axes.set_position((left, low, right - left, high - low))
    for value, label in part.down:
        axes.text(value, 1.01, label, transform=axes.get_xaxis_transform(), ha="center", va="bottom", color=SOFT)
    for value, label in part.across:
        left = _crowded(axes, part, value)
        axes.annotate(
            label, (0.01 if left else 1.0, value), (0, 3), xycoords=axes.get_yaxis_transform(),
            textcoords="offset points", ha="left" if left else "right", va="bottom", color=SOFT, fontsize=11,
            bbox={"facecolor": PAGE, "edgecolor": "none", "pad": 0.5}, zorder=0.8,
        )  # fmt: skip


def _crowded(axes: Any, part: Panel, value: float) -> bool:
    """Whether the right end of the line across at a value has more points and lines near it than the left end."""
    points = np.concatenate([_points(part, some)[:, :2] for some in part.curves.values()])
    down = [(x, value) for x, _ in part.down]
    places = np.concatenate([points[np.isfinite(points[:, 0])], np.array(down).reshape(-1, 2)])
    if not len(places):  # nothing could be drawn
        return False
    x, y = axes.transLimits.transform(axes.transScale.transform([*places, (places[0, 0], value)])).T
    beside = x[:-1][np.abs(y[:-1] - y[-1] - 0.04) < 0.08]
    return bool((beside > 0.6).sum() > (beside < 0.4).sum())


def _points(part: Panel, some: Sequence[Point] | NDArray[Any]) -> NDArray[np.float64]:
    """x, y, error of y, error of x of each point, (n, 4); all nan where a point cannot be drawn."""
    points = np.array([(*point, *[0.0] * (4 - len(point))) for point in some], float).reshape(-1, 4)
    points[:, 2:] = bars(points[:, 2:])
    seen = shown(points[:, 0], part.x_scale) & shown(points[:, 1], part.y_scale)
    return np.where(seen[:, None], points, np.nan)


def _named(part: Panel) -> list[tuple[str, Sequence[Point] | NDArray[Any]]]:
    both = [(f"{name} (dashed)" if name in part.curves else name, some) for name, some in part.dashed.items()]
    return [*part.curves.items(), *both]


def _told(points: NDArray[np.float64]) -> str:
    seen = points[np.isfinite(points[:, 0])]
    if not len(seen):
        return "no value"
    first, last = (f"{short(y)} at {short(x)}" for x, y, *_ in (seen[0], seen[-1]))
    return first if len(seen) == 1 else f"from {first} to {last}"
