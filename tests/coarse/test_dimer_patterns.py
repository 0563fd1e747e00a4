"""Readings of filters: exact patterns, what close-packed dimers hide, random filters against the beta distribution.

Tried on purpose: the sign of C_x running along y, stars left in, vertices and faces taken for bonds: each fails.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from blockspin.exact import dimers
from blockspin.experiments.dimers import patterns as read
from blockspin.lattice import Lattice
from blockspin.models.dimers import Dimers as Model
from blockspin.models.dimers import winding
from oracles.dimers import columnar_order


def test_patterns_read_what_they_are_called() -> None:
    """On a whole torus the staggered patterns give the windings, the columnar ones the order, of every covering."""
    model = Model(Lattice.square(4))
    states = dimers.coverings(model.vertices)
    dimers_on = (states > 0).astype(float)
    turns, order = winding(model, states), columnar_order(model, states)
    bonds = 16**0.5  # the norm of a pattern before it is set to 1, of 16 bonds
    for axis in "xy":
        staggered, columnar = (dimers_on @ read.pattern(f"{kind}_{axis}", 8) * bonds for kind in "EC")
        np.testing.assert_allclose(staggered, 4 * turns[:, "xy".index(axis)])  # one winding a row of vertices
        np.testing.assert_allclose(columnar, 8 * order[:, "xy".index(axis)])
    np.testing.assert_allclose(
        dimers_on @ read.pattern("P_1", 8) * 32**0.5, 8 * order.sum(axis=1), atol=1e-12
    )  # C_x + C_y


@pytest.mark.parametrize("b", [4, 8, 16])
def test_overlaps_of_exact_patterns(b: int) -> None:
    every = np.stack([read.pattern(name, b) for name in read.PATTERNS])
    np.testing.assert_allclose(read.readable(every), every, atol=1e-12)  # no star, nothing off the bonds
    for names in (read.STAGGERED, read.COLUMNAR, read.PLAQUETTE):
        mixed = np.array([[1.0, 0], [0, -1], [0.6, 0.8]]) @ np.stack([read.pattern(name, b) for name in names])
        np.testing.assert_allclose(read.overlap(-3 * mixed, names), 1)
        assert read.covered(mixed, names) == pytest.approx(1)
        assert read.covered(mixed[:1], names) == 0  # one filter for two patterns
    np.testing.assert_allclose(read.overlap(every[:2], read.COLUMNAR), 0, atol=1e-12)
    np.testing.assert_allclose(read.overlap(every[2:6], read.PLAQUETTE), 1)  # one plane, two names for it
    np.testing.assert_allclose(read.overlap(every[4:6], ["C_x"]), 0.5**0.5)
    assert not read.overlap(np.zeros((1, b * b)), ["E_x"]).any()
    # moved by a vertex along x: another block of a staggered pattern of the other sign
    moved = np.roll(every[0].reshape(b, b), 2, 0).ravel()
    np.testing.assert_allclose(moved, -every[0], atol=1e-12)


def test_what_dimers_hide_is_not_read() -> None:
    """Two filters that differ by stars and by fixed cells give every covering the same field, up to a constant."""
    rng = np.random.default_rng(1)
    vertices, b = Lattice.square(6), 8
    states = dimers.coverings(vertices)[::101].reshape(-1, 12, 12)[:, :b, :b].reshape(-1, b * b)
    assert np.linalg.matrix_rank(states - states.mean(axis=0)) == read.readable_dimensions(b)
    filters = rng.normal(size=(3, b * b))
    bare = read.readable(filters)
    difference = states @ (filters - bare).T
    np.testing.assert_allclose(difference, np.broadcast_to(difference[0], difference.shape), atol=1e-9)
    np.testing.assert_allclose(read.readable(bare), bare, atol=1e-12)
    assert read.covered(filters, ["E_x"]) == pytest.approx(read.covered(bare, ["E_x"]))


@pytest.mark.parametrize("names", [("E_x",), ("C_x", "C_y")])
def test_random_filters_have_the_overlap_of_chance(names: tuple[str, ...]) -> None:
    # 4000 filters: a distribution 3 % off would be seen
    filters = np.random.default_rng(2).normal(size=(4000, 256))
    found = read.overlap(filters, names)
    levels = np.linspace(0.01, 0.99, 99)
    expected = [read.chance(16, len(names), level) for level in levels]
    assert kstest(np.interp(found, [0, *expected, 1], [0, *levels, 1]), "uniform").pvalue > 1e-3
    assert 0.05 < read.chance(16, 1) < read.chance(16, 2) < 0.2
    assert read.chance(16, 2, 0.999) < 0.42


def test_noise_share() -> None:
    flat = np.ones((1, 256))
    weights = np.zeros((2, 16, 16))
    weights[0, ::2, ::2] = 1  # vertices
    weights[1, 1::2, 1::2] = weights[1, 1::2, ::2] = 1  # faces and bonds along x
    weights[1, 1::2, ::2] *= read.pattern("E_x", 16).reshape(16, 16)[1::2, ::2] * 8
    np.testing.assert_allclose(read.noise_share(weights.reshape(2, -1)), [1, 0.5])
    assert read.noise_share(flat)[0] > 0.5
    assert read.noise_share(np.zeros((1, 16)))[0] == 0


def test_errors_name_the_rule() -> None:
    with pytest.raises(ValueError, match="b must be even; got 5"):
        read.pattern("E_x", 5)
    with pytest.raises(ValueError, match="E_x, E_y"):
        read.pattern("E_z", 4)
    with pytest.raises(ValueError, match=r"\(k, b\^2\); got \(1, 10\)"):
        read.readable(np.ones(10))
