"""Cumulants of the triangular lattice in cells of three spins with the majority rule, b = sqrt 3.

H_0 holds the bonds within cells, V those between. The cells' signs mu have H' = <V> + (<V^2> - <V>^2)/2 + ...,
averages under exp(H_0) at given mu: <s> = f mu and <s s'> = g for two spins of one cell. Here V has the sign of K.
Source: Th. Niemeijer and J. M. J. van Leeuwen, Phys. Rev. Lett. 31, 1411 (1973); Physica 71, 17 (1974).
"""

from __future__ import annotations

import math
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, root

from blockspin.rg.recursions.fixed_point import FixedPoint, check_coupling, exponent
from oracles.eigenvalues import descending

FloatArray = NDArray[np.float64]
Site = tuple[int, int]

B = math.sqrt(3)
CELL: tuple[Site, ...] = ((0, 0), (1, 0), (0, 1))
NEIGHBOURS = {  # up to the point group, in the basis of two bonds at 60 degrees: r^2 = x^2 + x y + y^2
    distance: tuple(
        (x, y) for x, y in product(range(-4, 5), repeat=2) if x * x + x * y + y * y == square
    )
    for distance, square in ((1, 1), (2, 3), (3, 4))
}  # fmt: skip


def first_cumulant(K: float, h: float = 0.0) -> tuple[float, float]:
    """K' = 2 K f^2 and h' = 3 h f, f = (e^3K + e^-K)/(e^3K + 3 e^-K), for a small field h; K not negative."""
    f, _ = _cell(check_coupling(K))
    return 2 * K * f**2, 3 * h * f


def first_fixed_point() -> FixedPoint:
    """K* = ln(1 + 2 sqrt 2)/4 = 0.33561 (exact Kc: 0.27465), y_t = 0.88220, lambda_h = 3/sqrt 2, y_h = 1.36907."""
    K = float(brentq(lambda K: first_cumulant(K)[0] - K, 0.1, 1, xtol=1e-15, rtol=1e-14))
    f, _ = _cell(K)
    w = math.exp(-4 * K)
    slope = 8 * w / (1 + 3 * w) ** 2  # df/dK
    eigenvalue = 2 * f**2 + 4 * K * f * slope
    return FixedPoint((K,), B, (eigenvalue,), exponent(eigenvalue, B), exponent(3 * f, B))


def second_cumulant(couplings: ArrayLike) -> FloatArray:
    """(K1', K2', K3') from first, second and third neighbours (K1, K2, K3), to second order.

    K1 enters to second order, K2 and K3, which are of that order themselves, to first:
    K_n' = f^2 sum_m a_nm K_m + f^2 [p_n (1 - f^2) + q_n (g - f^2)] K1^2, with bonds a_nm and pairs of bonds p_n, q_n
    counted on the lattice: two bonds to one cell, at the same spin (p) or at two (q), couple the cells at their ends.
    Raises ValueError unless three couplings come.
    """
    K = np.asarray(couplings, float)
    if K.shape != (3,):
        raise ValueError(f"the second cumulant has couplings (K1, K2, K3); got shape {K.shape}")
    f, g = _cell(float(K[0]))
    direct, same, other = _counts()
    through = same * f**2 * (1 - f**2) + other * f**2 * (g - f**2)
    return np.asarray(f**2 * direct @ K + through * K[0] ** 2)


def second_fixed_point() -> FixedPoint:
    """The fixed point of `second_cumulant`, K1* = 0.27887 (exact Kc: 0.27465), y_t = 1.04238 (exact: 1).

    The three eigenvalues of the even sector are 1.77284, 0.19478 and -0.13635. The first is often quoted as 1.7835
    (y_t = 1.053; the papers themselves were not read for it): 1.78353 comes out where the change of f^2 with K1 is
    left out of the term of K3 in K2', which a derivative of the recursion as it stands must not.
    """
    found = root(lambda K: second_cumulant(K) - K, [0.28, -0.01, -0.01], tol=1e-14)
    K = np.asarray(found.x, float)
    size = 1e-5
    slope = np.stack(
        [(second_cumulant(K + size * e) - second_cumulant(K - size * e)) / (2 * size) for e in np.eye(3)], axis=1
    )
    eigenvalues = descending(slope)
    return FixedPoint(tuple(K.tolist()), B, eigenvalues, exponent(eigenvalues[0], B))


def _cell(K: float) -> tuple[float, float]:
    """f = <s> and g = <s s'> in a cell of sign +1: weights e^3K for three up, e^-K for each of three with one down."""
    w = math.exp(-4 * K)
    return (1 + w) / (1 + 3 * w), (1 - w) / (1 + 3 * w)


@cache
def _counts() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Bonds between cells, and pairs of bonds through a third cell, for cells that are n-th neighbours, n = 1, 2, 3.

    direct[n, m]: bonds of kind m; same[n], other[n]: pairs of nearest-neighbour bonds that meet in the third cell at
    one site, or end there at two.
    """
    direct, same, other = np.zeros((3, 3)), np.zeros(3), np.zeros(3)
    home: Site = (0, 0)
    for n, target in enumerate([(1, 1), (3, 0), (2, 2)]):  # cells sit at (x, y) with x - y divisible by 3
        for m in range(3):
            direct[n, m] = len(_bonds(home, target, m + 1))
        for x, y in product(range(-6, 7), repeat=2):
            middle = (x, y)
            if middle in (home, target) or (middle[0] - middle[1]) % 3:
                continue
            for (_, left), (_, right) in product(_bonds(home, middle, 1), _bonds(target, middle, 1)):
                same[n] += left == right
                other[n] += left != right
    return direct, same, other


def _bonds(cell: Site, other: Site, kind: int) -> list[tuple[Site, Site]]:
    """Pairs of sites, one of each cell, that are neighbours of this kind."""
    mine = [(cell[0] + x, cell[1] + y) for x, y in CELL]
    theirs = [(other[0] + x, other[1] + y) for x, y in CELL]
    steps = NEIGHBOURS[kind]
    return [(one, two) for one in mine for two in theirs if (two[0] - one[0], two[1] - one[1]) in steps]
