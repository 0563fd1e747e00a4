"""Areas of equal levels of a share over a square of two parameters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from blockspin.report.axes import NOTHING, set_ticks, shown
from blockspin.report.page import Figure
from blockspin.report.svg import panels, plot
from blockspin.report.theme import BLUE

BOUNDS = (0, *np.arange(0.05, 1, 0.1), 1)  # of the areas


def levels(
    planes: Mapping[str, tuple[ArrayLike, ArrayLike]], *, labels: tuple[str, str], title: str, caption: str
) -> Figure:
    """A panel a name: shares (n, n) over a square grid of coordinates (n,), shares[i, j] at x_i, y_j, as areas.

    A shade a tenth, the stronger the higher. Raises ValueError where the shape does not fit.
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
        told = f"from {z.min():.3g} to {z.max():.3g}"
        words = f"{name}: {told}, most at {labels[0]} = {x[i]:.3g}, {labels[1]} = {x[j]:.3g}"
        body = plot(partial(_draw, x=x, z=z, labels=labels), alt=words, height=4.4, margins=(0.62, 0.2, 0.55, 0.1))
        parts.append((name, told, body))
    return Figure(panels(parts), title, caption)


def _draw(axes: Any, x: Any, z: Any, labels: tuple[str, str]) -> None:
    axes.grid(False)
    axes.contourf(x, x, z.T, BOUNDS, colors=[(BLUE, strength) for strength in np.linspace(0.05, 0.95, len(BOUNDS) - 1)])
    axes.set(xlabel=labels[0], ylabel=labels[1])
    set_ticks(axes.xaxis, "linear")
    set_ticks(axes.yaxis, "linear")
