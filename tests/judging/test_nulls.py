"""Nulls: maps that cannot know the physics, and know everything else that the map knows."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from made_maps import Linear, Of
from sklearn.decomposition import PCA
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline

from blockspin.coarse.blocks import Majority
from blockspin.coarse.fields import ToBinary
from blockspin.judging.criteria.locality import participation
from blockspin.judging.nulls import cheap, noise, permuted, retrained, shuffled, untrained
from blockspin.lattice import Lattice
from blockspin.samples import to_matrix


def test_noise_has_no_correlations() -> None:
    # 10,000 x 64 spins: sees a mean of 0.006 and a correlation of 0.045 between two sites at 4.5 sigma
    X = noise(np.ones((10_000, 64)), 1)
    assert X.dtype == np.int8
    assert set(np.unique(X)) == {-1, 1}
    assert abs(X.mean()) < 4.5 / math.sqrt(X.size)
    correlations = np.corrcoef(X.T)[np.triu_indices(64, 1)]
    assert np.abs(correlations).max() < 5 / 100  # the largest of 2016
    assert correlations.std() * 100 == pytest.approx(1, abs=0.1)
    few = X[:10, :4]
    np.testing.assert_array_equal(noise(few, 1), noise(-few, 1))
    assert (noise(few, 1) != noise(few, 2)).any()


def test_noise_has_the_letters_as_often_as_the_data_and_their_mirror_image() -> None:
    # 100,000 sites: sees 0.007 in a probability of 0.35 at 4.5 sigma
    data = np.random.default_rng(1).choice(np.array([-1, 0, 1], np.int8), (1000, 100), p=[0.1, 0.3, 0.6])
    X = noise(data, 1)
    assert X.dtype == np.int8
    zeros = (data == 0).mean()
    for letter, chance in ((-1, (1 - zeros) / 2), (0, zeros), (1, (1 - zeros) / 2)):
        assert abs((letter == X).mean() - chance) < 4.5 * math.sqrt(chance * (1 - chance) / X.size)
    assert np.abs(np.corrcoef(X[:, :20].T)[np.triu_indices(20, 1)]).max() < 0.17


def test_permuted_data_keep_everything_but_the_lattice(lattice: Lattice, held_out: xr.DataArray) -> None:
    X = to_matrix(held_out)
    P = permuted(X, 1)
    np.testing.assert_array_equal(P.sum(axis=1), X.sum(axis=1))
    assert sorted(map(bytes, P.T.copy())) == sorted(map(bytes, X.T.copy()))  # whole columns, one permutation for all
    energy = [(Y[:, lattice.bonds[:, 0]] * Y[:, lattice.bonds[:, 1]]).mean() for Y in (X, P)]
    assert energy[0] > 0.5
    assert energy[1] < 0.4
    assert (permuted(X, 2) != P).any()


def test_shuffled_sites_are_the_same_map_of_a_scrambled_lattice(lattice: Lattice, held_out: xr.DataArray) -> None:
    X = to_matrix(held_out)
    rule = Majority(lattice, 2, random_state=1).fit(X)
    null = shuffled(rule, 256, 1)
    np.testing.assert_array_equal(null.transform(X), rule.transform(X[:, null.permutation]))
    assert sorted(null.permutation) == list(range(256))
    # its fields are those of what it computes: c = r v still holds
    linear = Linear(np.random.default_rng(2).normal(size=(9, 256)))
    null = shuffled(linear, 256, 1)
    np.testing.assert_allclose(null.transform(X), X @ null.weights(256).T)
    np.testing.assert_allclose(participation(null.weights(256)), participation(linear.fields_))


def test_a_shuffled_map_without_weights_gets_its_fields_by_regression(held_out: xr.DataArray) -> None:
    X = to_matrix(held_out)
    null = shuffled(Of(lambda spins: spins[:, [3, 7]].astype(float)), 256, 1)
    assert null.weights(256) is None
    fields, origin = null.fields(X, null.transform(X))
    assert origin == "regression"
    np.testing.assert_array_equal(np.abs(fields).argmax(axis=1), null.permutation[[3, 7]])


def test_an_untrained_map_is_as_initialised(held_out: xr.DataArray) -> None:
    X = to_matrix(held_out)
    stack = make_pipeline(ToBinary(), BernoulliRBM(8, n_iter=3, random_state=1), BernoulliRBM(4, n_iter=3)).fit(X)
    trained = stack[1].components_.copy()
    fresh = untrained(stack, X)
    assert fresh is not None
    assert [step.n_iter for step in fresh[1:]] == [0, 0]
    assert np.abs(fresh[1].components_).max() < 0.06  # N(0, 0.01^2): the largest of 2048
    assert (stack[1].components_ == trained).all()
    assert stack[1].n_iter == 3
    assert untrained(PCA(4).fit(X), X) is None


def test_retrained_nulls_are_fitted_clones_and_the_map_stays_as_it_is(held_out: xr.DataArray) -> None:
    X = to_matrix(held_out)
    pca = PCA(4).fit(X)
    leading = pca.components_.copy()
    nulls = retrained(pca, X, 1)
    assert list(nulls) == ["K=0 data", "permuted data"]
    np.testing.assert_array_equal(pca.components_, leading)
    # the strongest component of spins that order is the magnetisation; permuting sites leaves it, noise has none
    overlap = {name: abs(null.components_[0].sum()) / 16 for name, null in nulls.items()}
    assert abs(leading[0].sum()) / 16 > 0.9
    assert overlap["permuted data"] > 0.9
    assert overlap["K=0 data"] < 0.3
    np.testing.assert_allclose(nulls["permuted data"].explained_variance_, pca.explained_variance_, rtol=1e-6)


def test_cheap_nulls_need_no_training(held_out: xr.DataArray) -> None:
    X = to_matrix(held_out)
    assert list(cheap(PCA(4).fit(X), X, 1)) == ["shuffled sites"]
    machine = make_pipeline(ToBinary(), BernoulliRBM(4, n_iter=1)).fit(X)
    assert list(cheap(machine, X, 1)) == ["shuffled sites", "untrained"]
