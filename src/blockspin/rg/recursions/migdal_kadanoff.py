"""The Migdal-Kadanoff recursion: bonds of a hypercubic lattice are moved together and then thinned out as chains.

It is exact on hierarchical lattices. A. A. Migdal, Sov. Phys. JETP 42, 743 (1975); L. P. Kadanoff, Ann. Phys. 100,
359 (1976).
"""

import math
from collections.abc import Callable
from typing import Literal, get_args

from scipy.optimize import brentq

from blockspin.rg.recursions.decimation import chain, chain_field_slope, chain_slope, log_tanh
from blockspin.rg.recursions.fixed_point import FixedPoint, check_coupling, exponent

Order = Literal["move first", "decimate first"]


def step(K: float, d: float = 2, b: float = 2, order: Order = "move first") -> float:
    """K' = D_b(b^(d-1) K) ("move first") or b^(d-1) D_b(K) ("decimate first"), tanh D_b(K) = tanh^b K.

    d: dimension above 1, b: ratio of the lattice spacings above 1, neither need be an integer. The two orders are
    the same flow seen before and after the bonds are moved: K* differs by b^(d-1), exponents do not. For d = b = 2
    the first is K' = ln(cosh 4K)/2. Raises ValueError outside, for a negative K or an unknown order.
    """
    moved = _bonds(d, b)
    if order not in get_args(Order):
        raise ValueError(f"the order must be one of {', '.join(get_args(Order))}; got {order!r}")
    K = check_coupling(K)
    return chain(moved * K, b) if order == "move first" else moved * chain(K, b)


def fixed_point(d: float = 2, b: float = 2, order: Order = "move first") -> FixedPoint:
    """The fixed point of `step` with y_t and y_h; b = 1 gives the limit b -> 1, where both orders agree.

    y_h: a field on every bond, shared by its two ends, which moves with the bond (as on the hierarchical lattice).
    The limit is dK/dl = (d - 1) K + (1/2) sinh 2K ln tanh K, with y_t = d + cosh 2K* ln tanh K* and
    y_h = (d - 1)(1 + 2K*); for d = 2 its K* is the exact Kc. Raises ValueError unless d > 1 and b >= 1.
    """
    if b == 1:
        return _limit(d)
    moved = _bonds(d, b)
    K = _root(lambda K: moved * chain(K, b) - K)
    t, h = moved * chain_slope(K, b), moved * chain_field_slope(K, b)
    kept = step(K / moved, d, b, order) if order == "move first" else step(K, d, b, order)
    return FixedPoint((kept,), b, (t,), exponent(t, b), exponent(h, b))


def beta(K: float, d: float = 2) -> float:
    """dK/dl in the limit b = 1 + dl, (d - 1) K + (1/2) sinh 2K ln tanh K; raises ValueError unless d > 1, K > 0."""
    if not (d > 1 and check_coupling(K) > 0):
        raise ValueError(f"the limit b -> 1 needs d above 1 and K above 0; got d = {d}, K = {K}")
    return (d - 1) * K + 0.5 * math.sinh(2 * K) * log_tanh(K)


def _limit(d: float) -> FixedPoint:
    K = _root(lambda K: beta(K, d))
    y_t = d + math.cosh(2 * K) * log_tanh(K)
    return FixedPoint((K,), 1, (math.exp(y_t),), y_t, (d - 1) * (1 + 2 * K))


def _root(flow: Callable[[float], float]) -> float:
    """The coupling above 0 where the flow turns from decay to growth."""
    return float(brentq(flow, 1e-4, 60.0, xtol=1e-15, rtol=1e-14))


def _bonds(d: float, b: float) -> float:
    if not (d > 1 and b > 1):
        raise ValueError(f"Migdal and Kadanoff move bonds for d above 1 and b above 1; got d = {d}, b = {b}")
    return float(b ** (d - 1))
