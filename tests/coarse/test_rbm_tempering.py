"""Trajectory tempering against sums over all states: the law of every machine, exchange rates, uneven valleys.

Mutants tried, each failing here: the sign of the acceptance; without F_i(v_j) (the partner's field), without b.v, or
without the other machine's half; a coin for each of a pair; exchanged states with the fields they had before.
"""

from __future__ import annotations

import copy

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit
from test_rbm_exact import DISCRETE, all_states, machine, probabilities

from blockspin.coarse.rbm import RBM, tempering, trajectory_tempering
from blockspin.coarse.rbm.units import binary_from_spin

N_CHAINS = 10_000


def row(units: str) -> list[RBM]:
    """Three machines that share nothing but their shape, each a little colder."""
    return [machine(units, 4, 6, scale=0.35 + 0.1 * index, seed=20 + index) for index in range(3)]


def exact_rate(first: RBM, second: RBM, V: np.ndarray) -> float:
    """The mean of min(1, p_1(v') p_2(v) / (p_1(v) p_2(v'))) with v from the first and v' from the second."""
    p, q = probabilities(first, V), probabilities(second, V)
    return float(np.minimum(np.outer(p, q), np.outer(q, p)).sum())


def off(found: np.ndarray, V: np.ndarray, p: np.ndarray) -> float:
    """Chi-square of counts of states, of those with 5 or more expected, in standard deviations of it."""
    number = {tuple(state): index for index, state in enumerate(V.astype(int).tolist())}
    seen = np.bincount([number[tuple(state)] for state in found.astype(int).tolist()], minlength=len(V))
    expected = len(found) * p
    many = expected >= 5
    pairs = [(seen[many], expected[many]), ([seen[~many].sum()], [expected[~many].sum()])]
    value = sum(float(((a - b) ** 2 / np.maximum(b, 1e-9)).sum()) for a, b in (map(np.asarray, pair) for pair in pairs))
    return float((value - many.sum()) / np.sqrt(2 * many.sum()))


@pytest.mark.parametrize("units", DISCRETE)
def test_exact_draws_stay_exact_and_exchange_at_the_exact_rate(units: str) -> None:
    # 10,000 independent chains: frequencies to 1 % / sqrt(p) of themselves each, and rates to 0.005
    machines, V = row(units), all_states(6, units)
    generator = np.random.default_rng(1)
    chances = [probabilities(rbm, V) for rbm in machines]
    draws = np.stack([V[generator.choice(len(V), N_CHAINS, p=p)] for p in chances])
    parameters = jax.tree.map(lambda *parts: jnp.stack(parts), *(rbm._parameters() for rbm in machines))
    for sweeps in (1, 4):
        chain, ends, accepted = tempering.run(
            parameters, jnp.asarray(draws, jnp.float32), jax.random.key(2), jnp.int32(sweeps), kept=1, units=units
        )
        np.testing.assert_array_equal(chain[0], ends[-1])
        for end, p in zip(np.asarray(ends), chances, strict=True):
            assert abs(off(end, V, p)) < 5
        for pair in (0, 1):  # and machines stay independent: neighbours are in one state as often as by chance
            alike, by_chance = (ends[pair] == ends[pair + 1]).all(axis=1).mean(), chances[pair] @ chances[pair + 1]
            assert abs(alike - by_chance) < 5 * np.sqrt(by_chance * (1 - by_chance) / N_CHAINS)
        if sweeps == 1:
            rate = exact_rate(*machines[:2], V)
            assert accepted[1] == 0  # that pair's turn comes next
            assert abs(accepted[0] / N_CHAINS - rate) < 5 * np.sqrt(rate * (1 - rate) / N_CHAINS)


def valleys(units: str, strength: float) -> RBM:
    """12 spins in two blocks of 3 and 9, each up or down as one: four deep valleys, which chains seldom leave."""
    weights = np.repeat([[0.0] * 3 + [1.0] * 9, [1.0] * 3 + [0.0] * 9], 3, axis=0)
    W, b, c = strength * weights, 0.04 * np.linspace(0, 1, 12), np.zeros(6)
    return RBM.from_weights(*((W, b, c) if units == "spin" else binary_from_spin(W, b, c)), units=units)


@pytest.mark.parametrize("units", ["spin", pytest.param("binary", marks=pytest.mark.slow)])
def test_chains_that_start_in_one_valley_find_the_weights_of_all(units: str) -> None:
    # the last states of 1000 independent chains, all started in one valley, which holds a quarter: known to 1.4 %
    machines = [valleys(units, strength) for strength in (0.05, 0.25, 0.4, 0.55, 0.7)]
    V = all_states(12, units)
    p = probabilities(machines[-1], V)
    start = np.ones((1000, 12))
    found = trajectory_tempering(machines, 1000, 120, start=start, thin=60, random_state=3)
    assert found.states.shape == (2, 1000, 12)
    assert found.states.dtype == np.int8
    assert (found.exchange_rates > 0.2).all()
    assert abs(off(found.states[-1], V, p)) < 5
    alone = trajectory_tempering(machines[-1:] * 5, 1000, 120, start=start, thin=60, random_state=3).states
    assert off(alone[-1], V, p) > 50


@pytest.mark.slow  # a compilation of its own
def test_gaussian_units_have_the_mean_and_spread_of_their_mixture() -> None:
    # four machines of two components 6 deviations apart; z of each site's mean and mean square from 2000 chains
    W = np.array([[2.0, -1.0, 1.5], [0.5, 1.0, -0.5]])
    machines = []
    for scale in (0.0, 0.4, 0.7, 1.0):
        # hidden biases that make both components as likely, up to the last machine's own
        machines.append(RBM.from_weights(3 * scale * W, [0.3, 0, 0], [-14 * scale**2, -0.4], units="gaussian"))
    H = all_states(2, "binary")
    last = machines[-1]
    centre = H @ last.components_ + last.intercept_visible_
    log_p = H @ last.intercept_hidden_ + 0.5 * (centre**2).sum(axis=1)
    p = np.exp(log_p - np.logaddexp.reduce(log_p))
    found = trajectory_tempering(machines, 2000, 100, thin=100, random_state=1).states[0]
    assert found.dtype == np.float32
    for power, expected in ((1, p @ centre), (2, p @ (centre**2 + 1))):
        values = found**power
        assert (abs(values.mean(axis=0) - expected) < 5 * values.std(axis=0) / np.sqrt(2000)).all()


@pytest.mark.slow  # training is compiled
def test_machines_along_a_fit_are_a_row() -> None:
    # the recipe of docs/rbm.md
    X = (np.random.default_rng(0).random((200, 8)) < expit(np.linspace(-1, 1, 8))).astype(np.float32)
    run = RBM(3, n_iter=0, random_state=0).fit(X)
    along = [copy.deepcopy(run)]
    for epoch in range(1, 5):
        run.partial_fit(X)
        if epoch in (1, 4):
            along.append(copy.deepcopy(run))
    assert [rbm.n_epochs_ for rbm in along] == [0, 1, 4]
    assert (trajectory_tempering(along, 40, 50, thin=50, random_state=4).exchange_rates > 0.8).all()


def test_equal_seeds_give_equal_states_and_equal_machines_always_exchange() -> None:
    machines = [machine("spin")] * 3
    first, again = (trajectory_tempering(machines, 5, 7, thin=7, random_state=4) for _ in range(2))
    np.testing.assert_array_equal(first.states, again.states)
    assert first.states.shape == (1, 5, 6)
    np.testing.assert_array_equal(first.exchange_rates, [1, 1])
    once = trajectory_tempering(machines, 5, 1, random_state=4).exchange_rates
    np.testing.assert_array_equal(once, [1, np.nan])


def test_rows_that_do_not_fit_are_refused() -> None:
    good = machine("spin")
    for machines, error, words in (
        ([good], ValueError, "at least 2 machines; got 1"),
        ([good, machine("binary")], ValueError, "same units"),
        ([good, machine("spin", 5)], ValueError, "weights of one shape"),
        ([good, object()], TypeError, "got object"),
        ([RBM.from_weights(np.eye(2), units="gaussian", variance=2.0)] * 2, ValueError, "variance 1"),
    ):
        with pytest.raises(error, match=words):
            trajectory_tempering(machines, 3, 3)
    for options, words in (
        ({"n_chains": 0}, "n_chains must be"),
        ({"thin": 4}, "thin must be"),
        ({"start": np.ones((2, 6))}, "start has a row a chain"),
        ({"start": np.full((3, 6), 2)}, "spin units take values"),
    ):
        with pytest.raises(ValueError, match=words):
            trajectory_tempering([good, good], **{"n_chains": 3, "n_sweeps": 3, **options})
