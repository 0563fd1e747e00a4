"""Measured curves on logarithmic axes, one a name, with error bars, beside lines that say what to compare with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from blockspin.report.axes import bars, shown
from blockspin.report.page import Figure
from blockspin.report.svg import legend, panels, plot
from blockspin.report.theme import INK, SOFT, styles

Point = tuple[float, float, float]
"""x, y and the standard error of y, nan where there is none."""


def figure(
    curves: Mapping[str, Sequence[Point]],
    *,
    x_label: str,
    y_label: str,
    across: Sequence[tuple[float, str]] = (),
    down: Sequence[tuple[float, str]] = (),
    title: str,
    caption: str,
    alt: str | None = None,
) -> Figure:
    """One panel with a curve a name; across and down: (value, label) of lines at a y and at an x.

    Points that are not finite and positive are left out. Raises ValueError where no curve is given.
    """
    if not curves:
        raise ValueError("a figure of curves needs at least one curve; got none")
    looks = styles(list(curves))

    def draw(axes: Any) -> None:
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.margins(y=0.12)
        for value, _ in across:
            axes.axhline(value, color=INK, linewidth=1.1)
        for value, label in down:
            axes.axvline(value, color=SOFT, linewidth=1.1, linestyle="--")
            axes.text(value, 1.01, label, transform=axes.get_xaxis_transform(), ha="center", va="bottom", color=SOFT)
        for name, points in curves.items():
            x, y, error = np.array(points, float).reshape(-1, 3).T
            seen = shown(y, log=True) & shown(x, log=True)
            low = np.minimum(bars(error), 0.9 * y)  # a bar that reached zero would have no end
            look = looks[name]
            axes.vlines(x[seen], (y - low)[seen], (y + bars(error))[seen], color=look.colour, linewidth=1.6)
            axes.plot(x[seen], y[seen], look.line, marker=look.marker, color=look.colour, markersize=6)
        # a line at an x near the right end would strike the labels out there
        low, high = axes.get_xlim()
        left = any(math.log(x / low) > 0.7 * math.log(high / low) for x, _ in down)
        for value, label in across:
            at, side = (0.01, "left") if left else (1.0, "right")
            axes.text(at, value, label, transform=axes.get_yaxis_transform(), ha=side, va="bottom", color=SOFT)
        for axis in (axes.xaxis, axes.yaxis):
            low, high = axis.get_view_interval()
            few = high / low < 200  # less than two decades and a bit want the ticks between
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=9))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)

    words = alt or f"{y_label} against {x_label}: " + "; ".join(
        f"{name} from {_ends(points)}" for name, points in curves.items()
    )
    body = plot(draw, alt=words, height=3.6, margins=(0.78, 0.2, 0.55, 0.3))
    return Figure(legend(list(looks.items())) + panels([("", "", body)]), title, caption, words)


def _ends(points: Sequence[Point]) -> str:
    values = [y for _, y, _ in points if math.isfinite(y)]
    return f"{values[0]:.3g} to {values[-1]:.3g}" if values else "no value"
