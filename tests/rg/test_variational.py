"""Variational Monte Carlo RG: 4 x 4 to 2 x 2 by summing over all states, where three couplings are all there are."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from blockspin.coarse.blocks import Majority
from blockspin.exact import enumeration
from blockspin.lattice import Lattice
from blockspin.models import Ising
from blockspin.rg.operators import evaluate, named
from blockspin.rg.variational import minimise, slope, weights
from blockspin.samples import make
from oracles.variational import variational

FINE, COARSE = Lattice.square(4), Lattice.square(2)
NAMES = ["nn", "nnn", "plaquette"]  # with the constant: all functions of 2 x 2 spins that keep the symmetries
K_FINE = 0.4


def values(lattice: Lattice, states: np.ndarray) -> np.ndarray:
    return evaluate(named(lattice, NAMES), states.reshape(-1, *lattice.shape))


@cache
def system() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All fine states, all coarse ones, and P(coarse | fine) of the majority rule with fair ties."""
    states, coarse = enumeration.states(FINE), enumeration.states(COARSE)
    field = np.sign(states[:, FINE.blocks(2)].sum(axis=2, dtype=int))
    return states, coarse, np.prod((1 + field[:, None, :] * coarse[None, :, :]) / 2, axis=2)


def exact_couplings(K: np.ndarray) -> np.ndarray:
    """The couplings of ln P(s'), by solving for them: what is left over is nothing."""
    states, coarse, kernel = system()
    log_p = np.log(np.exp(values(FINE, states) @ K) @ kernel)
    solution, residual = np.linalg.lstsq(np.column_stack([np.ones(16), values(COARSE, coarse)]), log_p)[:2]
    assert residual[0] < 1e-18
    return solution[1:]


def test_the_minimum_is_the_renormalized_hamiltonian_and_its_slope() -> None:
    states, coarse, kernel = system()
    K = np.array([K_FINE, 0.03, -0.02])
    joint = np.exp(values(FINE, states) @ K)[:, None] * kernel / (np.exp(values(FINE, states) @ K).sum())
    S = values(COARSE, coarse)
    J, settled = minimise(S, joint.sum(axis=0))
    assert settled
    np.testing.assert_allclose(J, exact_couplings(K), atol=1e-9)
    np.testing.assert_allclose(weights(S, joint.sum(axis=0), J), 1 / 16, atol=1e-9)
    fine, block = np.nonzero(joint)
    w = weights(S[block], joint[fine, block], J)
    size = 1e-5
    derivative = np.column_stack(
        [(exact_couplings(K + size * e) - exact_couplings(K - size * e)) / (2 * size) for e in np.eye(3)]
    )
    np.testing.assert_allclose(slope(S[block], values(FINE, states)[fine], w), derivative, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_samples_give_the_same_within_their_errors() -> None:
    # 200,000 independent states; sees an error of 0.01 in the couplings at 4.5 sigma. Seen to fail: K 3 % high
    states, _, _ = system()
    chance = enumeration.probabilities(Ising(FINE, K_FINE))
    rows = states[np.random.default_rng(1).choice(len(states), 200_000, p=chance)]
    blocks = Majority(FINE, 2, random_state=np.random.RandomState(2)).fit_transform(rows)
    fine, coarse = (make(one.reshape(100, 2000, -1), at) for one, at in ((rows, FINE), (blocks, COARSE)))
    found = variational(fine, coarse, NAMES)
    assert found.why == ""
    for estimate, value in zip(found.K, exact_couplings(np.array([K_FINE, 0, 0])), strict=True):
        assert abs(estimate.z(value)) < 4.5
        assert estimate.error < 0.004
    assert found.T.shape == (3, 3)


def test_what_does_not_serve_is_said() -> None:
    random = np.random.default_rng(1)
    fine = make(random.choice([-1, 1], (4, 100, 16)), FINE)
    blocks = make(random.choice([-1, 1], (4, 100, 4)), COARSE)
    found = variational(fine, blocks, ["nn"])
    assert "draws stay in effect, fewer than 1000" in found.why
    assert np.isnan(found.K[0].value)
    with pytest.raises(ValueError, match="'third' winds around a square 2x2 lattice"):
        variational(fine, blocks)
    with pytest.raises(ValueError, match="at least 2 chains"):
        variational(fine[:1], blocks[:1], NAMES)
