"""Sums over all states: known densities of states, numbering, expectations and the limit on sites."""

from __future__ import annotations

import numpy as np
import pytest

import oracles.enumeration
from blockspin.alphabet import Alphabet, labels
from blockspin.exact import enumeration
from blockspin.lattice import Lattice
from blockspin.models import BlumeCapel, Ising, Potts


def test_density_of_states_of_the_4x4_torus() -> None:
    energy, m, count = oracles.enumeration.density(Lattice.square(4))
    known = {-32: 2, -24: 32, -20: 64, -16: 424, -12: 1728, -8: 6688, -4: 13568, 0: 20524}
    assert {int(e): int(count[energy == e].sum()) for e in np.unique(energy)} == known | {
        -e: n for e, n in known.items()
    }
    assert count.sum() == 2**16
    assert count[(energy == -32) & (m == 16)] == 1
    # 4 flips of one site cost 8; magnetisation counts are binomial
    assert int(count[m == 14].sum()) == 16


@pytest.mark.parametrize("lattice", [Lattice.square(3, 4), Lattice.chain(7), Lattice.square(2, 2)], ids=str)
def test_density_gives_the_partition_function(lattice: Lattice) -> None:
    energy, m, count = oracles.enumeration.density(lattice)
    K, h = 0.37, -0.21
    total = (count * np.exp(-K * energy + h * m)).sum()
    assert enumeration.log_partition(Ising(lattice, K, h)) == pytest.approx(np.log(total), rel=1e-14)


def test_states_are_numbered_by_their_bits() -> None:
    lattice = Lattice.square(2, 3)
    states = enumeration.states(lattice)
    assert states.shape == (64, 6)
    np.testing.assert_array_equal(oracles.enumeration.index(states, lattice), np.arange(64))
    np.testing.assert_array_equal(oracles.enumeration.index(states.reshape(64, 2, 3), lattice), np.arange(64))
    np.testing.assert_array_equal(states[5], [1, -1, 1, -1, -1, -1])


def test_expectation_of_an_array_agrees_with_its_sum() -> None:
    model = Ising(Lattice.square(3, 5), 0.4, 0.1)  # more states than one block
    states, chance = enumeration.states(model.lattice), enumeration.probabilities(model)
    assert chance.sum() == pytest.approx(1, rel=1e-14)
    pairs = oracles.enumeration.expectation(model, lambda s: s[:, :, None] * s[:, None, :])
    np.testing.assert_allclose(pairs, np.einsum("k,ki,kj->ij", chance, states, states), atol=1e-13)
    assert oracles.enumeration.expectation(model, model.energy) == pytest.approx(chance @ enumeration.energies(model))


def test_huge_couplings_do_not_overflow() -> None:
    model = Ising(Lattice.square(3, 3), 500.0)
    assert enumeration.log_partition(model) == pytest.approx(9000 + np.log(2), rel=1e-15)


def test_errors_name_the_limit() -> None:
    with pytest.raises(ValueError, match=r"24.*square 5x5.*2\^25"):
        enumeration.log_partition(Ising(Lattice.square(5), 0.4))
    with pytest.raises(ValueError, match="at most 20 sites"):
        enumeration.states(Lattice.chain(21))
    with pytest.raises(ValueError, match="must map spins"):
        oracles.enumeration.expectation(Ising(Lattice.chain(4), 0.4), lambda s: 1.0)


@pytest.mark.parametrize(
    ("lattice", "letters"),
    [(Lattice.square(2, 3), labels(3)), (Lattice.chain(4), labels(10)), (Lattice.chain(5), Alphabet((-1, 0, 1)))],
    ids=str,
)
def test_states_of_letters_are_numbered_by_their_digits(lattice: Lattice, letters: Alphabet) -> None:
    states, q = enumeration.states(lattice, letters), letters.q
    assert states.shape == (q**lattice.n_sites, lattice.n_sites)
    np.testing.assert_array_equal(oracles.enumeration.index(states, lattice, letters), np.arange(len(states)))
    np.testing.assert_array_equal(states[q + 2, :3], letters.values[[2, 1, 0]])


def test_density_of_potts_gives_the_partition_function() -> None:
    lattice, K, h = Lattice.triangular(3), 0.5, 0.3  # 19,683 states: more than one block
    energy, in_0, count = oracles.enumeration.density(lattice, labels(3))
    assert count.sum() == 3**9
    total = (count * np.exp(-K * energy + h * in_0)).sum()
    model = Potts(lattice, K, 3, h)
    assert enumeration.log_partition(model) == pytest.approx(np.log(total), rel=1e-14)
    mean = oracles.enumeration.expectation(model, lambda s: (s == 0).sum(axis=1))
    assert mean == pytest.approx((count * np.exp(-K * energy + h * in_0) * in_0).sum() / total, rel=1e-12)


def test_the_limit_is_on_states() -> None:
    with pytest.raises(ValueError, match=r"15.*square 4x4.*3\^16 \(about 10\^8\)"):
        enumeration.energies(BlumeCapel(Lattice.square(4), 1.0, 0.0))
    with pytest.raises(ValueError, match="at most 6 sites"):
        enumeration.states(Lattice.chain(7), labels(10))
