"""Information by counting against exact values.

Tried on purpose: m / 2n for (m - 1) / 2n, the sign of the jackknife.
"""

from __future__ import annotations

import numpy as np
import pytest

from blockspin.exact import enumeration, surroundings
from blockspin.exact.information import block_states
from blockspin.lattice import Lattice
from blockspin.models import Ising
from oracles.plugin import plug_in


def ring(n: int, seed: int, draws: int) -> np.ndarray:
    """Independent draws of a ring of n spins, exactly."""
    model = Ising(Lattice.chain(n), 0.7)
    chance = enumeration.probabilities(model)
    return block_states(n)[np.random.default_rng(seed).choice(len(chance), draws, p=chance)]


def test_counting_agrees_with_the_exact_information_once_corrected() -> None:
    # 40 sets of 1000 draws: the mean is known to 1/6 of a set's error; the bias left in is 5 times that mean's error
    exact = surroundings.chain(Ising(Lattice.chain(8), 0.7), 2, 1).information()
    sets = [ring(8, seed, 1000) for seed in range(40)]
    of = {
        correction: [plug_in(X[:, 1:3], X[:, 4:], correction) for X in sets]
        for correction in ("none", "miller-madow", "jackknife")
    }
    mean = {name: np.mean([one.value for one in found]) for name, found in of.items()}
    spread = {name: np.std([one.value for one in found], ddof=1) for name, found in of.items()}
    for name in ("miller-madow", "jackknife"):
        assert abs(mean[name] - exact) < 4 * spread[name] / np.sqrt(40)
        assert np.mean([one.error for one in of[name]]) == pytest.approx(spread[name], rel=0.5)
    assert mean["none"] - exact > 5 * spread["none"] / np.sqrt(40)


def test_the_correction_is_that_of_the_formula() -> None:
    x = np.array([0] * 6 + [1] * 4)
    y = np.array([0] * 5 + [1] * 1 + [2] * 4)
    plain, corrected = plug_in(x, y, "none"), plug_in(x, y)
    assert plain.value == pytest.approx(-0.6 * np.log(0.6) - 0.4 * np.log(0.4), abs=1e-14)  # y tells x
    assert corrected.value - plain.value == pytest.approx((1 + 2 - 2) / (2 * 10), abs=1e-14)


def test_independent_sides_share_nothing() -> None:
    X = np.where(np.random.default_rng(1).random((5000, 6)) < 0.5, 1, -1)
    assert abs(plug_in(X[:, :2], X[:, 2:]).z(0)) < 4
    assert abs(plug_in(X[:, 0], X[:, 3], chains=10).z(0)) < 4
    assert plug_in(X[:, 0], X[:, 0]).value == pytest.approx(np.log(2), abs=1e-3)


def test_input_that_makes_no_sense_is_refused() -> None:
    X = np.ones((10, 2))
    with pytest.raises(ValueError, match="miller-madow, jackknife, none"):
        plug_in(X, X, "nsb")
    with pytest.raises(ValueError, match="10"):
        plug_in(X, X, chains=3)
    with pytest.raises(ValueError, match="10 and 9 rows"):
        plug_in(X, X[:-1])
