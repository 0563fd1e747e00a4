"""Periodic lattices: sites, bonds, colours, blocks and distances.

Sites are numbered in C order of ``shape``, so ``values.reshape(-1, *lattice.shape)`` is the picture of a
flat configuration. Lengths are in lattice spacings.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from blockspin import checks, memory
from blockspin.arrays import FloatArray, IntArray

AXES = ("x", "y", "z")
STEPS: dict[str, tuple[tuple[int, ...], ...]] = {
    "chain": ((1,),),
    "square": ((1, 0), (0, 1)),
    "triangular": ((1, 0), (0, 1), (1, 1)),
    "cubic": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}
"""The positive steps to nearest neighbours, in lattice coordinates; the negative ones are their opposites."""
VECTORS = {"triangular": ((1.0, 0.0), (-0.5, math.sqrt(0.75)))}
"""Lattice vectors where they are not the unit vectors: two at 120 degrees, so that their sum has length 1 too."""
DIMENSION = {kind: len(steps[0]) for kind, steps in STEPS.items()}
MOST_SITES = 2**62
MOST_SHELLS = 20
HYPERCUBIC = {1: "chain", 2: "square", 3: "cubic"}
"""The kind of lattice that a bare shape of so many extents is taken for."""


@dataclass(frozen=True)
class Lattice:
    """A periodic lattice of a named kind: ``Lattice.square(8, 12)``, ``chain(20)``, ``triangular(9)``, ``cubic(6)``.

    The triangular lattice is a rhombus whose two vectors meet at 120 degrees, so that site (x, y) has the neighbours
    (x +- 1, y), (x, y +- 1), (x + 1, y + 1), (x - 1, y - 1).

    Parameters
    ----------
    kind, shape : {"chain", "square", "triangular", "cubic"}, tuple of int
        The geometry, and the extents in lattice spacings, each at least 2. Raises ValueError for an unknown kind, a
        shape of the wrong dimension, or an extent below 2.

    Examples
    --------
    >>> lattice = bs.Lattice.square(8, 12)
    >>> lattice.n_sites, lattice.bonds.shape, lattice.coarse(2).shape
    (96, (192, 2), (4, 6))
    """

    kind: str
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        checks.choice("lattice kind", self.kind, DIMENSION)
        shape = tuple(checks.listed("shape", self.shape, "the lattice's extents, such as (8, 12)"))
        if len(shape) != DIMENSION[self.kind]:
            raise ValueError(f"a {self.kind} lattice has {DIMENSION[self.kind]} extent(s); got shape {shape}")
        object.__setattr__(self, "shape", tuple(checks.whole("every extent in shape", L, 2) for L in shape))
        if self.n_sites > MOST_SITES:
            raise ValueError(f"shape must hold at most 2^62 sites; got {self.shape}")

    def __reduce__(self) -> tuple[type[Lattice], tuple[str, tuple[int, ...]]]:
        # what is computed once is not part of it: neither of a pickle that goes to a worker nor of a hash of one
        return type(self), (self.kind, self.shape)

    @classmethod
    def square(cls, Lx: int, Ly: int | None = None) -> Lattice:
        """The Lx x Ly square lattice on a torus (Ly = Lx unless given)."""
        return cls._of("square", Lx=Lx, Ly=Ly)

    @classmethod
    def triangular(cls, Lx: int, Ly: int | None = None) -> Lattice:
        """The Lx x Ly rhombus of the triangular lattice on a torus (Ly = Lx unless given)."""
        return cls._of("triangular", Lx=Lx, Ly=Ly)

    @classmethod
    def cubic(cls, Lx: int, Ly: int | None = None, Lz: int | None = None) -> Lattice:
        """The Lx x Ly x Lz simple cubic lattice on a torus (Ly = Lx and Lz = Lx unless given)."""
        return cls._of("cubic", Lx=Lx, Ly=Ly, Lz=Lz)

    @classmethod
    def chain(cls, L: int) -> Lattice:
        """The ring of L sites."""
        return cls._of("chain", L=L)

    @classmethod
    def _of(cls, kind: str, **extents: int | None) -> Lattice:
        # the first extent serves for those left out
        first = next(iter(extents.values()))
        given = {name: first if extent is None else extent for name, extent in extents.items()}
        return cls(kind, tuple(checks.whole(name, extent, 2, MOST_SITES) for name, extent in given.items()))

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
        """Names of the site dimensions, ("x",), ("x", "y") or ("x", "y", "z")."""
        return AXES[: self.dimension]

    @property
    def steps(self) -> tuple[tuple[int, ...], ...]:
        """The positive steps to nearest neighbours in lattice coordinates; z is twice their number."""
        return STEPS[self.kind]

    @property
    def coordination(self) -> int:
        """Number of nearest neighbours of a site, z."""
        return 2 * len(self.steps)

    @cached_property
    def coordinates(self) -> IntArray:
        """Integer positions of the sites, shape (N, d)."""
        self._require(1 + 2 * self.dimension, "coordinates")
        return memory.read_only(np.stack(np.unravel_index(np.arange(self.n_sites), self.shape), axis=1))

    @cached_property
    def bonds(self) -> IntArray:
        """Nearest-neighbour bonds, shape (z N / 2, 2): one a site and positive step, in the order of `steps`.

        Where an extent is 2, two bonds join the same pair of sites, as in Kaufman's torus.
        """
        self._require(2 + 2 * self.coordination, "bonds")
        start = np.arange(self.n_sites)
        return memory.read_only(np.concatenate([np.stack([start, self.moved(step)], axis=1) for step in self.steps]))

    @cached_property
    def neighbours(self) -> IntArray:
        """Neighbours of each site, shape (N, z), in the order + and - of each of `steps`."""
        self._require(1 + 2 * self.coordination, "neighbours")
        opposite = [tuple(-x for x in step) for step in self.steps]
        both = [step for pair in zip(self.steps, opposite, strict=True) for step in pair]
        return memory.read_only(np.stack([self.moved(step) for step in both], axis=1))

    def shell(self, n: int) -> tuple[tuple[int, ...], ...]:
        """One of each pair of opposite steps to the n-th nearest sites, by distance; those of n = 1 are `steps`.

        The square lattice's second shell are the diagonals (1, 1), (1, -1). Raises ValueError where a step leads back
        to the site itself, as on a ring of 2 for n = 2.
        """
        if checks.whole("the number n of a shell", n, 1, MOST_SHELLS) == 1:
            return self.steps
        # on these lattices every distance up to the n-th takes coordinates of at most n
        every = np.array(list(itertools.product(range(-n, n + 1), repeat=self.dimension)))
        squares = np.round(self.length(every) ** 2).astype(int)
        steps = every[squares == np.unique(squares)[n]]
        if (steps % self.shape == 0).all(axis=1).any():
            raise ValueError(f"neighbours of shell {n} must be other sites; a {self} lattice is too small")
        return tuple(
            sorted((tuple(step) for step in steps.tolist() if tuple(step) > (0,) * self.dimension), reverse=True)
        )

    def _require(self, numbers: int, what: str) -> None:
        """Raise ValueError where so many integers a site, and the sites' own, are more than the free memory."""
        memory.require(8 * numbers * self.n_sites, f"the {what} of a lattice of shape {self.shape}")

    def moved(self, step: Sequence[int]) -> IntArray:
        """The site that lies a step from each site, shape (N,); raises ValueError unless it is d integers."""
        given = checks.listed("step", step, f"{self.dimension} integers")
        if len(given) != self.dimension:
            raise ValueError(f"step must be {self.dimension} integers on a {self} lattice; got {checks.shown(step)}")
        back = [-checks.whole("every entry of a step", x) % L for x, L in zip(given, self.shape, strict=True)]
        return np.roll(np.arange(self.n_sites).reshape(self.shape), back, range(self.dimension)).ravel()

    @cached_property
    def colours(self) -> IntArray:
        """Checkerboard colour of each site, 0 or 1, shape (N,).

        Raises ValueError where an extent is odd, and for the triangular lattice, whose triangles need three colours.
        """
        if self.kind == "triangular":
            raise ValueError(f"two colours need a lattice without triangles; got {self}")
        if any(extent % 2 for extent in self.shape):
            raise ValueError(f"two colours need even extents; got {self.shape}")
        return memory.read_only(self.coordinates.sum(axis=1) % 2)

    def displacement(self, start: ArrayLike, end: ArrayLike) -> FloatArray:
        """The shortest vector from start to end on the torus, in the coordinates of the sites, shape (..., d).

        Each component lies in [-L/2, L/2), except on the triangular lattice, where the shortest of the images is
        taken in the metric of `length`.
        """
        extent = np.asarray(self.shape, float)
        begun, ended = self._vectors("start", start), self._vectors("end", end)
        step: FloatArray = (ended - begun + extent / 2) % extent - extent / 2
        if self.kind not in VECTORS:
            return step
        # a long rhombus leans over more than one period of its short side
        reach = 1 + max(self.shape) // (2 * min(self.shape))
        turns = sorted(range(-reach, reach + 1), key=abs)
        images = np.array(list(itertools.product(turns, repeat=self.dimension)), float) * extent
        near = step[..., None, :] + images
        # rounding must not decide between images of one length: the first stays unless another is clearly nearer
        best = np.argmin(np.round(self.length(near), 9), axis=-1)
        shortest: FloatArray = np.take_along_axis(near, best[..., None, None], axis=-2)[..., 0, :]
        return shortest

    def length(self, step: ArrayLike) -> FloatArray:
        """The Euclidean length of steps in the coordinates of the sites, shape (..., d) to (...)."""
        length: FloatArray = np.linalg.norm(self.cartesian(step), axis=-1)
        return length

    def cartesian(self, step: ArrayLike) -> FloatArray:
        """Steps in the coordinates of the sites as vectors of the plane, of that `length`, (..., d)."""
        vector = self._vectors("step", step)
        return vector @ np.array(VECTORS[self.kind]) if self.kind in VECTORS else vector

    def distance(self, start: ArrayLike, end: ArrayLike) -> FloatArray:
        """The length of `displacement`, shape (...)."""
        return self.length(self.displacement(start, end))

    def coarse(self, b: int) -> Lattice:
        """The lattice of blocks of side b; raises ValueError unless b divides every extent and leaves at least 2."""
        self._check_block(b)
        return Lattice(self.kind, tuple(extent // b for extent in self.shape))

    def blocks(self, b: int) -> IntArray:
        """Sites of each block of side b, shape (N / b^d, b^d), blocks in the order of the sites of `coarse(b)`."""
        self._check_block(b)
        self._require(4 + 2 * self.dimension, "blocks")
        block = np.ravel_multi_index(tuple((self.coordinates // b).T), self.coarse(b).shape)
        return np.argsort(block, kind="stable").reshape(-1, b**self.dimension)

    def _vectors(self, name: str, value: ArrayLike) -> FloatArray:
        vectors = checks.array(name, value).astype(float, copy=False)  # nan where a field is dead
        if vectors.ndim < 1 or vectors.shape[-1] != self.dimension:
            raise ValueError(f"{name} must have shape (..., {self.dimension}) on a {self} lattice; got {vectors.shape}")
        return vectors

    def _check_block(self, b: int) -> None:
        checks.whole("the block's side b", b, 1)
        if any(extent % b or extent // b < 2 for extent in self.shape):
            raise ValueError(
                f"a block of side b must divide every extent of {self.shape} and leave at least 2; got b = {b}"
            )

    def settings(self) -> dict[str, Any]:
        """The lattice as a dictionary that JSON can hold; `stored_lattice` builds it again."""
        return {"kind": self.kind, "shape": list(self.shape)}

    def __str__(self) -> str:
        return f"{self.kind} {'x'.join(map(str, self.shape))}"


def windows_at(lattice: Lattice, side: int, b: int = 1, before: int = 0) -> IntArray:
    """Sites of the window of `side` sites an axis at each block of side b, shape (N / b^d, side^d), in C order.

    before: how many sites before its block a window begins, along each axis.
    """
    steps = np.indices((side,) * lattice.dimension).reshape(lattice.dimension, -1).T - before
    places = lattice.coarse(b).coordinates[:, None] * b + steps
    sites: IntArray = np.ravel_multi_index(tuple(np.moveaxis(places, -1, 0)), lattice.shape, mode="wrap")
    return sites


def stored_lattice(name: str, settings: Any) -> Lattice:
    """The lattice of its `settings`, which are called by a name; raises ValueError or TypeError where they are none."""
    if not isinstance(settings, dict) or not {"kind", "shape"} <= settings.keys():
        raise ValueError(f"{name} must hold kind and shape; got {checks.shown(settings)}")
    return Lattice(settings["kind"], settings["shape"])
