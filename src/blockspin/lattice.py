"""Periodic lattices: sites, bonds, colours, blocks and distances.

Sites are numbered in C order of ``shape``, so ``values.reshape(-1, *lattice.shape)`` is the picture of a
flat configuration. Lengths are in lattice spacings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.intp]
FloatArray = NDArray[np.float64]

AXES = ("x", "y", "z")
DIMENSION = {"chain": 1, "square": 2}


@dataclass(frozen=True)
class Lattice:
    """A periodic lattice of a named kind: ``Lattice.square(40)``, ``Lattice.square(8, 12)``, ``Lattice.chain(20)``.

    Raises ValueError for an unknown kind, a shape of the wrong dimension, or an extent below 2.
    """

    kind: str
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.kind not in DIMENSION:
            raise ValueError(f"lattice kind must be one of {', '.join(DIMENSION)}; got {self.kind!r}")
        if len(self.shape) != DIMENSION[self.kind]:
            raise ValueError(f"a {self.kind} lattice has {DIMENSION[self.kind]} extent(s); got shape {self.shape}")
        if any(not isinstance(extent, (int, np.integer)) or extent < 2 for extent in self.shape):
            raise ValueError(f"every extent of a lattice must be an integer of at least 2; got {self.shape}")
        object.__setattr__(self, "shape", tuple(int(extent) for extent in self.shape))

    @classmethod
    def square(cls, Lx: int, Ly: int | None = None) -> Lattice:
        """The Lx x Ly square lattice on a torus (Ly = Lx unless given)."""
        return cls("square", (Lx, Lx if Ly is None else Ly))

    @classmethod
    def chain(cls, L: int) -> Lattice:
        """The ring of L sites."""
        return cls("chain", (L,))

    @property
    def dimension(self) -> int:
        """Spatial dimension d."""
        return len(self.shape)

    @property
    def n_sites(self) -> int:
        """Number of sites N."""
        return math.prod(self.shape)

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the site dimensions, ("x",) or ("x", "y")."""
        return AXES[: self.dimension]

    @cached_property
    def coordinates(self) -> IntArray:
        """Integer positions of the sites, shape (N, d)."""
        return np.stack(np.unravel_index(np.arange(self.n_sites), self.shape), axis=1)

    @cached_property
    def bonds(self) -> IntArray:
        """Nearest-neighbour bonds, shape (d N, 2): one a site and positive direction.

        Where an extent is 2, two bonds join the same pair of sites, as in Kaufman's torus.
        """
        sites = np.arange(self.n_sites).reshape(self.shape)
        pairs = [np.stack([sites.ravel(), np.roll(sites, -1, axis).ravel()], axis=1) for axis in range(self.dimension)]
        return np.concatenate(pairs)

    @cached_property
    def neighbours(self) -> IntArray:
        """Neighbours of each site, shape (N, 2 d), in the order +x, -x, +y, -y."""
        sites = np.arange(self.n_sites).reshape(self.shape)
        shifted = [np.roll(sites, -step, axis).ravel() for axis in range(self.dimension) for step in (1, -1)]
        return np.stack(shifted, axis=1)

    @cached_property
    def colours(self) -> IntArray:
        """Checkerboard colour of each site, 0 or 1, shape (N,); raises ValueError where an extent is odd."""
        if any(extent % 2 for extent in self.shape):
            raise ValueError(f"two colours need even extents; got {self.shape}")
        colours: IntArray = self.coordinates.sum(axis=1) % 2
        return colours

    def displacement(self, start: ArrayLike, end: ArrayLike) -> FloatArray:
        """The shortest vector from start to end on the torus; positions (..., d), each component in [-L/2, L/2)."""
        extent = np.asarray(self.shape, float)
        step: FloatArray = (np.asarray(end, float) - np.asarray(start, float) + extent / 2) % extent - extent / 2
        return step

    def distance(self, start: ArrayLike, end: ArrayLike) -> FloatArray:
        """The length of `displacement`, shape (...)."""
        length: FloatArray = np.linalg.norm(self.displacement(start, end), axis=-1)
        return length

    def coarse(self, b: int) -> Lattice:
        """The lattice of blocks of side b; raises ValueError unless b divides every extent and leaves at least 2."""
        self._check_block(b)
        return Lattice(self.kind, tuple(extent // b for extent in self.shape))

    def blocks(self, b: int) -> IntArray:
        """Sites of each block of side b, shape (N / b^d, b^d), blocks in the order of the sites of `coarse(b)`."""
        self._check_block(b)
        block = np.ravel_multi_index(tuple((self.coordinates // b).T), self.coarse(b).shape)
        return np.argsort(block, kind="stable").reshape(-1, b**self.dimension)

    def _check_block(self, b: int) -> None:
        if b < 1 or any(extent % b or extent // b < 2 for extent in self.shape):
            raise ValueError(
                f"a block of side b must divide every extent of {self.shape} and leave at least 2; got b = {b}"
            )

    def __str__(self) -> str:
        return f"{self.kind} {'x'.join(map(str, self.shape))}"
