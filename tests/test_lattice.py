"""Lattices: every bond once, blocks that tile, shortest vectors on the torus."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockspin.lattice import Lattice

HYPERCUBIC = [
    Lattice.square(4),
    Lattice.square(3, 5),
    Lattice.square(2, 6),
    Lattice.square(2),
    Lattice.chain(7),
    Lattice.cubic(3, 4, 2),
]
TRIANGULAR = [Lattice.triangular(4), Lattice.triangular(3, 5), Lattice.triangular(6, 3)]


@pytest.mark.parametrize("lattice", HYPERCUBIC, ids=str)
def test_every_bond_once_between_nearest_neighbours(lattice: Lattice) -> None:
    bonds = lattice.bonds
    assert bonds.shape == (lattice.dimension * lattice.n_sites, 2)
    start, end = lattice.coordinates[bonds[:, 0]], lattice.coordinates[bonds[:, 1]]
    np.testing.assert_array_equal(lattice.distance(start, end), 1.0)
    np.testing.assert_array_equal(np.bincount(bonds.ravel()), 2 * lattice.dimension)
    # written out by hand: one a site and axis, so two join the same pair only where an extent is 2
    by_hand = []
    for site in itertools.product(*map(range, lattice.shape)):
        for axis in range(lattice.dimension):
            other = tuple((x + (a == axis)) % lattice.shape[a] for a, x in enumerate(site))
            by_hand.append(tuple(sorted(int(np.ravel_multi_index(s, lattice.shape)) for s in (site, other))))
    assert sorted(tuple(sorted(pair)) for pair in bonds.tolist()) == sorted(by_hand)


@pytest.mark.parametrize("lattice", HYPERCUBIC, ids=str)
def test_neighbours_are_the_sites_one_step_along_each_axis(lattice: Lattice) -> None:
    steps = [sign * axis for axis in np.eye(lattice.dimension, dtype=int) for sign in (1, -1)]
    for column, step in zip(lattice.neighbours.T, steps, strict=True):
        expected = (lattice.coordinates + step) % lattice.shape
        np.testing.assert_array_equal(lattice.coordinates[column], expected)


@pytest.mark.parametrize("lattice", TRIANGULAR, ids=str)
def test_the_triangular_lattice_has_six_neighbours_at_distance_one(lattice: Lattice) -> None:
    assert lattice.coordination == 6
    distance = lattice.distance(lattice.coordinates[:, None], lattice.coordinates[None])
    bonds = lattice.bonds
    assert len(bonds) == 3 * lattice.n_sites
    np.testing.assert_allclose(distance[bonds[:, 0], bonds[:, 1]], 1)
    if min(lattice.shape) > 2:
        near = np.isclose(distance, 1)
        assert set(map(tuple, np.argwhere(near))) == {tuple(pair) for bond in bonds for pair in (bond, bond[::-1])}
        for site, row in enumerate(lattice.neighbours):
            assert set(row) == set(np.flatnonzero(near[site]))
    # three mutual neighbours: a triangle, which no two colours can paint
    triangles = near_pairs(bonds) & {(a, c) for a, b in near_pairs(bonds) for b_, c in near_pairs(bonds) if b == b_}
    assert triangles
    with pytest.raises(ValueError, match="lattice without triangles; got triangular"):
        _ = lattice.colours


def near_pairs(bonds: np.ndarray) -> set[tuple[int, int]]:
    return {pair for a, b in bonds.tolist() for pair in ((a, b), (b, a))}


def test_the_shortest_vector_on_a_rhombus_is_found_among_all_images() -> None:
    lattice = Lattice.triangular(5, 8)
    vectors = np.array([[1, 0], [-0.5, 0.75**0.5]])
    images = np.array(list(itertools.product(range(-3, 4), repeat=2))) * lattice.shape
    for end in lattice.coordinates:
        by_hand = np.linalg.norm((end + images) @ vectors, axis=1).min()
        assert lattice.distance([0, 0], end) == pytest.approx(by_hand, abs=1e-12)


@pytest.mark.parametrize("shape", [(20, 4), (4, 30), (12, 8), (31, 2)])
def test_long_rhombi_lean_over_several_periods(shape: tuple[int, int]) -> None:
    lattice = Lattice.triangular(*shape)
    sites = lattice.coordinates.astype(float)
    images = np.array([(i, j) for i in range(-25, 26) for j in range(-25, 26)]) * np.array(shape)
    shortest = lattice.length(sites[:, None] + images).min(axis=1)
    np.testing.assert_allclose(lattice.distance(np.zeros(2), sites), shortest, atol=1e-12)


def test_sites_are_numbered_as_the_picture_is_laid_out() -> None:
    lattice = Lattice.square(3, 4)
    picture = np.arange(12).reshape(lattice.shape)
    assert all(picture[tuple(place)] == site for site, place in enumerate(lattice.coordinates))
    assert (lattice.dimension, lattice.n_sites, lattice.axes, str(lattice)) == (2, 12, ("x", "y"), "square 3x4")
    assert Lattice.chain(5).axes == ("x",)


def test_no_bond_joins_two_sites_of_one_colour() -> None:
    for lattice in (Lattice.square(4, 6), Lattice.chain(8), Lattice.cubic(2, 4, 6)):
        colours = lattice.colours[lattice.bonds]
        assert (colours[:, 0] != colours[:, 1]).all()
        assert lattice.colours.sum() == lattice.n_sites / 2
    with pytest.raises(ValueError, match=r"colours.*\(3, 4\)"):
        _ = Lattice.square(3, 4).colours


@pytest.mark.parametrize(
    ("lattice", "b"),
    [(Lattice.square(6), 3), (Lattice.square(4, 8), 2), (Lattice.chain(12), 3), (Lattice.cubic(4, 6, 8), 2)],
)
def test_blocks_are_compact_and_cover_each_site_once(lattice: Lattice, b: int) -> None:
    blocks, coarse = lattice.blocks(b), lattice.coarse(b)
    assert sorted(blocks.ravel()) == list(range(lattice.n_sites))
    for place, sites in zip(coarse.coordinates, blocks, strict=True):
        corner = lattice.coordinates[sites] - b * place
        assert sorted(map(tuple, corner)) == list(itertools.product(range(b), repeat=lattice.dimension))


@settings(max_examples=50)
@given(
    shape=st.tuples(st.integers(2, 7), st.integers(2, 7)),
    start=st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
    end=st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
)
def test_displacement_is_the_shortest_of_all_images(
    shape: tuple[int, int], start: tuple[float, float], end: tuple[float, float]
) -> None:
    lattice = Lattice("square", shape)
    extent = np.array(shape)
    step = lattice.displacement(start, end)
    assert (step >= -extent / 2).all()
    assert (step <= extent / 2).all()
    lands = np.asarray(start) + step - np.asarray(end)
    np.testing.assert_allclose(lands / extent, np.round(lands / extent), atol=1e-9)
    images = [np.subtract(end, start) + extent * np.array(n) for n in itertools.product(range(-25, 26), repeat=2)]
    assert lattice.distance(start, end) == pytest.approx(np.linalg.norm(images, axis=1).min(), abs=1e-9)


def test_half_the_lattice_away_is_taken_as_negative() -> None:
    np.testing.assert_array_equal(Lattice.square(4, 6).displacement([0, 0], [2, 3]), [-2, -3])
    assert Lattice.square(4, 6).distance([[0, 0], [3, 5]], [[0, 0], [0, 0]]).tolist() == [0, pytest.approx(2**0.5)]


def test_shells_hold_all_sites_at_their_distance() -> None:
    counts = {"chain": (2, 2, 2), "square": (4, 4, 4, 8, 4), "triangular": (6, 6, 6, 12), "cubic": (6, 12, 8, 6, 24)}
    for kind, sizes in counts.items():
        lattice = Lattice(kind, (12,) * {"chain": 1, "cubic": 3}.get(kind, 2))
        before = 0.0
        for n, size in enumerate(sizes, start=1):
            steps = np.array(lattice.shell(n))
            (length,) = np.unique(np.round(lattice.length(steps), 9))
            assert length > before
            assert len({tuple(step) for step in (*steps.tolist(), *(-steps).tolist())}) == size
            before = length
        assert lattice.shell(1) == lattice.steps
        sites = lattice.moved(lattice.shell(2)[0])
        np.testing.assert_array_equal(lattice.coordinates[sites], (lattice.coordinates + lattice.shell(2)[0]) % 12)
    with pytest.raises(ValueError, match="too small"):
        Lattice.square(2).shell(3)


def test_what_is_no_lattice_is_refused() -> None:
    with pytest.raises(ValueError, match="'kagome'"):
        Lattice("kagome", (4, 4))
    with pytest.raises(ValueError, match=r"square.*extent\(s\).*\(4,\)"):
        Lattice("square", (4,))
    for shape in ((4, 1), (4, 4.0), (-2, 4), (True, 4)):
        with pytest.raises(ValueError, match="shape"):
            Lattice("square", shape)  # type: ignore[arg-type]
    for b in (0, 3, 4, 8):
        with pytest.raises(ValueError, match=rf"block.*{b}"):
            Lattice.square(4, 8).coarse(b)


def test_equal_lattices_are_one_key() -> None:
    assert Lattice("square", (np.int64(4), 4)) == Lattice.square(4)  # type: ignore[arg-type]
    assert {Lattice.square(4): 1}[Lattice.square(4, 4)] == 1
    assert Lattice.square(4, 6) != Lattice.square(6, 4)
