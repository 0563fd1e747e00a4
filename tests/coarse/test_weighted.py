"""Block rules with parameters: their limits are the plain ones, and loops over blocks in between."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from sklearn.base import clone

from blockspin.coarse.blocks import Decimation, Majority
from blockspin.coarse.weighted import Threshold, WeightedMajority
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from blockspin.rg.blocking import exponents
from blockspin.sampling.sample import sample
from blockspin.statistics import Estimate

CASES = [(Lattice.square(8), 2), (Lattice.square(6, 9), 3), (Lattice.chain(12), 4)]
IDS = [f"{lattice}, b = {b}" for lattice, b in CASES]


def spins(lattice: Lattice, n: int = 200) -> np.ndarray:
    return (2 * np.random.default_rng(1).integers(0, 2, (n, lattice.n_sites)) - 1).astype(np.int8)


@pytest.mark.parametrize(("lattice", "b"), CASES, ids=IDS)
def test_limits_are_majority_and_decimation(lattice: Lattice, b: int) -> None:
    X = spins(lattice)
    first, coins = Majority(lattice, b, "first"), Majority(lattice, b, random_state=3)
    kept = Decimation(lattice, b).fit_transform(X)
    size = b**lattice.dimension
    np.testing.assert_array_equal(Threshold(lattice, b).fit_transform(X), first.fit_transform(X))
    np.testing.assert_array_equal(Threshold(lattice, b, size + 1).fit_transform(X), kept)
    for rule in (Threshold(lattice, b, 0, "random", 3), WeightedMajority(lattice, b, random_state=3)):
        np.testing.assert_array_equal(rule.fit_transform(X), coins.fit_transform(X))
    heavy = np.ones(size)
    heavy[0] = size
    np.testing.assert_array_equal(WeightedMajority(lattice, b, heavy).fit_transform(X), kept)


@pytest.mark.parametrize(("lattice", "b"), CASES, ids=IDS)
def test_blocks_by_loops(lattice: Lattice, b: int) -> None:
    X = spins(lattice)
    blocks = X[:, lattice.blocks(b)].astype(int)
    weights = np.random.default_rng(2).integers(-2, 4, b**lattice.dimension)
    weights[0] = 2
    by_weight = [[np.sign(int(one @ weights)) or one[0] for one in row] for row in blocks]
    rule = WeightedMajority(lattice, b, weights, ties="first").fit(X)
    np.testing.assert_array_equal(rule.transform(X), by_weight)
    linear = X @ rule.fields_.T
    decided = np.abs(linear) > 1e-9
    np.testing.assert_array_equal(np.sign(linear)[decided], rule.transform(X)[decided])
    np.testing.assert_allclose(np.abs(rule.fields_).sum(axis=1), 1)
    for threshold in (1, 2, 3.5):
        wanted = [
            [np.sign(s) if s and abs(s) >= threshold else one[0] for one in row for s in [one.sum()]] for row in blocks
        ]
        np.testing.assert_array_equal(Threshold(lattice, b, threshold).fit_transform(X), wanted)


def test_turning_all_spins_over_turns_the_blocks() -> None:
    lattice = Lattice.square(8)
    X = spins(lattice)
    for rule in (
        Threshold(lattice, 2, 4, "random", 5),
        Threshold(lattice, 2, 3),
        WeightedMajority(lattice, 2, [3, 1, 1, 1], random_state=5),
    ):
        np.testing.assert_array_equal(rule.fit_transform(-X), -rule.fit_transform(X))
        assert rule.fit_transform(X).dtype == np.int8
        np.testing.assert_array_equal(clone(rule).fit_transform(X), rule.fit_transform(X))


def test_a_threshold_goes_from_majority_to_decimation_in_the_magnetic_exponent() -> None:
    # L = 32, b = 4, 4000 configurations: y_h goes from 1.88 to 2 (a spin taken out keeps its correlations whole)
    samples = sample(Ising(Lattice.square(32), KC_SQUARE), 4000, seed=5)
    y_h = [
        exponents(samples, lambda lattice, t=t: Threshold(lattice, 4, t, "first"), 1, ["nn", "magnetisation"])[0].y_h
        for t in (0, 10, 17)
    ]
    for low, high in pairwise(y_h):
        assert high.z(low) > 4.5
    assert abs(y_h[0].z(Estimate(1.88, 0.005))) < 4.5
    assert abs(y_h[2].z(Estimate(2, 0.005))) < 4.5


def test_what_does_not_fit_is_named() -> None:
    lattice = Lattice.square(8)
    X = spins(lattice, 4)
    for kind in (Threshold, WeightedMajority):
        with pytest.raises(ValueError, match=r"ties.*'up'"):
            kind(lattice, ties="up").fit(X)
        with pytest.raises(ValueError, match="must divide every extent"):
            kind(lattice, 3).fit(X)
    for threshold in (-1, np.nan):
        with pytest.raises(ValueError, match="threshold"):
            Threshold(lattice, 2, threshold).fit(X)
    for weights in ([1, 1, 1], [0, 0, 0, 0], [1, 1, 1, np.inf]):
        with pytest.raises(ValueError, match=r"weights.*4"):
            WeightedMajority(lattice, 2, weights).fit(X)
