"""Decimation of the chain, exactly, and of the square lattice with what it creates cut away."""

import math

from scipy.optimize import brentq

from blockspin.rg.recursions.fixed_point import FixedPoint, check_coupling, exponent


def chain(K: float, b: float = 2) -> float:
    """The coupling left between every b-th spin of the chain, tanh K' = tanh^b K; exact, and any b >= 1 will do.

    K: reduced, not negative. Raises ValueError for a negative K or b < 1.
    Source: D. R. Nelson and M. E. Fisher, Ann. Phys. 91, 226 (1975).
    """
    K = check_coupling(K)
    if not b >= 1:
        raise ValueError(f"a chain is thinned out by b of at least 1; got {b}")
    if K == 0:
        return 0.0
    power = b * log_tanh(K)  # of t^b; at large K t rounds to 1 where its logarithm does not
    return 0.5 * (math.log1p(math.exp(power)) - math.log(-math.expm1(power)))


def chain_slope(K: float, b: float = 2) -> float:
    """dK'/dK of `chain`, b sinh 2K'/sinh 2K = b t^(b-1) (1 - t^2)/(1 - t^2b), t = tanh K; tanh 2K for b = 2."""
    thinned = chain(K, b)
    if thinned == 0:
        return 1.0 if b == 1 else 0.0
    return b * math.exp(2 * (thinned - K)) * math.expm1(-4 * thinned) / math.expm1(-4 * K)


def chain_field_slope(K: float, b: float = 2) -> float:
    """dh'/dh at h = 0 of the thinned chain, 1 + 2 (t - t^b)/((1 - t)(1 + t^b)), t = tanh K; 1 + tanh 2K for b = 2.

    Fields act on every spin; those of the spins summed over reach the two that stay. Raises ValueError as `chain`.
    """
    chain(K, b)
    if K == 0:
        return 1.0
    t, log_t = math.tanh(K), log_tanh(K)
    gap = 2 / (math.exp(2 * K) + 1)  # 1 - t
    return 1 - 2 * t * math.expm1((b - 1) * log_t) / (gap * (1 + math.exp(b * log_t)))


def square(K: float) -> float:
    """One step of decimation on the square lattice, b = sqrt 2, with one coupling kept: K' = (3/8) ln cosh 4K.

    Summing over one sublattice gives nearest neighbours ln(cosh 4K)/4, next ones ln(cosh 4K)/8 and a four-spin
    term; the second is added to the first and the third dropped.
    Raises ValueError for a negative K. Source: H. J. Maris and L. P. Kadanoff, Am. J. Phys. 46, 652 (1978).
    """
    x = 4 * check_coupling(K)
    return 3 / 8 * (x + math.log1p(math.exp(-2 * x)) - math.log(2))


def square_fixed_point() -> FixedPoint:
    """The fixed point of `square`: K* = 0.50698, lambda = (3/2) tanh 4K* = 1.44892, y_t = 1.06996 (exact: 1)."""
    K = float(brentq(lambda K: square(K) - K, 0.2, 2, xtol=1e-15, rtol=1e-14))
    eigenvalue = 1.5 * math.tanh(4 * K)
    return FixedPoint((K,), math.sqrt(2), (eigenvalue,), exponent(eigenvalue, math.sqrt(2)))


def log_tanh(K: float) -> float:
    """ln tanh K for K > 0, to full precision at large K."""
    w = math.exp(-2 * K)
    return math.log1p(-w) - math.log1p(w)
