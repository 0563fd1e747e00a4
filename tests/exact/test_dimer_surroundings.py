"""Exact information of dimers: against sums by hand, bounds that must hold, rules that keep nothing or everything.

Tried on purpose: T of no account, the means of the block left out of the signs, environments of the same p(V|E) kept
once in place of added: each fails.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from blockspin.exact import dimers
from blockspin.exact.dimer_surroundings import DimerJoint, dimer_joint
from blockspin.lattice import Lattice

INF = math.inf


def places(shape: tuple[int, int], b: int, buffer: int) -> tuple[np.ndarray, np.ndarray]:
    """A block of b x b cells at the origin, and everything beyond a buffer, of the torus of cells."""
    x, y = np.indices((2 * shape[0], 2 * shape[1]))
    inside = (x < b) & (y < b)
    kept = (x >= b + buffer) & (x < 2 * shape[0] - buffer) | (y >= b + buffer) & (y < 2 * shape[1] - buffer)
    return np.flatnonzero(inside), np.flatnonzero(kept)


@pytest.fixture(scope="module", params=[((4, 4), INF, 1), ((4, 6), 1.0, 1), ((4, 4), 0.6, 1)], ids=str)
def joint(request: pytest.FixtureRequest) -> DimerJoint:
    shape, T, buffer = request.param
    return dimer_joint(Lattice.square(*shape), T, *places(shape, 4, buffer))


def test_information_by_hand() -> None:
    """Two bonds of the 2 x 4 torus at T = 0.8, every covering written into a dictionary."""
    vertices = Lattice.square(2, 4)
    known, chance = dimers.coverings(vertices), dimers.probabilities(vertices, 0.8)
    first, second = 1 * 8 + 0, 0 * 8 + 5  # the bond from (0, 0) along x, that from (0, 2) along y
    joint = {(a, b): 0.0 for a in (-1, 1) for b in (-1, 1)}
    for state, p in zip(known, chance, strict=True):
        joint[int(state[first]), int(state[second])] += p
    one = {a: joint[a, -1] + joint[a, 1] for a in (-1, 1)}
    other = {b: joint[-1, b] + joint[1, b] for b in (-1, 1)}
    expected = sum(p * math.log(p / one[a] / other[b]) for (a, b), p in joint.items() if p > 0)
    found = dimer_joint(vertices, 0.8, [first], [second])
    assert found.information() == pytest.approx(expected, rel=1e-12)
    assert expected > 1e-3
    assert abs(found.information() - dimer_joint(vertices, INF, [first], [second]).information()) > 1e-3


def test_rules_keep_no_more_than_there_is(joint: DimerJoint) -> None:
    total = joint.information()
    entropy = -(joint.table.sum(axis=1) * np.log(joint.table.sum(axis=1))).sum()
    assert 0 < total < entropy + 1e-12
    assert joint.kept(np.arange(len(joint.states))) == pytest.approx(total, rel=1e-12)
    assert joint.kept(np.zeros(len(joint.states), int)) == pytest.approx(0, abs=1e-14)
    two, labels = joint.best(2, tries=200)
    four, _ = joint.best(4)
    line, filter_ = joint.best_filter(tries=2000)
    assert joint.kept(labels) == pytest.approx(two)
    assert joint.kept(joint.by_signs(filter_)) == pytest.approx(line)
    assert 0 < line <= two + 1e-12
    assert two <= math.log(2) + 1e-12
    assert two < four <= min(total, 2 * math.log(2)) + 1e-12
    random = np.random.default_rng(3)
    for _ in range(50):
        assert joint.kept(random.integers(0, 2, len(joint.states))) <= two + 1e-12


def test_the_search_finds_the_best_of_all_rules_of_a_small_block() -> None:
    joint = dimer_joint(Lattice.square(4), 0.9, *places((4, 4), 2, 1))  # one vertex: three states
    states = len(joint.states)
    rules = [[number >> k & 1 for k in range(states)] for number in range(1 << states)]
    every = max(joint.kept(np.array(rule)) for rule in rules)
    assert joint.best(2, tries=20)[0] == pytest.approx(every, rel=1e-12)


def test_known_signs_on_the_4x4_torus() -> None:
    """Far below the transition four columnar states are left, and two plaquette signs tell them apart: ln 4."""
    from blockspin.experiments.dimers.patterns import COLUMNAR, PLAQUETTE, pattern

    cold = dimer_joint(Lattice.square(4), 0.1, *places((4, 4), 4, 1))
    pair = np.stack([pattern(name, 4) for name in PLAQUETTE])
    assert cold.kept(cold.by_signs(pair)) == pytest.approx(2 * math.log(2), abs=1e-3)
    columnar = cold.kept(cold.by_signs(np.stack([pattern(name, 4) for name in COLUMNAR])))
    assert columnar < 1.1  # the sign of a column that is not there tells nothing


def test_errors_name_the_rule() -> None:
    with pytest.raises(ValueError, match="share none"):
        dimer_joint(Lattice.square(4), INF, [1, 2], [2, 3])
    with pytest.raises(ValueError, match="up to 2,000,000"):
        dimer_joint(Lattice.square(8), INF, [1], [8])
    joint = dimer_joint(Lattice.square(4), INF, [1], [20])
    with pytest.raises(ValueError, match="a label from 0"):
        joint.kept(np.zeros(7, int))
