"""Gaussian visible units of any variance: slopes of the likelihood, quadrature, moments of chains, what is learned."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp
from test_rbm_exact import all_states
from test_rbm_training import rule

from blockspin.coarse.rbm import RBM, summation
from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.phases import State
from blockspin.coarse.rbm.variance import GaussianParameters, gaussian_gradient


def wide(n_hidden: int = 3, n_visible: int = 2, variance: float = 2.5, seed: int = 0) -> RBM:
    rng = np.random.default_rng(seed)
    W, b, c = (rng.normal(0, 1.2, shape) for shape in ((n_hidden, n_visible), n_visible, n_hidden))
    return RBM.from_weights(W, b, c, units="gaussian", variance=variance, random_state=seed)


def by_sum(rbm: RBM, V: np.ndarray) -> np.ndarray:
    """-ln sum_h exp(-E) with E = |v|^2/2s^2 - v.(b + W^T h)/s^2 - c.h."""
    H = all_states(len(rbm.components_), "binary")
    W, b, c = (np.asarray(part, float) for part in (rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_))
    energy = (0.5 * (V**2).sum(axis=1)[:, None] - V @ (b + H @ W).T) / float(rbm.variance) - H @ c
    return -logsumexp(-energy, axis=1)


def test_free_energy_and_ln_z_are_those_of_the_density() -> None:
    rbm = wide()
    x = np.linspace(-40, 40, 801)
    grid = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(rbm.free_energy(grid[::997]), by_sum(rbm, grid[::997]), rtol=1e-6, atol=1e-5)
    expected = logsumexp(-by_sum(rbm, grid)) + 2 * np.log(x[1] - x[0])
    assert rbm.log_partition().value == pytest.approx(expected, abs=1e-6)
    # the conditional density of either site, on the same grid
    log_p = -by_sum(rbm, grid).reshape(801, 801)
    one, two = 396, 409
    row = log_p[one, two] - logsumexp(log_p[one]) + log_p[one, two] - logsumexp(log_p[:, two])
    site = rbm.pseudo_log_likelihood(np.array([[x[two], x[one]]]))
    assert site[0] == pytest.approx(row - 2 * np.log(x[1] - x[0]), abs=1e-4)


@pytest.mark.slow
def test_annealing_knows_the_variance() -> None:
    rbm = wide()
    annealed = rbm.partition(method="ais", n_chains=64, n_steps=100)
    assert abs(annealed.estimate.z(rbm.log_partition(method="exact").value)) < 5


@pytest.mark.slow
def test_unit_variance_by_name_is_unit_variance() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    one = RBM(3, units="gaussian", n_iter=2, learning_rate=0.01, random_state=0).fit(X)
    assert one.variance_ is None
    near = RBM(3, units="gaussian", n_iter=2, learning_rate=0.01, variance=1 + 1e-7, random_state=0).fit(X)
    np.testing.assert_allclose(near.components_, one.components_, atol=1e-5)


@pytest.mark.parametrize("learned", [False, True])
def test_the_gradient_is_the_slope_of_the_log_density(learned: bool) -> None:
    rng = np.random.default_rng(1)
    parts = [rng.normal(0, 0.8, shape) for shape in ((3, 4), 4, 3, 4)]
    X = rng.normal(0, 1.5, (6, 4))

    def likelihood(W: np.ndarray, b: np.ndarray, c: np.ndarray, z: np.ndarray) -> float:
        s = np.exp(z / 2)
        plain = (W / s, b / s, c)
        energy = states.free_energy(X / s, *plain, "gaussian").mean()
        return float(-energy - summation.log_partition(*plain, "gaussian") - z.sum() / 2)

    state = State(GaussianParameters(*(jnp.asarray(part, jnp.float32) for part in parts)), None, jnp.zeros((0, 3)))
    settled = rule("gaussian", algorithm="exact", learned_variance=learned)
    found, _ = gaussian_gradient(state, jnp.asarray(X, jnp.float32), jax.random.key(0), settled)
    for index, part in enumerate(parts):
        slope = np.zeros_like(part)
        for place in np.ndindex(part.shape):
            both = []
            for step in (1e-5, -1e-5):
                moved = [other.copy() for other in parts]
                moved[index][place] += step
                both.append(likelihood(*moved))
            slope[place] = (both[0] - both[1]) / 2e-5
        np.testing.assert_allclose(found[index], slope if index < 3 or learned else 0 * slope, atol=2e-5)


@pytest.mark.parametrize("how", ["gibbs_chain", "gibbs"])
def test_chains_have_the_moments_of_the_mixture(how: str) -> None:
    # 20,000 chains, 5 sigma: sees a mean off by 0.04 of a deviation and a variance off by 5 %
    rbm = wide(2, 3, 0.3, seed=8)
    H = all_states(2, "binary")
    W, b, c = (np.asarray(part, float) for part in (rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_))
    centre = H @ W + b
    weight = H @ c + 0.5 * (centre**2).sum(axis=1) / 0.3
    p = np.exp(weight - logsumexp(weight))
    start = centre[np.random.default_rng(1).choice(4, 20_000, p=p)]
    start = start + np.random.default_rng(2).normal(0, np.sqrt(0.3), start.shape)
    end = rbm.gibbs_chain(start, 3, random_state=3) if how == "gibbs_chain" else rbm.gibbs(start, random_state=3)
    mean = p @ centre
    covariance = 0.3 * np.eye(3) + (centre.T * p) @ centre - np.outer(mean, mean)
    assert np.abs((end.mean(axis=0) - mean) / np.sqrt(np.diag(covariance) / len(end))).max() < 5
    assert np.abs(np.cov(end.T.astype(float)) - covariance).max() < 5 * np.sqrt(2 / len(end)) * covariance.max()


@pytest.mark.parametrize("algorithm", ["exact", pytest.param("cd", marks=pytest.mark.slow)])
def test_the_variance_within_two_clusters_is_learned(algorithm: str) -> None:
    # two clusters 6 apart along (1, 1, 1, 0) with variances 0.25, 1, 4, 1 within: the data's own variances are
    # 9.25, 10, 13, 1; 4000 rows know a variance to 2 %, and chains that start at the data see both clusters
    rng = np.random.default_rng(0)
    within = np.array([0.25, 1.0, 4.0, 1.0])
    X = rng.choice((-3, 3), (4000, 1)) * np.array([1, 1, 1, 0]) + rng.normal(size=(4000, 4)) * np.sqrt(within)
    rbm = RBM(
        1, units="gaussian", variance="learned", algorithm=algorithm, k=1, learning_rate=0.05, n_iter=60,
        optimizer="adam", momentum=0.9, schedule="exponential", init_scale=0.5, random_state=0,
    ).fit(X)  # fmt: skip
    np.testing.assert_allclose(rbm.variance_, within, rtol=0.12)


def test_a_learned_variance_is_saved_and_resumed_with_the_same_bits(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(2, 3, (100, 4))
    whole = RBM(3, units="gaussian", variance="learned", n_iter=3, learning_rate=0.01, random_state=1).fit(X)
    part = RBM(3, units="gaussian", variance="learned", learning_rate=0.01, random_state=1).partial_fit(X)
    part.save(tmp_path / "v.npz")
    loaded = RBM.load(tmp_path / "v.npz").partial_fit(X).partial_fit(X)
    np.testing.assert_array_equal(loaded.variance_, whole.variance_)
    np.testing.assert_array_equal(loaded.transform(X), whole.transform(X))
    assert whole.trajectory_["reconstruction_error"][-1] == pytest.approx(((X - whole.reconstruct(X)) ** 2).mean())


@pytest.mark.parametrize(
    ("variance", "message"), [(0, "above 0; got 0"), ("known", "'learned'; got 'known'"), (-1, "0")]
)
def test_a_wrong_variance_is_named(variance: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"variance must be .*{message}"):
        RBM(2, variance=variance).fit(np.ones((3, 2)))
