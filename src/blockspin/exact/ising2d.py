"""The square-lattice Ising model without a field, exactly: Kaufman's torus and the bulk's correlation length.

Energies are in units of J a site (times K: reduced), lengths in lattice spacings.
"""

import math
from typing import Any

import numpy as np

from blockspin import checks
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE

ORDERED = 40.0  # beyond this coupling the two ground states are all of Z to double precision


def log_partition(lattice: Lattice, K: float) -> float:
    """ln Z of the Lx x Ly torus, in nats; K < 0 where both extents are even.

    Z = (1/2) (2 sinh 2K)^(N/2) [prod 2cosh(m g_(2r+1)/2) + prod 2sinh(m g_(2r+1)/2) + prod 2cosh(m g_2r/2)
    + prod 2sinh(m g_2r/2)], cosh g_l = cosh^2(2K)/sinh(2K) - cos(pi l/n), g_0 = 2K + ln tanh K, summed in logarithms.
    Raises ValueError for another lattice, or a K that is not finite or negative on odd extents.
    Source: B. Kaufman, Phys. Rev. 76, 1232 (1949).
    """
    K, m, n = _torus(lattice, K)
    if K > ORDERED:
        return 2 * m * n * K + math.log(2)
    return float(_log_partition_and_slope(K, m, n)[0])


def energy_per_site(lattice: Lattice, K: float) -> float:
    """The energy -(d ln Z/dK)/N of the torus in units of J, from the derivative of `log_partition`.

    Raises ValueError as `log_partition` does.
    """
    coupling, m, n = _torus(lattice, K)
    slope = 2.0 * m * n if coupling > ORDERED else float(_log_partition_and_slope(coupling, m, n)[1])
    return -slope / (m * n) if K >= 0 else slope / (m * n)


def correlation_length(K: float) -> float:
    """The correlation length along an axis in the disordered phase, 1/(ln coth K - 2K), in lattice spacings.

    0 < K < Kc; infinite at Kc. Raises ValueError outside.
    Source: L. Onsager, Phys. Rev. 65, 117 (1944); B. M. McCoy and T. T. Wu, The Two-Dimensional Ising Model (1973).
    """
    if not 0 < checks.number("the coupling K", K) <= KC_SQUARE:
        raise ValueError(f"the correlation length is given for 0 < K <= Kc = {KC_SQUARE:.6f}; got K = {K}")
    rate = -math.log(math.tanh(K)) - 2 * K
    return math.inf if K == KC_SQUARE or rate <= 0 else 1 / rate


def _torus(lattice: Lattice, K: float) -> tuple[float, int, int]:
    if lattice.kind != "square":
        raise ValueError(f"Kaufman's solution is of the square lattice; got {lattice}")
    if checks.number("the coupling K", K) < 0 and any(extent % 2 for extent in lattice.shape):
        raise ValueError(f"Kaufman's solution with K < 0 needs even extents; got {lattice}, K = {K}")
    m, n = lattice.shape
    return abs(float(K)), max(m, n), min(m, n)  # Z is the same either way; fewer modes cost less


def _log_partition_and_slope(K: Any, m: int, n: int) -> tuple[Any, Any]:
    """ln Z and d ln Z/dK of the m x n torus for 0 <= K <= ORDERED, or K with an infinitesimal imaginary part.

    For each mode (2 sinh 2K)^(m/2) 2cosh(m g/2) = e^(mG/2) (1 + x^m) with G = ln 2(c + r), x = s/(c + r),
    s = sinh 2K, c = s cosh g, r = s sinh g: nothing cancels where K is small. The mode l = 0 gives a^m + b^m and
    a^m - b^m with a = e^2K - 1, b = 1 + e^-2K; the second changes sign at the critical coupling.
    """
    s, slope_s = np.sinh(2 * K), 2 * np.cosh(2 * K)
    logs, slopes = [], []
    for first in (1, 2):
        angle = np.pi * np.arange(first, 2 * n, 2) / n
        below = (1 - s) ** 2 + 2 * s * np.sin(angle / 2) ** 2  # c - s, which would cancel
        c = 1 + s * s - s * np.cos(angle)
        r = np.sqrt(below) * np.sqrt(below + 2 * s)
        slope_c = slope_s * (2 * s - np.cos(angle))
        slope_G = (slope_c + (c * slope_c - s * slope_s) / r) / (c + r)
        x = s / (c + r)
        y = x**m
        slope_y = m * (slope_s * x ** (m - 1) / (c + r) - y * slope_G)
        for sign in (1, -1):
            logs.append((m / 2 * np.log(2 * (c + r)) + np.log1p(sign * y)).sum())
            slopes.append((m / 2 * slope_G + sign * slope_y / (1 + sign * y)).sum())
    with np.errstate(divide="ignore"):
        log_a, log_b = np.log(np.expm1(2 * K)), np.log1p(np.exp(-2 * K))
    top = max(log_a.real, log_b.real)
    A, B = np.exp(m * (log_a - top)), np.exp(m * (log_b - top))
    slope_A = 2 * m * np.exp(2 * K - top + (m - 1) * (log_a - top))
    slope_B = -2 * m * np.exp(-2 * K - top + (m - 1) * (log_b - top))
    factor = np.array([1, 1, A + B, A - B])
    slope_factor = np.array([0, 0, slope_A + slope_B, slope_A - slope_B])
    exponent = np.array([logs[0], logs[1], logs[2] + m * top, logs[3] + m * top])
    highest = exponent.real.max()
    weight = np.exp(exponent - highest)
    total = (factor * weight).sum()
    slope = ((slope_factor + factor * np.array(slopes)) * weight).sum() / total
    return highest + np.log(total / 2), slope
