"""I(H:E) that is given as exact: by P(h | V), against sums over all states by other code, whatever the coins.

Tried on purpose: ties drawn, the sites of the block row by row beside the torus' table, P of the first surroundings for
a map that looks beyond its block: each fails a test below.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import xlogy
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline

import blockspin as bs
from blockspin.judging.criteria.information import information
from blockspin.judging.evidence import Evidence, Subject
from blockspin.judging.nulls import ShuffledSites
from blockspin.samples import to_matrix
from blockspin.statistics import Estimate

MAJORITY_6 = 0.05536516  # of majority on the 6 x 6 torus at K = .3


def kept(transformer: object, samples: object, model: bs.Ising) -> Estimate:
    return information(Subject(transformer, Evidence(samples, model=model), name="m")).kept  # type: ignore[arg-type]


def by_enumeration(model: bs.Ising, block: list[int], outside: list[int], up: NDArray[np.float64]) -> float:
    """I(H:E), nats, of P(h = +1 | block) = up, states in the order of itertools.product; every state of a chain."""
    L = model.lattice.n_sites
    joint: dict[tuple[int, ...], NDArray[np.float64]] = {}
    number = {state: place for place, state in enumerate(itertools.product((-1, 1), repeat=len(block)))}
    for spins in itertools.product((-1, 1), repeat=L):
        weight = np.exp(sum(model.K * spins[i] * spins[(i + 1) % L] + model.h * spins[i] for i in range(L)))
        p = up[number[tuple(spins[i] for i in block)]]
        environment = tuple(spins[i] for i in outside)
        joint[environment] = joint.get(environment, np.zeros(2)) + weight * np.array([1 - p, p])
    table = np.array(list(joint.values())) / sum(part.sum() for part in joint.values())
    entropy = [-xlogy(part, part).sum() for part in (table, table.sum(axis=0), table.sum(axis=1))]
    return float(entropy[1] + entropy[2] - entropy[0])


@pytest.fixture(scope="module")
def torus() -> tuple[object, bs.Ising]:
    model = bs.Ising(bs.Lattice.square(6), 0.3)
    return bs.sample(model, 500, seed=1, chains=10), model


@pytest.mark.parametrize("random_state", [None, 0, 2, 17])
def test_majority_on_the_torus_is_exact_whatever_its_coins(random_state: int | None, torus: tuple) -> None:
    samples, model = torus
    rule = bs.Majority(model.lattice, 2, random_state=random_state).fit(to_matrix(samples))
    found = kept(rule, samples, model)
    assert found.value == pytest.approx(MAJORITY_6, abs=1e-8)
    assert found.error == 0


@pytest.mark.parametrize(("b", "L"), [(2, 12), (3, 12), (4, 16)])
@pytest.mark.parametrize("make", ["majority", "weighted", "threshold", "decimation", "placed", "pipeline"])
def test_rules_on_the_chain_are_sums_over_all_states(b: int, L: int, make: str) -> None:
    model = bs.Ising(bs.Lattice.chain(L), 0.7, h=0.1)
    samples = bs.sample(model, 200, seed=2, chains=10)
    lattice, X = model.lattice, to_matrix(samples)
    weights, cut = [1.0, -1.0, 2.0, -2.0][:b], {2: 1.0, 3: 0.5, 4: 2.5}[b]
    majority = bs.Majority(lattice, b, random_state=3)
    rule = {
        "majority": majority,
        "weighted": bs.rules.WeightedMajority(lattice, b, weights=weights, random_state=3),
        "threshold": bs.rules.Threshold(lattice, b, threshold=cut, ties="random", random_state=3),
        "decimation": bs.Decimation(lattice, b),
        "placed": bs.Placed(majority, lattice, strict=False),
        "pipeline": Pipeline([("nothing", "passthrough"), ("majority", majority)]),
    }[make].fit(X)
    states = np.array(list(itertools.product((-1, 1), repeat=b)))
    total = states @ (weights if make == "weighted" else np.ones(b))
    if make == "decimation":
        total = states[:, 0]
    undecided = np.abs(total) < (cut if make == "threshold" else 1e-9)
    up = np.where(undecided, 0.5, total > 0).astype(float)
    buffer = max(1, b // 2)
    expected = by_enumeration(model, list(range(b)), [b + buffer, L - 1 - buffer], up)
    found = kept(rule, samples, model)
    assert found.value == pytest.approx(expected, abs=1e-10)
    assert found.error == 0


@pytest.mark.parametrize("units", ["spin", "binary"])
def test_means_and_probabilities_are_summed_as_such(units: str) -> None:
    # units of blocks of 2 with biases that differ: each has a P of its own
    model = bs.Ising(bs.Lattice.chain(12), 0.7)
    samples = bs.sample(model, 200, seed=2, chains=10)
    W, c = np.kron(np.eye(6), [[0.8, 0.5]]), np.linspace(-0.4, 0.6, 6)
    rbm = bs.RBM.from_weights(W, np.zeros(12), c, units=units)
    step = bs.ToBinary().fit(to_matrix(samples))
    states = np.array(list(itertools.product((-1, 1), repeat=2)))
    field = states @ [0.8, 0.5] if units == "spin" else (states + 1) / 2 @ [0.8, 0.5]
    ups = [1 / (1 + np.exp(-(2 if units == "spin" else 1) * (field + bias))) for bias in c]
    expected = np.mean([by_enumeration(model, [0, 1], [3, 10], up) for up in ups])
    found = kept(rbm if units == "spin" else Pipeline([("to", step), ("rbm", rbm)]), samples, model)
    assert found.value == pytest.approx(expected, abs=1e-6)
    assert found.error == 0


class OwnCoins(TransformerMixin, BaseEstimator):
    """Pair sums whose ties a generator of the map's own decides: nothing says that they are coins."""

    def __init__(self) -> None:
        self.generator = np.random.default_rng(5)
        self.fields_ = np.kron(np.eye(6), [[0.5, 0.5]])

    def fit(self, X: object, y: object = None) -> OwnCoins:
        return self

    def transform(self, X: NDArray[np.int8]) -> NDArray[np.int8]:
        total = X.reshape(len(X), -1, 2).sum(axis=2)
        return np.where(total == 0, self.generator.choice([-1, 1], total.shape), np.sign(total)).astype(np.int8)


def test_coins_that_a_map_tosses_itself_leave_an_error() -> None:
    # 64 surroundings a unit: sees a value 5 of its errors, or 1 %, off
    model = bs.Ising(bs.Lattice.chain(12), 0.7, h=0.2)
    samples = bs.sample(model, 200, seed=2, chains=10)
    found = kept(OwnCoins(), samples, model)
    expected = by_enumeration(model, [0, 1], [3, 10], np.array([0, 0.5, 0.5, 1]))
    assert 0 < found.error < 0.02 * expected
    assert abs(found.value - expected) < 5 * found.error + 0.01 * expected


def test_shuffled_sites_pass_the_chance_on(torus: tuple) -> None:
    samples, model = torus
    X = to_matrix(samples)
    rule = bs.Majority(model.lattice, 2, random_state=1).fit(X)
    order = np.random.default_rng(0).permutation(36)
    np.testing.assert_array_equal(ShuffledSites(rule, order).chance(X), rule.chance(X[:, order]))
    assert ShuffledSites(OwnCoins(), order).chance(X) is None
