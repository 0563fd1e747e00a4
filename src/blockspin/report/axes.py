"""What the axes of all figures share: ticks in plain numbers, and logarithmic ones in powers of ten."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import ArrayLike, NDArray

STEPS = (1, 2, 2.5, 5, 10)  # of ticks
LARGEST = 1e100  # that an axis holds, and one over it the smallest on a logarithmic one
NOTHING = Markup('<p class="none">Nothing here can be drawn: there is no finite value.</p>')


def shown(values: ArrayLike, *, log: bool = False) -> NDArray[np.bool_]:
    """Which values an axis can hold: finite, of at most 1e100, and on a logarithmic one of at least 1e-100."""
    some = np.asarray(values, float)
    return np.asarray(np.isfinite(some) & (np.abs(some) <= LARGEST) & ((some >= 1 / LARGEST) | (not log)))


def bars(errors: ArrayLike) -> NDArray[np.float64]:
    """Half lengths of error bars: 0 where an error is not known or cannot be drawn."""
    some = np.asarray(errors, float)
    return np.where(shown(some) & (some > 0), some, 0.0)


def log_axis(axis: Any, set_scale: Callable[[str], None]) -> None:
    """Make an axis (axes.xaxis with axes.set_xscale, or y) logarithmic."""
    set_scale("log")
    widened(axis)
    axis.set_major_locator(LogLocator(numticks=6))
    axis.set_major_formatter(FuncFormatter(power))
    axis.set_minor_formatter(NullFormatter())


def widened(axis: Any) -> None:
    """Give a logarithmic axis with nothing on it, or one value alone, a range that it can show."""
    low, high = axis.get_data_interval()
    if high > 0 and high - low > 1e-9 * high:
        return
    axis.axes.autoscale(False, axis=axis.axis_name)
    set_limits = {"x": axis.axes.set_xlim, "y": axis.axes.set_ylim}[axis.axis_name]
    set_limits(*((low / 3, 3 * high) if 0 < low <= high else (0.1, 10.0)))


def power(value: float, _: int = 0) -> str:
    """The number of a tick on a logarithmic axis: 0.01, 100, 10⁶."""
    if 1e-3 <= value < 1e5:
        return f"{value:g}"
    exponent = str(round(math.log10(value))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{exponent}"


def plain(value: float, _: int = 0) -> str:
    """The number of a tick, with a true minus sign."""
    return f"{value:.6g}".replace("-", "−")
