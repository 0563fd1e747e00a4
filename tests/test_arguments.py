"""Wrong arguments, by what went wrong with each: the right answer, once a kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError

import blockspin as bs
from blockspin import checks
from blockspin.coarse.maps import taken
from blockspin.rg.blocking import block
from public_calls import L, machine, rows, spins, states


@pytest.mark.parametrize("value", [True, np.True_, 1.0, "1", None, 1j, np.array(1), np.nan])
def test_what_is_no_integer(value: Any) -> None:
    with pytest.raises(ValueError, match="side"):
        checks.whole("side", value)


def test_integers_and_numbers_keep_their_bounds() -> None:
    assert checks.whole("n", np.int8(3), 3, 3) == 3
    assert checks.number("x", np.float32(0.5), 0, 1) == 0.5
    assert checks.number("x", 1) == 1.0
    assert checks.number("x", np.inf, infinite=True) == np.inf
    for value in (-1, 4, 10**30):
        with pytest.raises(ValueError, match="n must"):
            checks.whole("n", value, 0, 3)
    for value in (0, 1, np.inf, 10**400, -(10**400), np.nan, True, "0.5", 0.5j):
        with pytest.raises(ValueError, match="x must"):
            checks.number("x", value, 0, 1, open_start=True, open_end=True)
    with pytest.raises(ValueError, match="x must"):
        checks.number("x", 10**400)


def test_arrays_are_dense_real_and_without_masks() -> None:
    masked = np.ma.masked_array([1.0, 2.0], [False, True])
    for value in (masked, [[1], [1, 2]], ["a"], [1j], [None], np.zeros(2, "datetime64[s]"), scipy.sparse.eye(2)):
        with pytest.raises(ValueError, match="X must"):
            checks.array("X", value)
    np.testing.assert_array_equal(checks.array("X", np.ma.masked_array([1, 2], [False, False])), [1, 2])
    with pytest.raises(ValueError, match="X must"):
        checks.finite("X", [1.0, np.nan])


def test_a_seed_is_needed() -> None:
    for seed in (None, -1, 1.5, True):
        with pytest.raises(ValueError, match="seed"):
            bs.split(spins(), 0.5, seed=seed)  # type: ignore[arg-type]


def test_samples_are_no_matrix() -> None:
    for estimator in (
        bs.RBM(3),
        bs.Autoencoder(3),
        bs.ToBinary(),
        bs.Majority(L),
        bs.RSMI(L, buffer=0),
        bs.Placed(bs.Majority(L), L),
    ):
        with pytest.raises(TypeError, match=r"bs\.to_matrix"):
            estimator.fit(spins())


def test_masked_rows_are_refused_by_every_estimator() -> None:
    masked = np.ma.masked_array(rows(), rows() < 0)
    for estimator in (
        bs.RBM(3),
        bs.Autoencoder(3),
        bs.ToBinary(),
        bs.Majority(L),
        bs.RSMI(L, buffer=0),
        bs.Placed(bs.Majority(L), L),
    ):
        with pytest.raises(ValueError, match="masked"):
            estimator.fit(masked)


@pytest.mark.parametrize("kind", [bs.RBM, bs.ConvolutionalRBM])
def test_units_are_read_off_where_the_data_leave_no_doubt(kind: Any) -> None:
    potts = states().values.reshape(-1, L.n_sites)
    quick = {"n_iter": 0, "random_state": 0} | ({"lattice": L} if kind is bs.ConvolutionalRBM else {"n_components": 3})
    for X in (potts, np.ones_like(rows()), 1.5 * rows()):
        with pytest.raises(ValueError, match="units"):
            kind(**quick).fit(X)
    assert kind(**quick, units="gaussian").fit(potts).units_ == "gaussian"
    assert kind(**quick, units="spin").fit(np.ones_like(rows())).units_ == "spin"
    for X, units in ((rows(), "spin"), (rows() > 0, "binary"), (0.3 * rows(), "spin"), (0 * rows(), "binary")):
        assert kind(**quick).fit(X).units_ == units
    assert kind(**quick).fit(-np.ones_like(rows())).units_ == "spin"


def test_a_rule_without_a_seed_gives_the_same_coins_again() -> None:
    def unseeded(lattice: bs.Lattice) -> bs.Majority:
        return bs.Majority(lattice, 2)

    one, two, other = (block(spins(), unseeded, 1, seed=seed)[1].values for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    # a quarter of 160 blocks and more is tied: other coins agree everywhere with chance 2^-40
    assert (one != other).any()
    np.testing.assert_array_equal(one, block(spins(), unseeded(L))[1].values)
    np.testing.assert_array_equal(block(spins(), bs.Majority(L, random_state=3), seed=1)[1].values,
                                  block(spins(), bs.Majority(L, random_state=3), seed=2)[1].values)  # fmt: skip
    potts = [block(states(), lambda lattice: bs.rules.Plurality(lattice, 2), 1)[1].values for _ in range(2)]
    np.testing.assert_array_equal(*potts)
    for measure, names in ((bs.rg.exponents, ["nn", "magnetisation"]), (bs.rg.flow, ["nn"])):
        assert str(measure(spins(), unseeded, 1, names)) == str(measure(spins(), unseeded, 1, names))


def test_seeding_leaves_the_callers_rule_as_it_is() -> None:
    rule = bs.Majority(L, 2)
    block(spins(), rule)
    assert rule.random_state is None


class Gives(TransformerMixin, BaseEstimator):
    """A map that gives whatever it is told to."""

    def __init__(self, outputs: Any = None) -> None:
        self.outputs = outputs

    def transform(self, X: Any) -> Any:
        return self.outputs


@pytest.mark.parametrize(
    "outputs",
    [
        np.ones((40, 4)) * 1j,
        np.full((40, 4), "x"),
        np.full((40, 4), None),
        scipy.sparse.csr_matrix(np.ones((40, 4))),
        np.ones((40, 0)),
        np.ones(40),
        np.ones((39, 4)),
        np.full((40, 4), np.nan),
        None,
    ],
    ids=["complex", "words", "objects", "sparse", "no columns", "a vector", "a row too few", "nan", "None"],
)
def test_outputs_that_no_map_of_spins_may_give(outputs: Any) -> None:
    with pytest.raises(ValueError, match="Gives"):
        taken(Gives(outputs)).transform(rows())
    with pytest.raises(ValueError, match="Gives"):
        block(spins(), Gives(outputs))


def test_a_class_is_no_map() -> None:
    for wrong in (PCA, None, "x"):
        with pytest.raises(TypeError, match="transform"):
            taken(wrong)


def test_what_is_not_fitted_says_so() -> None:
    rsmi = bs.RSMI(L)
    for name in ("information_", "why_", "fields_"):
        with pytest.raises(NotFittedError):
            getattr(rsmi, name)
        assert not hasattr(rsmi, name)
    for estimator in (rsmi, bs.RBM(3), bs.ConvolutionalRBM(L), bs.Placed(bs.Majority(L), L)):
        with pytest.raises(NotFittedError):
            estimator.transform(rows())


def test_a_pickled_lattice_is_its_kind_and_shape() -> None:
    lattice = bs.Lattice.square(6)
    before = lattice.__reduce__()
    assert lattice.coordinates.shape == (36, 2)
    assert lattice.__reduce__() == before == (bs.Lattice, ("square", (6, 6)))


def test_a_block_rule_takes_no_rows() -> None:
    for rule in (
        bs.Majority(L),
        bs.Decimation(L),
        bs.rules.Threshold(L),
        bs.rules.WeightedMajority(L),
        bs.rules.Plurality(L),
        bs.rules.Kernel(L),
    ):
        assert rule.transform(np.empty((0, 16), np.int8)).shape == (0, 4)


def test_a_hidden_state_is_of_the_machines_shape() -> None:
    for hidden in ([[1, 1]], [1, 1, 1], "x", [[None] * 3]):
        with pytest.raises(ValueError, match="H"):
            machine().visible_mean(hidden)
