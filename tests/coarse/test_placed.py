"""A learned map as a block rule: the majority rule hidden in a map's units comes back."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import blockspin as bs
from blockspin.coarse.blocks import Majority
from blockspin.coarse.placed import Placed
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from blockspin.rg.blocking import block
from blockspin.samples import to_matrix
from blockspin.sampling.sample import sample


class Hidden:
    """Majority on blocks of odd size with its units in any order and some of them counting backwards."""

    def __init__(self, lattice: Lattice, b: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        fields = Majority(lattice, b).fields_
        self.fields_ = fields[random.permutation(len(fields))] * random.choice([-1, 1], (len(fields), 1))

    def transform(self, X: np.ndarray) -> np.ndarray:
        return np.sign(X @ self.fields_.T).astype(np.int8)


class Means(Hidden):
    """The same as the means of noisy units."""

    outputs_ = "means"

    def transform(self, X: np.ndarray) -> np.ndarray:
        return 0.98 * super().transform(X)


def test_a_hidden_majority_rule_comes_back() -> None:
    lattice = Lattice.square(18)
    samples = sample(Ising(lattice, KC_SQUARE), 400, seed=1)
    X = to_matrix(samples)
    placed = Placed(Hidden(lattice, 3, seed=2), lattice).fit(X)
    np.testing.assert_array_equal(placed.transform(X), Majority(lattice, 3).fit_transform(X))
    assert placed.embedding_.lattice == Lattice.square(6)
    by_rule = bs.rg.exponents(samples, lambda lattice: Majority(lattice, 3), 2)
    second = Placed(Hidden(Lattice.square(6), 3, seed=3), Lattice.square(6), strict=False)  # 4 units are few to tell
    second.fit(to_matrix(block(samples, [placed])[1]))
    by_map = bs.rg.exponents(samples, [placed, second])
    for one, other in zip(by_map, by_rule, strict=True):
        assert (one.y_t_by_operators[0], one.y_h_by_operators[0]) == (
            other.y_t_by_operators[0],
            other.y_h_by_operators[0],
        )


def test_means_are_drawn() -> None:
    lattice = Lattice.square(18)
    X = to_matrix(sample(Ising(lattice, KC_SQUARE), 400, seed=1))
    placed = Placed(Means(lattice, 3, seed=2), lattice, seed=5).fit(X)
    drawn = placed.transform(X)
    assert set(np.unique(drawn)) == {-1, 1}
    wrong = (drawn != Majority(lattice, 3).fit_transform(X)).mean()
    assert abs(wrong - 0.01) < 4.5 * np.sqrt(0.01 / drawn.size)  # sees 0.004
    np.testing.assert_array_equal(drawn, placed.transform(X))
    assert (drawn != Placed(Means(lattice, 3, seed=2), lattice, seed=6).fit(X).transform(X)).any()


def test_what_has_no_places_is_refused() -> None:
    lattice = Lattice.square(18)
    X = to_matrix(sample(Ising(lattice, KC_SQUARE), 100, seed=1))
    noise = Hidden(lattice, 3, seed=2)
    noise.fields_ = np.random.default_rng(1).normal(size=(36, 324))
    with pytest.raises(ValueError, match="strict=False"):
        Placed(noise, lattice).fit(X)
    assert Placed(noise, lattice, strict=False).fit(X).transform(X).shape == (100, 36)
    noise.fields_ = noise.fields_[:35]
    with pytest.raises(ValueError, match=r"35.*18x18"):
        Placed(noise, lattice).fit(X)
    with pytest.raises(NotFittedError):
        Placed(noise, lattice).transform(X)
