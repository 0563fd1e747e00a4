"""Flow of the couplings: the chain's recursion, both sides of the critical point, the fixed point between."""

from __future__ import annotations

import math

import numpy as np
import pytest

import blockspin as bs
from blockspin.coarse.blocks import Decimation, Majority
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from blockspin.rg.recursions.decimation import chain, chain_slope
from blockspin.rg.trajectories import Trajectory, Turn, _fixed, fixed_point, flow
from blockspin.samples import make
from blockspin.sampling.sample import sample
from blockspin.statistics import Estimate


def majority(lattice: Lattice) -> Majority:
    return Majority(lattice, 2, random_state=1)


def test_the_chain_follows_its_recursion() -> None:
    # sees 0.02 in K at the first level and 0.07 at the last at 4.5 sigma; the slope spreads by these over ten seeds
    spread = (0.009, 0.017, 0.030)
    K = 0.8
    (found,) = flow([sample(Ising(Lattice.chain(64), K), 20_000, seed=1)], Decimation, 3, ["nn", "nnn"])
    assert found.K == K
    assert [len(level.K) for level in found.levels] == [2] * 4
    assert [lattice.n_sites for lattice in found.lattices] == [64, 32, 16, 8]
    for n, level in enumerate(found.levels):
        assert abs(level["nn"].z(K)) < 4.5
        assert abs(level["nnn"].z(0)) < 4.5, "decimation of the chain makes nothing new"
        if n < 3:
            slope = chain_slope(K)
            turn = found.turns[n]
            assert abs(turn.leading - slope) < 4.5 * spread[n]
            assert abs(turn.K[0].z(K + (chain(K) - K) / (1 - slope))) < 4.5
            K = chain(K)
    assert found.levels[0].K[0].error < 0.005


def test_newtons_step_finds_the_fixed_point_of_a_linear_map() -> None:
    T, fixed = np.array([[1.8, 0.3], [0.1, 0.2]]), np.array([0.35, 0.09])
    for K in ([0.44, 0.0], [0.2, 0.3]):
        np.testing.assert_allclose(_fixed(np.array(K), fixed + T @ (K - fixed), T), fixed, atol=1e-12)


def test_the_flow_leaves_the_critical_point_on_both_sides() -> None:
    # 32 x 32, 4000 configurations a coupling: the first coupling after two steps is known to 0.007 in a set of four
    # operators, the fixed point to 0.01. The distance of the outer two grows by 0.05(1): seen at 5 standard errors
    spins = [sample(Ising(Lattice.square(32), K), 4000, seed=n) for n, K in enumerate((0.42, KC_SQUARE, 0.46))]
    below, critical, above = found = bs.rg.flow(spins, majority, 2)
    np.testing.assert_allclose(
        np.array([one.levels[0].K[0].value for one in found]), [0.42, KC_SQUARE, 0.46], atol=0.013
    )
    two = [[level.nested[1][0] for level in one.levels] for one in found]  # with two operators the errors are smaller
    apart = [
        Estimate(high.value - low.value, math.hypot(high.error, low.error))
        for low, high in zip(two[0], two[2], strict=True)
    ]
    # the majority rule first takes all three to the renormalized trajectory, and then apart
    assert apart[0].value > 0
    assert apart[1].value > 10 * apart[1].error
    assert apart[2].z(apart[1]) > 3
    assert two[0][2].z(two[0][1]) < -4.5, "below Kc the coupling decays"
    assert below.K < critical.K < above.K
    # all three see one fixed point, next-nearest neighbours and all, where the first step is not linear
    seen = [one.turns[1] for one in found]
    mean = fixed_point(found, 1)
    for turn in seen:
        for estimate, value in zip(turn.K, mean, strict=True):
            assert abs(estimate.z(value)) < 4.5
    assert mean[0].error < 0.01
    assert 0.3 < mean[0].value < 0.4
    assert 0.07 < mean[1].value < 0.12
    assert mean[2].value < 0
    assert seen[1].leading == pytest.approx(2, abs=0.1)


def test_a_fixed_point_of_several_trajectories() -> None:
    def seen(value: float, error: float, why: str = "") -> Trajectory:
        turn = Turn((Estimate(value, error),), 2.0, why)
        return Trajectory(0.44, ("nn",), (), (), (turn,))

    (mean,) = fixed_point([seen(0.3, 0.01), seen(0.31, 0.01)], 0)
    assert (mean.value, mean.error) == (pytest.approx(0.305), pytest.approx(0.01 / math.sqrt(2)))
    (mean,) = fixed_point([seen(0.3, 0.01), seen(0.4, 0.01)], 0)
    assert mean.error == pytest.approx(0.05), "they disagree by ten errors, and the error says so"
    (mean,) = fixed_point([seen(0.3, 0.01), seen(0.4, 0.01, "no"), seen(math.nan, math.nan, "no")], -1)
    assert mean == Estimate(pytest.approx(0.3), pytest.approx(0.01))
    with pytest.raises(ValueError, match="step 0"):
        fixed_point([seen(0.3, 0.1, "no")], 0)
    with pytest.raises(ValueError, match="step 2"):
        fixed_point([seen(0.3, 0.1)], 2)


def test_what_does_not_fit_is_named() -> None:
    random = (2 * np.random.default_rng(1).integers(0, 2, (10, 100, 8, 8)) - 1).astype(np.int8)
    samples = make(random, Lattice.square(8))
    with pytest.raises(ValueError, match=r"even .*'magnetisation'"):
        flow([samples], majority, 1, ["nn", "magnetisation"])
    up = make(np.ones((10, 20, 8, 8), np.int8), Lattice.square(8))
    (found,) = flow([up], majority, 1, ["nn"])
    assert math.isnan(found.K)
    assert math.isnan(found.turns[0].K[0].value)
    assert "runs away" in found.turns[0].why
    assert all(math.isnan(one.value) for level in found.levels for one in level.K)
