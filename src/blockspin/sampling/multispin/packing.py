"""How 512 lanes hold replicas of a lattice: bit by bit, a row of one colour after the other.

A row runs along the last axis; its even columns (colour 0) come before its odd ones (colour 1), so that the sites of
one row and colour, which are not neighbours, are updated together. Each run of columns has a ghost on either side
that repeats the column it wraps to. A block of lanes holds 512 replicas whole, or 8 replicas cut into 64 stripes
along the last axis, or one in 512 stripes: a stripe's ghost is then the edge of the next stripe, one lane further.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray

from blockspin.lattice import Lattice
from blockspin.sampling.multispin.lanes import LANES, WORDS
from blockspin.sampling.threads import in_threads

STRIPES = (1, 64, 512)
KINDS = ("square", "triangular", "cubic")

Cells = NDArray[np.uint64]


def _spins_of_a_byte() -> NDArray[np.uint64]:
    """The eight spins -1/+1 of each byte of lanes, as one word, shape (256,)."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
    return (2 * bits.astype(np.int8) - 1).view(np.uint64).ravel()


SPINS_OF_BYTE = _spins_of_a_byte()


@dataclass(frozen=True)
class Layout:
    """Where the sites of a lattice lie in the lanes; raises ValueError where the lattice cannot be packed so.

    stripes: into how many pieces along the last axis a replica is cut, 1, 64 or 512. Each piece needs an even number
    of columns.
    """

    lattice: Lattice
    stripes: int = 1

    def __post_init__(self) -> None:
        if self.stripes not in STRIPES:
            raise ValueError(f"stripes must be one of {', '.join(map(str, STRIPES))}; got {self.stripes}")
        if self.lattice.kind not in KINDS:
            rule = f"know the lattices {', '.join(KINDS)}"
        elif self.lattice.shape[-1] % (2 * self.stripes):
            rule = f"need a last extent that {2 * self.stripes} divides"
        else:
            return
        choices = "Choose swendsen-wang, wolff or heat-bath there"
        raise ValueError(f"multi-spin updates {rule}; got {self.lattice}. {choices}")

    @property
    def replicas(self) -> int:
        """Replicas a block."""
        return LANES // self.stripes

    @property
    def rows(self) -> int:
        """Rows of the lattice."""
        return self.lattice.n_sites // self.lattice.shape[-1]

    @property
    def half(self) -> int:
        """Columns of one colour in a row of a stripe."""
        return self.lattice.shape[-1] // (2 * self.stripes)

    @property
    def words(self) -> int:
        """Words a block."""
        return self.rows * 2 * (self.half + 2) * WORDS

    def blocks(self, chains: int) -> int:
        """Blocks that hold so many replicas."""
        return -(-chains // self.replicas)


def unpack(layout: Layout, cells: Cells, chains: int) -> NDArray[np.int8]:
    """The spins -1/+1 of the first `chains` replicas, shape (chains, N), from cells (block, words)."""
    spins = np.empty((chains, layout.lattice.n_sites), np.int8)
    about = layout.rows, layout.half, layout.stripes
    words = -(-chains * layout.stripes // 64)
    in_threads(words, lambda part: _unpack(cells, SPINS_OF_BYTE, spins, *about, part.start, part.stop))
    return spins


@njit(cache=True, nogil=True)
def _unpack(cells: Any, bytes_of: Any, spins: Any, rows: int, half: int, stripes: int, first: int, last: int) -> None:
    chains, N = spins.shape
    for place in range(first, last):  # 64 lanes at a time: a row of them stays in the first-level cache
        cell, w = cells[place // WORDS], place % WORDS
        row_of = np.empty((2 * half, 8), np.uint64)
        lanes_of = row_of.view(np.int8)  # (column, 64)
        held = min(64, chains * stripes - 64 * place)
        for row in range(rows):
            for y in range(2 * half):
                word = cell[((2 * row + (y & 1)) * (half + 2) + 1 + (y >> 1)) * WORDS + w]
                for k in range(8):
                    row_of[y, k] = bytes_of[(word >> uint64(8 * k)) & uint64(255)]
            for b in range(held):
                lane = 64 * place + b
                start = row * (N // rows) + (lane % stripes) * 2 * half
                line = spins[lane // stripes, start : start + 2 * half]
                for y in range(2 * half):
                    line[y] = lanes_of[y, b]
