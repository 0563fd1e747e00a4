"""Effective fields: products of weights through a stack, and regression for maps that have none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.decomposition import PCA
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.random_projection import SparseRandomProjection

from blockspin.coarse.blocks import Decimation, Majority
from blockspin.coarse.fields import ToBinary, noise_share, regression_fields, weight_fields
from blockspin.coarse.maps import taken
from blockspin.coarse.rbm import RBM
from blockspin.lattice import Lattice


def spins(n: int, N: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (n, N))


def correlated(n: int, L: int, seed: int) -> np.ndarray:
    """Rows of an open Ising chain with <s_i s_(i+1)> = 0.8: every correlator is far from zero."""
    bonds = np.where(np.random.default_rng(seed).random((n, L)) < 0.9, 1, -1)
    bonds[:, 0] = spins(n, 1, seed)[:, 0]
    return bonds.cumprod(axis=1).astype(np.int8)


def test_to_binary_maps_spins_to_bits_and_means_between() -> None:
    found = ToBinary().fit_transform(np.array([[-1, 1, 0.5]]))
    np.testing.assert_array_equal(found, np.array([[0, 1, 0.75]], np.float32))
    for wrong in (2, -1.5):
        with pytest.raises(ValueError, match="ToBinary"):
            ToBinary().transform(np.array([[1, wrong]]))


@pytest.mark.parametrize("kind", ["RBM", "BernoulliRBM"])
def test_fields_through_layers_are_the_product_of_the_weights(kind: str) -> None:
    if kind == "RBM":
        random = np.random.default_rng(1)
        machines = [RBM.from_weights(random.normal(size=(n, 2 * n)), units="binary") for n in (8, 4, 2)]
        stack = make_pipeline(ToBinary().fit(spins(5, 16)), *machines)
    else:
        stack = make_pipeline(ToBinary(), *[BernoulliRBM(n, n_iter=1) for n in (8, 4, 2)]).fit(spins(50, 16))
    W1, W2, W3 = [np.asarray(step.components_, float) for _, step in stack.steps[1:]]
    for depth, expected in ((2, W1), (3, W2 @ W1), (4, W3 @ W2 @ W1)):
        fields = weight_fields(stack[:depth], 16)
        assert fields is not None
        np.testing.assert_allclose(fields, expected, rtol=1e-6)
    assert taken(stack).fields(spins(5, 16), stack.transform(spins(5, 16)))[1] == "weights"


def test_two_block_steps_have_the_fields_of_one_larger_block() -> None:
    fine, middle = Lattice.square(8), Lattice.square(4)
    twice = make_pipeline(Majority(fine, 2, random_state=1), Majority(middle, 2, random_state=2)).fit(spins(3, 64))
    np.testing.assert_allclose(weight_fields(twice, 64), Majority(fine, 4).fields_)


def test_what_is_not_a_chain_of_weights_has_no_weight_fields() -> None:
    X = spins(60, 16)
    assert weight_fields(make_pipeline(StandardScaler(), PCA(4)).fit(X), 16) is None
    assert weight_fields(PCA(4).fit(X), 25) is None  # does not fit the lattice
    pipeline = make_pipeline("passthrough", PCA(4)).fit(X)
    np.testing.assert_array_equal(weight_fields(pipeline, 16), pipeline[-1].components_)


def test_sparse_weights_serve() -> None:
    projection = SparseRandomProjection(4, density=0.3, random_state=1).fit(spins(5, 16))
    assert isinstance(projection.components_, csr_matrix) or hasattr(projection.components_, "toarray")
    np.testing.assert_array_equal(weight_fields(projection, 16), projection.components_.toarray())


def test_regression_recovers_a_linear_map_from_correlated_data() -> None:
    # correlators <v h> would smear each row over the correlation length; the regression must not
    X = correlated(4000, 12, seed=2)
    true = np.random.default_rng(3).normal(size=(3, 12))
    constant = np.array([5.0, 0.0, -2.0])
    np.testing.assert_allclose(regression_fields(X, X @ true.T + constant), true, atol=0.01)
    bare = X.T @ (X @ true.T) / len(X)
    assert np.abs(bare.T - true).max() > 0.5


def test_regression_agrees_with_least_squares_and_survives_more_sites_than_samples() -> None:
    X, h = correlated(300, 12, seed=4), np.random.default_rng(5).normal(size=(300, 2))
    design = np.column_stack([np.ones(300), X])
    expected = np.linalg.lstsq(design, h)[0][1:].T
    np.testing.assert_allclose(regression_fields(X, h, ridge=1e-9), expected, atol=1e-9)
    few = regression_fields(spins(5, 30), np.ones((5, 2)) * np.arange(5)[:, None])
    assert np.isfinite(few).all()


def test_the_noise_of_a_regression_is_that_of_outputs_that_are_known() -> None:
    random = np.random.default_rng(4)
    weights, X = random.normal(size=(5, 40)), random.choice([-1.0, 1.0], (400, 40))
    exact = X @ weights.T
    noisy = exact + random.normal(scale=6.0, size=exact.shape)
    found = regression_fields(X, noisy)
    spread = ((found - weights) ** 2).sum(axis=1) / (found**2).sum(axis=1)
    assert noise_share(X, noisy, found) == pytest.approx(np.median(spread), rel=0.3)
    assert noise_share(X, exact, weights) < 1e-12
    assert noise_share(X[:41], noisy[:41], found) == 1


@pytest.mark.parametrize("rule", ["majority", "decimation"])
def test_regression_finds_the_blocks_of_a_block_rule(rule: str) -> None:
    # 4000 samples of 64 sites: an entry is known to 1/sqrt(4000) = 0.016, so anything beyond 0.08 is seen at 5 sigma.
    # On independent spins the majority of 4 is 3/8 of each: <s' s> = (2 * 4 + 8 * 2) / 16 / 4
    lattice = Lattice.square(8)
    X = spins(4000, 64, seed=6)
    transformer = Majority(lattice, 2, random_state=1) if rule == "majority" else Decimation(lattice, 2)
    fields, origin = taken(Nameless(transformer.fit(X))).fields(X, transformer.transform(X))
    assert origin == "regression"
    expected = 1.5 * transformer.fields_ if rule == "majority" else transformer.fields_
    np.testing.assert_allclose(fields, expected, atol=0.08)


class Nameless:
    """A map that says nothing of its weights."""

    def __init__(self, transformer: Majority | Decimation) -> None:
        self.transform = transformer.transform
