"""Block, buffer and environment: the sites around every block of a tiling, and the spins seen there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin import checks
from blockspin.arrays import IntArray
from blockspin.lattice import Lattice, windows_at


@dataclass(frozen=True)
class Windows:
    """Sites of each block, shape (M, b^d) in the order of `Lattice.blocks`, and of its environment, (M, sites)."""

    blocks: IntArray
    environments: IntArray


def windows(lattice: Lattice, b: int, buffer: int, environment: int) -> Windows:
    """The blocks of side b that tile a lattice, each with its environment: a shell beyond a buffer.

    buffer, environment: widths in lattice spacings on every side of the block; the environment holds the sites of the
    window of side b + 2 (buffer + environment) that lie outside that of side b + 2 buffer. Raises ValueError where b
    does not divide the extents, a width is no whole number in range, or the window is larger than the lattice.
    """
    blocks = lattice.blocks(b)
    for name, width, least in (("buffer", buffer, 0), ("environment", environment, 1)):
        checks.whole(name, width, least)
    side = b + 2 * (buffer + environment)
    if side > min(lattice.shape):
        raise ValueError(
            f"block, buffer and environment must fit the lattice: {b} + 2 ({buffer} + {environment}) = {side} sites a "
            f"side on {lattice}"
        )
    steps = np.indices((side,) * lattice.dimension)
    shell = ((steps < environment) | (steps >= side - environment)).any(axis=0).ravel()
    return Windows(blocks, windows_at(lattice, side, b, buffer + environment)[:, shell])


def cut(
    X: ArrayLike, places: Windows, most: int, random: np.random.Generator
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Spins of blocks (m, b^d) and of environments (m, sites), row by row of X (n, N).

    Every block of every row where that makes at most about `most` windows; else so many blocks a row, drawn anew for
    each. m is a multiple of n, at least n.
    """
    spins = np.asarray(X).astype(np.int8, copy=False)
    n, M = len(spins), len(places.blocks)
    chosen = max(1, min(M, most // max(n, 1)))
    which = np.tile(np.arange(M), (n, 1))
    if chosen < M:
        which = random.permuted(which, axis=1)[:, :chosen]
    rows = np.arange(n)[:, None, None]
    inside = spins[rows, places.blocks[which]]
    outside = spins[rows, places.environments[which]]
    return inside.reshape(n * chosen, -1), outside.reshape(n * chosen, -1)
