"""Small machines against sums over all their states: free energy, pseudo-likelihood, Gibbs chains, Ising by bonds."""

from __future__ import annotations

import numpy as np
import pytest
from made_rbms import DISCRETE, all_states, free_energy_by_sum, machine, probabilities
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import chi2

from blockspin.coarse.rbm import RBM
from blockspin.coarse.rbm import units as states
from blockspin.lattice import Lattice


@pytest.mark.parametrize("units", states.UNITS)
@pytest.mark.parametrize("scale", [0.6, 20.0])
def test_free_energy_is_the_sum_over_hidden_states(units: str, scale: float) -> None:
    rbm = machine(units, scale=scale)
    V = all_states(6, "spin" if units == "gaussian" else units)
    np.testing.assert_allclose(rbm.free_energy(V), free_energy_by_sum(rbm, V), rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(rbm.free_energy(V.astype(np.int8)), free_energy_by_sum(rbm, V), rtol=2e-6, atol=1e-5)


@pytest.mark.parametrize("units", DISCRETE)
@pytest.mark.parametrize(("n_hidden", "scale"), [(4, 0.6), (19, 0.6), (5, 3.0), (3, 25.0)])
def test_pseudo_log_likelihood_is_brute_force(units: str, n_hidden: int, scale: float) -> None:
    rbm = machine(units, n_hidden, scale=scale)
    V = all_states(6, units)
    expected = np.zeros(len(V))
    for site in range(6):
        flipped = V.copy()
        flipped[:, site] = (1 if units == "binary" else 0) - V[:, site]
        expected -= np.logaddexp(0, rbm.free_energy(V) - rbm.free_energy(flipped))
    np.testing.assert_allclose(rbm.pseudo_log_likelihood(V), expected, rtol=3e-6, atol=2e-5)
    np.testing.assert_allclose(rbm.score_samples(V.astype(np.int8)), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("units", DISCRETE)
def test_pseudo_log_likelihood_of_means_is_the_expected_value(units: str) -> None:
    rbm = machine(units)
    low = states.RANGE[units][0]
    V = np.random.default_rng(1).uniform(low, 1, (20, 6))
    expected = np.zeros(len(V))
    for site in range(6):
        on, off = V.copy(), V.copy()
        on[:, site], off[:, site] = 1, low
        odds = rbm.free_energy(off) - rbm.free_energy(on)
        share = (V[:, site] - low) / (1 - low)
        expected -= share * np.logaddexp(0, -odds) + (1 - share) * np.logaddexp(0, odds)
    np.testing.assert_allclose(rbm.pseudo_log_likelihood(V), expected, rtol=3e-6, atol=2e-5)


def test_pseudo_log_likelihood_of_gaussian_units_is_a_quadrature() -> None:
    rbm = machine("gaussian", 3, 4, scale=1.5)
    V = np.random.default_rng(2).normal(0, 2, (3, 4))
    for v, found in zip(V, rbm.pseudo_log_likelihood(V), strict=True):
        here = rbm.free_energy(v[None])[0]
        total = 0.0
        for site in range(4):

            def density(x: float, site: int = site, v: np.ndarray = v, here: float = here) -> float:
                moved = v.copy()
                moved[site] = x
                return float(np.exp(here - rbm.free_energy(moved[None])[0]))

            total -= np.log(quad(density, -20, 20, limit=200)[0])
        assert found == pytest.approx(total, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("lattice", [Lattice.chain(10), Lattice.square(3, 4), Lattice.square(2, 4)], ids=str)
@pytest.mark.parametrize("K", [0.408, 1.0])
def test_a_hidden_spin_a_bond_is_the_ising_model(lattice: Lattice, K: float) -> None:
    # exp(K s s') = c sum_h exp(W h (s + s')) with cosh 2W = exp 2K: Mehta and Schwab's exactness without an RG step
    W = np.zeros((len(lattice.bonds), lattice.n_sites))
    for bond, pair in enumerate(lattice.bonds):
        W[bond, pair] = np.arccosh(np.exp(2 * K)) / 2
    V = all_states(lattice.n_sites, "spin")
    energy = -K * (V[:, lattice.bonds[:, 0]] * V[:, lattice.bonds[:, 1]]).sum(axis=1)
    free_energy = RBM.from_weights(W, units="spin").free_energy(V)
    np.testing.assert_allclose(free_energy - free_energy[0], energy - energy[0], atol=3e-6)


def ring(K: float = 0.5, n: int = 6) -> RBM:
    W = (np.eye(n) + np.roll(np.eye(n), 1, axis=1)) * np.arccosh(np.exp(2 * K)) / 2
    return RBM.from_weights(W, units="spin", random_state=5)


@pytest.mark.parametrize("rbm", [machine("spin", seed=3), machine("binary", scale=1.0, seed=4), ring()], ids=str)
def test_a_gibbs_chain_forgets_its_start_for_the_exact_distribution(rbm: RBM) -> None:
    # 40,000 independent chains from one corner, 64 states: chi-square passes below its 1e-5 quantile from the top.
    # Weights 3 % high on the ring raise chi-square by 40,000 sum (dp)^2 / p = 152, where 59 would fail.
    V = all_states(6, rbm.units_)
    p = probabilities(rbm, V)
    start = np.ones((40_000, 6), np.int8)
    end = rbm.gibbs_chain(start, 80, random_state=1)
    assert end.dtype == np.int8
    code = (end > 0) @ (2 ** np.arange(6)[::-1])
    found = np.bincount(code, minlength=64)
    statistic = ((found - len(start) * p) ** 2 / (len(start) * p)).sum()
    assert statistic < chi2.isf(1e-5, 63)


@pytest.mark.parametrize("units", DISCRETE)
def test_one_gibbs_step_has_the_exact_transition_probabilities(units: str) -> None:
    # from one state, so that an h drawn from the wrong layer or twice shows: chi-square of 16 states, 40,000 draws;
    # it sees transition probabilities 4 % off
    rbm = machine(units, 3, 4, scale=1.0, seed=7)
    V, H = all_states(4, units), all_states(3, units)
    W, b, c = (np.asarray(part, float) for part in (rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_))
    start = V[5]
    given_v = H @ (W @ start + c)
    given_h = H @ W @ V.T + V @ b
    p_h = np.exp(given_v - logsumexp(given_v))
    p = p_h @ np.exp(given_h - logsumexp(given_h, axis=1, keepdims=True))
    rows = np.repeat(start[None], 40_000, axis=0)
    end = rbm.gibbs_chain(rows, 1, random_state=2)
    found = np.bincount((end > 0) @ (2 ** np.arange(4)[::-1]), minlength=16)
    assert ((found - len(rows) * p) ** 2 / (len(rows) * p)).sum() < chi2.isf(1e-5, 15)


def test_a_gaussian_chain_has_the_moments_of_its_mixture() -> None:
    # 20,000 chains, 5 sigma: sees a mean off by 0.04 of a deviation
    rbm = machine("gaussian", 2, 3, scale=0.8, seed=8)
    H = all_states(2, "binary")
    W, b, c = (np.asarray(part, float) for part in (rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_))
    centre = H @ W + b
    weight = H @ c + 0.5 * (centre**2).sum(axis=1)
    p = np.exp(weight - logsumexp(weight))
    end = rbm.gibbs_chain(np.zeros((20_000, 3)), 60, random_state=3).astype(float)
    mean = p @ centre
    covariance = np.eye(3) + (centre.T * p) @ centre - np.outer(mean, mean)
    assert np.abs((end.mean(axis=0) - mean) / np.sqrt(np.diag(covariance) / len(end))).max() < 5
    assert np.abs(np.cov(end.T) - covariance).max() < 5 * np.sqrt(2 / len(end)) * covariance.max()


def test_thinned_chains_keep_every_state_asked_for() -> None:
    rbm = machine("spin")
    start = np.ones((7, 6), np.int8)
    kept = rbm.gibbs_chain(start, 10, thin=3, random_state=1)
    assert kept.shape == (3, 7, 6)
    assert set(np.unique(kept)) <= {-1, 1}
    assert (kept[0] != kept[1]).any()
    np.testing.assert_array_equal(kept, rbm.gibbs_chain(start, 9, thin=3, random_state=1))


@pytest.mark.parametrize("units", DISCRETE)
def test_units_convert_exactly(units: str) -> None:
    rbm = machine(units)
    convert = states.binary_from_spin if units == "spin" else states.spin_from_binary
    back = states.spin_from_binary if units == "spin" else states.binary_from_spin
    parts = tuple(np.asarray(part, float) for part in (rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_))
    other = "binary" if units == "spin" else "spin"
    twin = convert(*parts)
    here = states.free_energy(all_states(6, units), *parts, units)
    there = states.free_energy(all_states(6, other), *twin, other)
    np.testing.assert_allclose(here - here[0], there - there[0], atol=1e-12)
    for part, again in zip(parts, back(*twin), strict=True):
        np.testing.assert_allclose(again, part, atol=1e-14)


@pytest.mark.parametrize("units", DISCRETE)
def test_zero_weights_are_the_uniform_distribution(units: str) -> None:
    rbm = RBM.from_weights(np.zeros((3, 5)), units=units)
    V = all_states(5, units)
    assert np.ptp(rbm.free_energy(V)) == 0
    np.testing.assert_allclose(rbm.transform(V), 0.5 if units == "binary" else 0)
    np.testing.assert_allclose(rbm.pseudo_log_likelihood(V), -5 * np.log(2), rtol=1e-6)
