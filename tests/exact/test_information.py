"""Exact information of joint tables: identities, bounds, and the search over rules.

Tried on purpose: the tie of `sign_rule` given to +1 (table of the torus), `boltzmann_rule` with w.v in place of 2 w.v
(same), rules compared with images that give state 0 the other value in `best_binary` (the search with symmetries then
loses the best rule), `_rules` without the reversal for odd rules.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from blockspin.exact import surroundings
from blockspin.exact.information import Joint, block_states, boltzmann_rule, mutual_information, sign_rule
from blockspin.lattice import Lattice
from blockspin.models import Ising
from oracles.information import product_rule

RING = surroundings.chain(Ising(Lattice.chain(9), 0.6, 0.2), 3, 1)


def test_information_of_known_tables() -> None:
    assert mutual_information(np.outer([0.3, 0.7], [0.1, 0.2, 0.7])) == pytest.approx(0, abs=1e-15)
    assert mutual_information(np.eye(4) / 4) == pytest.approx(math.log(4), abs=1e-15)
    flip = 0.1  # of a binary symmetric channel
    channel = np.array([[1 - flip, flip], [flip, 1 - flip]]) / 2
    capacity = math.log(2) + flip * math.log(flip) + (1 - flip) * math.log(1 - flip)
    assert mutual_information(channel) == pytest.approx(capacity, abs=1e-15)


def test_a_rule_that_keeps_the_block_keeps_all_and_no_rule_more() -> None:
    everything = product_rule(*(sign_rule(row) for row in np.eye(3)))
    assert RING.kept(everything) == pytest.approx(RING.information(), abs=1e-14)
    random = np.random.default_rng(1)
    for _ in range(50):
        rule = random.random(8)
        entropy = -sum(p * math.log(p) for p in (rule @ RING.table.sum(axis=1), 1 - rule @ RING.table.sum(axis=1)))
        assert 0 <= RING.kept(rule) <= min(entropy, RING.information())
        assert RING.kept(rule) == pytest.approx(RING.kept(1 - rule), abs=1e-14)
    assert RING.kept(np.full(8, 0.3)) == pytest.approx(0, abs=1e-15)


def test_rules_read_the_block_they_are_given() -> None:
    assert block_states(2).tolist() == [[-1, -1], [1, -1], [-1, 1], [1, 1]]
    assert sign_rule([1, 1]).tolist() == [0, 0.5, 0.5, 1]
    assert sign_rule([0, -2]).tolist() == [1, 1, 0, 0]
    np.testing.assert_allclose(boltzmann_rule([0.3, 0.1])[1], 1 / (1 + math.exp(-2 * (0.3 - 0.1))))
    np.testing.assert_allclose(product_rule([0.2, 1], [0.5, 0.5]), [[0.4, 0.1, 0.4, 0.1], [0, 0.5, 0, 0.5]])


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize("h", [0.0, 0.3])
def test_the_search_finds_the_best_rule(h: float, odd: bool) -> None:
    joint = surroundings.chain(Ising(Lattice.chain(8), 0.7, h), 3, 1)
    numbers = np.arange(256)[:, None] >> np.arange(8) & 1
    if odd:
        numbers = numbers[(numbers == 1 - numbers[:, ::-1]).all(axis=1)]
    best = max(joint.kept(rule) for rule in numbers)
    value, rule = joint.best_binary(odd=odd)
    assert value == pytest.approx(best, abs=1e-14)
    assert joint.kept(rule) == value
    assert Joint(joint.table).best_binary(odd=odd)[0] == pytest.approx(best, abs=1e-14)  # without symmetries


def test_symmetries_move_columns_only() -> None:
    for joint in (RING, surroundings.chain(Ising(Lattice.chain(9), 0.6), 3, 1)):
        columns = sorted(np.round(joint.table, 12).T.tolist())
        assert len(joint.symmetries) == (2 if joint is RING else 4)  # a field leaves the reflection
        for permutation in joint.symmetries:
            assert sorted(np.round(joint.table[list(permutation)], 12).T.tolist()) == columns


def test_what_is_no_table_or_no_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="probabilities; got a sum of 2"):
        mutual_information(np.full((2, 2), 0.5))
    with pytest.raises(ValueError, match="states of one side"):
        mutual_information([0.5, 0.5])
    with pytest.raises(ValueError, match=r"2\^n.*3"):
        Joint(np.full((3, 2), 1 / 6))
    with pytest.raises(ValueError, match="8 states"):
        RING.kept([0, 1])
    with pytest.raises(ValueError, match="probabilities of h"):
        RING.kept(np.full(8, 1.5))
    with pytest.raises(ValueError, match="4 spins; got 5"):
        surroundings.chain(Ising(Lattice.chain(9), 0.5), 5, 1).best_binary()
