"""What the axes of all figures share: which values they hold, and ticks in plain numbers or in powers of ten."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from markupsafe import Markup
from matplotlib.scale import SymmetricalLogScale
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import ArrayLike, NDArray

Scale = Literal["linear", "whole", "log", "from 0"]
"""Of an axis; "whole": linear, of counts; "from 0": linear from 0 to 1 and logarithmic beyond."""

STEPS = (1, 2, 2.5, 5, 10)  # of ticks
LARGEST = 1e100  # that an axis holds, and one over it the smallest on a logarithmic one
NOTHING = Markup('<p class="none">Nothing here can be drawn: there is no finite value.</p>')


def shown(values: ArrayLike, scale: Scale = "linear") -> NDArray[np.bool_]:
    """Which values an axis can hold: finite, of at most 1e100, and on a logarithmic one of at least 1e-100."""
    some = np.asarray(values, float)
    enough = some >= (1 / LARGEST if scale == "log" else -LARGEST)
    return np.asarray(np.isfinite(some) & (np.abs(some) <= LARGEST) & enough)


def bars(errors: ArrayLike) -> NDArray[np.float64]:
    """Half lengths of error bars: 0 where an error is not known or cannot be drawn."""
    some = np.asarray(errors, float)
    return np.where(shown(some) & (some > 0), some, 0.0)


def set_scale(axis: Any, scale: Scale) -> None:
    """Give axes.xaxis or axes.yaxis its scale, before anything is drawn."""
    own = {"log": "log", "from 0": SymmetricalLogScale(axis, linthresh=1, linscale=0.4)}
    axis.axes.set(**{f"{axis.axis_name}scale": own.get(scale, "linear")})


def set_ticks(axis: Any, scale: Scale, count: int = 6) -> None:
    """About `count` ticks on an axis whose limits hold what is drawn."""
    low, high = axis.get_view_interval()
    axis.set_minor_locator(NullLocator())
    if scale == "log":
        axis.set_major_locator(FixedLocator(log_ticks(low, high)))
    elif scale == "from 0":
        axis.set_major_locator(FixedLocator([0.0, *(10.0**n for n in range(int(math.log10(max(high, 1.0))) + 1))]))
    else:
        axis.set_major_locator(MaxNLocator(count, steps=STEPS, integer=scale == "whole"))
    axis.set_major_formatter(FuncFormatter(power if scale == "log" else plain))


def widen(axis: Any) -> None:
    """Give a logarithmic axis with nothing on it, or one value alone, a range that it can show."""
    low, high = axis.get_data_interval()
    if not 0 < low <= high < math.inf:
        low, high = 0.3, 3.0
    elif high - low > 1e-9 * high:
        return
    axis.axes.set(**{f"{axis.axis_name}lim": (low / 3, 3 * high)})


def log_ticks(low: float, high: float) -> list[float]:
    """Ticks of a logarithmic axis: 1, 2, 5, 10, ... where a few do, else decades, else what a linear axis has."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    fine = [m * 10.0**n for n in decades for m in (1, 2, 5) if low <= m * 10.0**n <= high]
    if len(fine) < 2:
        return [float(tick) for tick in MaxNLocator(4, steps=STEPS).tick_values(low, high) if low <= tick <= high]
    if len(fine) <= 7:
        return fine
    step = math.ceil(len(decades) / 7)
    return [10.0**n for n in decades if n % step == 0]


def power(value: float, _: int = 0) -> str:
    """The number of a tick on a logarithmic axis: 0.01, 100, 10⁶, 2·10⁶."""
    if 1e-3 <= value < 1e5:
        return f"{value:.6g}"
    first, exponent = f"{value:.2e}".split("e")
    times = f"{float(first):g}·".removeprefix("1·")
    return f"{times}10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def plain(value: float, _: int = 0) -> str:
    """The number of a tick, with a true minus sign."""
    return f"{value:.6g}".replace("-", "−")


def short(value: float, digits: int = 3) -> str:
    """A number with so many digits."""
    return plain(float(f"{value:.{digits}g}")).replace("e−0", "e−")
