"""Starts, independent draws and images under the symmetry: fair, complete, and of unchanged energy.

Mutants tried by hand: the field's sign turned over; state 0 permuted in a field; one permutation shared by all draws.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from blockspin.lattice import Lattice
from blockspin.models import Ising, Potts
from blockspin.sampling.configurations import independent, starts, turned

SQUARE, TRIANGULAR = Lattice.square(4), Lattice.triangular(3)


def test_even_starts_are_the_ground_states_in_turn() -> None:
    made = starts(Potts(SQUARE, 1.0, 3), 12, np.random.default_rng(1))
    np.testing.assert_array_equal(made[::2], np.tile([[0], [1], [2]], (2, 16)))
    assert all(len(np.unique(row)) == 3 for row in made[1::2])
    made = starts(Ising(SQUARE, -1.0), 8, np.random.default_rng(1))
    np.testing.assert_array_equal(made[0], 1 - 2 * SQUARE.colours)
    np.testing.assert_array_equal(made[2], -made[0])
    made = starts(Ising(TRIANGULAR, -1.0), 1, np.random.default_rng(1))
    assert Ising(TRIANGULAR, -1.0).energy(made)[0] == -9  # one unhappy bond a triangle: the frustrated ground state


@pytest.mark.parametrize("model", [Ising(SQUARE, 0.0, 0.3), Potts(SQUARE, 0.0, 5, -0.4), Potts(SQUARE, 0.0, 3, 0.9)])
def test_independent_draws_have_the_states_of_the_field(model: Ising | Potts) -> None:
    drawn = independent(model, (500, 4), np.random.default_rng(1))
    q = model.q if isinstance(model, Potts) else 2
    values = np.arange(q) if isinstance(model, Potts) else np.array([1, -1])
    alone = np.exp([model.h if a == 0 else (-model.h if isinstance(model, Ising) else 0.0) for a in range(q)])
    for value, chance in zip(values, alone / alone.sum(), strict=True):
        # 32,000 sites: 0.014 in a probability of 1/2 shows
        assert abs((drawn == value).mean() - chance) < 5 * math.sqrt(chance * (1 - chance) / drawn.size)
    assert abs((drawn[:, 0] == drawn[:, 1]).mean() - ((alone / alone.sum()) ** 2).sum()) < 0.03
    with pytest.raises(ValueError, match=r"independent at K = 0 only; got K = 0\.1"):
        independent(Ising(SQUARE, 0.1), (1,), np.random.default_rng(1))


@pytest.mark.parametrize("model", [Potts(SQUARE, 0.4, 4), Potts(SQUARE, 0.4, 4, 0.5), Ising(SQUARE, 0.4)], ids=str)
def test_images_are_spread_over_the_symmetry(model: Ising | Potts) -> None:
    one = starts(model, 2, np.random.default_rng(1))[1:]
    images = turned(model, np.repeat(one, 12_000, axis=0), np.random.default_rng(2))
    np.testing.assert_allclose(model.energy(images), model.energy(one)[0], atol=1e-12)
    found, counts = np.unique(images, axis=0, return_counts=True)
    order = 2 if isinstance(model, Ising) else math.factorial(4 if model.h == 0 else 3)
    assert len(found) == order
    assert np.abs(counts - 12_000 / order).max() < 5 * math.sqrt(12_000 / order)


def test_spins_in_a_field_keep_their_sign() -> None:
    model = Ising(SQUARE, 0.4, 0.1)
    one = starts(model, 6, np.random.default_rng(1))
    np.testing.assert_array_equal(turned(model, one, np.random.default_rng(2)), one)
