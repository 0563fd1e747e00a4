"""Kadanoff's lower-bound renormalization: potentials moved onto one hypercube, with one parameter p, b = 2.

Cells of 2^d spins make block spins mu with the weight prod exp(p mu sum_i s_i)/(2 cosh(p sum_i s_i)). Elementary
hypercubes carry a potential v(s), H = -sum v. All but those whose 2^d corners lie in 2^d different cells are moved
onto the latter, and so is the weight's denominator: each spin is then in one hypercube only, and

    exp v'(mu) = sum_s exp(2^d v(s) + p sum_i mu_i s_i - ln 2 cosh(p sum_i s_i)).

What moves has mean zero in the true ensemble, so that, ln Z being convex, it is never underestimated and the free
energy -ln Z is bounded from below, for any p; p is chosen where the bound at the fixed point is best.
States of a hypercube are numbered by their bits (bit i set: s_i = +1).
Source: L. P. Kadanoff, Phys. Rev. Lett. 34, 1005 (1975); L. P. Kadanoff, A. Houghton and M. C. Yalabik,
J. Stat. Phys. 14, 171 (1976).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, root

from blockspin.rg.recursions.fixed_point import FixedPoint, exponent
from oracles.eigenvalues import descending

FloatArray = NDArray[np.float64]

B = 2
BRACKET = {2: (0.7, 0.85), 3: (0.35, 0.45)}  # of p*
STEPS = 120  # enough to reach a sink from anywhere
NEAR = 15  # steps along the critical surface: what is irrelevant has gone, rounding has not grown yet


@dataclass(frozen=True)
class LowerBound:
    """The best fixed point: p*, the potential v* (2^(2^d),) up to a constant, exponents, eigenvalues.

    even, odd: eigenvalues of dv'/dv in the sectors of the spin flip, largest modulus first; the first even one is
    2^d, of the constant. point: K* by spins of a hypercube (pairs, fours, ...), y_t and y_h.
    """

    p: float
    potential: FloatArray
    even: tuple[float, ...]
    odd: tuple[float, ...]
    point: FixedPoint


def states(d: int) -> NDArray[np.int8]:
    """The corners' spins of every state, shape (2^(2^d), 2^d); raises ValueError unless d is 1, 2 or 3."""
    if d not in (1, 2, 3):
        raise ValueError(f"the states of a hypercube are summed for d = 1, 2 or 3; got {d}")
    numbers = np.arange(1 << 2**d)[:, None]
    return (2 * (numbers >> np.arange(2**d) & 1) - 1).astype(np.int8)


def nearest_neighbours(K: float, d: int = 2) -> FloatArray:
    """The potential of the Ising model: each of the d 2^(d-1) bonds of a hypercube carries K/2^(d-1), its share."""
    spins = states(d).astype(float)
    pairs = [(i, i ^ 1 << axis) for i in range(2**d) for axis in range(d) if not i >> axis & 1]
    return np.asarray(K / 2 ** (d - 1) * sum(spins[:, i] * spins[:, j] for i, j in pairs))


def step(potential: ArrayLike, p: float) -> FloatArray:
    """v' from v, shape (2^(2^d),), with its constant; raises ValueError for another shape."""
    return _log_sum(_exponents(_checked(potential), p))


def log_partition(K: float, p: float, d: int = 2) -> float:
    """The bound on ln Z/N of the hypercubic Ising model, in nats: never below the exact value, for any p.

    ln Z/N = sum_n 2^(-d n) c_n with c_n the constant that is split off v after n steps.
    """
    v, share, total = nearest_neighbours(K, d), 1.0, 0.0
    for _ in range(STEPS):
        constant = float(v.max())
        total += share * constant
        v = step(v - constant, p)
        share /= 2**d
    return total + share * float(v.max())


def best(d: int = 2) -> LowerBound:
    """The critical fixed point at the p where the bound is stationary, with its spectrum at that p.

    dv'/dv = 2^d P(s | mu), 2^d times a stochastic matrix: its leading left vector w gives the weight of each state
    of a hypercube in ln Z, and the condition is sum_mu w(mu) dv'(mu)/dp = 0.
    For d = 2: p* = 0.76598, y_t = 1.00088 (nu = 0.9991), y_h = 1.87532. A second even eigenvalue, 1.1513 (of
    neighbours against diagonals), lies above 1 as well, which the exact fixed point has not.
    Raises ValueError unless d = 2 or 3.
    """
    if d not in BRACKET:
        raise ValueError(f"the lower bound's best fixed point is known for d = 2 or 3; got {d}")
    p = float(brentq(lambda p: _gain(_fixed_potential(p, d), p), *BRACKET[d], xtol=1e-13))
    return at(p, d)


def at(p: float, d: int = 2) -> LowerBound:
    """The critical fixed point of a given p, with its spectrum; raises ValueError where none is found."""
    v = _fixed_potential(p, d)
    spins = states(d)
    slope = 2**d * _chance(v, p)
    # the sectors: functions that keep, or change, their sign where all spins turn over; half of the states do
    half = np.flatnonzero(spins[:, -1] > 0)
    same, turned = slope[np.ix_(half, half)], slope[np.ix_(half, (len(spins) - 1) ^ half)]
    even, odd = descending(same + turned), descending(same - turned)
    point = FixedPoint(_by_spins(v, d), B, even[1:], exponent(even[1], B), exponent(odd[0], B))
    return LowerBound(p, v, even, odd, point)


def _fixed_potential(p: float, d: int) -> FloatArray:
    """The unstable fixed point between the disordered and the ordered sink, with v = 0 where all spins are up.

    It depends on |sum s| alone, since the weights do, so that a few unknowns are left.
    """
    level = np.abs(states(d).sum(axis=1, dtype=int)) // 2  # 0 (balanced) to 2^(d-1) (all alike)
    first = np.array([np.flatnonzero(level == one)[0] for one in range(level.max() + 1)])
    weights = _weights(p, d)[first]

    def moved(reduced: FloatArray) -> FloatArray:
        v = _log_sum(2**d * reduced[level] + weights)
        return np.asarray(v - v[-1])

    def flow(start: FloatArray, steps: int) -> FloatArray:
        for _ in range(steps):
            start = moved(start)
        return start

    pairs = 2.0 * (np.arange(len(first)) ** 2 - level.max() ** 2)  # (sum s)^2/2, the same for every pair
    cold, hot = flow(5 * pairs, STEPS), flow(0 * pairs, STEPS)
    low, high = 0.0, 5.0
    for _ in range(60):
        K = (low + high) / 2
        end = K * pairs
        for _ in range(STEPS):
            end = moved(end)
            to_cold, to_hot = np.abs(end - cold).max(), np.abs(end - hot).max()
            if min(to_cold, to_hot) < 0.05 * max(to_cold, to_hot):
                break
        low, high = (low, K) if to_cold < to_hot else (K, high)
    found = root(lambda v: moved(np.append(v, 0.0))[:-1] - v, flow(low * pairs, NEAR)[:-1], tol=1e-14)
    reduced = np.append(found.x, 0.0)
    lost = min(np.abs(reduced - sink).max() for sink in (cold, hot)) < 1e-6
    if lost or np.abs(moved(reduced) - reduced).max() > 1e-10:
        raise ValueError(f"the lower-bound recursion has no critical fixed point in d = {d} at p = {p:g}")
    return np.asarray(reduced[level])


def _gain(v: FloatArray, p: float) -> float:
    """sum_mu w(mu) dv'(mu)/dp, the slope in p of the bound at the fixed point v."""
    chance = _chance(v, p)
    spins = states(int(math.log2(math.log2(len(v))))).astype(float)
    total = spins.sum(axis=1)
    values, vectors = np.linalg.eig(chance.T)
    weight = np.real(vectors[:, np.argmax(values.real)])
    slope = (chance * (spins @ spins.T - total * np.tanh(p * total))).sum(axis=1)
    return float(weight @ slope / weight.sum())


def _chance(v: FloatArray, p: float) -> FloatArray:
    """P(s | mu), shape (mu, s)."""
    exponents = _exponents(v, p)
    return np.asarray(np.exp(exponents - _log_sum(exponents)[:, None]))


def _exponents(v: FloatArray, p: float) -> FloatArray:
    """2^d v(s) + p sum_i mu_i s_i - ln 2 cosh(p sum_i s_i), shape (mu, s)."""
    d = int(math.log2(math.log2(len(v))))
    return np.asarray(2**d * v + _weights(p, d))


def _weights(p: float, d: int) -> FloatArray:
    """p sum_i mu_i s_i - ln 2 cosh(p sum_i s_i), shape (mu, s)."""
    spins = states(d).astype(float)
    total = spins.sum(axis=1)
    return np.asarray(p * spins @ spins.T - np.logaddexp(p * total, -p * total))


def _log_sum(exponents: FloatArray) -> FloatArray:
    """ln sum exp of each row; scipy's takes ten times as long on rows as short as these."""
    top = exponents.max(axis=1)
    return np.asarray(top + np.log(np.exp(exponents - top[:, None]).sum(axis=1)))


def _by_spins(v: FloatArray, d: int) -> tuple[float, ...]:
    """Couplings of the products of 2, 4, ... spins of a hypercube, equal for all products of as many spins."""
    spins = states(d).astype(float)
    return tuple(float(v @ spins[:, :n].prod(axis=1)) / len(v) for n in range(2, 2**d + 1, 2))


def _checked(potential: ArrayLike) -> FloatArray:
    v = np.asarray(potential, float)
    if v.shape not in ((4,), (16,), (256,)):
        raise ValueError(
            f"a potential has one value a state of a hypercube, shape (4,), (16,) or (256,); got {v.shape}"
        )
    return v
