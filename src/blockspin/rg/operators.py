"""Lattice operators: sums over a periodic lattice of products of values, one for each shape of a few sites.

S(s) = sum over the images of the shape under the lattice's point group, and over all translations, of the product
of its values, each to the power of its site. Images that are translations of each other count once, so "nn" is the sum
over bonds. Powers above 1 say more of values of three letters or more: "nn^2" is the sum of s_i^2 s_j^2, "nn^12" that
of s_i s_j^2 + s_i^2 s_j.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin import checks, memory
from blockspin.arrays import FloatArray
from blockspin.lattice import DIMENSION, HYPERCUBIC, STEPS, VECTORS, Lattice

IntArray = NDArray[np.int64]
Site = tuple[int, ...]
Shape = tuple[Site, ...]

BYTES = 2**21  # of spins handled at once: small enough for the cache
WORDS: tuple[Any, ...] = (np.uint64, np.uint32, np.uint16, np.uint8)
SITES = re.compile(r"\d+(-\d+)*")
POWERS = re.compile(r"(?P<shape>[^^]+)\^(?P<powers>[1-9]+)")


@dataclass(frozen=True)
class Operator:
    """A named operator, given by the sites of one of its shapes, such as ``Operator("nn", ((0, 0), (1, 0)))``.

    Sites are integer positions in the lattice's coordinates, 1 on a chain, 2 on the square lattice; kind: of the
    lattice, whose point group makes the images, the hypercubic one of that dimension unless given; powers: one a site,
    all 1 unless given.
    Raises ValueError where a site comes twice, none comes, the sites differ in dimension, or from the kind in it, or
    powers are not one a site.
    """

    name: str
    sites: Shape
    kind: str = ""
    powers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.sites or len(set(self.sites)) != len(self.sites) or len({len(site) for site in self.sites}) != 1:
            raise ValueError(f"an operator needs distinct sites of one dimension; {self.name!r} has {self.sites}")
        if not self.kind:
            object.__setattr__(self, "kind", HYPERCUBIC[self.dimension])
        if DIMENSION[self.kind] != self.dimension:
            raise ValueError(
                f"sites on a {self.kind} lattice have {DIMENSION[self.kind]} coordinates; got {self.sites}"
            )
        if not self.powers:
            object.__setattr__(self, "powers", (1,) * len(self.sites))
        if len(self.powers) != len(self.sites):
            raise ValueError(f"powers of {self.name!r} must be one a site, {len(self.sites)}; got {self.powers}")

    @property
    def even(self) -> bool:
        """Whether the operator keeps its sign where all values change theirs: the sum of its powers is even."""
        return sum(self.powers) % 2 == 0

    def fits(self, lattice: Lattice) -> bool:
        """Whether no shape winds around the lattice and meets itself."""
        return all(len({tuple(np.mod(x, lattice.shape)) for x in image}) == len(image) for image in self.images)

    @property
    def dimension(self) -> int:
        """Dimension of the lattice it lives on."""
        return len(self.sites[0])

    @cached_property
    def images(self) -> tuple[Shape, ...]:
        """The distinct images under the point group, up to translation."""
        return tuple(shape for shape, _ in self.terms)

    @cached_property
    def terms(self) -> tuple[tuple[Shape, tuple[int, ...]], ...]:
        """The images, each with the powers of its sites; images that differ in powers alone are two."""
        found = set()
        for element in point_group(self.kind):
            turned = sorted(zip((np.array(self.sites) @ element).tolist(), self.powers, strict=True))
            shape = np.array([site for site, _ in turned])
            found.add((tuple(map(tuple, (shape - shape[0]).tolist())), tuple(power for _, power in turned)))
        return tuple(sorted(found))


@cache
def point_group(kind: str) -> tuple[IntArray, ...]:
    """The rotations and reflections that map the lattice onto itself, as matrices (d, d): a site x goes to x @ matrix.

    They send the lattice vectors to steps to neighbours and keep all lengths: 2 on the chain, 8 on the square, 12 on
    the triangular and 48 on the cubic lattice.
    """
    vectors = np.array(VECTORS[kind]) if kind in VECTORS else np.eye(DIMENSION[kind])
    metric = vectors @ vectors.T
    steps = [*STEPS[kind], *(tuple(-x for x in step) for step in STEPS[kind])]
    matrices = (np.array(rows, np.int64) for rows in product(steps, repeat=DIMENSION[kind]))
    return tuple(one for one in matrices if np.allclose(one @ metric @ one.T, metric))


def _table(kind: str, **shapes: Shape) -> dict[str, Operator]:
    return {name: Operator(name, sites, kind) for name, sites in shapes.items()}


SQUARE = _table(
    "square",
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
    "chain",
    nn=((0,), (1,)),
    nnn=((0,), (2,)),
    third=((0,), (3,)),
    magnetisation=((0,),),
    triple=((0,), (1,), (2,)),
)
# neighbours in the order of their distance, which is another one on each lattice
CUBIC = _table(
    "cubic",
    nn=((0, 0, 0), (1, 0, 0)),
    nnn=((0, 0, 0), (1, 1, 0)),
    third=((0, 0, 0), (1, 1, 1)),
    plaquette=((0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0)),
    fourth=((0, 0, 0), (2, 0, 0)),
    tetrahedron=((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)),
    magnetisation=((0, 0, 0),),
    corner=((0, 0, 0), (0, 1, 0), (1, 0, 0)),
    row=((0, 0, 0), (1, 0, 0), (2, 0, 0)),
)
TRIANGULAR = _table(
    "triangular",
    nn=((0, 0), (1, 0)),
    nnn=((0, 0), (2, 1)),
    third=((0, 0), (2, 0)),
    rhombus=((0, 0), (1, 0), (1, 1), (2, 1)),
    magnetisation=((0, 0),),
    triangle=((0, 0), (1, 0), (1, 1)),
    row=((0, 0), (1, 0), (2, 0)),
)
TABLES = {"square": SQUARE, "chain": CHAIN, "cubic": CUBIC, "triangular": TRIANGULAR}
EVEN = {
    "square": ("nn", "nnn", "third", "plaquette"),
    "chain": ("nn", "nnn", "third"),
    "cubic": ("nn", "nnn", "third", "plaquette"),
    "triangular": ("nn", "nnn", "third", "rhombus"),
}
ODD = {
    "square": ("magnetisation", "corner"),
    "chain": ("magnetisation", "triple"),
    "cubic": ("magnetisation", "corner"),
    "triangular": ("magnetisation", "triangle"),
}


def named(lattice: Lattice, names: Sequence[str]) -> tuple[Operator, ...]:
    """The operators of these names on the kind of `lattice`; raises ValueError for an unknown name.

    A name is one of the kind's table, or the sites of a shape, one digit a coordinate: "00-10-21" is
    ((0, 0), (1, 0), (2, 1)), as `orbits.orbits` names them. Powers follow a ^, one digit for all sites or one a site.
    """
    return tuple(_named(lattice, name) for name in checks.words("operators", names))


def _named(lattice: Lattice, name: str) -> Operator:
    if match := POWERS.fullmatch(name):
        plain, powers = _named(lattice, match["shape"]), tuple(map(int, match["powers"]))
        return Operator(name, plain.sites, plain.kind, powers * len(plain.sites) if len(powers) == 1 else powers)
    table = TABLES[lattice.kind]
    return table[name] if name in table else _by_sites(lattice, name)


def _by_sites(lattice: Lattice, name: str) -> Operator:
    sites = tuple(tuple(int(digit) for digit in site) for site in name.split("-")) if SITES.fullmatch(name) else ()
    if not sites or any(len(site) != lattice.dimension for site in sites) or len(set(sites)) != len(sites):
        raise ValueError(
            f"operators of a {lattice.kind} lattice are {', '.join(TABLES[lattice.kind])}, or the sites of a "
            f"shape such as {'-'.join(str(x) * lattice.dimension for x in (0, 2))!r}; got {name!r}"
        )
    return Operator(name, sites, lattice.kind)


def evaluate(operators: Sequence[Operator], spins: ArrayLike) -> FloatArray:
    """Extensive values of the operators, shape (n, n_operators), on spins -1/+1 of shape (n, *sites).

    Spins are packed eight to a byte: a product of spins is an exclusive or, a sum a count of bits.
    A shape that winds around a small torus counts as on a large one: "nn" has d N terms whatever the extents, as
    `Lattice.bonds`. Raises ValueError where the spins are not -1/+1, their dimension is not the operators', or a power
    is not 1.
    """
    values = np.asarray(spins)
    for operator in operators:
        if values.ndim != 1 + operator.dimension:
            raise ValueError(
                f"operator {operator.name!r} takes spins of shape (n, {', '.join('xyz'[: operator.dimension])}); "
                f"got {values.shape}"
            )
        if set(operator.powers) != {1}:
            raise ValueError(f"powers of spins -1/+1 are 1 or spins again; got operator {operator.name!r}")
    n_sites = int(np.prod(values.shape[1:]))
    found = np.empty((len(values), len(operators)))
    rows = max(1, BYTES // n_sites)
    for start in range(0, len(values), rows):
        piece = values[start : start + rows]
        if not (np.abs(piece) == 1).all():
            raise ValueError(f"operators take spins -1 or +1; got values from {piece.min()} to {piece.max()}")
        packed = _Packed(piece < 0)
        for column, operator in enumerate(operators):
            odd = packed.odd(operator.images)
            found[start : start + rows, column] = n_sites * len(operator.images) - 2 * odd
        memory.release(values)
    return found


def products(operators: Sequence[Operator], values: ArrayLike) -> FloatArray:
    """`evaluate` on values of any numbers, (n, *sites), each to the power of its site."""
    array = np.asarray(values)
    axes = tuple(range(1, array.ndim))
    found = np.empty((len(array), len(operators)))
    rows = max(1, BYTES // max(1, 4 * math.prod(array.shape[1:])))
    for start in range(0, len(array), rows):
        piece = array[start : start + rows].astype(np.int32)
        for column, operator in enumerate(operators):
            total = np.zeros(len(piece))
            for shape, powers in operator.terms:
                term = np.ones_like(piece)
                for site, power in zip(shape, powers, strict=True):
                    term *= np.roll(piece, [-x for x in site], axes) ** power
                total += term.sum(axis=axes, dtype=float)
            found[start : start + rows, column] = total
    return found


class _Packed:
    """Pictures of down spins (n, *sites), packed along the last axis, and their translations."""

    def __init__(self, down: NDArray[np.bool_]) -> None:
        self.down = down
        self.moved: dict[Site, NDArray[Any]] = {}
        row = -(-down.shape[-1] // 8)
        self.shape = (*down.shape[:-1], row)
        size = int(np.prod(self.shape[1:]))
        # a picture as few words as divide it
        self.word = next(word for word in WORDS if size % word().nbytes == 0)

    def odd(self, shapes: Sequence[Shape]) -> NDArray[np.int64]:
        """How many translations of the shapes hold an odd number of down spins, shape (n,)."""
        total = np.zeros((), np.int32)
        for shape in shapes:
            term = self.at(shape[0])
            for site in shape[1:]:
                term = term ^ self.at(site)
            words = term.reshape(len(term), -1).view(self.word)
            total = total + np.bitwise_count(words).astype(np.int32)
        return np.asarray(total.sum(axis=1, dtype=np.int64))

    def at(self, site: Site) -> NDArray[Any]:
        if site not in self.moved:
            *steps, last = site
            if any(steps):
                base = self.at((*(0 for _ in steps), last))
                self.moved[site] = np.roll(base, [-step for step in steps], tuple(range(1, base.ndim - 1)))
            else:
                self.moved[site] = self._pack(last)
        return self.moved[site]

    def _pack(self, step: int) -> NDArray[Any]:
        """The pictures moved along the last axis; the bits that fill a byte up are 0 and so never count."""
        extent = self.down.shape[-1]
        cut = step % extent
        word = next((one for one in WORDS if extent % (8 * one().nbytes) == 0), None)
        if word is not None:  # a row is whole words, and moving it shifts these
            if cut == 0:
                whole = np.packbits(self.down.reshape(-1), bitorder="little").view(word)
                return np.asarray(whole.reshape(*self.shape[:-1], -1))
            words, bits = divmod(cut, 8 * word().nbytes)
            base: NDArray[Any] = np.roll(self.at((0,) * (self.down.ndim - 1)), -words, -1)
            if bits == 0:
                return base
            return np.asarray(base >> word(bits) | np.roll(base, -1, -1) << word(8 * word().nbytes - bits))
        padded = np.zeros((*self.shape[:-1], 8 * self.shape[-1]), bool)
        padded[..., : extent - cut] = self.down[..., cut:]
        padded[..., extent - cut : extent] = self.down[..., :cut]
        return np.packbits(padded.reshape(-1)).reshape(self.shape)
