"""Centres on a coarse lattice that may shift as a whole: how well they match, and how well centres at random do.

Centres at random differ from a grid by the waves of their density. A long wave k of M centres moves the best match by
1 / (k^2 M), mean squared, in coarse spacings; what the short waves add depends on the kind of lattice alone. So the
mean squared residual grows with the coarse lattice as the sum of 1 / (k^2 M) over its waves: like M / 12 on the chain
and ln M / 4 pi on two-dimensional lattices, hardly on the cubic one. Where a share x of the sites stays empty, only
waves over fewer than about x^-2 sites count.
Source: Caracciolo, Lucibello, Parisi and Sicuro, Phys. Rev. E 90, 012118 (2014).
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from blockspin.arrays import FloatArray, IntArray
from blockspin.coarse.assignment import assign, squared
from blockspin.lattice import Lattice
from blockspin.randomness import generator

DRAWN = 400  # sites up to which centres at random are drawn
BASIS = 200  # about so many has the lattice on which they are drawn for larger ones
DRAWS = 24
LONGEST = 8.0  # the longest waves that count where a share x stays empty have k^2 = this times x^(4/d)


def match(
    where: FloatArray, living: NDArray[np.bool_], lattice: Lattice, coarse: Lattice, rounds: int = 3
) -> tuple[IntArray, float]:
    """Optimal assignment of centres to coarse sites: the site of each unit, and the rms distance of the living.

    From a few shifts of the coarse lattice, match and shift by the mean displacement in turn; the best is kept.
    """
    step = np.asarray(lattice.shape, float) / coarse.shape
    grid = coarse.coordinates * step
    starts = np.stack(np.meshgrid(*[np.array([0.0, 0.5])] * lattice.dimension), axis=-1).reshape(-1, lattice.dimension)
    best_site, best_cost = np.arange(len(where)), math.inf
    for start in starts * step:
        shift, before = start, None
        for _ in range(rounds):
            site = assign(where, living, shift, lattice, coarse)
            away = lattice.displacement((grid + shift)[site], where)
            total = float((squared(lattice, away) * living).sum())
            if total < best_cost:
                best_site, best_cost = site, total
            if before is not None and (site == before).all():
                break  # the shift is that of these sites already
            shift, before = shift + away[living].mean(axis=0), site
    return best_site, math.sqrt(best_cost / living.sum())


@lru_cache(maxsize=64)
def random_residual(lattice: Lattice, coarse: Lattice, n_living: int) -> tuple[float, float]:
    """Mean and standard deviation of `match`'s residual for n_living centres thrown at random on the lattice.

    Drawn on coarse lattices of up to 400 sites; on larger ones by the law above from one of about 200, which
    benchmarks/random_centres.py compares with centres drawn there.
    """
    if coarse.n_sites <= DRAWN:
        return drawn(lattice, coarse, n_living)
    scale = (BASIS / coarse.n_sites) ** (1 / coarse.dimension)
    small = Lattice(coarse.kind, tuple(max(2, round(extent * scale)) for extent in coarse.shape))
    share = n_living / coarse.n_sites
    b = lattice.shape[0] / coarse.shape[0]
    mean, spread = drawn(
        Lattice(small.kind, tuple(2 * extent for extent in small.shape)), small, max(1, round(share * small.n_sites))
    )
    squared_small, (near, far) = (mean**2 + spread**2) / 4, (_waves(one, 1 - share) for one in (small, coarse))
    whole = math.sqrt(squared_small + far[0] - near[0])
    width = mean * spread / 4 * math.sqrt(far[1] / near[1]) / whole
    return b * math.sqrt(whole**2 - width**2), b * width


def drawn(lattice: Lattice, coarse: Lattice, n_living: int, draws: int = DRAWS) -> tuple[float, float]:
    """`random_residual` from centres drawn on the lattice itself."""
    random = generator(0, "random placement", n_living)
    living = np.arange(coarse.n_sites) < n_living
    residuals = [
        match(random.random((coarse.n_sites, lattice.dimension)) * lattice.shape, living, lattice, coarse)[1]
        for _ in range(draws)
    ]
    return float(np.mean(residuals)), float(np.std(residuals, ddof=1))


def _waves(coarse: Lattice, empty: float) -> tuple[float, float]:
    """The sums of 1 / (k^2 M) and of 1 / (k^2 M)^2 over the waves of a coarse lattice that count."""
    turns = [np.fft.fftfreq(extent) for extent in coarse.shape]
    vectors = coarse.cartesian(np.eye(coarse.dimension))
    k = 2 * math.pi * np.stack(np.meshgrid(*turns, indexing="ij"), axis=-1).reshape(-1, coarse.dimension)[1:]
    square = ((k @ np.linalg.inv(vectors).T) ** 2).sum(axis=1) + LONGEST * empty ** (4 / coarse.dimension)
    parts = 1 / (square * coarse.n_sites)
    return float(parts.sum()), float((parts**2).sum())
