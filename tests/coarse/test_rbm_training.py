"""A training step against sums over states; what training reaches; what shuffling and batches must not do."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from made_rbms import DISCRETE, N_ROWS, all_states, machine, parts_of, probabilities, rule, state_of
from scipy.special import expit, logsumexp

from blockspin.coarse.rbm import RBM
from blockspin.coarse.rbm.training import Rates, gradient, update
from blockspin.lattice import Lattice


def transition(rbm: RBM, V: np.ndarray) -> np.ndarray:
    """p(v' | v) of one block Gibbs step."""
    W, b, c = parts_of(rbm)
    H = all_states(len(W), rbm.units_)
    up, down = V @ W.T @ H.T + H @ c, H @ W @ V.T + V @ b
    return np.exp(up - logsumexp(up, axis=1, keepdims=True)) @ np.exp(down - logsumexp(down, axis=1, keepdims=True))


def statistics(rbm: RBM, V: np.ndarray) -> np.ndarray:
    """(h v, v, h) with hidden means, a row a state."""
    W, _, c = parts_of(rbm)
    h = np.tanh(V @ W.T + c) if rbm.units_ == "spin" else expit(V @ W.T + c)
    return np.concatenate([(h[:, :, None] * V[:, None, :]).reshape(len(V), -1), V, h], axis=1)


@pytest.mark.parametrize("units", DISCRETE)
@pytest.mark.parametrize(("algorithm", "k"), [("cd", 1), ("cd", 2), ("cd", 100), ("pcd", 100)])
def test_the_gradient_is_exact_in_the_mean(units: str, algorithm: str, k: int) -> None:
    # data from another machine; <.>_model = p_data T^k, the exact likelihood gradient where k is large.
    # 40,000 chains: sees 2 % of a weight's statistic (5 of its errors); means in one phase and samples in
    # the other, a step too few, or the wrong sign all fail.
    rbm, source = machine(units, 3, 4, seed=1), machine(units, 3, 4, seed=2)
    V = all_states(4, units)
    rng = np.random.default_rng(3)
    data = V[rng.choice(len(V), N_ROWS, p=probabilities(source, V))]
    seen = np.bincount((data > 0) @ (2 ** np.arange(4)[::-1]), minlength=16) / N_ROWS
    model = seen @ np.linalg.matrix_power(transition(rbm, V), k)
    table = statistics(rbm, V)
    if k == 100:
        np.testing.assert_allclose(model, probabilities(rbm, V), atol=1e-9)
    expected = seen @ table - model @ table
    error = np.sqrt(np.maximum(model @ table**2 - (model @ table) ** 2, 1e-12) / N_ROWS)
    n_chains = N_ROWS if algorithm == "pcd" else 0
    slope, _ = gradient(
        state_of(rbm, n_chains),
        jnp.asarray(data, jnp.float32),
        jax.random.key(4),
        rule(units, algorithm=algorithm, k=k),
    )
    found = np.concatenate([np.ravel(part) for part in slope])
    assert np.abs((found - expected) / error).max() < 5


@pytest.mark.parametrize("units", DISCRETE)
def test_a_mean_reconstruction_is_the_mean_given_sampled_hidden_states(units: str) -> None:
    rbm = machine(units, 3, 4, seed=1)
    W, b, c = parts_of(rbm)
    V, H = all_states(4, units)[[6]], all_states(3, units)
    up = (V @ W.T @ H.T + H @ c)[0]
    p = np.exp(up - logsumexp(up))
    back = H @ W + b
    table = statistics(rbm, np.tanh(back) if units == "spin" else expit(back))
    error = np.sqrt(np.maximum(p @ table**2 - (p @ table) ** 2, 1e-12) / N_ROWS)
    data = jnp.asarray(np.repeat(V, N_ROWS, axis=0), jnp.float32)
    slope, _ = gradient(state_of(rbm), data, jax.random.key(5), rule(units, reconstruction="mean"))
    found = np.concatenate([np.ravel(part) for part in slope])
    assert np.abs((found - (statistics(rbm, V)[0] - p @ table)) / error).max() < 5


def test_the_update_is_the_documented_formula() -> None:
    rbm = machine("spin", 3, 4)
    state = state_of(rbm)
    state = state._replace(velocity=jax.tree.map(lambda part: part + 0.25, state.velocity))
    data = jnp.asarray(all_states(4, "spin"), jnp.float32)
    key = jax.random.key(0)
    rates = Rates(0.3, 0.5, 0.2, 0.1)
    for method in ("proximal", "subgradient"):
        settings = rule("spin", l1_method=method)
        slope, _ = gradient(state, data, key, settings)
        new = update(state, data, key, rates, settings)
        W = np.asarray(state.parameters.weights)
        pull = np.asarray(slope.weights) - 0.1 * W
        if method == "subgradient":
            pull = pull - 0.2 * np.sign(W)
        velocity = 0.5 * 0.25 + 0.3 * pull
        W = W + velocity
        if method == "proximal":
            W = np.sign(W) * np.maximum(np.abs(W) - 0.3 * 0.2, 0)
        np.testing.assert_allclose(new.velocity.weights, velocity, atol=1e-6)
        np.testing.assert_allclose(new.parameters.weights, W, atol=1e-6)
        b = np.asarray(state.parameters.visible) + 0.125 + 0.3 * np.asarray(slope.visible)
        np.testing.assert_allclose(new.parameters.visible, b, atol=1e-6)


@pytest.mark.parametrize(
    ("units", "algorithm"),
    [
        ("spin", "cd"),
        ("binary", "pcd"),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in (("binary", "cd"), ("spin", "pcd"))),
    ],
)
def test_a_small_machine_learns_the_ising_model(units: str, algorithm: str) -> None:
    # 2x3 torus at K = 0.3: the uniform distribution is 1.08 nats away, and 10,000 rows leave (2^6 - 1) / 2n = 0.003.
    # Over 5 seeds the four cases end between 0.001 and 0.008; without the last, slow epochs at 0.01 to 0.2.
    lattice = Lattice.square(2, 3)
    S = all_states(6, "spin")
    energy = -0.3 * (S[:, lattice.bonds[:, 0]] * S[:, lattice.bonds[:, 1]]).sum(axis=1)
    p = np.exp(-energy - logsumexp(-energy))
    data = S[np.random.default_rng(0).choice(64, 10_000, p=p)].astype(np.int8)
    rate = 0.05
    if units == "binary":
        S, data, rate = (S + 1) / 2, (data + 1) // 2, 0.5
    rbm = RBM(
        12, units=units, algorithm=algorithm, k=5, learning_rate=rate, n_iter=20, init="data-mean", random_state=0
    )
    rbm.fit(data).set_params(learning_rate=rate / 10)
    for _ in range(10):
        rbm.partial_fit(data)
    assert (p * np.log(p / probabilities(rbm, S))).sum() < 0.02


def test_only_the_proximal_penalty_gives_exact_zeros() -> None:
    X = np.random.default_rng(0).choice((-1, 1), (500, 8)).astype(np.int8)
    proximal = RBM(5, l1=0.05, learning_rate=0.02, random_state=0).fit(X)
    subgradient = RBM(5, l1=0.05, l1_method="subgradient", learning_rate=0.02, random_state=0).fit(X)
    assert (proximal.components_ == 0).mean() > 0.5
    assert (subgradient.components_ != 0).all()
    free = RBM(5, learning_rate=0.02, random_state=0).fit(X)
    assert np.abs(subgradient.components_).sum() < np.abs(free.components_).sum()


def test_l2_shrinks_weights() -> None:
    X = np.random.default_rng(0).choice((-1, 1), (500, 8)).astype(np.int8)
    norms = [np.linalg.norm(RBM(5, l2=l2, learning_rate=0.02, random_state=0).fit(X).components_) for l2 in (0, 0.5)]
    assert norms[1] < 0.7 * norms[0]


def test_rows_sorted_by_temperature_are_shuffled() -> None:
    # cold rows first, then hot: unshuffled, the last batches would drag the bias to logit(0.1) = -2.2;
    # shuffled, sorted and unsorted rows differ by the noise of training alone, 0.05 here
    rng = np.random.default_rng(0)
    X = (rng.random((2000, 8)) < np.repeat([0.9, 0.1], 1000)[:, None]).astype(np.int8)
    fits = [
        RBM(1, l1=100.0, learning_rate=0.02, n_iter=5, batch_size=10, random_state=0).fit(rows)
        for rows in (X, X[rng.permutation(2000)])
    ]
    for rbm in fits:
        assert np.abs(rbm.intercept_visible_.mean()) < 0.2


def test_a_short_last_batch_does_not_corrupt_the_visible_bias() -> None:
    # 1001 rows in batches of 10: logit(0.3) = -0.85; BernoulliRBM goes to -0.95 here, with batches of 100 to -3.2
    X = (np.random.default_rng(0).random((1001, 16)) < 0.3).astype(np.int8)
    rbm = RBM(2, learning_rate=0.02, n_iter=20, batch_size=10, random_state=0).fit(X)
    model = rbm.gibbs_chain(X, 200, random_state=0).mean()
    assert rbm.intercept_visible_.mean() == pytest.approx(-0.85, abs=0.15)
    assert model == pytest.approx(X.mean(), abs=0.03)


def test_an_epoch_sees_every_row() -> None:
    # 3 batches of 4 from 10 rows; a row that is alone in switching a site on moves that site's bias
    X = np.eye(10, dtype=np.int8)
    rbm = RBM(1, learning_rate=1e-3, momentum=0.0, batch_size=4, n_iter=1, reconstruction="mean", random_state=0).fit(X)
    # the data push each site by 1e-3 / 4 once, or twice for the two rows that fill up the last batch
    lift = (rbm.intercept_visible_ + 3 * 0.5e-3) / (1e-3 / 4)
    assert sorted(np.round(lift).astype(int)) == [1] * 8 + [2] * 2


def test_biases_can_be_left_out() -> None:
    X = np.random.default_rng(0).choice((-1, 1), (500, 8), p=(0.2, 0.8)).astype(np.int8)
    rbm = RBM(5, biases=False, random_state=0).fit(X)
    assert not rbm.intercept_visible_.any()
    assert not rbm.intercept_hidden_.any()
    assert rbm.components_.any()
