"""The algorithm of 2018: its objective and its gradient against sums over every state, and its filter on the torus.

Tried on purpose: the term <dE><g> left out of the gradient, dE without the machine of the block, tanh(2 w.v) for
tanh(w.v) in the score: each fails a test below.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import blockspin as bs
from blockspin.coarse.rsmi import proxy
from blockspin.coarse.rsmi.proxy import Machine, summed
from blockspin.exact import surroundings
from blockspin.exact.information import sign_rule
from blockspin.models import KC_SQUARE
from blockspin.samples import to_matrix

N, AROUND = 3, 2


def machine(n: int, seed: int) -> Machine:
    random = np.random.default_rng(seed)
    return Machine(random.normal(0, 0.7, (2, n)), random.normal(0, 0.3, n), random.normal(0, 0.3, 2))


THETA, PSI = machine(N + AROUND, 1), machine(N, 2)
ROWS = np.random.default_rng(3).choice(np.array([-1, 1], np.int8), (6, N + AROUND))


def by_hand(filters: np.ndarray, rows: np.ndarray) -> float:
    """-<< dE >>, one sum after the other, with energies of the machines' own states."""

    def free(one: Machine, x: np.ndarray) -> float:
        weights = [
            np.exp(x @ one.visible + np.array(h) @ (one.weights @ x + one.hidden))
            for h in itertools.product((-1, 1), repeat=len(one.hidden))
        ]
        return -float(np.log(sum(weights)))

    def chance(h: np.ndarray, v: np.ndarray) -> float:
        return float(np.prod(1 / (1 + np.exp(-2 * h * (filters @ v)))))

    states = [np.array(v) for v in itertools.product((-1, 1), repeat=N)]
    total = 0.0
    for row in rows:
        v, e = row[:N], row[N:]
        for h in map(np.array, itertools.product((-1, 1), repeat=len(filters))):
            weights = np.array([np.exp(-free(PSI, x)) * chance(h, x) for x in states])
            difference = np.array([free(THETA, np.append(x, e)) - free(PSI, x) for x in states])
            total += chance(h, v) * float(weights @ difference / weights.sum())
    return -total / len(rows)


@pytest.mark.parametrize("components", [1, 2])
def test_objective_and_gradient_are_those_of_the_sums(components: int) -> None:
    filters = np.random.default_rng(4).normal(0, 0.8, (components, N))
    height, slope = summed(filters, ROWS[:, :N], ROWS[:, N:], THETA, PSI)
    assert height == pytest.approx(by_hand(filters, ROWS), abs=1e-10)
    for place in np.ndindex(*filters.shape):
        step = np.zeros_like(filters)
        step[place] = 1e-5
        change = by_hand(filters + step, ROWS) - by_hand(filters - step, ROWS)
        assert slope[place] == pytest.approx(change / 2e-5, abs=1e-8)


@pytest.mark.slow
def test_the_filter_of_2018_is_the_best_one_on_the_torus() -> None:
    lattice = bs.Lattice.square(6)
    model = bs.Ising(lattice, KC_SQUARE)
    X = to_matrix(bs.sample(model, 5000, seed=1, chains=50))
    rsmi = bs.RSMI(lattice, algorithm="rbm-proxy", random_state=0).fit(X, chains=50)
    joint = surroundings.torus(model)
    exact = joint.kept(sign_rule(rsmi.filters_[0, [0, 1, 3, 2]]))
    assert exact > 0.99 * joint.best_binary(odd=True)[0]
    assert len(rsmi.scores_) == proxy.FILTER_EPOCHS
    assert rsmi.information_.z(exact) < 3


def test_another_algorithm_is_refused() -> None:
    with pytest.raises(ValueError, match="bound, rbm-proxy"):
        bs.RSMI(bs.Lattice.square(6), algorithm="rbm").fit(np.ones((100, 36)))
    with pytest.raises(ValueError, match="blocks of at most 10 spins; got b = 4"):
        bs.RSMI(bs.Lattice.square(8), 4, algorithm="rbm-proxy").fit(np.ones((100, 64)))


@pytest.mark.slow
@pytest.mark.parametrize("K", [0.408, KC_SQUARE, 0.5])
def test_over_seeds_and_couplings(K: float) -> None:
    # at K = 0.3 it does not hold: of five trainings two keep 99 %, the others 49 to 73 % of the best
    lattice = bs.Lattice.square(6)
    model = bs.Ising(lattice, K)
    X = to_matrix(bs.sample(model, 5000, seed=2, chains=50))
    joint = surroundings.torus(model)
    for seed in range(5):
        rsmi = bs.RSMI(lattice, algorithm="rbm-proxy", random_state=seed).fit(X, chains=50)
        assert joint.kept(sign_rule(rsmi.filters_[0, [0, 1, 3, 2]])) > 0.99 * joint.best_binary(odd=True)[0]
