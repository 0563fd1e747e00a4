"""Level lines of a share over a square of two parameters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from blockspin.report.axes import NOTHING, set_ticks, shown
from blockspin.report.page import Figure
from blockspin.report.svg import panels, plot
from blockspin.report.theme import BLUE, INK, SOFT


def levels(planes: Mapping[str, tuple[ArrayLike, ArrayLike]], *, labels: tuple[str, str]) -> Figure:
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
        i, j = np.unravel_index(int(z.argmax()), z.shape)
        words = (
            f"{name}: from {z.min():.3g} to {z.max():.3g}, most at {labels[0]} = {x[i]:.3g}, {labels[1]} = {x[j]:.3g}"
        )
        body = plot(partial(_draw, x=x, z=z, labels=labels), alt=words, height=4.4, margins=(0.62, 0.2, 0.55, 0.1))
        parts.append((name, "", body))
    return Figure(panels(parts))


def _draw(axes: Any, x: Any, z: Any, labels: tuple[str, str]) -> None:
    steps = np.arange(0.05, min(float(z.max()), 1.0), 0.1)
    shades = [(BLUE, 0.07 + 0.5 * n / max(len(steps), 1)) for n in range(len(steps) + 1)]
    axes.contourf(x, x, z.T, [0, *steps, 1], colors=shades)
    if len(steps):
        drawn = axes.contour(x, x, z.T, steps, colors=[SOFT], linewidths=0.9)
        inside = _inner_labels(axes, x, z, steps)
        if inside:
            axes.clabel(drawn, fontsize=9.5, fmt=lambda value: f"{value:g}", colors=[INK], manual=inside)
    else:
        axes.text(0.5, 0.5, "nowhere above 0.05", transform=axes.transAxes, ha="center", color=SOFT)
    set_ticks(axes.xaxis, "linear")
    set_ticks(axes.yaxis, "linear")
    axes.grid(False)
    axes.set(xlabel=labels[0], ylabel=labels[1])


def _inner_labels(axes: Any, x: Any, z: Any, steps: Any) -> list[tuple[float, float]]:
    """Where matplotlib would label the level lines, except so near the frame that a label is cut."""
    tried = axes.contour(x, x, z.T, steps)
    places = [label.get_position() for label in axes.clabel(tried, fontsize=9.5, fmt=lambda value: f"{value:g}")]
    tried.remove()  # and its labels
    margin = 0.05 * (x[-1] - x[0])  # half a label, turned by 45 degrees, and a little
    return [place for place in places if all(x[0] + margin < at < x[-1] - margin for at in place)]
