"""Metropolis and heat bath on 512 lanes at a time, each lane with random numbers of its own, exact to 64 bits.

A spin turns where a uniform number lies below a threshold. The number is drawn bit by bit, the highest first, and a
lane is decided at the first bit that differs from its threshold's: after twelve bits drawn for all lanes alike, one
lane in 4,000 is left, and the rest of its bits are drawn for it alone.

Where h = 0 a sweep is Metropolis's, and every 32nd one heat bath: a Metropolis sweep that always takes a change
of no energy can go round in a closed cycle of states. In a field every sweep is heat bath.
The technique is multi-spin coding: L. Jacobs and C. Rebbi, J. Comput. Phys. 41, 203 (1981).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from blockspin import randomness
from blockspin.models import Ising
from blockspin.sampling import lanes
from blockspin.sampling.cells import fill_ghosts
from blockspin.sampling.lane_counts import measure
from blockspin.sampling.lanes import LANES, WORDS
from blockspin.sampling.multispin_kernels import DIRECT, sweeps
from blockspin.sampling.packing import Layout, unpack
from blockspin.sampling.threads import in_threads

HEAT_BATH_EVERY = 32


@dataclass
class Replicas:
    """Replicas of an Ising model in lanes: cells (block, words) and the generators of each block (block, 36)."""

    model: Ising
    layout: Layout
    chains: int
    cells: NDArray[np.uint64]
    generators: NDArray[np.uint64]

    @classmethod
    def start(cls, model: Ising, chains: int, seed: int, *path: str | int, stripes: int = 1) -> Replicas:
        """Replicas of which half start at random and half ordered, both ways in turn (staggered for K < 0).

        A chain's start and its random numbers depend on the seed, the path and its number alone.
        Raises ValueError where the lattice cannot be packed (`packing.Layout`).
        """
        layout = Layout(model.lattice, stripes)
        blocks = layout.blocks(chains)
        generators = lanes.generators(seed, blocks, *path)
        shape = (layout.rows, 2, layout.half + 2, WORDS)
        random, up = (_lanes_of(layout, blocks, which) for which in ((1, 3), (0,)))
        cells = np.empty((blocks, layout.words), np.uint64)
        for block in range(blocks):
            drawn = randomness.generator(seed, *path, "start", block).integers(0, 2**64, shape, np.uint64)
            ordered = np.broadcast_to(up[block], shape).copy()
            if model.K < 0:
                odd = _odd(layout)
                ordered[odd] = ~ordered[odd]
            cells[block] = ((drawn & random[block]) | (ordered & ~random[block])).ravel()
        replicas = cls(model, layout, chains, cells, generators)
        fill_ghosts(cells, layout.rows, layout.half, stripes)
        return replicas

    def advance(self, steps: int) -> None:
        """Advance all replicas by `steps` sweeps."""
        self._run(steps, np.empty((len(self.cells), 0, self.layout.replicas, 3), np.int64))

    def record(self, steps: int) -> NDArray[np.float64]:
        """Advance and return what `observe` gives after every sweep, shape (chain, steps, 2)."""
        trace = np.empty((len(self.cells), steps, self.layout.replicas, 3), np.int64)
        self._run(steps, trace)
        return self._observables(np.moveaxis(trace, 2, 1).reshape(-1, steps, 3)[: self.chains])

    def observe(self) -> NDArray[np.float64]:
        """Energy a site H/N and order parameter of each replica, shape (chain, 2).

        The order parameter is m, staggered for K < 0 (but on the triangular lattice), absolute where h = 0.
        """
        sums = np.empty((len(self.cells), self.layout.replicas, 3), np.int64)
        for block, cells in enumerate(self.cells):
            measure(cells, self.layout.others, self.layout.shifts, self.layout.half, self._parity, sums[block])
        return self._observables(sums.reshape(-1, 3)[: self.chains])

    def spins(self) -> NDArray[np.int8]:
        """The configurations, shape (chain, N)."""
        return unpack(self.layout, self.cells, self.chains)

    @property
    def names(self) -> tuple[str, ...]:
        """What `observe` gives: "energy" and the order parameter."""
        order = "staggered_m" if self._staggered else "m"
        return "energy", order if self.model.h != 0 else f"abs_{order}"

    @property
    def clusters(self) -> int:
        """A step is a sweep."""
        return 1

    @property
    def groups(self) -> NDArray[np.int64]:
        """0 for the chains that started ordered, 1 for those that started at random."""
        return np.arange(self.chains, dtype=np.int64) % 2

    def first(self, chains: int) -> Replicas:
        """The first of the replicas, fewer than there are; they share the memory of these."""
        blocks = self.layout.blocks(chains)
        return Replicas(self.model, self.layout, chains, self.cells[:blocks], self.generators[:blocks])

    def measure_step(self) -> None:
        """A step is a sweep already."""

    def equilibrate(self, steps: int) -> None:
        """Advance all replicas from the start, by `steps` sweeps."""
        self.advance(steps)

    def state(self) -> dict[str, NDArray[Any]]:
        """All that the future of the replicas depends on."""
        return {"cells": self.cells, "generators": self.generators}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Go on from a `state` of replicas of the same settings."""
        self.cells[:], self.generators[:] = state["cells"], state["generators"]

    @property
    def _staggered(self) -> bool:
        # an antiferromagnet without triangles orders on two sublattices
        return self.model.K < 0 and self.model.lattice.kind != "triangular"

    @property
    def _parity(self) -> NDArray[np.int64]:
        """The parity of the leading coordinates of each row; that of the colour comes on top."""
        parity: NDArray[np.int64] = np.indices(self.layout.lattice.shape[:-1]).sum(axis=0).ravel() % 2
        return parity

    def _run(self, steps: int, trace: NDArray[np.int64]) -> None:
        layout, unlike = self.layout, uint64(2**64 - 1 if self.model.K < 0 else 0)
        codes, left = _metropolis(self.model)
        # of the sets of classes {0}, {1}, {0, 1}, {2} the third is no class
        rule = (codes, np.insert(left, 2, 0), *_heat_bath(self.model))
        every = HEAT_BATH_EVERY if self.model.h == 0 else 1
        about = (layout.others, layout.shifts, layout.half, layout.stripes, np.uint64(unlike), *rule, every)

        def run(part: slice) -> None:
            sweeps(self.cells[part], self.generators[part], trace[part], *about, self._parity, steps)

        in_threads(len(self.cells), run)

    def _observables(self, sums: NDArray[np.int64]) -> NDArray[np.float64]:
        model, N = self.model, self.model.lattice.n_sites
        unlike, up_even, up_odd = np.moveaxis(sums, -1, 0)
        bonds = (N * model.lattice.coordination // 2 - 2 * unlike) / N
        m = (2 * (up_even + up_odd) - N) / N
        staggered = 2 * (up_even - up_odd) / N  # as many sites are even as odd
        order = staggered if self._staggered else m
        return np.stack([-model.K * bonds - model.h * m, np.abs(order) if model.h == 0 else order], axis=-1)


def _metropolis(model: Ising) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """For each direct bit, eight times the set of classes whose threshold has it; and what is left of the thresholds.

    Class n has n < z/2 unsatisfied bonds and turns with probability e^(-2 abs K (z - 2n)); the rest always turn.
    """
    z = model.lattice.coordination
    thresholds = [_threshold(math.exp(-2 * abs(model.K) * (z - 2 * n))) for n in range(z // 2)]
    codes, left = _bits(thresholds)
    return WORDS * codes, np.append(left, np.zeros(3 - len(left), np.uint64))


def _heat_bath(model: Ising) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """For each direct bit the set of classes whose threshold has it; and what is left of the thresholds.

    Class n has n neighbours up, and is up with probability 1/(1 + e^(-2 K (2n - z) - 2h)).
    """
    z = model.lattice.coordination
    fields = [2 * (model.K * (2 * n - z) + model.h) for n in range(z + 1)]
    return _bits([_threshold(1 / (1 + math.exp(-min(max(field, -700.0), 700.0)))) for field in fields])


def _threshold(chance: float) -> int:
    return min(int(chance * 2.0**64), 2**64 - 1)


def _bits(thresholds: list[int]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    sets = [sum((t >> (63 - k) & 1) << n for n, t in enumerate(thresholds)) for k in range(DIRECT)]
    return np.array(sets, np.int64), np.array([t << DIRECT & (2**64 - 1) for t in thresholds], np.uint64)


def _lanes_of(layout: Layout, blocks: int, which: tuple[int, ...]) -> NDArray[np.uint64]:
    """The lanes, shape (block, 8), of the chains whose number modulo 4 is one of `which`."""
    chain = np.arange(blocks * LANES) // layout.stripes
    bits = np.packbits(np.isin(chain % 4, which), bitorder="little")
    return bits.view(np.uint64).reshape(blocks, WORDS)


def _odd(layout: Layout) -> NDArray[np.bool_]:
    """Which cells (row, colour, column) hold a site whose coordinates have an odd sum."""
    rows = np.indices(layout.lattice.shape[:-1]).sum(axis=0).ravel()
    parity = (rows[:, None] + np.arange(2)) % 2 == 1
    return np.broadcast_to(parity[:, :, None], (layout.rows, 2, layout.half + 2))
