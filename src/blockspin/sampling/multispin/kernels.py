"""The compiled steps of the multi-spin updates: Metropolis, heat bath and cluster flips of the 512 lanes of a block."""

from typing import Any

import numpy as np
from numba import njit

from blockspin.sampling.multispin.cells import place, wrap
from blockspin.sampling.multispin.coins import DIRECT, SCRATCH, TURNED, finish
from blockspin.sampling.multispin.flood import flip_clusters, room
from blockspin.sampling.multispin.lane_counts import measure
from blockspin.sampling.multispin.lanes import WORDS, fair, keep, load, loaded, some, store


@njit(cache=True, nogil=True)
def advance(
    cells: Any, state: Any, trace: Any, where: Any, unlike: Any, metropolis: Any, heat_bath: Any, flip: Any, about: Any
) -> None:
    """Steps of every block in place: sweeps, each `every`-th heat bath from the first on, and a flip of clusters.

    where: rows of the lattice, columns of a colour, stripes; metropolis, heat_bath: chances of their classes, as
    `coins` has them; flip: as `flood` has it; about: sweeps a step, every, seeds of clusters, steps.
    """
    rows, half, _ = where
    sweeps, every, seeds, steps = about
    at = np.empty(3 + rows.near.shape[1], np.int64)
    scratch, memory = np.zeros(SCRATCH, np.uint64), room(where)
    for block in range(cells.shape[0]):
        cell, g = cells[block], state[block]
        for step in range(steps):
            for sweep in range(sweeps * step, sweeps * (step + 1)):
                # two loops, not one with a choice in it: the compiler then has the registers for a row's update
                if sweep % every == 0:
                    _heat_bath_sweep(cell, g, scratch, at, where, heat_bath)
                else:
                    _metropolis_sweep(cell, g, scratch, at, where, unlike, metropolis)
            if seeds:
                flip_clusters(cell, g, scratch, memory, where, unlike, flip, seeds)
            if step < trace.shape[1]:
                measure(cell, rows, half, trace[block, step])


@njit(cache=True)
def _metropolis_sweep(cells: Any, g: Any, scratch: Any, at: Any, where: Any, unlike: Any, rule: Any) -> None:
    rows, half, stripes = where
    for row in range(rows.sublattice.size):
        for colour in range(2):
            place(at, row, colour, half, rows)
            _metropolis_row(cells, at, half, g, scratch, unlike, rule)
            wrap(cells, row, colour, half, stripes)


@njit(cache=True)
def _heat_bath_sweep(cells: Any, g: Any, scratch: Any, at: Any, where: Any, rule: Any) -> None:
    rows, half, stripes = where
    for row in range(rows.sublattice.size):
        for colour in range(2):
            place(at, row, colour, half, rows)
            _heat_bath_row(cells, at, half, g, scratch, rule)
            wrap(cells, row, colour, half, stripes)


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
def _metropolis_row(cells: Any, at: Any, half: int, g: Any, scratch: Any, unlike: Any, rule: Any) -> None:
    codes, left = rule
    a, b, c, counter = loaded(g)
    single = g[4 * WORDS :]
    store(scratch, 0, a ^ a)
    for i in range(0, WORDS * half, WORDS):
        spin = load(cells, at[0] + i)
        ones, twos, fours = _count(cells, at, i, spin ^ unlike)
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
            finish(scratch, 1, open_, turned, single, left)
            turned = load(scratch, TURNED)
        store(cells, at[0] + i, spin ^ turned)
    keep(g, a, b, c, counter)


@njit(cache=True)
def _heat_bath_row(cells: Any, at: Any, half: int, g: Any, scratch: Any, rule: Any) -> None:
    codes, left = rule
    a, b, c, counter = loaded(g)
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
            finish(scratch, 0, open_, up, single, left)
            up = load(scratch, TURNED)
        store(cells, at[0] + i, up)
    keep(g, a, b, c, counter)
