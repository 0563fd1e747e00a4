"""Fields (M, N) that are 0 almost everywhere, as those of block rules are, held as sparse matrices.

What squares, sums and multiplies fields takes both forms, numpy arrays and scipy's csr_array; what goes through all
sites takes `pieces` of them.
"""

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from scipy.sparse import csr_array, issparse

from blockspin.arrays import FloatArray, IntArray

Fields: TypeAlias = FloatArray | csr_array

SPARSE = 0.1  # share of weights that are not 0 below which fields are held as sparse matrices
PIECE = 2**20  # weights, or distances, held at a time


def sparse(matrix: Any) -> Fields:
    """A copy of a matrix, as a csr_array of floats where less than `SPARSE` of it is not 0, else as an array."""
    weights = matrix.count_nonzero() if issparse(matrix) else np.count_nonzero(matrix)
    if weights < SPARSE * math.prod(matrix.shape):
        return csr_array(matrix, dtype=float, copy=True)
    return np.array(dense(matrix), float, order="C")


def dense(fields: Fields) -> FloatArray:
    """The fields as an array."""
    held: Any = fields
    return np.asarray(held.toarray() if issparse(held) else held)


def pieces(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Slices of the rows of a table, each of about `PIECE` numbers."""
    step = max(1, PIECE // n_columns)
    return (slice(first, first + step) for first in range(0, n_rows, step))


def on_sites(fields: Fields, sites: IntArray) -> FloatArray:
    """Each unit's weights on its own sites (M, k), shape (M, k)."""
    return dense(fields[np.arange(len(sites))[:, None], sites])


def best_windows(weight: Fields, windows: IntArray) -> tuple[IntArray, FloatArray]:
    """The window (of sites (W, k)) of most weight in each unit's (M, N), whatever its sign, and how much, (M,)."""
    size = windows.shape[1]
    members = (np.ones(windows.size), windows.ravel(), np.arange(0, windows.size + 1, size))
    inside = abs(weight @ csr_array(members, shape=(len(windows), weight.shape[1])).T)
    best = inside.argmax(axis=1).ravel()
    return best, on_sites(inside, best[:, None])[:, 0]
