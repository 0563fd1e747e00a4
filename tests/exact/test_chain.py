"""The ring's transfer matrix against enumeration, with field, antiferromagnetic and extreme couplings."""

from __future__ import annotations

import math

import numpy as np
import pytest

import oracles.chain
from blockspin.exact import chain, enumeration
from blockspin.lattice import Lattice
from blockspin.models import Ising


@pytest.mark.parametrize("L", [2, 3, 5, 8])
@pytest.mark.parametrize(("K", "h"), [(0, 0), (0.5, 0), (-0.5, 0.3), (1.0, -0.2), (5, 0), (-4, 0), (0.3, 30), (0, 0.7)])
def test_ring_agrees_with_enumeration(L: int, K: float, h: float) -> None:
    model = Ising(Lattice.chain(L), K, h)
    chance, states = enumeration.probabilities(model), enumeration.states(model.lattice)
    assert chain.log_partition(model) == pytest.approx(enumeration.log_partition(model), rel=1e-13)
    assert oracles.chain.magnetisation(model) == pytest.approx(chance @ states.mean(axis=1), abs=1e-13)
    energy = chance @ enumeration.energies(model) / L
    assert oracles.chain.energy_per_site(model) == pytest.approx(energy, rel=1e-12, abs=1e-13)
    expected = [chance @ (states[:, 0] * states[:, r % L]) for r in range(L + 1)]
    np.testing.assert_allclose(oracles.chain.correlation(model, np.arange(L + 1)), expected, atol=1e-13)


def test_correlation_without_field_is_the_closed_form() -> None:
    L, K, r = 20, 0.8, np.arange(21)
    t = math.tanh(K)
    expected = (t**r + t ** (L - r)) / (1 + t**L)
    np.testing.assert_allclose(oracles.chain.correlation(Ising(Lattice.chain(L), K), r), expected, rtol=1e-13)


def test_extreme_couplings_are_finite() -> None:
    model = Ising(Lattice.chain(1000), 400.0, 300.0)
    assert chain.log_partition(model) == pytest.approx(700_000, rel=1e-14)
    assert chain.log_partition(Ising(Lattice.chain(4), -500.0)) == pytest.approx(2000 + math.log(2), rel=1e-15)


def test_another_lattice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"chain.*square 4x4"):
        chain.log_partition(Ising(Lattice.square(4), 0.4))
