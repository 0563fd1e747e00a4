"""Starts, independent draws and images under the symmetry: fair, complete, and of unchanged energy.

Mutants tried by hand: the field's sign turned over; state 0 permuted in a field; one permutation shared by all draws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from blockspin.lattice import Lattice
from blockspin.models import BlumeCapel, Ising, PairModel, Potts
from blockspin.sampling.configurations import independent, starts, turned

SQUARE, TRIANGULAR = Lattice.square(4), Lattice.triangular(3)


def test_even_starts_are_the_ground_states_in_turn() -> None:
    made = starts(Potts(SQUARE, 1.0, 3), 12, np.random.default_rng(1))
    np.testing.assert_array_equal(made[::2], np.tile([[2], [1], [0]], (2, 16)))
    assert all(len(np.unique(row)) == 3 for row in made[1::2])
    made = starts(Ising(SQUARE, -1.0), 8, np.random.default_rng(1))
    np.testing.assert_array_equal(made[0], 1 - 2 * SQUARE.colours)
    np.testing.assert_array_equal(made[2], -made[0])
    made = starts(Ising(TRIANGULAR, -1.0), 1, np.random.default_rng(1))
    assert Ising(TRIANGULAR, -1.0).energy(made)[0] == -9  # one unhappy bond a triangle: the frustrated ground state
    made = starts(BlumeCapel(SQUARE, 1.0, 0.0), 6, np.random.default_rng(1))
    np.testing.assert_array_equal(made[::2], np.tile([[1], [0], [-1]], (1, 16)))
    assert len(np.unique(made[1])) == 3


@dataclass(frozen=True)
class Sums(PairModel):
    """A bond energy that is a sum of one of each site: sites are independent, although neighbours have an energy."""

    name: ClassVar = "sums"
    alphabet: ClassVar = (-1, 0, 2)
    lattice: Lattice
    K: Any

    def bond(self, a: Any, b: Any) -> Any:
        return self.K * (a**2 - a + b**2 - b + 0.3)

    def site(self, a: Any) -> Any:
        return 0.2 * a


@pytest.mark.parametrize(
    ("model", "weights"),
    [
        (Ising(SQUARE, 0.0, 0.3), [-0.3, 0.3]),
        (Ising(SQUARE, (0.0, 0.0), -0.2), [0.2, -0.2]),
        (Potts(SQUARE, 0.0, 5, -0.4), [-0.4, 0, 0, 0, 0]),
        (Potts(SQUARE, 0.0, 3, 0.9), [0.9, 0, 0]),
        (BlumeCapel(SQUARE, 0.0, 0.7, -0.2), [-0.5, 0, -0.9]),
        (Sums(SQUARE, 0.1), [-0.8 + 0.2, 0, -0.8 - 0.4]),
        (Sums(TRIANGULAR, (0.1, -0.2)), [1.2 + 0.2, 0, 1.2 - 0.4]),
    ],
    ids=str,
)
def test_independent_draws_have_the_letters_of_the_field(model: PairModel, weights: list[float]) -> None:
    drawn = independent(model, (500, 64 // model.lattice.n_sites), np.random.default_rng(1))
    alone = np.exp(weights)
    for value, chance in zip(model.letters.letters, alone / alone.sum(), strict=True):
        # 30,000 sites: 0.014 in a probability of 1/2 shows
        assert abs((drawn == value).mean() - chance) < 5 * math.sqrt(chance * (1 - chance) / drawn.size)
    assert abs((drawn[:, 0] == drawn[:, 1]).mean() - ((alone / alone.sum()) ** 2).sum()) < 0.03


def test_sites_that_are_not_independent_are_not_drawn_so() -> None:
    for model in (Ising(SQUARE, 0.1), Ising(SQUARE, (0.0, 0.1)), BlumeCapel(SQUARE, 1e-6, 0.0)):
        assert not model.free
        with pytest.raises(ValueError, match="independent"):
            independent(model, (1,), np.random.default_rng(1))


@pytest.mark.parametrize(
    ("model", "order"),
    [
        (Potts(SQUARE, 0.4, 4), 24),
        (Potts(SQUARE, 0.4, 4, 0.5), 6),
        (Ising(SQUARE, 0.4), 2),
        (BlumeCapel(SQUARE, 1, 0), 2),
    ],
    ids=str,
)
def test_images_are_spread_over_the_symmetry(model: PairModel, order: int) -> None:
    one = starts(model, 2, np.random.default_rng(1))[1:]
    images = turned(model, np.repeat(one, 12_000, axis=0), np.random.default_rng(2))
    np.testing.assert_allclose(model.energy(images), model.energy(one)[0], atol=1e-12)
    found, counts = np.unique(images, axis=0, return_counts=True)
    assert len(found) == order
    assert np.abs(counts - 12_000 / order).max() < 5 * math.sqrt(12_000 / order)


def test_of_many_states_exchanges_reach_every_image_of_a_site() -> None:
    # beyond 6 letters: 40 sigma sees a state of a site that is left out
    one = np.zeros((20_000, 16), np.int8)
    one[:, 1] = 1
    images = turned(Potts(SQUARE, 0.4, 7), one, np.random.default_rng(2))
    assert (images[:, 0] != images[:, 1]).all()
    assert (images[:, :1] == images[:, 2:]).all()
    for state in range(7):
        assert abs((images[:, 0] == state).mean() - 1 / 7) < 5 * math.sqrt(6 / 49 / 20_000)


def test_spins_in_a_field_keep_their_sign() -> None:
    model = Ising(SQUARE, 0.4, 0.1)
    one = starts(model, 6, np.random.default_rng(1))
    np.testing.assert_array_equal(turned(model, one, np.random.default_rng(2)), one)
