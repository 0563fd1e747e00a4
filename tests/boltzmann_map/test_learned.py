"""Trained machines: the gradient is the gradient, it finds decimation on a ring, and the identity holds for all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import check_grad

import oracles.enumeration
from blockspin.boltzmann_map import training
from blockspin.boltzmann_map.cases import CASES
from blockspin.boltzmann_map.machine import Machine, spins
from blockspin.boltzmann_map.mappings import MachineMapping
from blockspin.exact import enumeration
from blockspin.lattice import Lattice
from blockspin.models import Ising

RING = Ising(Lattice.chain(8), 0.5)


def test_the_gradient_is_that_of_the_divergence() -> None:
    model = Ising(Lattice.square(2, 3), 0.4)
    v, P = spins(6), enumeration.probabilities(model)
    x = 0.7 * np.random.default_rng(1).standard_normal(3 * 6)
    loss, slope = training.loss(x, v, P)
    mapping = MachineMapping(model, Machine.unbiased(x.reshape(3, 6)))
    assert loss + float(P @ np.log(P)) == pytest.approx(mapping.KL, abs=1e-12)
    assert slope.shape == x.shape
    error = check_grad(lambda y: training.loss(y, v, P)[0], lambda y: training.loss(y, v, P)[1], x)
    assert error < 1e-6
    half = training.loss(x, v[32:], 2 * P[32:])  # what is trained on: the other half is this one turned over
    assert half[0] + float(P @ np.log(2 * P)) == pytest.approx(mapping.KL, abs=1e-12)
    np.testing.assert_allclose(half[1], slope, atol=1e-12)


def test_half_as_many_units_as_sites_find_decimation() -> None:
    case = CASES["likelihood"]
    found = case.build(RING, seed=1, starts=6)
    assert [outcome for outcome in case.outcomes(found) if not outcome.met] == []
    assert found.KL < 1e-6
    assert found.K_coarse[0] == pytest.approx(math.atanh(math.tanh(0.5) ** 2), abs=1e-4)
    assert found.identity_residual < 1e-10
    assert abs(found.dF) > 1  # and yet the normalisation is anywhere


def test_a_field_is_refused() -> None:
    with pytest.raises(ValueError, match=r"h = 0\.3"):
        training.train_by_likelihood(Ising(Lattice.chain(6), 0.4, 0.3), 3, 1)


@pytest.mark.parametrize(("name", "penalty"), [("cd", {}), ("cd-l1", {"l1": 0.01}), ("cd-l2", {"l2": 0.01})])
def test_contrastive_divergence(name: str, penalty: dict[str, float]) -> None:
    found = CASES[name].build(RING, seed=1, n_draws=2000, n_iter=10, **penalty)
    assert [outcome for outcome in CASES[name].outcomes(found) if not outcome.met] == []
    assert found.identity_residual < 1e-12
    odd = found.interactions.couplings[found.interactions.bodies % 2 == 1]
    assert np.abs(odd).max() < 1e-12  # no biases: even


def test_draws_have_the_models_probabilities() -> None:
    model = Ising(Lattice.chain(4), 0.5, 0.1)
    drawn = training.exact_draws(model, 20_000, 3)
    counts = np.bincount(oracles.enumeration.index(drawn, model.lattice), minlength=16)
    expected = 20_000 * enumeration.probabilities(model)
    chi2 = float(((counts - expected) ** 2 / expected).sum())
    assert chi2 < 15 + 5 * math.sqrt(30)  # 15 degrees of freedom, 5 sigma


def test_units_without_places_have_no_ranges() -> None:
    together = np.tile(np.eye(8)[0], (4, 1)) * [[1.0], [2.0], [-1.0], [0.5]]  # four fields of one centre
    found = training.placed(RING, Machine.unbiased(together))
    assert math.isnan(found.K_coarse[0])
    assert np.isnan(found.interactions.ranges).all()
    lonely = np.zeros((4, 8))
    lonely[0, 0] = 1.0
    assert math.isnan(training.placed(RING, Machine.unbiased(lonely)).K_coarse[0])
