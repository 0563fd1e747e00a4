"""Operators made from the symmetry group: none twice, none missing, names that come back."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from blockspin.lattice import DIMENSION, Lattice
from blockspin.rg.mcrg import mcrg
from blockspin.rg.operators import SQUARE, evaluate, named
from blockspin.rg.orbits import orbits

SQUARE8 = Lattice.square(8)


def test_small_sets_written_out() -> None:
    assert [one.name for one in orbits(SQUARE8, 2, 2.83)] == ["magnetisation", "nn", "nnn", "third", "fourth", "fifth"]
    assert [one.name for one in orbits(SQUARE8, 4, 1.5)] == ["magnetisation", "nn", "nnn", "corner", "plaquette"]
    assert [one.name for one in orbits(Lattice.chain(8), 3, 2)] == ["magnetisation", "nn", "nnn", "triple"]
    assert set(SQUARE) <= {one.name for one in orbits(SQUARE8, 4, 2.83)}


@pytest.mark.parametrize(
    ("kind", "most", "reach"),
    [
        ("square", 3, 2.3),
        ("square", 4, 2),
        ("chain", 4, 4),
        ("triangular", 4, 2),
        ("triangular", 3, 2.7),
        ("cubic", 4, 1.5),
    ],
)
def test_every_shape_lies_in_one_orbit(kind: str, most: int, reach: float) -> None:
    # as sets of translations: the images of all operators are all shapes of the range, each once
    lattice = Lattice(kind, (8,) * DIMENSION[kind])
    images = [image for operator in orbits(lattice, most, reach) for image in operator.images]
    assert len(images) == len(set(images))
    ball = [np.array(site) for site in product(range(-4, 5), repeat=lattice.dimension)]
    inside = [tuple(map(int, site)) for site in ball if lattice.length(site) <= reach + 1e-9]
    wanted = set()
    for n in range(most):
        for others in combinations([site for site in inside if any(site)], n):
            shape = [(0,) * lattice.dimension, *others]
            if all(lattice.length(np.subtract(a, b)) <= reach + 1e-9 for a, b in combinations(shape, 2)):
                array = np.array(sorted(shape))
                wanted.add(tuple(map(tuple, (array - array[0]).tolist())))
    assert set(images) == wanted


def test_the_counts_of_orbits_are_burnsides() -> None:
    # a second way to the number of orbits of pairs: distinct distances x >= y >= 0 in reach
    pairs = [one for one in orbits(SQUARE8, 2, 5) if one.even]
    assert len(pairs) == sum(x * x + y * y <= 25 for x in range(1, 6) for y in range(x + 1))


def test_on_the_triangular_and_cubic_lattices() -> None:
    # pairs of the triangular lattice up to distance 2, and its triangles; of the cubic one a distance each
    triangular = [one.name for one in orbits(Lattice.triangular(8), 2, 3)]
    assert triangular == ["magnetisation", "nn", "nnn", "third", "00-13", "00-03"]
    assert [one.name for one in orbits(Lattice.triangular(8), 3, 1)] == ["magnetisation", "nn", "triangle"]
    pairs = [one.name for one in orbits(Lattice.cubic(8), 2, 2)]
    assert pairs == ["magnetisation", "nn", "nnn", "third", "fourth"]
    for lattice in (Lattice.triangular(8), Lattice.cubic(8)):
        both = orbits(lattice, 4, 1.5)
        assert tuple(named(lattice, [one.name for one in both])) == both
    with pytest.raises(ValueError, match="reach"):
        orbits(Lattice.triangular(8), 2, 9)


def test_sectors_and_names() -> None:
    both = orbits(SQUARE8, 4, 2)
    assert {one.even for one in both} == {True, False}
    assert all(one.even == (len(one.sites) % 2 == 0) for one in both)
    assert tuple(named(SQUARE8, [one.name for one in both])) == both
    spins = (2 * np.random.default_rng(1).integers(0, 2, (5, 6, 6)) - 1).astype(np.int8)
    (same,) = named(SQUARE8, ["00-21"])
    np.testing.assert_array_equal(evaluate([same], spins), evaluate([SQUARE["fourth"]], spins))


def test_generated_names_serve_as_operators() -> None:
    spins = (2 * np.random.default_rng(1).integers(0, 2, (20, 50, 8, 8)) - 1).astype(np.int8)
    blocks = np.ascontiguousarray(spins[:, :, ::2, ::2])
    (found,) = mcrg([spins, blocks], 2, lattice=SQUARE8, even=["nn", "00-01-11-21"], odd=["00-01-12"])
    assert found.even == ("nn", "00-01-11-21")


def test_what_does_not_fit_is_named() -> None:
    for most, reach in ((0, 2), (2, -1), (2, 10)):
        with pytest.raises(ValueError, match="most" if most < 1 else "reach"):
            orbits(SQUARE8, most, reach)
    for bad in ("0-2", "00-00", "00-1", "", "00-", "up"):
        with pytest.raises(ValueError, match=rf"'00-22'.*'{bad}'"):
            named(SQUARE8, [bad])
