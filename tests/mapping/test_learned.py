"""Trained machines: the gradient is the gradient, it finds decimation on a ring, and the identity holds for all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import check_grad

import oracles.enumeration
from blockspin.exact import enumeration
from blockspin.lattice import Lattice
from blockspin.mapping import learned, training
from blockspin.mapping.machine import Machine, spins
from blockspin.mapping.mappings import MachineMapping
from blockspin.models import Ising

RING = Ising(Lattice.chain(8), 0.5)


@pytest.mark.parametrize("biases", [False, True])
def test_the_gradient_is_that_of_the_divergence(biases: bool) -> None:
    model = Ising(Lattice.square(2, 3), 0.4, 0.2)
    v, P = spins(6), enumeration.probabilities(model)
    x = 0.7 * np.random.default_rng(1).standard_normal(3 * 6 + 9 * biases)
    loss, slope = training._loss(x, v, P, 3)
    W, b, c = training._parts(x, 3, 6)
    mapping = MachineMapping(model, Machine(W, b, c))
    assert loss + float(P @ np.log(P)) == pytest.approx(mapping.KL, abs=1e-12)
    assert slope.shape == x.shape
    error = check_grad(lambda y: training._loss(y, v, P, 3)[0], lambda y: training._loss(y, v, P, 3)[1], x)
    assert error < 1e-6


def test_half_as_many_units_as_sites_find_decimation() -> None:
    case = learned.maximum_likelihood(RING, 4, seed=1, starts=6)
    assert case.met, case.outcomes
    assert case.readings.KL < 1e-6
    assert case.K_coarse[0] == pytest.approx(math.atanh(math.tanh(0.5) ** 2), abs=1e-4)
    assert case.readings.identity < 1e-10
    assert abs(case.readings.dF) > 1  # and yet the normalisation is anywhere


def test_a_field_wants_biases_and_more_states_than_half() -> None:
    model = Ising(Lattice.chain(6), 0.4, 0.3)
    without = MachineMapping(model, training.train_by_likelihood(model, 3, 1, starts=2))
    with_biases = MachineMapping(model, training.train_by_likelihood(model, 3, 1, starts=4, biases=True))
    assert with_biases.KL < 1e-5 < without.KL
    assert not without.machine.hidden.any()


@pytest.mark.parametrize("penalty", learned.PENALTIES)
def test_contrastive_divergence(penalty: str) -> None:
    case = learned.contrastive_divergence(RING, 4, 1, penalty=penalty, strength=0.01, n_draws=2000, n_iter=10)
    assert case.met, case.outcomes
    assert case.readings.identity < 1e-12
    assert case.interactions is not None
    assert np.abs(case.interactions.couplings[case.interactions.bodies % 2 == 1]).max() < 1e-12  # no biases: even


def test_draws_have_the_models_probabilities() -> None:
    model = Ising(Lattice.chain(4), 0.5, 0.1)
    drawn = training.exact_draws(model, 20_000, 3)
    counts = np.bincount(oracles.enumeration.index(drawn, model.lattice), minlength=16)
    expected = 20_000 * enumeration.probabilities(model)
    chi2 = float(((counts - expected) ** 2 / expected).sum())
    assert chi2 < 15 + 5 * math.sqrt(30)  # 15 degrees of freedom, 5 sigma


def test_units_without_places_have_no_ranges() -> None:
    together = np.tile(np.eye(8)[0], (4, 1)) * [[1.0], [2.0], [-1.0], [0.5]]  # four fields of one centre
    case = learned.trained(RING, Machine.unbiased(together), "a", "b")
    assert math.isnan(case.K_coarse[0])
    assert case.interactions is not None
    assert np.isnan(case.interactions.ranges).all()
    lonely = np.zeros((4, 8))
    lonely[0, 0] = 1.0
    assert math.isnan(learned.trained(RING, Machine.unbiased(lonely), "a", "b").K_coarse[0])
