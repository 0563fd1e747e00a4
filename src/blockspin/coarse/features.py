"""Functions of a block and its surroundings that follow the symmetry of the values: what a kernel weighs.

    block        B, the sum over the block's sites
    triples      the sum over triples of the block's sites of the product of their spins
    ring n       the sum over the sites outside the block that are the n-th nearest to its centre
    tie ring n   ring n where the block is tied, B = 0, and 0 elsewhere
    ring na, nb  the sites of ring n with the least largest coordinate from the centre, and all others of that distance

Each changes its sign with all spins and has the symmetry of the block. On the square lattice with b = 2, ring 1 holds
the 8 sites along the block's edges, ring 2 the 4 at its corners, ring 3 the 8 straight across and ring 4 the 8 next to
those. On the cubic lattice ring 3 has two parts, 8 corners and 24 sites straight across.

Of labels there is one of each for every label: the number of sites that have it, in place of the sum. A block is tied
where two labels or more share its largest number.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin import checks
from blockspin.coarse.triangular import CELL, CELLS
from blockspin.lattice import DIMENSION, Lattice

NAME = re.compile(r"block|triples|(tie )?ring [1-9][ab]?")
ROUNDING = 1e-9  # of squared distances from a block's centre


def check(names: Sequence[str], lattice: Lattice, b: int, q: int | None = None) -> tuple[str, ...]:
    """The names; raises ValueError for an unknown one, for none, and for a triangular block that is not of 9 sites.

    Labels have no products, and so no triples.
    """
    found = checks.words("features", names)
    wrong = [name for name in found if not NAME.fullmatch(name)]
    if wrong or not found or len(set(found)) < len(found):
        raise ValueError(
            f"features must be different ones of block, triples, ring 1 ... ring 9, with or without tie before "
            f"and a or b behind; got {', '.join(found) or 'none'}"
        )
    if q is not None and "triples" in found:
        raise ValueError("features of labels are block, rings and tie rings; got triples")
    if lattice.kind == "triangular" and b != 3:
        raise ValueError(f"blocks of a triangular lattice have 9 sites, b = 3; got b = {b!r}")
    lattice.coarse(b)
    return tuple(found)


def features(
    names: Sequence[str], lattice: Lattice, b: int, spins: NDArray[np.int8], q: int | None = None
) -> NDArray[np.float32]:
    """The features (n, M, k) of these names for every block of side b of rows (n, N); of labels (n, M, q, k).

    A site that a small torus holds twice in a ring counts twice. Raises ValueError as `check`.
    """
    names = check(names, lattice, b, q)
    if q is not None:
        return _of_labels(names, lattice, b, spins, q)
    sites = {name: _ring(lattice, b, ring) for name in names if (ring := name.partition("ring ")[2])}
    block = block_sites(lattice.kind, b)
    reach = max(int(np.abs(one).max()) for one in (block, *sites.values()))
    padded = np.pad(spins.reshape(-1, *lattice.shape), [(0, 0)] + [(reach, reach)] * lattice.dimension, mode="wrap")

    def total(offsets: NDArray[np.int64]) -> NDArray[Any]:
        found: Any = 0
        for offset in offsets:
            cut = (slice(reach + x, reach + x + L, b) for x, L in zip(offset, lattice.shape, strict=True))
            found = found + padded[(slice(None), *cut)]
        return np.asarray(found)

    B = total(block).astype(np.float32)
    made = np.empty((*B.shape, len(names)), np.float32)
    for k, name in enumerate(names):
        if name == "block":
            made[..., k] = B
        elif name == "triples":  # Newton's identity for the sums of powers B, b^d, B of spins
            made[..., k] = (B**3 - (3 * len(block) - 2) * B) / 6
        else:
            made[..., k] = total(sites[name]) * (B == 0) if name.startswith("tie") else total(sites[name])
    return made.reshape(len(B), lattice.coarse(b).n_sites, len(names))


def _of_labels(names: Sequence[str], lattice: Lattice, b: int, labels: NDArray[np.int8], q: int) -> NDArray[np.float32]:
    counted = [*dict.fromkeys(["block", *(name.removeprefix("tie ") for name in names)])]
    counts = np.stack([features(counted, lattice, b, (labels == a).astype(np.int8)) for a in range(q)], axis=2)
    block = counts[..., 0]
    tied = (block == block.max(axis=2, keepdims=True)).sum(axis=2) > 1
    made = [
        counts[..., counted.index(name.removeprefix("tie "))] * (tied[..., None] if name.startswith("tie") else True)
        for name in names
    ]
    return np.stack(made, axis=3)


@lru_cache
def block_sites(kind: str, b: int) -> NDArray[np.int64]:
    """The sites of the block at the origin, (b^d, d)."""
    if kind == "triangular":
        return np.asarray((np.array(CELLS)[:, None] + np.array(CELL)).reshape(-1, 2))
    return np.array(list(product(range(b), repeat=DIMENSION[kind])))


def _ring(lattice: Lattice, b: int, ring: str) -> NDArray[np.int64]:
    """The sites outside the block at the origin that are the n-th nearest to its centre, (k, d), or a part of them."""
    block, n = block_sites(lattice.kind, b), int(ring[0])
    reach = 2 * (n + b)  # n steps along an axis are nearer, on every lattice
    around = np.array(list(product(range(-reach, reach + b), repeat=lattice.dimension)))
    outside = around[~(around[:, None] == block).all(axis=2).any(axis=1)]
    squared = (lattice.cartesian(outside - block.mean(axis=0)) ** 2).sum(axis=1)
    shells = np.unique(np.round(squared / ROUNDING) * ROUNDING)
    sites = outside[np.abs(squared - shells[n - 1]) < 2 * ROUNDING]
    if ring[1:]:
        largest = np.abs(sites - block.mean(axis=0)).max(axis=1)
        sites = sites[(largest > largest.min() + ROUNDING) == (ring[1] == "b")]
        if lattice.kind == "triangular" or not len(sites):
            raise ValueError(f"ring {ring[0]} of blocks of side {b} of a {lattice.kind} lattice has no part {ring[1]}")
    return np.asarray(sites)
