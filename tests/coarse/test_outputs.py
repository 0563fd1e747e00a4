"""Outputs of a map as spins: alike at any scale, in any batch, and turned over with the spins.

Mutants tried, each seen to fail here: ties sent down, the cut taken from X alone, uniforms not turned over with the
row, the scale of outputs deciding whether they are drawn.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.neural_network import BernoulliRBM

from blockspin.coarse.blocks import Majority
from blockspin.coarse.coins import coins, uniforms
from blockspin.coarse.fields import ToBinary
from blockspin.coarse.maps import taken
from blockspin.coarse.outputs import AsSpins
from blockspin.coarse.rbm import RBM
from blockspin.judging.nulls import shuffled
from blockspin.lattice import Lattice

SPINS = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (4000, 64))


class Of:
    """A function of spins as a map, which may declare what it gives."""

    def __init__(self, function: Callable[[np.ndarray], np.ndarray], graded: str = "") -> None:
        self.transform = function
        if graded:
            self.outputs_ = graded


def read(transformer: Of, X: np.ndarray = SPINS, seed: int = 0) -> np.ndarray:
    return AsSpins.of(transformer, X, transformer.transform(X), seed)(X, transformer.transform(X))


def block_sums(X: np.ndarray) -> np.ndarray:
    return X.reshape(-1, 4, 2, 4, 2).sum(axis=(2, 4)).reshape(len(X), -1)


def test_spins_and_bits_stay() -> None:
    for function in (lambda X: X[:, :8], lambda X: X[:, :8].astype(float), lambda X: (X[:, :8] + 1) // 2):
        np.testing.assert_array_equal(read(Of(function)), SPINS[:, :8])


@pytest.mark.parametrize("scale", [4.0, 1.0, 0.25, 1 / 40])
@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_a_block_sum_is_the_majority_rule_at_any_scale(scale: float, offset: float) -> None:
    majority = Majority(Lattice.square(8), 2, random_state=3).fit_transform(SPINS)
    np.testing.assert_array_equal(read(Of(lambda X: scale * block_sums(X) + offset), seed=3), majority)


def test_batches_and_other_samples_are_read_alike_and_turn_over() -> None:
    transformer = Of(lambda X: np.tanh(block_sums(X) + 0.1 * X[:, :16]))
    for graded in ("", "means"):
        if graded:
            transformer.outputs_ = graded
        reading = AsSpins.of(transformer, SPINS, transformer.transform(SPINS), 5)
        whole = reading(SPINS, transformer.transform(SPINS))
        parts = [reading(X, transformer.transform(X)) for X in np.split(SPINS, 8)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)
        np.testing.assert_array_equal(reading(-SPINS, transformer.transform(-SPINS)), -whole)
        up = SPINS[SPINS.sum(axis=1) > 10]  # all of one sign: still read as before
        np.testing.assert_array_equal(reading(up, transformer.transform(up)), whole[SPINS.sum(axis=1) > 10])


def test_declared_means_and_probabilities_are_drawn() -> None:
    # 4,000 rows of distinct spins: sees 0.07 in a mean at 4.5 sigma
    for graded, values, mean in (("probabilities", [0.1, 0.8], [-0.8, 0.6]), ("means", [-0.5, 0.3], [-0.5, 0.3])):
        drawn = read(Of(lambda X, values=values: np.tile(values, (len(X), 1)), graded))
        expected = np.array(mean)
        assert (np.abs(drawn.mean(axis=0) - expected) < 4.5 * np.sqrt((1 - expected**2) / len(SPINS))).all()
        assert abs(np.corrcoef(drawn.T)[0, 1]) < 4.5 / np.sqrt(len(SPINS))


def test_an_asymmetric_output_is_cut_where_half_of_both_lie() -> None:
    values = read(Of(lambda X: np.exp(X[:, :8].sum(axis=1, keepdims=True) / 3.0)))
    sums = SPINS[:, :8].sum(axis=1)
    np.testing.assert_array_equal(values[sums != 0, 0], np.sign(sums[sums != 0]))


def test_machines_declare_what_they_give() -> None:
    weights = np.random.default_rng(2).normal(size=(3, 64))
    spin, binary = RBM.from_weights(weights, units="spin"), RBM.from_weights(weights, units="binary")
    assert (taken(spin).outputs, taken(binary).outputs) == ("means", "probabilities")
    assert shuffled(spin, 64, 1).outputs == "means"
    assert taken(spin.set_params(output="sample")).outputs == ""
    sklearn = BernoulliRBM(3, n_iter=1, random_state=0).fit(ToBinary().fit_transform(SPINS[:100]))
    assert taken(sklearn).outputs == "probabilities"
    assert taken(Majority(Lattice.square(8), 2)).outputs == ""


def test_coins_and_uniforms_are_fair_and_odd() -> None:
    # 4000 x 100 numbers: sees 0.2 % in the mean of the uniforms, 0.7 % in that of the coins
    for drawn, scale in ((uniforms(SPINS, 100, 7) - 0.5, 1 / np.sqrt(12)), (coins(SPINS, 100, 7).astype(float), 1.0)):
        assert abs(drawn.mean()) < 4.5 * scale / np.sqrt(drawn.size)
        assert abs(drawn.std() - scale) < 0.01 * scale
        rows = np.corrcoef(drawn)[np.triu_indices(len(drawn), 1)][::997]
        assert abs(rows.mean()) < 4.5 * 0.1 / np.sqrt(len(rows))
    np.testing.assert_array_equal(coins(-SPINS, 100, 7), -coins(SPINS, 100, 7))
    np.testing.assert_allclose(uniforms(-SPINS, 100, 7), 1 - uniforms(SPINS, 100, 7), atol=1e-15)
    assert (coins(SPINS, 100, 8) != coins(SPINS, 100, 7)).mean() > 0.4
