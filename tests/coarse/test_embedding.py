"""Embedding: block fields go back to their grid, scattered ones are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockspin.coarse.embedding import alive, centres, coarse_lattice, embed, radius_of_gyration
from blockspin.coarse.matching import random_residual
from blockspin.lattice import Lattice


def block_fields(lattice: Lattice, b: int) -> np.ndarray:
    fields = np.zeros((lattice.n_sites // b**lattice.dimension, lattice.n_sites))
    for row, sites in zip(fields, lattice.blocks(b), strict=True):
        row[sites] = 1.0
    return fields


@pytest.mark.parametrize(
    ("lattice", "b"), [(Lattice.square(12), 2), (Lattice.square(12, 18), 3), (Lattice.chain(24), 3)]
)
def test_shuffled_moved_and_turned_blocks_are_put_back(lattice: Lattice, b: int) -> None:
    random = np.random.default_rng(1)
    fields = block_fields(lattice, b)
    order = random.permutation(len(fields))
    sign = random.choice([-1.0, 1.0], len(fields))
    moved = np.roll(fields.reshape(-1, *lattice.shape), 1, axis=1).reshape(len(fields), -1)
    embedding = embed(moved[order] * sign[order, None], lattice)
    assert embedding is not None
    assert embedding.defined
    assert embedding.b == pytest.approx(b)
    assert embedding.residual == pytest.approx(0, abs=1e-6)
    np.testing.assert_array_equal(embedding.sign, sign[order])
    # the placed units are the blocks of a translated lattice: neighbours stay neighbours
    placed = embedding.place((np.arange(len(fields)) + 1.0)[order][None, :] * sign[order])[0]
    expected = (np.arange(len(fields)) + 1.0).reshape(lattice.coarse(b).shape)
    rolls = [np.roll(expected, shift, range(lattice.dimension)) for shift in np.ndindex(*expected.shape)]
    assert any(np.array_equal(placed, rolled) for rolled in rolls)


def test_fields_over_the_whole_lattice_are_not_defined() -> None:
    # flake rate: the rule refuses below 3 standard deviations of random placement; about 1 in 700 seeds would pass
    lattice = Lattice.square(16)
    for seed in range(5):
        embedding = embed(np.random.default_rng(seed).normal(size=(64, 256)), lattice)
        assert embedding is not None
        assert not embedding.defined


def test_single_sites_at_random_are_not_a_grid() -> None:
    lattice = Lattice.square(16)
    for seed in range(5):
        sites = np.random.default_rng(seed).integers(0, 256, 64)
        embedding = embed(np.eye(256)[sites], lattice)
        assert embedding is not None
        assert not embedding.defined


def test_a_jittered_grid_is_better_than_random_and_worse_than_a_grid() -> None:
    lattice = Lattice.square(24)
    fields = block_fields(lattice, 2).reshape(-1, 24, 24)
    random = np.random.default_rng(3)
    jittered = np.stack([np.roll(field, random.integers(-1, 2, 2), (0, 1)) for field in fields])
    embedding = embed(jittered.reshape(len(fields), -1), lattice)
    assert embedding is not None
    assert embedding.defined
    assert 0.3 < embedding.residual < embedding.poisson


def test_the_number_of_units_must_fill_a_lattice() -> None:
    assert coarse_lattice(Lattice.square(40), 400) == Lattice.square(20)
    assert coarse_lattice(Lattice.square(8, 12), 24) == Lattice.square(4, 6)
    assert coarse_lattice(Lattice.square(40), 399) is None
    assert coarse_lattice(Lattice.square(40), 2) is None
    assert coarse_lattice(Lattice.square(40), 6400) is None  # finer
    assert embed(np.ones((399, 1600)), Lattice.square(40)) is None


def test_dead_units_are_named_and_take_what_is_left() -> None:
    lattice = Lattice.square(8)
    fields = block_fields(lattice, 2)
    fields[3] = 0
    assert alive(fields).sum() == 15
    embedding = embed(fields, lattice)
    assert embedding is not None
    assert sorted(embedding.site) == list(range(16))
    assert embedding.residual == pytest.approx(0, abs=1e-6)
    assert embed(np.zeros_like(fields), lattice) is None


@settings(max_examples=25)
@given(shift=st.tuples(st.integers(-9, 9), st.integers(-9, 9)), scale=st.floats(0.01, 100), width=st.floats(0.5, 2.0))
def test_centres_and_radius_follow_translations_and_not_the_scale(
    shift: tuple[int, int], scale: float, width: float
) -> None:
    lattice = Lattice.square(16, 20)
    squared = lattice.distance(np.array([5.0, 7.0]), lattice.coordinates) ** 2
    field = np.exp(-squared / (4 * width**2)).reshape(lattice.shape)
    moved = scale * np.roll(field, shift, (0, 1)).reshape(1, -1)
    expected = (np.array([5.0, 7.0]) + shift) % lattice.shape
    assert lattice.distance(centres(moved, lattice), expected)[0] < 1e-6
    # w^2 is a Gaussian of standard deviation `width` an axis
    if width >= 1:
        assert radius_of_gyration(moved, lattice)[0] == pytest.approx(np.sqrt(2) * width, rel=0.02)


def test_random_placement_does_not_depend_on_what_was_asked_before() -> None:
    first = random_residual(Lattice.square(12), Lattice.square(6), 36)
    random_residual.cache_clear()
    assert random_residual(Lattice.square(12), Lattice.square(6), 36) == first
