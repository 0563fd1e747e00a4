"""What one quantity costs in another: families of machines, each a path from weak to strong."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from blockspin.report.axes import bars, shown, widened
from blockspin.report.page import Figure
from blockspin.report.svg import legend, panels, plot
from blockspin.report.theme import INK, PAGE, SOFT, Style, styles

Point = tuple[float, float, float, float]
"""x, its standard error, y and its standard error; an error may be nan."""
STEPS = (1, 2, 2.5, 5, 10)  # of ticks
TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True)
class Trade:
    """A panel: a title, what stands on the axes, and lines (value, label) to hold y against; log: y logarithmic."""

    title: str
    x_label: str
    y_label: str
    paths: Mapping[str, Sequence[Point]]
    across: Sequence[tuple[float, str]] = ()
    log: bool = False


def trades(some: Sequence[Trade], *, title: str, caption: str, alt: str | None = None) -> Figure:
    """A panel a trade; a name has the same colour and marker in all. Points that are not finite are left out.

    Raises ValueError where there is no panel, or a panel has no path.
    """
    if not some or not all(trade.paths for trade in some):
        raise ValueError("a figure of trades needs at least one panel, and every panel a path")
    looks = styles([name for trade in some for name in trade.paths])
    drawn = []
    for trade in some:
        words = f"{trade.title}, {trade.y_label} against {trade.x_label}: " + "; ".join(
            f"{name} {_ends(path)}" for name, path in trade.paths.items()
        )
        body = plot(_panel(trade, looks), alt=words, height=3.4, margins=(0.78, 0.2, 0.6, 0.15))
        drawn.append((trade.title, "", body))
    words = alt or "; ".join(f"{trade.y_label} against {trade.x_label}, {trade.title}" for trade in some)
    return Figure(legend(list(looks.items())) + panels(drawn), title, caption, words)


def _panel(trade: Trade, looks: Mapping[str, Style]) -> Callable[[Any], None]:
    def draw(axes: Any) -> None:
        if trade.log:
            axes.set_yscale("log")
        axes.margins(x=0.08, y=0.16)
        for name, path in trade.paths.items():
            look, points = looks[name], np.array(path, float).reshape(-1, 4)
            x, dx, y, dy = points[shown(points[:, 0]) & shown(points[:, 2], log=trade.log)].T
            axes.errorbar(
                x, y, bars(dy), bars(dx), look.line, marker=look.marker, color=look.colour,
                markersize=6, elinewidth=1.3,
            )  # fmt: skip
        for value, words in trade.across:
            axes.axhline(value, color=INK, linewidth=1.1, linestyle="--", zorder=0)
            axes.annotate(
                words, (1.0, value), (0, 3), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
                ha="right", va="bottom", color=SOFT, fontsize=11,
                bbox={"facecolor": PAGE, "edgecolor": "none", "pad": 0.5}, zorder=1,
            )  # fmt: skip
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
        if trade.log:
            widened(axes.yaxis)
            low, high = axes.get_ylim()
            axes.set_yticks([tick for tick in TICKS if low <= tick <= high])
            axes.yaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        else:
            axes.yaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
        axes.set_xlabel(trade.x_label)
        axes.set_ylabel(trade.y_label)

    return draw


def _ends(path: Sequence[Point]) -> str:
    seen = [point for point in path if math.isfinite(point[0]) and math.isfinite(point[2])]
    if not seen:
        return "no value"
    first, last = seen[0], seen[-1]
    if len(seen) == 1:
        return f"{first[2]:.3g} at {first[0]:.3g}"
    return f"from {first[2]:.3g} at {first[0]:.3g} to {last[2]:.3g} at {last[0]:.3g}"
