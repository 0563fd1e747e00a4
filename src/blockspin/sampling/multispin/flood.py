"""Cluster flips of 512 lanes at a time: bonds of Fortuin and Kasteleyn, a few seeds a replica, a flood, a flip.

A bond joins two spins that K would have alike by the chance 1 - e^(-2 abs K), to 64 bits. Every cluster that holds a
seed turns over; in a field those that are bonded to the ghost spin stay, by the chance 1 - e^(-2 abs h) a site that h
would have so. Which clusters turn depends on the bonds and on seeds that are drawn without a look at the spins, so that
a flip leaves the distribution as it is (Swendsen and Wang 1987, of which Wolff's is the case of one seed).
The flood runs along a row there and back, and again over the neighbours of rows that have changed.

Sites lie row by row here, one ghost before and one after: word `_at(row, y)` holds site y of all lanes.
"""

from typing import Any

import numpy as np
from numba import njit, uint64

from blockspin.sampling.multispin.cells import base, place, wrap
from blockspin.sampling.multispin.coins import coin
from blockspin.sampling.multispin.lanes import LANES, WORDS, after, before, fair_word, keep, load, loaded, some, store


@njit(cache=True)
def room(where: Any) -> Any:
    """The memory that a flip needs: lit sites, sites held by the ghost spin, bonds by step, rows that wait."""
    rows, half, _ = where
    R, steps = rows.sublattice.size, 1 + rows.near.shape[1] // 2
    size = _at(R, 0, half)
    lit, held, bonds = np.zeros(size, np.uint64), np.zeros(size, np.uint64), np.zeros((steps, size), np.uint64)
    return lit, held, bonds, np.zeros(R, np.bool_)


@njit(cache=True)
def flip_clusters(
    cells: Any, g: Any, scratch: Any, memory: Any, where: Any, unlike: Any, rule: Any, seeds: int
) -> None:
    """Turn over the clusters of `seeds` random sites of each replica of a block.

    rule: the coins of a bond and of the ghost's bond (`coins`), and whether h is upwards, -1, 0 or 1.
    """
    rows, half, stripes = where
    lit, held, bonds, waiting = memory
    _draw_bonds(cells, g, scratch, held, bonds, where, unlike, rule)
    if rule[2] != 0:
        _flood(held, bonds, waiting, where)
    lit[:] = 0
    _seed(lit, held, g[4 * WORDS :], where, seeds)
    _flood(lit, bonds, waiting, where)
    for row in range(rows.sublattice.size):
        for y in range(2 * half):
            cell = base(row, y & 1, half) + WORDS * (y >> 1)
            store(cells, cell, load(cells, cell) ^ load(lit, _at(row, y, half)))
        wrap(cells, row, 0, half, stripes)
        wrap(cells, row, 1, half, stripes)


@njit(cache=True)
def _at(row: int, y: int, half: int) -> int:
    return ((2 * half + 2) * row + 1 + y) * WORDS


@njit(cache=True)
def _draw_bonds(cells: Any, g: Any, scratch: Any, held: Any, bonds: Any, where: Any, unlike: Any, rule: Any) -> None:
    """Bonds from each site to the site after it and those of the rows that a step leads to; bonds to the ghost spin."""
    rows, half, stripes = where
    bond, ghost, field = rule
    at = np.empty(3 + rows.near.shape[1], np.int64)
    a, b, c, counter = loaded(g)
    single = g[4 * WORDS :]
    for row in range(rows.sublattice.size):
        for colour in range(2):
            place(at, row, colour, half, rows)
            for i in range(half):
                spin, there = load(cells, at[0] + WORDS * i), _at(row, 2 * i + colour, half)
                for step in range(len(bonds)):
                    alike = ~(spin ^ load(cells, at[1 + 2 * step] + WORDS * i) ^ unlike)
                    joined, a, b, c, counter = coin(alike, a, b, c, counter, single, scratch, bond)
                    store(bonds[step], there, joined)
                if field != 0:
                    along = spin if field > 0 else ~spin
                    joined, a, b, c, counter = coin(along, a, b, c, counter, single, scratch, ghost)
                    store(held, there, joined)
        for step in range(len(bonds)):
            _edge(bonds[step], row, half, stripes)
        _edge(held, row, half, stripes)
    keep(g, a, b, c, counter)


@njit(cache=True)
def _edge(sites: Any, row: int, half: int, stripes: int) -> None:
    """Repeat the edges of a row in the ghosts at the other ends."""
    first, last = _at(row, 0, half), _at(row, 2 * half - 1, half)
    store(sites, first - WORDS, before(load(sites, last), stripes))
    store(sites, last + WORDS, after(load(sites, first), stripes))


@njit(cache=True)
def _seed(lit: Any, held: Any, single: Any, where: Any, seeds: int) -> None:
    """Light random sites of each replica, but none that the ghost spin holds."""
    rows, half, stripes = where
    R = rows.sublattice.size
    sites = uint64(R * 2 * half * stripes)
    for replica in range(LANES // stripes):
        for _ in range(seeds):
            # 32 random bits times the number of sites: no site differs from another by more than 2^-32 N
            site = np.int64(((fair_word(single) >> uint64(32)) * sites) >> uint64(32))
            lane, site = replica * stripes + site // (R * 2 * half), site % (R * 2 * half)
            here = _at(site // (2 * half), site % (2 * half), half) + (lane >> 6)
            lit[here] |= (uint64(1) << uint64(lane & 63)) & ~held[here]
    for row in range(R):
        _edge(lit, row, half, stripes)


@njit(cache=True)
def _flood(lit: Any, bonds: Any, waiting: Any, where: Any) -> None:
    """Light all that is joined to lit sites."""
    rows = where[0]
    R = rows.sublattice.size
    waiting[:] = True
    left = R
    while left > 0:
        for turn in range(2):
            for i in range(R):
                row = i if turn == 0 else R - 1 - i
                if waiting[row]:
                    waiting[row] = False
                    left -= 1
                    if _flood_row(lit, bonds, row, where):
                        for k in range(rows.near.shape[1]):
                            near = rows.near[row, k]
                            left += not waiting[near]
                            waiting[near] = True


@njit(cache=True)
def _flood_row(lit: Any, bonds: Any, row: int, where: Any) -> Any:
    """Light what is joined to lit sites of the rows around, and then of this row; whether any site is new."""
    _, half, stripes = where
    along = bonds[0]
    first, last = _at(row, 0, half), _at(row, 2 * half - 1, half)
    if not _from_rows(lit, bonds, row, where):
        return False
    while True:
        # there and back leaves a row closed but for its ends, which meet
        carry = after(load(lit, first), stripes) & load(along, last)
        for i in range(last, first - WORDS, -WORDS):
            here = load(lit, i) | carry
            store(lit, i, here)
            carry = here & load(along, i - WORDS)
        carry = before(load(lit, last), stripes) & load(along, first - WORDS)
        missing = after(load(lit, first), stripes) & load(along, last) & ~load(lit, last)
        if not some(missing | (carry & ~load(lit, first))):
            _edge(lit, row, half, stripes)
            return True
        for i in range(first, last + WORDS, WORDS):
            here = load(lit, i) | carry
            store(lit, i, here)
            carry = here & load(along, i)


@njit(cache=True)
def _from_rows(lit: Any, bonds: Any, row: int, where: Any) -> Any:
    """Light what is joined to the rows around, and from there on along the row; whether any site is new."""
    rows, half, stripes = where
    first = _at(row, 0, half)
    last = first + WORDS * (2 * half - 1)
    carry = before(load(lit, last), stripes) & load(bonds[0], first - WORDS)
    new = carry ^ carry
    for i in range(first, last + WORDS, WORDS):
        old = load(lit, i)
        here = old | carry
        for step in range(1, len(bonds)):
            shift = rows.shift if step == 2 else 0
            below = i - first + _at(rows.near[row, 2 * step - 2], shift, half)
            above = i - first + _at(rows.near[row, 2 * step - 1], -shift, half)
            here = here | (load(lit, below) & load(bonds[step], i)) | (load(lit, above) & load(bonds[step], above))
        store(lit, i, here)
        new = new | (here ^ old)
        carry = here & load(bonds[0], i)
    return some(new)
