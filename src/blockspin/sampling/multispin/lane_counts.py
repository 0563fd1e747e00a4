"""Counts a lane of bits that come one after the other, in binary: unlike bonds and spins up of every replica."""

from typing import Any

import numpy as np
from numba import njit, uint64

from blockspin.sampling.multispin.cells import place
from blockspin.sampling.multispin.lanes import LANES, WORDS, load, some, store

LEVELS = 40  # binary digits of a count of bonds


@njit(cache=True)
def measure(cells: Any, rows: Any, half: int, sums: Any) -> None:
    """Bonds between unlike spins, and spins up on even and on odd sites, of each replica: sums (replica, 3)."""
    levels, waiting = np.zeros((3, LEVELS * WORDS), np.uint64), np.zeros((3, LEVELS * WORDS), np.uint64)
    bonds, sites = 0, np.zeros(3, np.int64)
    at = np.empty(3 + rows.near.shape[1], np.int64)
    for row in range(rows.sublattice.size):
        for colour in range(2):
            place(at, row, colour, half, rows)
            kind = 1 + (rows.sublattice[row] + colour) % 2
            for i in range(0, WORDS * half, WORDS):
                spin = load(cells, at[0] + i)
                right, below = spin ^ load(cells, at[1] + i), spin ^ load(cells, at[3] + i)
                bonds = _add_two(levels[0], waiting[0], bonds, right, below)
                if len(at) == 7:  # the third positive step, and with it three bonds a site
                    bonds = _add_two(levels[0], waiting[0], bonds, spin ^ load(cells, at[5] + i), spin ^ spin)
            for i in range(0, WORDS * half, 2 * WORDS):
                one = load(cells, at[0] + i)
                # a lone last cell counts beside none
                other = load(cells, at[0] + i + WORDS) if i < WORDS * (half - 1) else one ^ one
                sites[kind] = _add_two(levels[kind], waiting[kind], sites[kind], one, other)
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
