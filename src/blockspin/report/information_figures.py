"""Information as pictures: curves over a linear axis, one a name, and levels over the plane of two weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from blockspin.report.axes import NOTHING, STEPS, bars, plain, shown
from blockspin.report.curve import Point
from blockspin.report.page import Figure
from blockspin.report.svg import legend, panels, plot
from blockspin.report.theme import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, SOFT, VERMILION, Style

LOOKS = (
    Style(BLUE, "o"),
    Style(VERMILION, "^"),
    Style(GREEN, "s"),
    Style(ORANGE, "D"),
    Style(PURPLE, "v"),
    Style(SKY, "h"),
    Style(GREY, "X"),
    Style(SOFT, "P"),
)
EXACT = Style(INK, "", "--")


def lines(
    curves: Mapping[str, Sequence[Point]],
    *,
    x_label: str,
    y_label: str,
    exact: Mapping[str, Sequence[Point]] | None = None,
    across: Sequence[tuple[float, str]] = (),
    down: Sequence[tuple[float, str]] = (),
    whole: bool = False,
    title: str,
    caption: str,
) -> Figure:
    """One panel with a curve a name on linear axes, points (x, y, error of y); exact: dashed lines without points.

    across, down: (value, label) of lines at a y and at an x; whole: x counts something. Points that are not finite are
    left out. Raises ValueError where no curve is given, or more than can be told apart.
    """
    if not 0 < len(curves) <= len(LOOKS):
        raise ValueError(f"1 to {len(LOOKS)} curves can be told apart; got {len(curves)}")
    looks = dict(zip(curves, LOOKS, strict=False)) | dict.fromkeys(exact or {}, EXACT)

    def draw(axes: Any) -> None:
        for value, label in across:
            axes.axhline(value, color=INK, linewidth=1.1)
            axes.text(1.0, value, label, transform=axes.get_yaxis_transform(), ha="right", va="bottom", color=SOFT)
        for value, label in down:
            axes.axvline(value, color=SOFT, linewidth=1.1, linestyle="--")
            axes.text(value, 1.01, label, transform=axes.get_xaxis_transform(), ha="center", va="bottom", color=SOFT)
        for name, points in {**curves, **(exact or {})}.items():
            x, y, error = np.array([one for one in points if shown(one[:2]).all()], float).reshape(-1, 3).T
            bar, look = bars(error), looks[name]
            axes.vlines(x, y - bar, y + bar, color=look.colour, linewidth=1.4)
            axes.plot(x, y, look.line, marker=look.marker, color=look.colour, linewidth=1.4, markersize=5)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(6, steps=STEPS, integer=whole and axis is axes.xaxis))
            axis.set_major_formatter(FuncFormatter(plain))
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)

    words = f"{y_label} against {x_label}: " + "; ".join(f"{name} {_ends(points)}" for name, points in curves.items())
    body = plot(draw, alt=words, height=3.8, margins=(0.88, 0.2, 0.55, 0.3))
    return Figure(legend(list(looks.items())) + panels([("", "", body)]), title, caption, words)


def levels(
    planes: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    labels: tuple[str, str],
    title: str,
    caption: str,
) -> Figure:
    """A panel a name: shares (n, n) over a square grid of coordinates (n,), shares[i, j] at x_i, y_j, as level lines.

    Lines at .05, .15, ...; darker areas are higher. Raises ValueError where the shape does not fit.
    """
    parts = []
    for name, (at, values) in planes.items():
        x, z = np.asarray(at, float), np.asarray(values, float)
        if z.shape != (len(x), len(x)):
            raise ValueError(f"the plane {name} must have {len(x)} x {len(x)} values; got {z.shape}")
        if len(x) < 2 or not shown(z).all():
            parts.append((name, "", NOTHING))
            continue
        top = np.unravel_index(int(z.argmax()), z.shape)
        words = (
            f"{name}: from {z.min():.3g} to {z.max():.3g}, the largest at {labels[0]} = {x[top[0]]:.3g}, {labels[1]} = "
            f"{x[top[1]]:.3g}"
        )

        def draw(axes: Any, x: Any = x, z: Any = z) -> None:
            steps = np.arange(0.05, min(float(z.max()), 1.0), 0.1)
            if not len(steps):
                axes.text(0.5, 0.5, "nowhere above 0.05", transform=axes.transAxes, ha="center", color=SOFT)
            shades = [(BLUE, 0.07 + 0.5 * n / max(len(steps), 1)) for n in range(len(steps) + 1)]
            axes.contourf(x, x, z.T, [0, *steps, 1], colors=shades)
            inside = _inner_labels(axes, x, z, steps) if len(steps) else []
            drawn = axes.contour(x, x, z.T, steps, colors=[SOFT], linewidths=0.9) if len(steps) else None
            if inside:
                axes.clabel(drawn, fontsize=9, fmt=lambda value: f"{value:g}", colors=[INK], manual=inside)
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_locator(MaxNLocator(6, steps=STEPS))
                axis.set_major_formatter(FuncFormatter(plain))
            axes.grid(False)
            axes.set_xlabel(labels[0])
            axes.set_ylabel(labels[1])

        parts.append((name, "", plot(draw, alt=words, height=4.4, margins=(0.62, 0.2, 0.55, 0.1))))
    return Figure(panels(parts), title, caption, f"{title}: {', '.join(planes)}")


def _inner_labels(axes: Any, x: Any, z: Any, steps: Any) -> list[tuple[float, float]]:
    """Where matplotlib would label the level lines, without the places so near the frame that a label is cut."""
    tried = axes.contour(x, x, z.T, steps)
    labels = axes.clabel(tried, fontsize=9, fmt=lambda value: f"{value:g}")
    places = [label.get_position() for label in labels]
    tried.remove()  # and its labels
    margin = 0.05 * (x[-1] - x[0])  # half a label, turned by 45 degrees, and a little
    return [place for place in places if all(x[0] + margin < at < x[-1] - margin for at in place)]


def _ends(points: Sequence[Point]) -> str:
    seen = [y for _, y, _ in points if math.isfinite(y)]
    return f"{seen[0]:.3g} to {seen[-1]:.3g}" if seen else "no value"
