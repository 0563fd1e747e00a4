"""Operators: against loops over the sites and shapes written out by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from blockspin.lattice import Lattice
from blockspin.models import Ising
from blockspin.rg.operators import CHAIN, EVEN, ODD, SQUARE, TABLES, Operator, evaluate, named, point_group

# every image of every shape, up to translation, written out
BY_HAND = {
    "square": {
        "nn": [[(0, 0), (1, 0)], [(0, 0), (0, 1)]],
        "nnn": [[(0, 0), (1, 1)], [(0, 0), (1, -1)]],
        "third": [[(0, 0), (2, 0)], [(0, 0), (0, 2)]],
        "fourth": [[(0, 0), (2, 1)], [(0, 0), (2, -1)], [(0, 0), (1, 2)], [(0, 0), (-1, 2)]],
        "fifth": [[(0, 0), (2, 2)], [(0, 0), (2, -2)]],
        "plaquette": [[(0, 0), (0, 1), (1, 0), (1, 1)]],
        "diamond": [[(-1, 0), (1, 0), (0, -1), (0, 1)]],
        "magnetisation": [[(0, 0)]],
        "corner": [[(0, 0), (x, 0), (0, y)] for x, y in product((1, -1), repeat=2)],
        "row": [[(-1, 0), (0, 0), (1, 0)], [(0, -1), (0, 0), (0, 1)]],
        "diagonal": [[(-1, -1), (0, 0), (1, 1)], [(-1, 1), (0, 0), (1, -1)]],
    },
    "chain": {
        "nn": [[(0,), (1,)]],
        "nnn": [[(0,), (2,)]],
        "third": [[(0,), (3,)]],
        "magnetisation": [[(0,)]],
        "triple": [[(-1,), (0,), (1,)]],
    },
    "cubic": {
        "nn": [[(0, 0, 0), (1, 0, 0)], [(0, 0, 0), (0, 1, 0)], [(0, 0, 0), (0, 0, 1)]],
        "nnn": [[(0, 0, 0), one] for one in [(1, 1, 0), (1, -1, 0), (1, 0, 1), (1, 0, -1), (0, 1, 1), (0, 1, -1)]],
        "third": [[(0, 0, 0), (1, y, z)] for y, z in product((1, -1), repeat=2)],
        "fourth": [[(0, 0, 0), (2, 0, 0)], [(0, 0, 0), (0, 2, 0)], [(0, 0, 0), (0, 0, 2)]],
        "plaquette": [
            [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)],
            [(0, 0, 0), (1, 0, 0), (0, 0, 1), (1, 0, 1)],
            [(0, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1)],
        ],
        "tetrahedron": [
            [(0, 0, 0), (1, 1, 0), (1, 0, 1), (0, 1, 1)],
            [(1, 1, 1), (0, 0, 1), (0, 1, 0), (1, 0, 0)],
        ],
        "magnetisation": [[(0, 0, 0)]],
        "corner": [
            [(0, 0, 0), one, two]
            for x, y in product((1, -1), repeat=2)
            for one, two in [((x, 0, 0), (0, y, 0)), ((x, 0, 0), (0, 0, y)), ((0, x, 0), (0, 0, y))]
        ],
        "row": [[(-x, -y, -z), (0, 0, 0), (x, y, z)] for x, y, z in [(1, 0, 0), (0, 1, 0), (0, 0, 1)]],
    },
    "triangular": {
        "nn": [[(0, 0), (1, 0)], [(0, 0), (0, 1)], [(0, 0), (1, 1)]],
        "nnn": [[(0, 0), (2, 1)], [(0, 0), (1, 2)], [(0, 0), (-1, 1)]],
        "third": [[(0, 0), (2, 0)], [(0, 0), (0, 2)], [(0, 0), (2, 2)]],
        # two triangles with one side in common, of each direction
        "rhombus": [
            [(0, 0), (1, 0), (1, 1), (2, 1)],
            [(0, 0), (0, 1), (1, 1), (1, 2)],
            [(0, 0), (1, 1), (1, 0), (0, 1)],
        ],
        "magnetisation": [[(0, 0)]],
        "triangle": [[(0, 0), (1, 0), (1, 1)], [(0, 0), (0, 1), (1, 1)]],
        "row": [[(-1, 0), (0, 0), (1, 0)], [(0, -1), (0, 0), (0, 1)], [(-1, -1), (0, 0), (1, 1)]],
    },
}
LATTICES = [Lattice.square(4), Lattice.square(4, 6), Lattice.square(5, 3), Lattice.chain(7), Lattice.chain(2)]
LATTICES += [Lattice.square(2, 4)]  # shapes wind around
LATTICES += [Lattice.square(3, 8), Lattice.square(2, 20), Lattice.chain(16), Lattice.chain(65)]  # words and odd bits
LATTICES += [Lattice.chain(32), Lattice.chain(64), Lattice.chain(128), Lattice.chain(24)]  # a row is one word or more
LATTICES += [Lattice.cubic(2, 3, 4), Lattice.cubic(4), Lattice.triangular(3), Lattice.triangular(5, 4)]


def spins(lattice: Lattice, n: int, seed: int = 1) -> np.ndarray:
    return (2 * np.random.default_rng(seed).integers(0, 2, (n, *lattice.shape)) - 1).astype(np.int8)


def by_hand(lattice: Lattice, name: str, picture: np.ndarray) -> int:
    total = 0
    for origin in product(*map(range, lattice.shape)):
        for shape in BY_HAND[lattice.kind][name]:
            term = 1
            for site in shape:
                term *= int(picture[tuple((o + s) % L for o, s, L in zip(origin, site, lattice.shape, strict=True))])
            total += term
    return total


@pytest.mark.parametrize("lattice", LATTICES, ids=str)
def test_every_operator_is_the_sum_written_out(lattice: Lattice) -> None:
    table = TABLES[lattice.kind]
    assert set(table) == set(BY_HAND[lattice.kind])
    pictures = spins(lattice, 8)
    found = evaluate(tuple(table.values()), pictures)
    expected = [[by_hand(lattice, name, picture) for name in table] for picture in pictures]
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


def test_terms_a_site() -> None:
    terms = {name: len(operator.images) for name, operator in SQUARE.items()}
    assert terms == {
        "nn": 2, "nnn": 2, "third": 2, "plaquette": 1, "fourth": 4, "fifth": 2, "diamond": 1,
        "magnetisation": 1, "corner": 4, "row": 2, "diagonal": 2,
    }  # fmt: skip
    assert {name: len(operator.images) for name, operator in CHAIN.items()} == dict.fromkeys(CHAIN, 1)
    up = np.ones((1, 12, 10), np.int8)
    np.testing.assert_array_equal(evaluate(tuple(SQUARE.values()), up)[0], [120 * terms[name] for name in SQUARE])


@pytest.mark.parametrize(
    "lattice", [Lattice.square(6), Lattice.square(4, 10), Lattice.chain(9), Lattice.cubic(4, 5, 3)], ids=str
)
def test_parity_translations_rotations_and_reflections(lattice: Lattice) -> None:
    operators = tuple(TABLES[lattice.kind].values())
    pictures = spins(lattice, 20)
    values = evaluate(operators, pictures)
    sign = np.array([1 if operator.even else -1 for operator in operators])
    np.testing.assert_array_equal(evaluate(operators, -pictures), sign * values)
    for axis in range(1, pictures.ndim):
        np.testing.assert_array_equal(evaluate(operators, np.roll(pictures, 3, axis)), values)
        np.testing.assert_array_equal(evaluate(operators, np.flip(pictures, axis)), values)
    if lattice.dimension == 2:
        np.testing.assert_array_equal(evaluate(operators, np.rot90(pictures, axes=(1, 2))), values)


def test_rotations_and_reflections_of_the_triangular_lattice() -> None:
    # by 60 degrees, a1 = (1, 0) to a1 + a2 = (1, 1) and a2 = (0, 1) to -a1; reflected, (x, y) to (y, x).
    # The hypercubic group in its place fails here: x to -x alone is none of them
    lattice = Lattice.triangular(6)
    operators = tuple(TABLES["triangular"].values())
    pictures = spins(lattice, 20)
    values = evaluate(operators, pictures)
    x, y = np.indices(lattice.shape)
    turned = np.empty_like(pictures)
    turned[:, (x - y) % 6, x] = pictures
    np.testing.assert_array_equal(evaluate(operators, turned), values)
    np.testing.assert_array_equal(evaluate(operators, pictures.swapaxes(1, 2)), values)
    assert (evaluate(operators, np.flip(pictures, 1)) != values).any()
    sign = np.array([1 if operator.even else -1 for operator in operators])
    np.testing.assert_array_equal(evaluate(operators, -pictures), sign * values)


@pytest.mark.parametrize(("kind", "order"), [("chain", 2), ("square", 8), ("triangular", 12), ("cubic", 48)])
def test_point_groups(kind: str, order: int) -> None:
    elements = point_group(kind)
    assert len(elements) == order
    as_tuples = {tuple(one.ravel().tolist()) for one in elements}
    assert len(as_tuples) == order
    assert {tuple((one @ two).ravel().tolist()) for one in elements for two in elements} == as_tuples
    lattice = Lattice(kind, (5,) * elements[0].shape[0])
    sites = np.random.default_rng(1).integers(-3, 4, (20, lattice.dimension))
    for one in elements:
        np.testing.assert_allclose(lattice.length(sites @ one), lattice.length(sites))


def test_the_nearest_neighbour_operator_is_the_models_energy() -> None:
    for lattice in (Lattice.square(2, 6), Lattice.chain(5), Lattice.cubic(2, 3, 4), Lattice.triangular(3, 4)):
        pictures = spins(lattice, 10)
        found = evaluate(named(lattice, ("nn", "magnetisation")), pictures)
        np.testing.assert_allclose(found @ [-0.7, -0.2], Ising(lattice, K=0.7, h=0.2).energy(pictures))


def test_many_rows_are_taken_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    lattice = Lattice.square(8)
    operators = named(lattice, EVEN["square"] + ODD["square"])
    pictures = spins(lattice, 101)
    whole = evaluate(operators, pictures)
    monkeypatch.setattr("blockspin.rg.operators.BYTES", 10 * 64)
    np.testing.assert_array_equal(evaluate(operators, pictures), whole)


def test_defaults_are_four_even_and_two_odd_on_the_square_lattice() -> None:
    assert (len(EVEN["square"]), len(ODD["square"])) == (4, 2)
    kinds = {"square": Lattice.square(4), "chain": Lattice.chain(4), "cubic": Lattice.cubic(4)}
    kinds["triangular"] = Lattice.triangular(4)
    assert set(kinds) == set(TABLES) == set(EVEN) == set(ODD)
    for kind, lattice in kinds.items():
        assert all(operator.even for operator in named(lattice, EVEN[kind]))
        assert not any(operator.even for operator in named(lattice, ODD[kind]))


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(ValueError, match=r"chain.*'plaquette'"):
        named(Lattice.chain(4), ["plaquette"])
    with pytest.raises(ValueError, match=r"'nn'.*\(n.*y\).*\(3, 16\)"):
        evaluate([SQUARE["nn"]], np.ones((3, 16), np.int8))
    with pytest.raises(ValueError, match=r"-1.*\+1"):
        evaluate([SQUARE["nn"]], np.zeros((3, 4, 4), np.int8))
    for sites in ((), ((0, 0), (0, 0)), ((0, 0), (1,))):
        with pytest.raises(ValueError, match="sites"):
            Operator("bad", sites)
    with pytest.raises(ValueError, match=r"cubic.*3"):
        Operator("bad", ((0, 0),), "cubic")
