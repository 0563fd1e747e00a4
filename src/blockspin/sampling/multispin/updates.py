"""Metropolis, heat bath and cluster flips on 512 lanes at a time, each lane with random numbers of its own.

Where clusters of like spins are large, two sweeps and a flip of clusters (`flood`) make a step; else a step is a sweep.
Where h = 0 a sweep is Metropolis's, and every 32nd one heat bath: a Metropolis sweep that always takes a change
of no energy can go round in a closed cycle of states. In a field every sweep is heat bath.
The technique is multi-spin coding: L. Jacobs and C. Rebbi, J. Comput. Phys. 41, 203 (1981).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from blockspin import randomness
from blockspin.models import Ising
from blockspin.sampling.markov import Chains, Observables
from blockspin.sampling.multispin import lanes
from blockspin.sampling.multispin.cells import fill_ghosts
from blockspin.sampling.multispin.coins import Chances, chances_of
from blockspin.sampling.multispin.kernels import advance
from blockspin.sampling.multispin.lane_counts import measure
from blockspin.sampling.multispin.lanes import LANES, WORDS
from blockspin.sampling.multispin.packing import Layout, unpack
from blockspin.sampling.rows import Rows, rows_of
from blockspin.sampling.threads import in_threads

HEAT_BATH_EVERY = 32
SWEEPS = 2  # before a flip of clusters
LARGE = {2: 30, 3: 400}  # sites of the mean cluster from which on a flip pays, by dimensions
ORDERED = 0.3  # share of the lattice that is too: in an ordered phase sweeps can stay for ever in stripes
FLIPPED = 0.7  # share of the lattice that is to turn, if no seeds shared a cluster


@dataclass
class Replicas(Chains):
    """Replicas of an Ising model in lanes: values are cells (block, words), generators those of each block (block, 36).

    clusters: seeds of the flip that ends a step, 0 where there is none.
    The order parameter is m, staggered for K < 0 (but on the triangular lattice), absolute where h = 0.
    """

    model: Ising
    layout: Layout = field(kw_only=True)
    chains: int = field(kw_only=True)

    name_in_state: ClassVar = "cells"

    @classmethod
    def start(
        cls, model: Ising, chains: int, seed: int, *path: str | int, stripes: int = 1, clusters: int = 1
    ) -> Replicas:
        """Replicas of which half start at random and half ordered, both ways in turn (staggered for K < 0).

        A chain's start and its random numbers depend on the seed, the path and its number alone.
        Raises ValueError where the lattice cannot be packed (`packing.Layout`).
        """
        layout = Layout(model.lattice, stripes)
        blocks = layout.blocks(chains)
        shape = (layout.rows, 2, layout.half + 2, WORDS)
        random, up = (_lanes_of(layout, blocks, which) for which in ((1, 3), (0,)))
        # the parity of a site's coordinates is that of its row and its colour
        odd = (rows_of(model.lattice, 2).sublattice[:, None] + np.arange(2)) % 2 == 1
        cells = np.empty((blocks, layout.words), np.uint64)
        for block in range(blocks):
            drawn = randomness.generator(seed, *path, "start", block).integers(0, 2**64, shape, np.uint64)
            ordered = np.broadcast_to(up[block], shape).copy()
            if model.K < 0:
                ordered[odd] = ~ordered[odd]
            cells[block] = ((drawn & random[block]) | (ordered & ~random[block])).ravel()
        fill_ghosts(cells, layout.rows, layout.half, stripes)
        own = lanes.generators(seed, blocks, *path)
        return cls(model, "multi-spin", cells, own, clusters, layout=layout, chains=chains)

    @property
    def names(self) -> tuple[str, ...]:
        order = "staggered_m" if self._staggered else "m"
        return "energy", order if self.model.h != 0 else f"abs_{order}"

    @property
    def groups(self) -> NDArray[np.int64]:
        """0 for the chains that started ordered, 1 for those that started at random."""
        return np.arange(self.chains, dtype=np.int64) % 2

    def spins(self) -> NDArray[np.int8]:
        return unpack(self.layout, self.values, self.chains)

    def first(self, chains: int) -> Replicas:
        """The first of the replicas, fewer than there are; they share the memory of these."""
        blocks = self.layout.blocks(chains)
        return replace(self, chains=chains, values=self.values[:blocks], generators=self.generators[:blocks])

    def measure_step(self) -> None:
        self.advance(16)
        order = self.observe()[:, 1]
        # the mean cluster, that of a random site, as a share of the lattice
        share = float(order.var() if self.model.h != 0 else (order**2).mean())
        lattice = self.model.lattice
        pays = share > ORDERED or share * lattice.n_sites > LARGE[len(lattice.shape)]
        self.clusters = max(1, round(FLIPPED / share)) if pays else 0

    @property
    def _staggered(self) -> bool:
        # an antiferromagnet without triangles orders on two sublattices
        return self.model.K < 0 and self.model.lattice.kind != "triangular"

    @property
    def _rows(self) -> Rows:
        return rows_of(self.model.lattice, 2)

    def _trace(self, steps: int) -> NDArray[np.int64]:
        return np.empty((len(self.values), steps, self.layout.replicas, 3), np.int64)

    def _run(self, steps: int, trace: NDArray[np.int64]) -> None:
        model = self.model
        unlike = np.uint64(2**64 - 1 if model.K < 0 else 0)
        where = self._rows, self.layout.half, self.layout.stripes
        bond, ghost = (chances_of([-math.expm1(-2 * abs(J))]) for J in (model.K, model.h))
        rules = _metropolis(model), _heat_bath(model), (bond, ghost, int(np.sign(model.h)))
        about = SWEEPS if self.clusters else 1, HEAT_BATH_EVERY if model.h == 0 else 1, self.clusters, steps

        def run(part: slice) -> None:
            advance(self.values[part], self.generators[part], trace[part], where, unlike, *rules, about)

        in_threads(len(self.values), run)

    def _sums(self) -> NDArray[np.int64]:
        sums = np.empty((len(self.values), self.layout.replicas, 3), np.int64)
        for cells, one in zip(self.values, sums, strict=True):
            measure(cells, self._rows, self.layout.half, one)
        return sums

    def _observables(self, sums: NDArray[np.int64]) -> Observables:
        model, N = self.model, self.model.lattice.n_sites
        # (block, ..., replica, 3) as (chain, ..., 3)
        of_chains = np.moveaxis(sums, -2, 1).reshape(-1, *sums.shape[1:-2], 3)[: self.chains]
        unlike, up_even, up_odd = np.moveaxis(of_chains, -1, 0)
        bonds = (N * model.lattice.coordination // 2 - 2 * unlike) / N
        m = (2 * (up_even + up_odd) - N) / N
        staggered = 2 * (up_even - up_odd) / N  # as many sites are even as odd
        order = staggered if self._staggered else m
        return np.stack([-model.K * bonds - model.h * m, np.abs(order) if model.h == 0 else order], axis=-1)


def _metropolis(model: Ising) -> Chances:
    """For each direct bit, eight times the set of classes whose threshold has it; and what is left of the thresholds.

    Class n has n < z/2 unsatisfied bonds and turns with probability e^(-2 abs K (z - 2n)); the rest always turn.
    """
    z = model.lattice.coordination
    codes, left = chances_of([math.exp(-2 * abs(model.K) * (z - 2 * n)) for n in range(z // 2)])
    # of the sets of classes {0}, {1}, {0, 1}, {2} the third is no class
    return WORDS * codes, np.insert(np.append(left, np.zeros(3 - len(left), np.uint64)), 2, 0)


def _heat_bath(model: Ising) -> Chances:
    """Class n has n neighbours up, and is up with probability 1/(1 + e^(-2 K (2n - z) - 2h))."""
    z = model.lattice.coordination
    fields = [2 * (model.K * (2 * n - z) + model.h) for n in range(z + 1)]
    return chances_of([1 / (1 + math.exp(-min(max(field, -700.0), 700.0))) for field in fields])


def _lanes_of(layout: Layout, blocks: int, which: tuple[int, ...]) -> NDArray[np.uint64]:
    """The lanes, shape (block, 8), of the chains whose number modulo 4 is one of `which`."""
    chain = np.arange(blocks * LANES) // layout.stripes
    bits = np.packbits(np.isin(chain % 4, which), bitorder="little")
    return bits.view(np.uint64).reshape(blocks, WORDS)
