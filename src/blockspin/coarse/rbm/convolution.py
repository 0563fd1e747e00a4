"""Weights tied by translation: the fields of one set of filters on every block of a periodic lattice."""

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp


@dataclass(frozen=True)
class Windows:
    """Windows of side `side` about the blocks of side `b` of a periodic lattice of this shape, one a block.

    A window begins (side - b) // 2 sites before its block, so that both have one centre where side - b is even.
    """

    shape: tuple[int, ...]
    b: int
    side: int

    @property
    def n_sites(self) -> int:
        """Sites N."""
        return math.prod(self.shape)

    @property
    def n_blocks(self) -> int:
        """Blocks, N / b^d."""
        return self.n_sites // int(self.b ** len(self.shape))

    @property
    def size(self) -> int:
        """Sites a window, side^d."""
        return int(self.side ** len(self.shape))

    @property
    def before(self) -> int:
        """Sites of a window before its block, along each axis."""
        return (self.side - self.b) // 2


def correlate(weights: jax.Array, visible: jax.Array, windows: Windows) -> jax.Array:
    """sum_s w_fs v at place s of a window, for each filter f and window: (F, side^d) and (n, N) to (n, F blocks).

    Filter by filter, blocks in the order of the coarse lattice. Linear in either argument: `jax.linear_transpose` of
    it brings hidden states down, and pairs of states to weights.
    """
    d, b = len(windows.shape), windows.b
    cells = -(-windows.side // b)
    after = cells * b - b - windows.before
    wrapped = jnp.pad(visible.reshape(-1, *windows.shape), [(0, 0)] + [(windows.before, after)] * d, mode="wrap")
    filters = jnp.pad(weights.reshape(-1, *(windows.side,) * d), [(0, 0)] + [(0, cells * b - windows.side)] * d)
    # a channel for each place in the block makes the stride 1, several times faster than a stride of b
    fields: jax.Array = jax.lax.conv_general_dilated(_by_place(wrapped, b), _by_place(filters, b), (1,) * d, "VALID")
    return fields.reshape(len(fields), -1)


def _by_place(pictures: jax.Array, b: int) -> jax.Array:
    """Pictures (n, L, ...) as (n, b^d, L/b, ...)."""
    d = pictures.ndim - 1
    parts = pictures.reshape(-1, *(length for extent in pictures.shape[1:] for length in (extent // b, b)))
    parts = parts.transpose(0, *range(2, 2 * d + 1, 2), *range(1, 2 * d + 1, 2))
    return parts.reshape(parts.shape[0], b**d, *parts.shape[1 + d :])
