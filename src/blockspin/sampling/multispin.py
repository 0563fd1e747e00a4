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
from numba import njit, uint64
from numpy.typing import NDArray

from blockspin import randomness
from blockspin.models import Ising
from blockspin.sampling import lanes
from blockspin.sampling.lanes import LANES, WORDS, everywhere, fair, fair_word, load, some, store
from blockspin.sampling.packing import Layout, unpack
from blockspin.sampling.threads import in_threads

DIRECT = 12  # bits drawn for all lanes: fewer leave more to be finished one by one, more are mostly idle
HEAT_BATH_EVERY = 32
LEVELS = 40  # binary digits of a count of bonds
# the scratch memory of a row, in words: the lanes of each class, or of each set of classes, then these two
OPEN, TURNED, SCRATCH = 8 * WORDS, 9 * WORDS, 10 * WORDS


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
        _fill_ghosts(cells, layout.rows, layout.half, stripes)
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
            _measure(cells, self.layout.others, self.layout.shifts, self.layout.half, self._parity, sums[block])
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
        rule = (*_metropolis(self.model), *_heat_bath(self.model))
        every = HEAT_BATH_EVERY if self.model.h == 0 else 1
        about = (layout.others, layout.shifts, layout.half, layout.stripes, np.uint64(unlike), *rule, every)

        def run(part: slice) -> None:
            _sweeps(self.cells[part], self.generators[part], trace[part], *about, self._parity, steps)

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


@njit(cache=True, nogil=True)
def _sweeps(
    cells: Any,
    state: Any,
    trace: Any,
    others: Any,
    shifts: Any,
    half: int,
    stripes: int,
    unlike: Any,
    metropolis: Any,
    metropolis_left: Any,
    heat_bath: Any,
    heat_bath_left: Any,
    every: int,
    parity: Any,
    steps: int,
) -> None:
    for block in range(cells.shape[0]):
        cell, g = cells[block], state[block]
        scratch = np.zeros(SCRATCH, np.uint64)
        for step in range(steps):
            if step % every == 0:
                _heat_bath_sweep(cell, g, scratch, others, shifts, half, stripes, heat_bath, heat_bath_left)
            else:
                _metropolis_sweep(cell, g, scratch, others, shifts, half, stripes, unlike, metropolis, metropolis_left)
            if step < trace.shape[1]:
                _measure(cell, others, shifts, half, parity, trace[block, step])


@njit(cache=True)
def _base(row: Any, colour: Any, half: Any) -> Any:
    return ((2 * row + colour) * (half + 2) + 1) * WORDS


@njit(cache=True)
def _beside(row: Any, colour: Any, half: Any, shift: Any) -> Any:
    """Where the columns begin that lie `shift` (-1, 0, 1) from those of a colour, in another row or the same."""
    if shift == 0:
        return _base(row, colour, half)
    return _base(row, 1 - colour, half) + WORDS * ((shift - 1) // 2 + colour)


@njit(cache=True)
def _place(at: Any, row: Any, colour: Any, half: Any, others: Any, shifts: Any) -> None:
    """Where a run of cells begins, and its neighbours along and across the row: at (1 + z,)."""
    at[0] = _base(row, colour, half)
    at[1] = _beside(row, colour, half, 1)
    at[2] = _beside(row, colour, half, -1)
    for k in range(others.shape[1]):
        at[3 + k] = _beside(others[row, k], colour, half, shifts[k])


@njit(cache=True)
def _metropolis_sweep(
    cells: Any,
    g: Any,
    scratch: Any,
    others: Any,
    shifts: Any,
    half: int,
    stripes: int,
    unlike: Any,
    codes: Any,
    left: Any,
) -> None:
    at = np.empty(3 + others.shape[1], np.int64)
    for row in range(others.shape[0]):
        for colour in range(2):
            _place(at, row, colour, half, others, shifts)
            _metropolis_row(cells, at, half, g, scratch, unlike, codes, left)
            _wrap(cells, row, colour, half, stripes)


@njit(cache=True)
def _heat_bath_sweep(
    cells: Any, g: Any, scratch: Any, others: Any, shifts: Any, half: int, stripes: int, codes: Any, left: Any
) -> None:
    at = np.empty(3 + others.shape[1], np.int64)
    for row in range(others.shape[0]):
        for colour in range(2):
            _place(at, row, colour, half, others, shifts)
            _heat_bath_row(cells, at, half, g, scratch, codes, left)
            _wrap(cells, row, colour, half, stripes)


@njit(cache=True)
def _plus_two(count: Any, p: Any, q: Any) -> Any:
    """Add two bits a lane to a binary count a lane."""
    ones, twos, fours = count
    x, y = p ^ q, p & q
    carry = y | (ones & x)  # never both
    return ones ^ x, twos ^ carry, fours | (twos & carry)


@njit(cache=True)
def _count(cells: Any, at: Any, i: Any, spin: Any) -> Any:
    """How many of a cell's neighbours differ from `spin`, in binary."""
    none = spin ^ spin
    count = (none, none, none)
    for k in range(1, len(at), 2):
        count = _plus_two(count, spin ^ load(cells, at[k] + i), spin ^ load(cells, at[k + 1] + i))
    return count


@njit(cache=True)
def _metropolis_row(cells: Any, at: Any, half: int, g: Any, scratch: Any, unlike: Any, codes: Any, left: Any) -> None:
    a, b, c, counter = load(g, 0), load(g, WORDS), load(g, 2 * WORDS), load(g, 3 * WORDS)
    single = g[4 * WORDS :]
    store(scratch, 0, a ^ a)
    for i in range(0, WORDS * half, WORDS):
        spin = load(cells, at[0] + i)
        ones, twos, fours = _count(cells, at, i, spin ^ everywhere(unlike))
        many = twos | fours
        first, second = ~(ones | many), ones & ~many
        store(scratch, WORDS, first)
        store(scratch, 2 * WORDS, second)
        store(scratch, 3 * WORDS, first | second)
        if len(at) == 7:
            third = twos & ~(ones | fours)
            store(scratch, 4 * WORDS, third)
            store(scratch, 5 * WORDS, first | third)
            store(scratch, 6 * WORDS, second | third)
            open_ = first | second | third
            store(scratch, 7 * WORDS, open_)
        else:
            open_ = first | second
        turned = ~open_
        for k in range(DIRECT):
            bits, a, b, c, counter = fair(a, b, c, counter)
            threshold = load(scratch, codes[k])
            turned = turned | (open_ & threshold & ~bits)
            open_ = open_ & ~(threshold ^ bits)
        if some(open_):
            store(scratch, OPEN, open_)
            store(scratch, TURNED, turned)
            for j in range(WORDS):
                lanes_left = scratch[OPEN + j]
                while lanes_left:
                    lane = lanes_left & (~lanes_left + uint64(1))
                    lanes_left ^= lane
                    n = 0 if scratch[WORDS + j] & lane else (1 if scratch[2 * WORDS + j] & lane else 2)
                    if fair_word(single) < left[n]:
                        scratch[TURNED + j] |= lane
            turned = load(scratch, TURNED)
        store(cells, at[0] + i, spin ^ turned)
    store(g, 0, a)
    store(g, WORDS, b)
    store(g, 2 * WORDS, c)
    store(g, 3 * WORDS, counter)


@njit(cache=True)
def _heat_bath_row(cells: Any, at: Any, half: int, g: Any, scratch: Any, codes: Any, left: Any) -> None:
    a, b, c, counter = load(g, 0), load(g, WORDS), load(g, 2 * WORDS), load(g, 3 * WORDS)
    single = g[4 * WORDS :]
    none = a ^ a
    for i in range(0, WORDS * half, WORDS):
        ones, twos, fours = _count(cells, at, i, none)
        store(scratch, 0, ~(ones | twos | fours))
        store(scratch, WORDS, ones & ~(twos | fours))
        store(scratch, 2 * WORDS, twos & ~(ones | fours))
        store(scratch, 3 * WORDS, ones & twos)
        store(scratch, 4 * WORDS, fours & ~(ones | twos))
        if len(at) == 7:
            store(scratch, 5 * WORDS, fours & ones)
            store(scratch, 6 * WORDS, fours & twos)
        open_, up = ~none, none
        for k in range(DIRECT):
            bits, a, b, c, counter = fair(a, b, c, counter)
            threshold = none
            for n in range(len(at)):
                if codes[k] >> n & 1:
                    threshold = threshold | load(scratch, n * WORDS)
            up = up | (open_ & threshold & ~bits)
            open_ = open_ & ~(threshold ^ bits)
        if some(open_):
            store(scratch, OPEN, open_)
            store(scratch, TURNED, up)
            for j in range(WORDS):
                lanes_left = scratch[OPEN + j]
                while lanes_left:
                    lane = lanes_left & (~lanes_left + uint64(1))
                    lanes_left ^= lane
                    n = 0
                    while not scratch[n * WORDS + j] & lane:
                        n += 1
                    if fair_word(single) < left[n]:
                        scratch[TURNED + j] |= lane
            up = load(scratch, TURNED)
        store(cells, at[0] + i, up)
    store(g, 0, a)
    store(g, WORDS, b)
    store(g, 2 * WORDS, c)
    store(g, 3 * WORDS, counter)


@njit(cache=True)
def _wrap(cells: Any, row: int, colour: int, half: int, stripes: int) -> None:
    """Repeat the edge of a run in the ghost at the other end: that of the next stripe, or the one before."""
    base = _base(row, colour, half)
    edge, ghost = (base, base + WORDS * half) if colour == 0 else (base + WORDS * (half - 1), base - WORDS)
    last = WORDS - 1
    one, top = uint64(1), uint64(63)
    for w in range(WORDS):
        if stripes == 1:
            cells[ghost + w] = cells[edge + w]
            continue
        # the stripe after this is one lane up, the one before one lane down; in one word, or over all eight
        after = w if stripes == 64 else (w + 1 if w < last else 0)
        before = w if stripes == 64 else (w - 1 if w > 0 else last)
        if colour == 0:
            cells[ghost + w] = (cells[edge + w] >> one) | (cells[edge + after] << top)
        else:
            cells[ghost + w] = (cells[edge + w] << one) | (cells[edge + before] >> top)


@njit(cache=True)
def _fill_ghosts(cells: Any, rows: int, half: int, stripes: int) -> None:
    for block in range(cells.shape[0]):
        for row in range(rows):
            _wrap(cells[block], row, 0, half, stripes)
            _wrap(cells[block], row, 1, half, stripes)


@njit(cache=True)
def _measure(cells: Any, others: Any, shifts: Any, half: int, parity: Any, sums: Any) -> None:
    """Bonds between unlike spins, and spins up on even and on odd sites, of each replica: sums (replica, 3)."""
    levels = np.zeros((3, LEVELS * WORDS), np.uint64)
    waiting = np.zeros((3, LEVELS * WORDS), np.uint64)
    bonds, sites = 0, np.zeros(3, np.int64)
    for row in range(others.shape[0]):
        for colour in range(2):
            here = _base(row, colour, half)
            right = _beside(row, colour, half, 1)
            below = _beside(others[row, 0], colour, half, shifts[0])
            kind = 1 + (parity[row] + colour) % 2
            for i in range(0, WORDS * half, WORDS):
                spin = load(cells, here + i)
                bonds = _add_two(
                    levels[0], waiting[0], bonds, spin ^ load(cells, right + i), spin ^ load(cells, below + i)
                )
            for i in range(0, WORDS * (half - 1), 2 * WORDS):
                sites[kind] = _add_two(
                    levels[kind], waiting[kind], sites[kind], load(cells, here + i), load(cells, here + i + WORDS)
                )
            if half % 2:
                last = load(cells, here + WORDS * (half - 1))
                sites[kind] = _add_two(levels[kind], waiting[kind], sites[kind], last, last ^ last)
            if others.shape[1] == 4:  # the third positive step, and with it three bonds a site
                third = _beside(others[row, 1], colour, half, shifts[1])
                for i in range(0, WORDS * half, WORDS):
                    unlike = load(cells, here + i) ^ load(cells, third + i)
                    bonds = _add_two(levels[0], waiting[0], bonds, unlike, unlike ^ unlike)
    _read(levels[0], waiting[0], bonds, sums[:, 0])
    for kind in range(1, 3):
        _read(levels[kind], waiting[kind], sites[kind], sums[:, kind])


@njit(cache=True)
def _add_two(levels: Any, waiting: Any, n: Any, x: Any, y: Any) -> Any:
    """Add the n-th pair of bits a lane to a count a lane, and return n + 1: carries wait until two are of a level."""
    total = load(levels, 0)
    either = total ^ x
    store(levels, 0, either ^ y)
    carry = (total & x) | (either & y)
    k = 1
    while n >> (k - 1) & 1:
        total, other = load(levels, k * WORDS), load(waiting, k * WORDS)
        either = total ^ other
        store(levels, k * WORDS, either ^ carry)
        carry = (total & other) | (either & carry)
        k += 1
    store(waiting, k * WORDS, carry)
    return n + 1


@njit(cache=True)
def _read(levels: Any, waiting: Any, n: int, sums: Any) -> None:
    """The counts as integers, summed over the stripes of each replica; n pairs of bits a lane have been added."""
    for k in range(1, LEVELS):
        if n >> (k - 1) & 1:
            carry, j = load(waiting, k * WORDS), k
            while some(carry):
                total = load(levels, j * WORDS)
                store(levels, j * WORDS, total ^ carry)
                carry = total & carry
                j += 1
    counts = np.zeros(LANES, np.int64)
    for k in range(LEVELS):
        for w in range(WORDS):
            word = levels[k * WORDS + w]
            if word:
                here = counts[64 * w : 64 * w + 64]
                for b in range(64):
                    here[b] += np.int64((word >> uint64(b)) & uint64(1)) << k
    stripes = LANES // len(sums)
    for replica in range(len(sums)):
        sums[replica] = counts[replica * stripes : (replica + 1) * stripes].sum()
