"""The optimal assignment of points to sites of a lattice: a site for each, the least sum of squared distances.

Few sites are matched through the table of all distances. Of many, each point first chooses among the sites near it. The
prices v_s <= 0 of that matching, 0 at sites left over, prove it best where no point finds any site for less than its
own: c(a, s) - v_s >= c(a, s(a)) - v_s(a) for all s. That cheapest site is the nearest neighbour once sqrt(-v_s) counts
as one more coordinate, so that a search tree finds it; sites that break the rule join the choice, until none does.
Coordinates are whole numbers there: rounded fractions make scipy's matching go round in a circle, or creep.
Source: the transport problem's dual (Kantorovich 1942), its columns generated as needed.
"""

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import cKDTree

from blockspin.arrays import FloatArray, IntArray
from blockspin.lattice import VECTORS, Lattice

DENSE = 400  # sites up to which the table of all distances is made
NEAR = 16  # sites that a point chooses from at first
CROWDED = 4  # times as many, and the points crowd together: then all distances are faster
WHOLE = 2**16  # coordinates are whole numbers of this share of a coarse spacing


def squared(lattice: Lattice, displacement: FloatArray) -> FloatArray:
    """The squared length of displacements (..., d), shape (...)."""
    total: FloatArray = (lattice.cartesian(displacement) ** 2).sum(axis=-1)
    return total


def assign(
    points: FloatArray, living: NDArray[np.bool_], shift: FloatArray, lattice: Lattice, coarse: Lattice
) -> IntArray:
    """The site of each of M points (M, d) on the coarse lattice of M sites, shifted by (d,), shape (M,).

    Coordinates are those of the fine lattice. Points that do not live take the sites that are left over.
    """
    b = np.asarray(lattice.shape, float) / coarse.shape
    sites = coarse.coordinates * b + shift
    if len(sites) <= DENSE:
        table = squared(lattice, lattice.displacement(sites[None, :, :], points[:, None, :]))
        return np.asarray(linear_sum_assignment(table * living[:, None])[1], np.intp)
    chosen = np.empty(len(sites), np.intp)
    ruled = Lattice(coarse.kind, tuple(WHOLE * extent for extent in coarse.shape))
    chosen[living] = choose(np.rint(points[living] / b * WHOLE), np.rint(sites / b * WHOLE), ruled)
    chosen[~living] = np.setdiff1d(np.arange(len(sites)), chosen[living])
    return chosen


def choose(points: FloatArray, sites: FloatArray, lattice: Lattice) -> IntArray:
    """The site of each point, shape (n,), of no fewer sites, in whole coordinates of the lattice (n, d), (M, d)."""
    n, M = len(points), len(sites)
    search, own = _Search(sites, lattice), np.arange(n)

    def cost(point: IntArray, site: IntArray) -> FloatArray:  # whole, on the triangular lattice too
        return np.rint(2 * squared(lattice, lattice.displacement(sites[site], points[point])))

    near = search.nearest(points, np.zeros(M), min(NEAR, M))
    # with sites given out in order there is always some matching
    pairs = np.unique(np.concatenate([(own[:, None] * M + near).ravel(), own * M + own]))
    more = NEAR // 4
    while len(pairs) <= CROWDED * NEAR * n:
        point, site = np.divmod(pairs, M)
        costs = cost(point, site)
        # a weight of 0 would be no edge
        graph = csr_array((costs + 1.0, (point, site)), shape=(n, M))
        matched = np.asarray(min_weight_full_bipartite_matching(graph)[1], np.intp)
        price = _prices(matched[point], site, costs - cost(own, matched)[point], M)
        cheapest = search.nearest(points, price / 2, min(more, M))
        gain = (cost(own, matched) - price[matched])[:, None] - (cost(own[:, None], cheapest) - price[cheapest])
        found = np.setdiff1d((own[:, None] * M + cheapest)[gain > 0], pairs)
        if len(found) == 0:
            return matched
        pairs, more = np.union1d(pairs, found), 2 * more
    table = np.stack([cost(np.full(M, one), np.arange(M)) for one in own])
    return np.asarray(linear_sum_assignment(table)[1], np.intp)


def _prices(mine: IntArray, other: IntArray, step: FloatArray, n_sites: int) -> FloatArray:
    """Prices of the sites, price[other] <= price[mine] + step for all pairs of sites given (Bellman and Ford)."""
    order = np.argsort(other, kind="stable")
    mine, other, step = mine[order], other[order], step[order]
    reached, first = np.unique(other, return_index=True)
    price = np.zeros(n_sites)
    while True:  # there is no cycle of negative steps around a best matching
        through = np.minimum.reduceat(price[mine] + step, first)
        if (through >= price[reached]).all():
            return price
        price[reached] = np.minimum(price[reached], through)


class _Search:
    """The sites of least squared distance minus price from given points."""

    def __init__(self, sites: FloatArray, lattice: Lattice) -> None:
        self.lattice = lattice
        self.sites, self.images = sites, np.zeros((1, lattice.dimension))
        self.periods: tuple[int, ...] = lattice.shape
        if lattice.kind in VECTORS:  # a search tree knows periods along the axes alone
            reach = 1 + max(lattice.shape) // (2 * min(lattice.shape))
            turns = itertools.product(range(-reach, reach + 1), repeat=lattice.dimension)
            self.images = np.array(list(turns), float) * lattice.shape
            self.periods = (0,) * lattice.dimension

    def nearest(self, points: FloatArray, price: FloatArray, k: int) -> IntArray:
        """The k cheapest sites of each point, shape (n, k); of a leaning lattice some may be images of one site."""
        places = self.lattice.cartesian(self.sites % self.lattice.shape + self.images[:, None, :]).reshape(
            -1, self.lattice.dimension
        )
        height = np.tile(np.sqrt(-price), len(self.images))
        tree = cKDTree(np.column_stack([places, height]), boxsize=(*self.periods, 0))
        start = np.column_stack([self.lattice.cartesian(points % self.lattice.shape), np.zeros(len(points))])
        return np.asarray(tree.query(start, k)[1], np.intp).reshape(len(points), k) % len(self.sites)
