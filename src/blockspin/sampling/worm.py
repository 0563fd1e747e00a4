"""Worms through close-packed dimers, free and aligning: exact, and through all winding sectors.

The compiled loops are in worm_kernels.py.

A worm takes the dimer of a random vertex s off s: the dimer (s, p) turns about its other end p into (p, q). Now q
has two dimers, and the older, (q, r), turns about r, and so on until a dimer arrives at s. The vertices turned
about are all of the sublattice that s is not of, and each dimer has one end there. So the states on the way are maps
from that sublattice to directions, whose weight exp(-H) is defined as ever. A turn from leg i to leg j changes the
weight by W_j/W_i, W_i = exp(n_i/T) with n_i the faces that the leg i would share with parallel dimers, and n_i looks
at the dimers of the four diagonal neighbours of p only. The turns of the way back are the same in reverse order, so
W_i P(i -> j) = W_j P(j -> i) for each turn gives detailed balance for the whole worm.

Source: A. W. Sandvik and R. Moessner, Phys. Rev. B 73, 144504 (2006); F. Alet et al., Phys. Rev. E 74, 041124 (2006).
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from blockspin import checks
from blockspin.arrays import Spins
from blockspin.models.dimers import Dimers
from blockspin.sampling.markov import Chains, Observables
from blockspin.sampling.worm_kernels import sums_of, worms

Counts = NDArray[np.int64]


@dataclass
class WormChains(Chains):
    """Chains of dimers, values (chain, 4 Lx Ly), of `clusters` worms a step; noise spins are drawn anew at the end.

    The energy is that of the dimers in units of the interaction, -(faces with two parallel dimers)/N, which varies
    for free dimers too; |C| = (C_x^2 + C_y^2)^(1/2) of the columnar order; the windings are those of `winding`.
    Raises ValueError for another algorithm than "worm", or where the spins of a chain are no close-packed dimers.
    """

    model: Dimers

    def __post_init__(self) -> None:
        checks.choice("algorithm", self.algorithm, ("worm",))

    @property
    def names(self) -> tuple[str, ...]:
        return "energy", "columnar", "winding_x", "winding_y"

    def measure_step(self) -> None:
        """So many worms that about N/2 dimers turn, as many as there are.

        The number is measured after each vertex's dimer has been turned about ten times, near equilibrium.
        """
        N, trials, self.clusters = self.model.vertices.n_sites, 64, 1
        while float(self.advance(trials).mean()) < 10 * N:
            trials *= 2
        mean = float(self.advance(trials).mean()) / trials
        self.clusters = max(1, round(N / 2 / mean))

    def _trace(self, steps: int) -> Counts:
        return np.empty((len(self.values), steps, 5), np.int64)

    def _run(self, steps: int, trace: Counts) -> Counts:
        T, noise = self.model.T, self.model.noise
        free = math.isinf(T)
        table = np.zeros(1, np.uint64) if free else _thresholds(T)
        alike = 2.0 if noise is None else 1 / (1 + math.exp(-2 * min(max(noise, -350.0), 350.0)))
        about = self.model.vertices.shape, steps, self.clusters, free, table, alike
        turned: Counts = worms(self.values, self.generators, trace, *about)
        self._check(turned < 0)
        return turned

    def _sums(self) -> Counts:
        sums: Counts = sums_of(self.values, *self.model.vertices.shape)
        self._check(sums[:, 0] < 0)
        return sums

    def _check(self, wrong: NDArray[np.bool_]) -> None:
        if wrong.any():
            self.model.check(self.values[wrong])

    def _observables(self, sums: Counts) -> Observables:
        Lx, Ly = self.model.vertices.shape
        parallel, columnar_x, columnar_y, staggered_x, staggered_y = np.moveaxis(sums / (Lx * Ly), -1, 0)
        windings = np.rint(Ly * staggered_x), np.rint(Lx * staggered_y)
        return np.stack([-parallel, 2 * np.hypot(columnar_x, columnar_y), *windings], axis=-1)


def start(model: Dimers, chains: int) -> Spins:
    """Starts of all kinds in turn, shape (chain, 4 Lx Ly): the four columnar and the four staggered coverings.

    Columnar ones have |C| = 1 and no winding, staggered ones C = 0 and |Wx| = Ly/2 or |Wy| = Lx/2. Noise spins,
    where the model has them, are +1: advancing draws them.
    """
    Lx, Ly = model.vertices.shape
    x, y = np.indices((Lx, Ly))
    cells = np.full((8, 2 * Lx, 2 * Ly), -1, np.int8)
    for kind in range(2):
        for parity in range(2):
            columnar, staggered = 4 * kind + parity, 4 * kind + parity + 2
            # in turn: columnar along x, staggered along x, columnar along y, staggered along y
            along = (x, y)[kind]
            view = cells[:, 1::2, ::2] if kind == 0 else cells[:, ::2, 1::2]
            view[columnar][along % 2 == parity] = 1
            view[staggered][(x + y) % 2 == parity] = 1
    if model.noise is not None:
        cells[:, ::2, ::2] = cells[:, 1::2, 1::2] = 1
    return np.ascontiguousarray(cells.reshape(8, -1)[np.arange(chains) % 8])


def symmetric_images(model: Dimers, spins: Spins, random: np.random.Generator) -> Spins:
    """Each chain moved by a symmetry of the model drawn at random, which is exact: shape (chain, 4 Lx Ly), a new array.

    A translation by whole vertices, and where Lx = Ly by a coin the reflection x <-> y. It rids draws of the slow
    change among columnar states: the signed C_x of free dimers takes twice as long to decorrelate as |C|, and below
    T_BKT the worm leaves a columnar state for another ever more rarely.
    """
    Lx, Ly = model.vertices.shape
    cells = spins.reshape(-1, 2 * Lx, 2 * Ly)
    images = np.empty_like(cells)
    moves = 2 * random.integers(0, (Lx, Ly), (len(cells), 2))
    coins = random.integers(0, 2, len(cells)) if Lx == Ly else np.zeros(len(cells), int)
    for chain, (move, coin) in enumerate(zip(moves, coins, strict=True)):
        images[chain] = np.roll(cells[chain].T if coin else cells[chain], tuple(move), (0, 1))
    return images.reshape(spins.shape)


def turn_probabilities(T: float) -> NDArray[np.float64]:
    """P(leg i -> leg j) of a turn among each of the 256 surroundings, shape (256, 4, 4).

    A surrounding has the directions of the neighbours at (+1, +1), (-1, +1), (-1, -1), (+1, -1) in bits 0-1, 2-3,
    4-5 and 6-7. W_i P(i -> j) is symmetric and its diagonal, the turns back, as small as it can be.
    """
    surroundings = np.arange(256)
    NE, NW, SW, SE = (surroundings >> 2 * k & 3 for k in range(4))
    # a dimer on leg +x is parallel to one that leaves a right-hand neighbour towards -x, and so on
    parallel = [(NE == 2, SE == 2), (NE == 3, NW == 3), (NW == 0, SW == 0), (SW == 1, SE == 1)]
    n = np.stack([first.astype(float) + second for first, second in parallel], axis=1)
    # beyond 1/T = 300 nothing changes: turns rarer than 2^-63 never happen anyway
    weights = np.exp((n - n.max(axis=1, keepdims=True)) * min(1 / T, 300.0))
    return np.stack([_least_bounce(w) / w[:, None] for w in weights])


def _least_bounce(w: NDArray[np.float64]) -> NDArray[np.float64]:
    """A symmetric matrix of rows that sum to the four weights w, with the least diagonal.

    If one weight exceeds the sum of the others, it keeps the excess. Else an equal share t of all four is spread
    evenly (t/3 a pair) until either the largest equals the sum of the others, which it then pairs with one by one,
    or the smallest is used up; three weights that keep the triangle inequality have one solution without diagonal.
    """
    order = np.argsort(-w, kind="stable")
    a, b, c, d = w[order]
    share = min(d, max(0.0, (b + c + d - a) / 2))
    flow = np.full((4, 4), share / 3)
    np.fill_diagonal(flow, 0.0)
    a, b, c, d = a - share, b - share, c - share, d - share
    if share < w[order[3]] or a >= b + c + d:
        pairs = {(0, 1): b, (0, 2): c, (0, 3): d, (0, 0): max(0.0, a - b - c - d)}
    else:
        pairs = {(0, 1): (a + b - c) / 2, (0, 2): (a + c - b) / 2, (1, 2): (b + c - a) / 2}
    for (i, j), amount in pairs.items():
        flow[i, j] += amount
        if i != j:
            flow[j, i] += amount
    back = np.argsort(order)
    return flow[np.ix_(back, back)]


@lru_cache(maxsize=32)
def _thresholds(T: float) -> NDArray[np.uint64]:
    """Where 63 random bits are below them, leg 0, 1 or 2 is reached; shape (4 * 256 * 4,), three of four used."""
    sums = np.cumsum(turn_probabilities(T), axis=2)
    return np.round(np.clip(sums, 0, 1) * 2.0**63).astype(np.uint64).ravel()
