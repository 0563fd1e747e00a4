"""The triangular-lattice Ising model without a field, exactly, in the bulk.

ln Z/N = ln 2 + 1/(8 pi^2) int int ln[C^3 + S^3 - S (cos a + cos b + cos(a + b))] da db with C = cosh 2K, S = sinh 2K.
One angle is integrated in closed form; what is left is ln 2 + (1/pi) int_0^pi ln[(sqrt P + sqrt Q)/2] da with
P, Q = C^3 + S^3 - S cos a -+ 2 S cos(a/2), written so that nothing cancels at the critical coupling ln 3/4 or at T = 0.
Sources: R. M. F. Houtappel, Physica 16, 425 (1950); G. H. Wannier, Phys. Rev. 79, 357 (1950).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from scipy.integrate import quad


def bulk_log_partition(K: float) -> float:
    """ln Z/N of the infinite triangular lattice in nats, K of either sign.

    As K goes to minus infinity it is |K| + 0.3230659..., the entropy of the ground states.
    Raises ValueError for a K that is not finite.
    """
    t, scale = _small(K)

    def integrand(angle: float) -> float:
        P, Q, _, _ = _arguments(K >= 0, t, angle)
        return math.log((math.sqrt(P) + math.sqrt(Q)) / 2)

    return scale * abs(K) + math.log(2) + _integral(integrand, K, t)


def bulk_energy(K: float) -> float:
    """The energy a site in units of J, -(d ln Z/dK)/N: -2 at the critical coupling, -3 and 1 at its ends.

    Raises ValueError for a K that is not finite.
    """
    t, scale = _small(K)

    def integrand(angle: float) -> float:
        P, Q, slope_P, slope_Q = _arguments(K >= 0, t, angle)
        root_P, root_Q = math.sqrt(P), math.sqrt(Q)
        if root_P == 0 or root_Q == 0:
            return 0.0  # one angle, where P and its slope vanish together
        return (slope_P / (2 * root_P) + slope_Q / (2 * root_Q)) / (root_P + root_Q)

    slope = scale - 2 * t * _integral(integrand, K, t)  # d/d|K|
    return -slope if K >= 0 else slope


def _small(K: float) -> tuple[float, int]:
    """t = exp(-2 |K|), and the number of satisfied less unsatisfied bonds a site in a ground state."""
    if not math.isfinite(K):
        raise ValueError(f"the coupling K must be a finite number; got {K}")
    return math.exp(-2 * abs(K)), 3 if K >= 0 else 1


def _arguments(ferromagnet: bool, t: float, angle: float) -> tuple[float, float, float, float]:
    """P and Q times t^3 (K >= 0) or t (K < 0), the lesser first, and their slopes with t."""
    c = math.cos(angle / 2)
    if ferromagnet:
        fall = 2 * math.sin(angle / 4) ** 2 * (2 + c)  # (1 - c)(2 + c)
        S, slope_S = t**2 - t**4, 2 * t - 4 * t**3  # 2 sinh 2K t^3
        P = (1 - 3 * t**2) ** 2 / 4 + S * fall
        slope_P = -3 * t * (1 - 3 * t**2) + slope_S * fall
        return P, P + 2 * S * c, slope_P, slope_P + 2 * slope_S * c
    P = (t**4 + 3 * t**2) / 4 + (1 - t**2) * (c - 0.5) ** 2
    slope_P = t**3 + 1.5 * t - 2 * t * (c - 0.5) ** 2
    return P, P + 2 * (1 - t**2) * c, slope_P, slope_P - 4 * t * c


def _integral(integrand: Callable[[float], float], K: float, t: float) -> float:
    """(1/pi) times the integral from 0 to pi, split where P is least and by decades from the width of its valley."""
    least = 0.0 if K >= 0 else 2 * math.pi / 3
    width = max(abs(1 - 3 * t**2) if K >= 0 else t, 1e-12)
    cuts = [0.0, math.pi, least]
    while width < math.pi:
        cuts += [least - width, least + width]
        width *= 10
    inside = sorted({cut for cut in cuts if 0 <= cut <= math.pi})
    parts = (quad(integrand, a, b, epsabs=1e-14, epsrel=1e-12)[0] for a, b in itertools.pairwise(inside))
    return math.fsum(parts) / math.pi
