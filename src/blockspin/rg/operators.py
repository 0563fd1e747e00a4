"""Lattice operators: sums over a periodic lattice of products of spins, one for each shape of a few sites.

S(s) = sum over the images of the shape under the lattice's point group, and over all translations, of the product
of its spins. Images that are translations of each other count once, so "nn" is the sum over bonds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations, product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin.lattice import Lattice

FloatArray = NDArray[np.float64]
Site = tuple[int, ...]
Shape = tuple[Site, ...]

BYTES = 2**21  # of spins handled at once: small enough for the cache


@dataclass(frozen=True)
class Operator:
    """A named operator, given by the sites of one of its shapes, such as ``Operator("nn", ((0, 0), (1, 0)))``.

    Sites are integer positions in lattice spacings, 1 coordinate on a chain, 2 on the square lattice.
    Raises ValueError where a site comes twice, none comes, or the sites differ in dimension.
    """

    name: str
    sites: Shape

    def __post_init__(self) -> None:
        if not self.sites or len(set(self.sites)) != len(self.sites) or len({len(site) for site in self.sites}) != 1:
            raise ValueError(f"an operator needs distinct sites of one dimension; {self.name!r} has {self.sites}")

    @property
    def even(self) -> bool:
        """Whether the operator keeps its sign where all spins are turned over."""
        return len(self.sites) % 2 == 0

    @property
    def dimension(self) -> int:
        """Dimension of the lattice it lives on."""
        return len(self.sites[0])

    @cached_property
    def images(self) -> tuple[Shape, ...]:
        """The distinct images under the point group (d! 2^d rotations and reflections), up to translation."""
        found = set()
        for order in permutations(range(self.dimension)):
            for signs in product((1, -1), repeat=self.dimension):
                turned = sorted((np.array(self.sites)[:, order] * signs).tolist())
                found.add(tuple(map(tuple, (np.array(turned) - turned[0]).tolist())))
        return tuple(sorted(found))


def _table(**shapes: Shape) -> dict[str, Operator]:
    return {name: Operator(name, sites) for name, sites in shapes.items()}


SQUARE = _table(
    nn=((0, 0), (1, 0)),
    nnn=((0, 0), (1, 1)),
    third=((0, 0), (2, 0)),
    plaquette=((0, 0), (0, 1), (1, 0), (1, 1)),
    fourth=((0, 0), (2, 1)),
    fifth=((0, 0), (2, 2)),
    diamond=((0, 1), (1, 0), (1, 2), (2, 1)),
    magnetisation=((0, 0),),
    corner=((0, 0), (0, 1), (1, 0)),
    row=((0, 0), (1, 0), (2, 0)),
    diagonal=((0, 0), (1, 1), (2, 2)),
)
CHAIN = _table(
    nn=((0,), (1,)),
    nnn=((0,), (2,)),
    third=((0,), (3,)),
    magnetisation=((0,),),
    triple=((0,), (1,), (2,)),
)
TABLES = {"square": SQUARE, "chain": CHAIN}
EVEN = {"square": ("nn", "nnn", "third", "plaquette"), "chain": ("nn", "nnn", "third")}
ODD = {"square": ("magnetisation", "corner"), "chain": ("magnetisation", "triple")}


def named(lattice: Lattice, names: Sequence[str]) -> tuple[Operator, ...]:
    """The operators of these names on the kind of `lattice`; raises ValueError for an unknown name."""
    table = TABLES[lattice.kind]
    for name in names:
        if name not in table:
            raise ValueError(f"operators of a {lattice.kind} lattice are {', '.join(table)}; got {name!r}")
    return tuple(table[name] for name in names)


def evaluate(operators: Sequence[Operator], spins: ArrayLike) -> FloatArray:
    """Extensive values of the operators, shape (n, n_operators), on spins -1/+1 of shape (n, *sites).

    A shape that winds around a small torus counts as on a large one: "nn" has d N terms whatever the extents, as
    `Lattice.bonds`. Raises ValueError where the spins are not -1/+1 or their dimension is not the operators'.
    """
    values = np.asarray(spins)
    for operator in operators:
        if values.ndim != 1 + operator.dimension:
            raise ValueError(
                f"operator {operator.name!r} takes spins of shape (n, {', '.join('xyz'[: operator.dimension])}); "
                f"got {values.shape}"
            )
    n_sites = int(np.prod(values.shape[1:]))
    found = np.empty((len(values), len(operators)))
    rows = max(1, BYTES // n_sites)
    for start in range(0, len(values), rows):
        piece = values[start : start + rows]
        if not (np.abs(piece) == 1).all():
            raise ValueError(f"operators take spins -1 or +1; got values from {piece.min()} to {piece.max()}")
        for column, total in enumerate(_sums(operators, piece.astype(np.int8))):
            found[start : start + rows, column] = total
    return found


def _sums(operators: Sequence[Operator], spins: NDArray[np.int8]) -> Iterator[NDArray[np.int32]]:
    moved: dict[Site, NDArray[np.int8]] = {}
    axes = tuple(range(1, spins.ndim))

    def at(site: Site) -> NDArray[np.int8]:
        if site not in moved:
            moved[site] = np.roll(spins, [-step for step in site], axes) if any(site) else spins
        return moved[site]

    for operator in operators:
        density = np.zeros_like(spins)
        for image in operator.images:
            term = at(image[0]).copy()
            for site in image[1:]:
                term *= at(site)
            density += term
        yield density.reshape(len(spins), -1).sum(axis=1, dtype=np.int32)
