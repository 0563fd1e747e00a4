"""The autoencoder: scikit-learn's MLPRegressor step by step, principal components, the penalties, the judge."""

from __future__ import annotations

import warnings

import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy.linalg import subspace_angles
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline

import blockspin as bs
from blockspin.coarse.autoencoder import _objective, _unpacking
from blockspin.coarse.maps import taken
from blockspin.coarse.rsmi.networks import STEADY, Climb, climb
from blockspin.judging import Evidence, Subject
from blockspin.judging.nulls import cheap

L = bs.Lattice.square(8)


def perceptron(X: np.ndarray, rate: float, epochs: int, activation: str, alpha: float) -> MLPRegressor:
    made = MLPRegressor(
        hidden_layer_sizes=(5,), activation=activation, alpha=alpha, learning_rate_init=rate, batch_size=20,
        shuffle=False, max_iter=epochs, random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return made.fit(X, X)


@pytest.mark.parametrize("activation", ["tanh", "logistic", "identity"])
@pytest.mark.parametrize("alpha", [0.0, 3.0])
def test_training_is_that_of_scikit_learn(activation: str, alpha: float) -> None:
    X = np.random.default_rng(1).choice([-1.0, 1.0], (100, 16))
    start = perceptron(X, 1e-30, 1, activation, alpha)
    vector = ravel_pytree([*zip(start.coefs_, start.intercepts_, strict=True)])[0].astype(jnp.float32)
    unpack, objective = _unpacking(16, 5), _objective(activation, True, 0.0, alpha / 20)
    state = Climb(vector, jnp.zeros_like(vector), jnp.zeros_like(vector), jnp.float32(0))
    batches = X.reshape(5, 20, 16).astype(np.float32)
    for _ in range(10):
        state = climb(state, (batches,), np.zeros((5, 0), np.float32), 0.01, STEADY, objective, unpack)
    after = perceptron(X, 0.01, 10, activation, alpha)
    for (W, b), coefs, intercepts in zip(unpack(state.vector), after.coefs_, after.intercepts_, strict=True):
        np.testing.assert_allclose(W, coefs, atol=2e-4)  # float32 after 50 steps; they moved by 0.1 and more
        np.testing.assert_allclose(b, intercepts, atol=2e-4)
    assert max(np.abs(a - b).max() for a, b in zip(start.coefs_, after.coefs_, strict=True)) > 0.1


def test_the_loss_is_that_of_its_definition() -> None:
    random = np.random.default_rng(2)
    W, c, D, d, v = (random.normal(size=shape) for shape in ((6, 4), 4, (4, 6), 6, (30, 6)))
    for biases in (True, False):
        back = np.tanh(v @ W + biases * c) @ D + biases * d
        squares, sizes = (W**2).sum() + (D**2).sum(), np.abs(W).sum() + np.abs(D).sum()
        expected = ((v - back) ** 2).sum(axis=1).mean() / 2 + 0.3 * sizes + 0.7 * squares / 2
        found = _objective("tanh", biases, 0.3, 0.7)([(W, c), (D, d)], (v,), jnp.zeros(0), jnp.float32(1))
        assert -float(found) == pytest.approx(expected, rel=1e-5)


def test_a_linear_one_finds_the_principal_components() -> None:
    # eigenvalues 9, 4, 1, .25, ...: the optimum spans the first two directions and leaves half of all other variance
    random = np.random.default_rng(3)
    turn = np.linalg.qr(random.normal(size=(6, 6)))[0]
    X = random.normal(size=(2000, 6)) * [3, 2, 1, 0.5, 0.5, 0.5] @ turn
    X -= X.mean(axis=0)
    values, vectors = np.linalg.eigh(X.T @ X / len(X))
    found = bs.Autoencoder(
        2, activation="identity", learning_rate=0.01, batch_size=2000, n_iter=2000, random_state=0
    ).fit(X)
    assert found.loss_curve_[-1] == pytest.approx(values[:-2].sum() / 2, rel=1e-3)
    assert subspace_angles(found.decoder_, vectors[:, -2:]).max() < 0.02


def test_a_penalty_shrinks_weights_and_l1_leaves_few_of_them() -> None:
    X = bs.to_matrix(bs.sample(bs.Ising(L, K=0.35), 2000, seed=4))
    how = {"biases": False, "learning_rate": 0.005, "n_iter": 20, "random_state": 5}
    none, l2, l1 = (bs.Autoencoder(16, **how, **more).fit(X) for more in ({}, {"l2": 0.1}, {"l1": 0.02}))

    def kurtosis(some: bs.Autoencoder) -> float:  # 3 for Gaussian weights
        return float((some.components_**4).mean() / (some.components_**2).mean() ** 2)

    def squares(some: bs.Autoencoder) -> float:
        return float((some.components_**2).sum() + (some.decoder_**2).sum())

    assert squares(l2) < squares(none)
    assert kurtosis(l1) > 2 * max(kurtosis(none), kurtosis(l2))
    for some in (none, l2, l1):
        assert not some.intercept_.any()
        assert not some.decoder_intercept_.any()
        np.testing.assert_allclose(some.transform(-X), -some.transform(X), atol=1e-6)  # odd, up to rounding


def test_the_judge_reads_weights_signs_and_reconstructions() -> None:
    samples = bs.sample(bs.Ising(L, K=0.4), 1000, seed=6)
    X = bs.to_matrix(samples)
    first = bs.Autoencoder(16, biases=False, n_iter=30, learning_rate=0.005, random_state=7).fit(X)
    second = bs.Autoencoder(4, biases=False, n_iter=30, learning_rate=0.005, random_state=8).fit(first.transform(X))
    for given, fields in (
        (first, first.components_),
        (make_pipeline(first, second), second.components_ @ first.components_),
    ):
        subject = Subject(given, Evidence(samples), name="autoencoder")
        assert subject.fields_from == "weights"
        np.testing.assert_allclose(subject.fields, fields, atol=1e-6)
        np.testing.assert_array_equal(subject.letters("samples"), np.sign(subject.outputs))
    back = second.inverse_transform(second.transform(first.transform(X)))
    stack = taken(make_pipeline(first, second)).reconstruct(X)
    np.testing.assert_allclose(stack, first.inverse_transform(back), rtol=1e-5)
    assert taken(make_pipeline(bs.ToBinary(), first)).reconstruct(X) is None  # nothing goes back through ToBinary
    card = bs.judge(first, samples, criteria=["locality", "fidelity"], seed=9)
    assert set(cheap(first, X, seed=9)) == {"untrained", "shuffled sites"}
    right = (np.sign(first.reconstruct(X)) == X).mean()
    assert card.row("fidelity", "reconstructed sites").value == pytest.approx(right)


def test_equal_seeds_give_equal_bits_and_others_other_ones() -> None:
    X = np.random.default_rng(9).choice(np.array([-1, 1], np.int8), (55, 16))
    one, same, other = (bs.Autoencoder(3, n_iter=2, batch_size=20, random_state=seed).fit(X) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.components_, same.components_)
    assert np.abs(one.components_ - other.components_).max() > 0.01
    assert one.loss_curve_.shape == (2,)
    with pytest.raises(ValueError, match="shape"):
        one.inverse_transform(np.ones((2, 4)))
    with pytest.raises(ValueError, match="learning_rate"):
        bs.Autoencoder(3, learning_rate=1e38, n_iter=3).fit(X)


def test_training_that_diverges_says_in_which_epoch_and_for_what() -> None:
    X = np.random.default_rng(1).normal(size=(200, 6)) * 1e18
    with pytest.raises(ValueError, match=r"diverged in epoch 1: .* learning_rate = 0\.001, l1 = 0, l2 = 0$"):
        bs.Autoencoder(2, activation="identity", n_iter=3, random_state=1).fit(X * 10)
