"""Replicas packed into lanes, spin by spin: the way back of `blockspin.sampling.multispin.packing.unpack`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray

from blockspin.sampling.multispin.lanes import LANES, WORDS
from blockspin.sampling.multispin.packing import Cells, Layout


def pack(layout: Layout, spins: NDArray[np.int8]) -> Cells:
    """Cells (block, words) of spins (chain, N); the lanes left over are down, and the ghosts are not filled."""
    cells = np.zeros((layout.blocks(len(spins)), layout.words), np.uint64)
    _pack(cells, np.ascontiguousarray(spins), layout.rows, layout.half, layout.stripes)
    return cells


@njit(cache=True)
def _pack(cells: Any, spins: Any, rows: int, half: int, stripes: int) -> None:
    chains, N = spins.shape
    for lane in range(chains * stripes):
        chain, stripe = lane // stripes, lane % stripes
        cell, w, bit = cells[lane // LANES], lane % LANES // 64, uint64(1) << uint64(lane % 64)
        for row in range(rows):
            start = row * (N // rows) + stripe * 2 * half
            for y in range(2 * half):
                if spins[chain, start + y] > 0:
                    cell[((2 * row + (y & 1)) * (half + 2) + 1 + (y >> 1)) * WORDS + w] |= bit
