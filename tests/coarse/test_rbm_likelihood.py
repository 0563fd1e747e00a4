"""ln Z and absolute likelihoods: sums over states, annealed chains with z-scores over seeds, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from made_rbms import DISCRETE, all_states, free_energy_by_sum, machine, spins
from scipy.special import logsumexp
from scipy.stats import chi2

from blockspin.coarse.rbm import RBM
from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.annealing import ALONE, FEWEST, Partition, joined
from blockspin.exact import ising2d
from blockspin.lattice import Lattice
from blockspin.statistics import Estimate

AIS = {"method": "ais", "n_chains": 64, "n_steps": 100}  # with 5 x 8 machines: one compilation for each kind of units


def bonds(lattice: Lattice, K: float) -> RBM:
    """The machine with a hidden spin a bond that is the Ising model."""
    W = np.zeros((len(lattice.bonds), lattice.n_sites))
    for bond, pair in enumerate(lattice.bonds):
        W[bond, pair] = np.arccosh(np.exp(2 * K)) / 2
    return RBM.from_weights(W, units="spin", random_state=3)


@pytest.mark.parametrize("units", DISCRETE)
@pytest.mark.parametrize(("shape", "scale"), [((4, 6), 0.6), ((14, 5), 1.0), ((3, 14), 1.0), ((5, 6), 200.0)])
def test_the_sum_over_the_smaller_layer_is_that_over_all_states(
    units: str, shape: tuple[int, int], scale: float
) -> None:
    rbm = machine(units, *shape, scale=scale)
    expected = logsumexp(-free_energy_by_sum(rbm, all_states(shape[1], units)))
    found = rbm.partition(method="exact")
    assert found.value.value == pytest.approx(expected, rel=1e-12)
    assert (found.value.error, found.trouble) == (0.0, "")


@pytest.mark.parametrize("n_hidden", [1, 3, 13])
def test_gaussian_units_are_summed_over_the_hidden_layer(n_hidden: int) -> None:
    # against a grid over both visible units, fine enough that the trapezoidal rule is exact
    rbm = machine("gaussian", n_hidden, 2, scale=0.7)
    x = np.linspace(-25, 25, 501)
    grid = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    expected = logsumexp(-rbm.free_energy(grid)) + 2 * np.log(x[1] - x[0])
    assert rbm.log_partition().value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("units", states.UNITS)
@pytest.mark.parametrize("method", ["exact", "ais"])
def test_zero_weights_are_coins(units: str, method: str) -> None:
    rbm = RBM.from_weights(np.zeros((5, 8)), units=units)
    X = np.ones((4, 8))
    coin = np.log(2) if units != "gaussian" else 0.5 + 0.5 * np.log(2 * np.pi)
    likelihood = rbm.log_likelihood(X, partition=rbm.partition(**AIS | {"method": method}))
    assert likelihood.value == pytest.approx(-8 * coin, abs=1e-5)
    assert likelihood.error < 1e-5


def test_the_machine_of_bonds_has_kaufmans_sum() -> None:
    # exp(K s s') = exp(-K)/2 sum_h exp(W h (s + s')): 20 sites summed, 32 hidden spins a 4x4 torus
    for lattice in (Lattice.square(4), Lattice.square(4, 5)):
        for K in (0.2, 0.7):
            expected = ising2d.log_partition(lattice, K) + len(lattice.bonds) * (K + np.log(2))
            assert bonds(lattice, K).log_partition(method="exact").value == pytest.approx(expected, rel=1e-7)


@pytest.mark.slow
def test_annealing_finds_kaufmans_sum_on_a_torus_too_large_to_sum() -> None:
    # seed 3, 64 chains each way, error about 0.1: sees ln Z off by 0.5 of 205 nats, weights 0.2 % high
    lattice, K = Lattice.square(8), 0.44
    expected = ising2d.log_partition(lattice, K) + len(lattice.bonds) * (K + np.log(2))
    found = bonds(lattice, K).partition(n_chains=64, n_steps=1000)
    assert found.method == "ais"
    assert abs(found.estimate.z(expected)) < 5
    assert found.value.error < 0.2


@pytest.mark.parametrize("units", states.UNITS)
def test_annealed_chains_are_right_within_their_errors(units: str) -> None:
    """z-scores over 12 machines: their squares follow chi-square, each way and joined, with rows given and without.

    Broken on purpose, each seen by this test: the reverse chains in the forward order, hidden biases left out of the
    weights, the independent sites' ln Z without M ln 2.
    """
    scores = []
    for seed in range(12):
        rbm = machine(units, 5, 8, scale=0.4 if units == "spin" else 0.8, seed=seed)
        X = None
        if seed % 2:
            X = rbm.gibbs_chain(np.random.default_rng(seed).choice((0, 1), (500, 8)), 300, random_state=seed)
        found = rbm.partition(X, **AIS, random_state=seed)
        exact = rbm.log_partition(method="exact").value
        assert not found.trouble
        scores.append([part.z(exact) for part in (found.value, found.forward, found.reverse) if part])
    assert ((np.array(scores) ** 2).sum(axis=0) < chi2.isf(1e-5, 12)).all()


def test_what_the_directions_disagree_on_is_refused() -> None:
    # chains that come from coins end in the wrong valleys of a strongly coupled RBM, and so do those that come
    # from its rows: ln Z is 61.36
    rbm = machine("spin", 5, 8, scale=3.0, seed=1)
    X = np.ones((100, 8), np.int8)
    assert rbm.partition(X, **AIS).trouble
    for call in (rbm.log_partition, rbm.log_likelihood):
        with pytest.raises(RuntimeError):
            call(X, **AIS)
    one = Estimate(1.0, 0.1)
    assert Partition("ais", one, Estimate(0.0, 0.1), one, 50.0).trouble
    assert Partition("ais", one, one, one, FEWEST - 0.1).trouble
    assert not Partition("ais", one, one, one, FEWEST).trouble
    assert Partition("ais", one, one, one, ALONE - 0.1, r_hat=1.2).trouble
    assert not Partition("ais", one, one, one, ALONE, r_hat=1.2).trouble


def test_the_ratio_of_two_normals_of_log_weights() -> None:
    # Gaussian works: up ~ N(L - s^2/2, s^2) and down ~ N(-L - s^2/2, s^2) obey Crooks; 200 repeats of 100 chains,
    # the mean z of Bennett's ratio within 5 of its errors, and its spread 1: sees an error bar 20 % off
    rng, L, s = np.random.default_rng(0), 3.0, 1.5
    z = []
    for _ in range(200):
        found = joined(rng.normal(L - s**2 / 2, s, 100), rng.normal(-L - s**2 / 2, s, 100), 10.0)
        z.append(found.value.z(13.0))
    assert abs(np.mean(z)) < 5 / np.sqrt(200)
    assert np.std(z) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("units", DISCRETE)
def test_log_likelihood_is_the_mean_of_ln_p(units: str) -> None:
    rbm = machine(units)
    V = all_states(6, units)
    log_p = -free_energy_by_sum(rbm, V) - logsumexp(-free_energy_by_sum(rbm, V))
    found = rbm.log_likelihood(V)
    assert found.value == pytest.approx(log_p.mean(), abs=1e-6)
    assert found.error == pytest.approx(log_p.std(ddof=1) / 8, rel=1e-5)
    by_chain = rbm.log_likelihood(V, chains=4)
    assert by_chain.error == pytest.approx(log_p.reshape(4, 16).mean(axis=1).std(ddof=1) / 2, rel=1e-5)
    np.testing.assert_allclose(rbm.score_samples(V), rbm.pseudo_log_likelihood(V))


def test_equal_seeds_give_equal_partitions_and_nothing_moves_on() -> None:
    first, second = machine("spin", 5, 8), machine("spin", 5, 8)
    assert first.partition(**AIS) == first.partition(**AIS) == second.partition(**AIS)
    assert first.partition(**AIS) != first.partition(**AIS, random_state=1)
    X = np.ones((3, 8), np.int8)
    np.testing.assert_array_equal(first.gibbs_chain(X, 1), machine("spin", 5, 8).gibbs_chain(X, 1))


def test_wrong_requests_are_named() -> None:
    with pytest.raises(ValueError, match=r"25 units.*26"):
        RBM.from_weights(np.ones((26, 30)), units="spin").log_partition(method="exact")
    with pytest.raises(ValueError, match=r"method.*'sum'"):
        machine("spin").partition(method="sum")
    with pytest.raises(ValueError, match="n_steps"):
        machine("spin").partition(method="ais", n_steps=1)
    with pytest.raises(ValueError, match="divide the 64 rows; got 5"):
        machine("spin").log_likelihood(all_states(6, "spin"), chains=5)


def test_the_trajectory_holds_absolute_likelihoods() -> None:
    X, V = spins(), spins(seed=1)[:200]
    rbm = RBM(5, n_iter=3, track_likelihood=True, random_state=0).fit(X, validation=V)
    for name, rows in (("log_likelihood", X), ("log_likelihood_validation", V)):
        assert rbm.trajectory_[name][-1] == pytest.approx(rbm.log_likelihood(rows).value / 8, abs=1e-5)
    assert rbm.trajectory_["log_likelihood"][0] == pytest.approx(-np.log(2), abs=1e-3)
    assert not rbm.trajectory_["log_likelihood_error"].any()
    gap = rbm.trajectory_["log_likelihood"] - rbm.trajectory_["log_likelihood_validation"]
    np.testing.assert_allclose(8 * gap, rbm.trajectory_["free_energy_gap"], atol=1e-4)
    assert np.isnan(RBM(5, n_iter=3, random_state=0).fit(X).trajectory_["log_likelihood"]).all()


def test_tracked_densities_are_those_of_the_rows() -> None:
    X = np.random.default_rng(0).normal(1, 1, (200, 4))
    rbm = RBM(3, units="gaussian", n_iter=2, learning_rate=0.01, track_likelihood=True, random_state=0).fit(X)
    assert rbm.trajectory_["log_likelihood"][-1] == pytest.approx(rbm.log_likelihood(X).value / 4, abs=1e-5)
    # unit normals about 0: close to what such small weights give
    about = -0.5 * np.log(2 * np.pi) - 0.5 * (X**2).mean()
    assert rbm.trajectory_["log_likelihood"][0] == pytest.approx(about, abs=0.02)


def test_held_out_rows_say_where_to_stop_and_a_shorter_fit_has_the_same_bits() -> None:
    # 40 rows for 12 x 8 weights: the held-out likelihood turns, that of the rows and the reconstruction never
    X, V = spins(40, seed=3), spins(2000, seed=4)
    settings = {"units": "spin", "biases": False, "init_scale": 0.1, "learning_rate": 0.05, "batch_size": 20}
    rbm = RBM(12, n_iter=500, track_likelihood=True, random_state=0, **settings).fit(X, validation=V)
    held_out = rbm.trajectory_["log_likelihood_validation"]
    best = int(np.argmax(held_out))
    assert 0 < best < len(held_out) - 3
    assert np.diff(rbm.trajectory_["log_likelihood"][best:]).mean() > 0
    assert np.diff(rbm.trajectory_["reconstruction_error"][best:]).mean() < 0
    again = RBM(12, n_iter=int(rbm.trajectory_["epoch"][best]), random_state=0, **settings).fit(X)
    assert again.log_likelihood(V).value / 8 == pytest.approx(held_out[best], abs=1e-5)
