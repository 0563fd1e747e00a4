"""The square-lattice Ising model without a field: the torus' specific heat, and Onsager's and Yang's bulk.

Energies are in units of J a site, specific heats in units of k a site. The torus itself is `blockspin.exact.ising2d`.
"""

from __future__ import annotations

import math

from scipy.integrate import quad
from scipy.special import ellipkm1

from blockspin import checks
from blockspin.exact.ising2d import ORDERED, _log_partition_and_slope, _torus
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE


def specific_heat(lattice: Lattice, K: float) -> float:
    """The specific heat K^2 (d^2 ln Z/dK^2)/N of the torus, in units of k a site.

    The second derivative is a complex step through the analytic first one. Raises ValueError as
    `log_partition` does.
    """
    K, m, n = _torus(lattice, K)
    step = 1e-100
    curvature = 0.0 if K > ORDERED else _log_partition_and_slope(complex(K, step), m, n)[1].imag / step
    return float(K**2 * curvature / (m * n))


def bulk_log_partition(K: float) -> float:
    """ln Z/N of the infinite lattice, in nats.

    ln(sqrt 2 cosh 2K) + (1/pi) int_0^(pi/2) ln(1 + sqrt(1 - k^2 sin^2 phi)) dphi, k = 2 sinh 2K/cosh^2 2K.
    Source: L. Onsager, Phys. Rev. 65, 117 (1944).
    """
    K = abs(checks.number("the coupling K", K))
    complement = _complement(K)
    integral, _ = quad(lambda phi: math.log1p(math.hypot(math.cos(phi), complement * math.sin(phi))), 0, math.pi / 2)
    log_cosh = 2 * K + math.log1p(math.exp(-4 * K)) - math.log(2)
    return float(math.log(2) / 2 + log_cosh + integral / math.pi)


def bulk_energy(K: float) -> float:
    """The energy a site of the infinite lattice in units of J, -coth 2K [1 + (2/pi)(2 tanh^2 2K - 1) K1(k)].

    K1 is the complete elliptic integral of the first kind, k = 2 sinh 2K/cosh^2 2K; -sqrt 2 at the critical
    coupling. Source: L. Onsager, Phys. Rev. 65, 117 (1944).
    """
    K = checks.number("the coupling K", K)
    if abs(K) < 1e-4:
        return -2 * K - 10 / 3 * K**3  # the series of what cancels below
    complement = _complement(K)
    product = complement * ellipkm1(complement**2) if complement else 0.0
    return float(-(1 + 2 / math.pi * product) / math.tanh(2 * K))


def magnetisation(K: float) -> float:
    """The spontaneous magnetisation of the infinite lattice, (1 - sinh^-4 2K)^(1/8) for K > Kc, else 0.

    Source: C. N. Yang, Phys. Rev. 85, 808 (1952).
    """
    if checks.number("the coupling K", K) <= KC_SQUARE:
        return 0.0
    square = -math.expm1(-4 * _log_sinh(2 * K))
    return math.sqrt(math.sqrt(math.sqrt(square)))


def _complement(K: float) -> float:
    """The complementary modulus k' = 2 tanh^2 2K - 1 of k = 2 sinh 2K/cosh^2 2K."""
    return 2 * math.tanh(2 * K) ** 2 - 1


def _log_sinh(x: float) -> float:
    return x + math.log(-math.expm1(-2 * x)) - math.log(2)
