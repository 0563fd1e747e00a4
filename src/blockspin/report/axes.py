"""What the axes of all figures share: ticks in plain numbers, and logarithmic ones in powers of ten."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

STEPS = (1, 2, 2.5, 5, 10)  # of ticks


def log_axis(axis: Any, set_scale: Callable[[str], None]) -> None:
    """Make an axis (axes.xaxis with axes.set_xscale, or y) logarithmic."""
    set_scale("log")
    axis.set_major_locator(LogLocator(numticks=6))
    axis.set_major_formatter(FuncFormatter(power))
    axis.set_minor_formatter(NullFormatter())


def power(value: float, _: int = 0) -> str:
    """The number of a tick on a logarithmic axis: 0.01, 100, 10⁶."""
    if 1e-3 <= value < 1e5:
        return f"{value:g}"
    exponent = str(round(math.log10(value))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{exponent}"


def plain(value: float, _: int = 0) -> str:
    """The number of a tick, with a true minus sign."""
    return f"{value:.6g}".replace("-", "−")
