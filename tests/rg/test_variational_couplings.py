"""Variational Monte Carlo RG with a bias: exact sums where no operator is left out, the chain's recursion, Kc."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pytest

import blockspin as bs
from blockspin.exact import enumeration
from blockspin.lattice import Lattice
from blockspin.rg.biased import Interactions
from blockspin.rg.local_rule import local_rule
from blockspin.rg.operators import evaluate, named
from blockspin.rg.recursions.decimation import chain, chain_slope
from blockspin.rg.variational_couplings import Level, variational_couplings

RING = ["nn", "nnn", "0-1-2-3", "magnetisation", "triple"]
SMALL = {
    # with these operators every function of four blocks that keeps the symmetries; coins break ties in the first two
    "square": (
        Lattice.square(4),
        {"nn": 0.4, "nnn": 0.05},
        bs.Majority,
        ["nn", "nnn", "plaquette", "magnetisation", "corner"],
    ),
    "chain": (Lattice.chain(8), {"nn": 0.7}, bs.Majority, RING),
    "triangular": (Lattice.triangular(4), {"nn": 0.25}, bs.Decimation, ["nn", "rhombus", "magnetisation", "triangle"]),
    "weighted": (
        Lattice.square(4),
        {"nn": 0.4},
        lambda lattice: bs.WeightedMajority(lattice, 2, weights=[3, 2, 2, 1]),
        ["nn", "nnn", "plaquette", "magnetisation", "corner"],
    ),
    "decimation": (
        Lattice.square(4),
        {"nn": 0.5},
        bs.Decimation,
        ["nn", "nnn", "plaquette", "magnetisation", "corner"],
    ),
}


def values(lattice: Lattice, names: Sequence[str], states: np.ndarray) -> np.ndarray:
    return evaluate(named(lattice, names), states.reshape(-1, *lattice.shape))


@cache
def exact(case: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """K' and dK'/dK of even and of odd operators by summing over all states: ln P(s') is fitted without a rest."""
    lattice, K, rule, names = SMALL[case]
    coarse, sites, table = local_rule(rule(lattice), lattice)
    states, blocks = enumeration.states(lattice), enumeration.states(coarse)
    pattern = ((states[:, sites] == 1) << np.arange(sites.shape[1])).sum(axis=2)
    kernel = np.prod((1 + table[pattern].astype(float)[:, None, :] * blocks[None, :, :]) / 2, axis=2)
    even = [one.name for one in named(lattice, names) if one.even]
    odd = [one.name for one in named(lattice, names) if not one.even]
    weight = np.exp(values(lattice, list(K), states) @ list(K.values()))
    chance = weight @ kernel

    def solve(right: np.ndarray, operators: list[str]) -> np.ndarray:
        S = np.column_stack([np.ones(len(blocks)), values(coarse, operators, blocks)])
        found = np.linalg.lstsq(S, right, rcond=None)[0]
        np.testing.assert_allclose(S @ found, right, atol=1e-9)
        return found[1:]

    # d ln P(s') / dK_b = <S_b | s'> + a constant
    tilted = [(kernel.T @ (values(lattice, some, states) * weight[:, None])) / chance[:, None] for some in (even, odd)]
    slopes = [solve(right, some) for right, some in zip(tilted, (even, odd), strict=True)]
    return solve(np.log(chance), even), slopes[0], slopes[1]


def leading(T: np.ndarray) -> float:
    found = np.linalg.eigvals(T)
    return math.log(float(np.abs(found).max())) / math.log(2)


@pytest.mark.parametrize("case", SMALL)
def test_small_tori_by_enumeration(case: str) -> None:
    # errors 0.001-0.007 in K, 0.02-0.06 in the exponents: sees 0.005-0.03 and 0.1-0.3 at 4.5 sigma. Over 30 seeds the
    # z-scores of K spread by 0.77-1.14 and their means lie within 1.9 errors of 0.
    # Seen to fail: K 5 % high (all but the chain); a coin that is tossed whatever it does to the bias (the three with
    # coins); the terms of a bond seen from one of its ends (all)
    lattice, K, rule, names = SMALL[case]
    even, T_t, T_h = exact(case)
    (found,) = variational_couplings(Interactions(lattice, K), rule, 1, names, seed=1, draws=100, descent=40)
    assert found.why == ""
    assert found.uneven < 0.05
    for estimate, value in zip(found.K, even, strict=True):
        assert abs(estimate.z(value)) < 4.5
        assert estimate.error < 0.01
    assert abs(found.y_t.z(leading(T_t))) < 4.5
    assert abs(found.y_h.z(leading(T_h))) < 4.5
    assert found.T_t.shape == T_t.shape


def test_the_chain_follows_its_recursion() -> None:
    # sees 0.007 in the couplings and 0.06 in the slopes at 4.5 sigma. Seen to fail: K 3 % high
    K = 0.8
    found = variational_couplings(bs.Ising(Lattice.chain(64), K), bs.Decimation, 2, ["nn", "nnn"], seed=1)
    for n, level in enumerate(found, start=1):
        slope = chain_slope(K)
        K = chain(K)
        assert (level.n, level.lattice) == (n, Lattice.chain(64 // 2**n))
        assert abs(level["nn"].z(K)) < 4.5
        assert abs(level["nnn"].z(0)) < 4.5
        assert level["nn"].error < 0.003
        assert abs(level.y_t.z(math.log2(slope))) < 4.5


def test_a_start_away_from_nearest_neighbours_and_other_seeds() -> None:
    # at K = 0 blocks are uncorrelated, whatever the rule: exact on lattices that no enumeration reaches, with 0.001
    for lattice, rule in (
        (Lattice.cubic(4), bs.Majority),
        (Lattice.triangular(9), bs.TriangularMajority),
        (Lattice.square(9), lambda lattice: bs.Majority(lattice, 3)),
    ):
        free = Interactions(lattice, {"nn": 0.0})
        one, two = (variational_couplings(free, rule, 1, ["nn"], seed=s, draws=20, descent=20)[0] for s in (1, 2))
        assert one["nn"] != two["nn"]
        for level in (one, two):
            assert abs(level["nn"].z(0)) < 4.5
            assert level["nn"].error < 0.012


@pytest.mark.slow
def test_the_critical_square_lattice() -> None:
    """Couplings of majority blocks within the truncation of the published table, Kc from two levels."""
    names = ["nn", "nnn", "third", "plaquette", "fourth", "fifth", "diamond", "magnetisation", "corner"]
    model = bs.Ising(Lattice.square(32), bs.KC_SQUARE)
    one, two = variational_couplings(model, bs.Majority, 2, names, seed=1)
    published = (0.3640, 0.0820, -0.0072, -0.0107, -0.0034, -0.0021, 0.0014)
    for estimate, value in zip(one.K, published, strict=True):
        assert abs(estimate.value - value) < 0.012 + 4.5 * estimate.error
        assert estimate.error < 0.001
    assert abs(two.Kc.value - bs.KC_SQUARE) < 0.01 + 4.5 * two.Kc.error


def test_what_does_not_fit_is_named() -> None:
    model = bs.Ising(Lattice.square(4), 0.4)
    run: Callable[..., tuple[Level, ...]] = variational_couplings
    with pytest.raises(ValueError, match="model"):
        run(bs.Ising(Lattice.square(4), 0.4, h=0.1), bs.Majority, 1, ["nn"], seed=1)
    with pytest.raises(TypeError, match="model"):
        run(3, bs.Majority, 1, ["nn"], seed=1)
    with pytest.raises(ValueError, match="interactions are of even operators, one at least; got corner"):
        run(Interactions(Lattice.square(4), {"corner": 0.1}), bs.Majority, 1, ["nn"], seed=1)
    with pytest.raises(ValueError, match="chains"):
        run(model, bs.Majority, 1, ["nn"], seed=1, chains=1)
    with pytest.raises(ValueError, match="'third' winds around a square 2x2 lattice"):
        run(model, bs.Majority, 1, seed=1)
    with pytest.raises(ValueError, match=r"1 of 2 steps fit a square 4x4 lattice: a block .* must divide every extent"):
        run(model, bs.Majority, 2, ["nn"], seed=1)
    # nn and nnn are not the same on the ring of four blocks, nn and third are
    ring = bs.Ising(Lattice.chain(8), 0.4)
    (found,) = run(ring, bs.Decimation, 1, ["nn", "third"], seed=1, draws=5, descent=5, chains=4)
    assert "operators nn, third are dependent on a chain 4 lattice" in found.why
    assert math.isnan(found.K[0].value)
    assert math.isnan(found.y_t.value)


def test_local_rules_as_tables() -> None:
    lattice = Lattice.square(8)
    coarse, sites, table = local_rule(bs.Majority(lattice, 2), lattice)
    assert coarse == Lattice.square(4)
    np.testing.assert_array_equal(sites, lattice.blocks(2))
    ups = np.array([bin(pattern).count("1") for pattern in range(16)])
    np.testing.assert_array_equal(table, np.sign(ups - 2))
    _, _, table = local_rule(bs.Threshold(lattice, 2, threshold=4, ties="random"), lattice)
    assert np.flatnonzero(table).tolist() == [0, 15]
    _, sites, table = local_rule(bs.TriangularMajority(Lattice.triangular(9)), Lattice.triangular(9))
    assert len(table) == 512
    assert (table == -table[::-1]).all()
    assert (np.sort(sites.ravel()) == np.arange(81)).all()

    class Loud(bs.Decimation):
        def transform(self, X: np.ndarray) -> np.ndarray:
            chosen = np.where(np.random.default_rng(1).random((len(X), 16)) < 0.7, 1, -1)
            return np.asarray(super().transform(X) * chosen)

    with pytest.raises(ValueError, match="is no local rule: a pattern of a block gives up and down, and not as a fair"):
        local_rule(Loud(lattice, 2), lattice)
    with pytest.raises(TypeError, match="a local rule has fields_"):
        local_rule(object(), lattice)
    with pytest.raises(ValueError, match="at most 16 sites each and share none"):
        local_rule(bs.Majority(Lattice.square(10), 5), Lattice.square(10))
