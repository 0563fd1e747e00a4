"""Rows of covariances as an objective: derivatives, what is one row exactly, and that the spread falls."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import blockspin as bs
from blockspin.coarse.features import features
from blockspin.models import KC_SQUARE
from blockspin.rg.learned.moments import Moments, kernel_means
from blockspin.rg.learned.one_row import Spread
from blockspin.rg.operators import named

NAMES = ("block", "ring 1", "ring 2")


def spins(lattice: bs.Lattice, n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (n, lattice.n_sites))


def spread(operators: list[str], weights: np.ndarray) -> Spread:
    lattice = bs.Lattice.square(8)
    rows = bs.to_matrix(bs.sample(bs.Ising(lattice, 0.4), len(weights), seed=1))  # with means away from 0
    known = features(NAMES, lattice, 2, rows)
    return Spread(Moments(named(lattice.coarse(2), operators), lattice.coarse(2), kernel_means, known, weights))


def test_derivatives_are_those_of_finite_differences() -> None:
    weights = np.random.default_rng(2).normal(1, 0.2, (60, 3))
    found, theta = spread(["nn", "nnn", "plaquette"], weights), np.array([0.5, 0.2, -0.1])
    slopes = found.jacobian(theta)
    for k, step in enumerate(np.eye(3) * 0.02):
        near, far = (found.residuals(theta + n * step) - found.residuals(theta - n * step) for n in (1, 2))
        assert np.allclose(slopes[:, k], (8 * near - far) / 0.24, atol=1e-3 * np.abs(slopes).max())


def test_multiples_of_one_weight_are_one_row() -> None:
    weight = np.random.default_rng(2).normal(1, 0.2, (60, 1))
    found = spread(["nn", "nnn", "plaquette"], weight * [1.0, 0.7, -2.0])
    assert np.allclose(found.residuals(np.array([0.5, 0.2, -0.1])), 0, atol=1e-5)


def test_the_spread_falls() -> None:
    lattice = bs.Lattice.square(16)
    samples = bs.sample(bs.Ising(lattice, KC_SQUARE), 20_000, seed=1)
    names = ["nn", "nnn", "third", "plaquette"]
    found = bs.rg.OneRow(lattice, features=NAMES, operators=names, n_rows=4000, random_state=1)
    found.fit(bs.to_matrix(samples))

    def measured(rule: object) -> bs.Estimate:
        (level,) = bs.rg.manifold(samples, rule, 1, functions=names)
        return level.spread

    before, after = measured(bs.Majority(lattice, 2, random_state=1)), measured(found)
    assert after.value < before.value - 3 * np.hypot(before.error, after.error)
    assert found.on(bs.Lattice.square(8)).chance(spins(bs.Lattice.square(8), 2, 1)).shape == (2, 16)


def test_refusals() -> None:
    lattice = bs.Lattice.square(8)
    for operators, why in ((["nn", "row"], "row"), (["nn", "00-40"], "00-40"), (["nn"], "operators"), (["mm"], "mm")):
        with pytest.raises(ValueError, match=why):
            bs.rg.OneRow(lattice, features=["block"], operators=operators).fit(spins(lattice, 40, 1))


def test_rows_without_covariances_are_refused() -> None:
    lattice = bs.Lattice.square(8)
    for rows in (np.ones((40, 64), np.int8), spins(lattice, 40, 1)[:, :1] * np.ones((1, 64), np.int8)):
        with pytest.raises(ValueError, match=r"X must .* nn, nnn, third, plaquette .* got covariances \[\[0.0"):
            bs.rg.OneRow(lattice, features=["block"], operators=["nn", "plaquette"]).fit(rows)


def test_least_squares_passes_by_a_rule_without_covariances() -> None:
    found = spread(["nn", "nnn"], np.random.default_rng(2).normal(1, 0.2, (60, 3)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not np.isfinite(found.residuals(np.zeros(3))).any()
