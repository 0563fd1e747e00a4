"""What the kernels of Ising spins know of a lattice: rows of sites with the rows they are bonded to.

A row is a line of sites along the last axis. Every other bond step leads from site y of a row to site y, or y + 1
for the triangular lattice's third step, of another row; so one table of rows serves every lattice.
"""

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from blockspin.lattice import Lattice


class Rows(NamedTuple):
    """R rows of `length` sites, joined by K = 0, 1 or 2 steps between rows (chain; square; triangular and cubic).

    near: the rows that step k and its opposite lead to, [:, 2k] and [:, 2k + 1], shape (R, 2 K); shift: by how many
    sites the last step moves along the row as well; sublattice: of the first site of a row, shape (R,), out of
    `sublattices`.
    """

    length: int
    near: NDArray[np.int64]
    shift: int
    sublattice: NDArray[np.int64]
    sublattices: int


@lru_cache(maxsize=16)
def rows_of(lattice: Lattice, sublattices: int) -> Rows:
    """The rows of the lattice; site (x, y, z) belongs to sublattice (x + y + z) mod `sublattices`."""
    shape = lattice.shape[:-1]
    row = np.arange(math.prod(shape)).reshape(shape)
    steps = [step for step in lattice.steps if any(step[:-1])]
    axes = tuple(range(len(shape)))
    near = [np.roll(row, [-sign * x for x in step[:-1]], axes).ravel() for step in steps for sign in (1, -1)]
    first = np.indices(shape).sum(axis=0).ravel() if shape else np.zeros(1, np.int64)
    return Rows(
        lattice.shape[-1],
        np.array(near, np.int64).reshape(2 * len(steps), row.size).T.copy(),
        steps[-1][-1] if steps else 0,
        (first % sublattices).astype(np.int64),
        sublattices,
    )


@njit(cache=True)
def measure(s: Any, rows: Any, sums: Any) -> None:
    """The number of bonds between equal spins, then the spins -1 and +1 of each sublattice."""
    L = rows.length
    sums[:] = 0
    alike = 0
    for r in range(rows.sublattice.size):
        row = s[r * L : r * L + L]
        for y in range(L - 1):
            alike += row[y] == row[y + 1]
        alike += row[L - 1] == row[0]
        for k in range(rows.near.shape[1] // 2):
            d = rows.shift if k == 1 else 0
            there = rows.near[r, 2 * k] * L
            other = s[there : there + L]
            for y in range(L - d):
                alike += row[y] == other[y + d]
            if d:
                alike += row[L - 1] == other[0]
        for start in range(rows.sublattices):
            place = 1 + 2 * ((rows.sublattice[r] + start) % rows.sublattices)
            up, n = 0, 0
            for y in range(start, L, rows.sublattices):
                up += row[y] == 1
                n += 1
            sums[place] += n - up
            sums[place + 1] += up
    sums[0] = alike


@njit(parallel=True, cache=True)
def sums_of(spins: Any, rows: Any) -> Any:
    """What `measure` gives for each chain, shape (chain, 1 + 2 sublattices)."""
    sums = np.empty((spins.shape[0], 1 + 2 * rows.sublattices), np.int64)
    for chain in prange(spins.shape[0]):
        measure(spins[chain], rows, sums[chain])
    return sums
