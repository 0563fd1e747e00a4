"""What the verdict says of maps and samples whose answer is known, on seeds that the benchmark does not use."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import blockspin as bs
from blockspin.judging.measurement import LOOSE, State
from blockspin.judging.rules import Outcome
from blockspin.judging.verdict import Verdict
from blockspin.samples import to_matrix

LATTICE = bs.Lattice.square(16)


def benchmark() -> Any:
    path = Path(__file__).parents[2] / "benchmarks" / "verdicts.py"
    spec = importlib.util.spec_from_file_location("verdicts", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["verdicts"] = module
    spec.loader.exec_module(module)
    return module


def test_only_majority_on_critical_samples_renormalizes() -> None:
    verdicts = benchmark()
    found = {row["case"]: verdicts.card(row).verdict for row in verdicts.measured(LATTICE, seed=1001)}
    assert found.pop("majority") is Verdict.RENORMALIZES
    assert Verdict.RENORMALIZES not in found.values()
    assert len(found) == 7


def test_the_benchmark_measures_what_the_judge_says() -> None:
    verdicts = benchmark()
    name, one, samples = next(verdicts.cases(LATTICE, 1001))
    row = next(verdicts.measured(LATTICE, 1001))
    card = bs.judge(one, samples, critical=samples, criteria=verdicts.CRITERIA, name=name, seed=1001)
    assert card.rows == verdicts.card(row).rows


SAMPLES = bs.sample(bs.Ising(bs.Lattice.square(8), 0.408), 600, seed=1, chains=12)


def codes(transformer: Any, **more: Any) -> set[str]:
    return {note.code for note in bs.judge(transformer, SAMPLES, criteria=["locality"], **more).notes}


def test_an_rbm_of_binary_units_is_read_in_one_way() -> None:
    """Bare or behind ToBinary: the same card, and a note on the bare one."""
    bits = (to_matrix(SAMPLES) + 1) // 2
    machine = BernoulliRBM(16, random_state=0, n_iter=2, learning_rate=0.05).fit(bits)
    bare = bs.judge(machine, SAMPLES, train=SAMPLES, name="rbm")
    behind = bs.judge(make_pipeline(bs.ToBinary(), machine), SAMPLES, train=SAMPLES, name="rbm")
    assert bare.rows == behind.rows
    assert {note.code for note in bare.notes} - {note.code for note in behind.notes} == {"binary units"}


@pytest.mark.parametrize(
    ("function", "code"),
    [
        (lambda X: np.ones((len(X), 16)), "constant map"),
        (lambda X: np.hstack([X[:, ::8], np.ones((len(X), 8))]), "constant units"),
        (lambda X: np.random.default_rng().choice([-1, 1], (len(X), 16)), "random map"),
    ],
)
def test_a_map_that_is_constant_or_random_is_named(function: Any, code: str) -> None:
    assert code in codes(FunctionTransformer(function))


def test_a_rule_with_unseeded_coins_gets_them_from_the_seed() -> None:
    lattice = bs.Lattice.square(8)
    rule = bs.Majority(lattice, 2)
    assert codes(rule) == codes(bs.Majority(lattice, 2, random_state=1)) == set()
    first, again = (bs.judge(rule, SAMPLES, critical=SAMPLES, criteria=["spectrum"]) for _ in range(2))
    assert first.rows == again.rows
    assert rule.random_state is None


def test_the_training_samples_are_no_held_out_ones() -> None:
    rule = bs.Majority(bs.Lattice.square(8), 2)
    assert "not held out" in codes(rule, train=SAMPLES)


def test_what_a_map_lacks_for_a_null_is_named() -> None:
    from sklearn.decomposition import PCA

    assert codes(PCA(16).fit(to_matrix(SAMPLES))) == {"null untrained", "nulls retrained"}


class InPlace:
    """A map of one's own, without scikit-learn's base classes, that spoils what it gets."""

    def transform(self, X: Any) -> Any:
        blocks = X[:, ::4].copy()
        X[:] = 0
        return blocks


def test_a_map_that_works_in_place_spoils_nothing() -> None:
    before = SAMPLES.values.copy()
    card = bs.judge(InPlace(), SAMPLES, critical=SAMPLES)
    assert np.array_equal(SAMPLES.values, before)

    class Copying(InPlace):
        def transform(self, X: Any) -> Any:
            return super().transform(X.copy())

    assert bs.judge(Copying(), SAMPLES, critical=SAMPLES).rows == card.rows


def test_fields_from_too_few_draws_fail_nothing() -> None:
    """The majority rule without its weights: a regression on 600 draws of 64 sites spreads its fields."""
    rule = bs.Majority(bs.Lattice.square(8), 2, random_state=1)
    card = bs.judge(FunctionTransformer(rule.transform), SAMPLES, criteria=["locality", "tiling"])
    assert {str(row.outcome) for row in card.rows} <= {"pass", "cannot tell"}
    assert "few draws for fields" in {note.code for note in card.notes}


class SoftBlocks:
    """Blocks of 2 x 2 spins through a network's nonlinearity, without weights to be read."""

    def transform(self, X: np.ndarray) -> np.ndarray:
        blocks = X.reshape(-1, 8, 2, 8, 2).sum(axis=(2, 4))
        return np.tanh(blocks.reshape(len(X), -1) + 0.1)


def test_fields_from_too_few_draws_decide_neither_positions_nor_exponents() -> None:
    lattice = bs.Lattice.square(16)
    critical = bs.sample(bs.Ising(lattice, bs.critical_coupling(bs.Ising, lattice)), 4000, seed=2)
    samples = bs.sample(bs.Ising(lattice, 0.408), 2000, seed=3)
    card = bs.judge(SoftBlocks(), samples[:20, :1], critical=critical, criteria=["locality", "tiling", "spectrum"])
    y_t = card.row("spectrum", "y_t")
    assert (y_t.state, y_t.outcome, y_t.code) == (State.FORCED, Outcome.CANNOT_TELL, LOOSE)
    assert card.verdict is Verdict.CANNOT_TELL
    weights = np.random.default_rng(1).normal(size=(256, 64))
    wide = (PCA(64).fit(bs.to_matrix(samples)), FunctionTransformer(lambda X: np.sign(X @ weights)))
    for one in wide:  # weights that are known, and weights that 2000 draws of 256 sites find well enough
        card = bs.judge(one, samples, critical=critical, criteria=["locality", "spectrum"])
        assert card.verdict is Verdict.DOES_NOT
        assert card.outcome("spectrum") is Outcome.FAIL
    assert "few draws for fields" in {note.code for note in card.notes}


def test_noise_takes_positions_from_blocks_and_decides_nothing() -> None:
    lattice = bs.Lattice.square(16)
    critical = bs.sample(bs.Ising(lattice, bs.critical_coupling(bs.Ising, lattice)), 1000, seed=2)
    samples = bs.sample(bs.Ising(lattice, 0.408), 1000, seed=3)
    random = np.random.default_rng(2)

    def flipped(X: np.ndarray) -> np.ndarray:
        blocks = np.sign(SoftBlocks().transform(X))
        return blocks * random.choice([1, -1], blocks.shape, p=[0.8, 0.2])

    criteria = ["spectrum", "flow", "range", "information"]
    card = bs.judge(FunctionTransformer(flipped), samples, critical=critical, criteria=criteria)
    assert {row.code for row in card.rows} == {LOOSE}
    assert {row.outcome for row in card.rows} == {Outcome.CANNOT_TELL}
