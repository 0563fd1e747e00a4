"""scikit-learn's checks of every public estimator that takes spins.

The checks make data of their own, of any width and any values. What a lattice rule can take are spins, one a site: the
data are made such on their way (`spins_for`), so that the checks are run and not listed as failing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator

import blockspin as bs

L = bs.Lattice.chain(4)
ESTIMATORS: list[Any] = [
    bs.ToBinary(),
    bs.Autoencoder(2, n_iter=1, random_state=0),
    bs.Majority(L, random_state=0),
    bs.Decimation(L),
    bs.rules.Threshold(L, random_state=0),
    bs.rules.WeightedMajority(L, random_state=0),
    bs.rules.TriangularMajority(bs.Lattice.triangular(6)),
    bs.rules.Plurality(L, random_state=0),
    bs.rules.Kernel(L, random_state=0),
    bs.SelfSimilar(L, features=["block"], own=[[1, 1], [1, -1], [-1, -1]] * 4, operators=["nn"], random_state=0),
    pytest.param(
        bs.rg.SelfSimilarNetwork(
            L, 2, ["block"], [[1, 1], [1, -1], [-1, -1]] * 4, ["nn"], window=2, hidden=1, n_iter=1, random_state=0
        ),
        marks=pytest.mark.slow,
    ),
    bs.rg.OneRow(bs.Lattice.chain(8), 2, ["block"], ["nn", "nnn"], random_state=0),
    bs.Placed(bs.Majority(L, random_state=0), L, strict=False),
    pytest.param(bs.RSMI(L, buffer=0, n_iter=2, batch_size=2, random_state=0), marks=pytest.mark.slow),
]
EXPECTED = {"check_positive_only_tag_during_fit": "X less its mean, which the check feeds, holds no spins"}


def spins_for(estimator: BaseEstimator, X: Any, kernel: Any = None) -> np.ndarray:
    """Signs about the mean; of a lattice, columns repeated to a site each, about quantiles, so that pairs vary too."""
    values = np.asarray(X)
    lattice = getattr(estimator, "lattice", None)
    cut: Any = values.mean()
    if lattice is not None:
        site = np.arange(lattice.n_sites)
        values, cut = values[:, site % values.shape[1]], np.quantile(values, (site + 0.5) / lattice.n_sites)
    return np.where(values > cut, 1, -1).astype(values.dtype)


@pytest.fixture(autouse=True)
def _data_are_spins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimator_checks, "_enforce_estimator_tags_X", spins_for)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda one: type(one).__name__)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_contract(estimator: BaseEstimator) -> None:
    failed = {}
    for result in check_estimator(estimator, expected_failed_checks=EXPECTED, on_fail=None, on_skip=None):
        if result["status"] == "failed":
            failed[result["check_name"]] = repr(result["exception"])[:300]
    assert not failed, "\n".join(f"{name}: {said}" for name, said in failed.items())
