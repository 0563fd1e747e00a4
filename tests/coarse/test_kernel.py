"""The kernel against sums over sites written out, its limits, and its draws."""

from __future__ import annotations

import numpy as np
import pytest

import blockspin as bs
from blockspin.coarse.features import block_sites, features
from blockspin.exact import surroundings
from blockspin.exact.information import boltzmann_rule, sign_rule

SHAPES = [
    (bs.Lattice.square(8), 2),
    (bs.Lattice.square(9, 12), 3),
    (bs.Lattice.cubic(4, 6, 8), 2),
    (bs.Lattice.triangular(9), 3),
    (bs.Lattice.chain(12), 2),
]
NAMES = ("block", "triples", "ring 1", "ring 2", "ring 3", "tie ring 1", "tie ring 2")


def spins(lattice: bs.Lattice, n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (n, lattice.n_sites))


@pytest.mark.parametrize(("lattice", "b"), SHAPES, ids=str)
def test_features_are_sums_by_distance(lattice: bs.Lattice, b: int) -> None:
    rows = spins(lattice, 3)
    found = features(NAMES, lattice, b, rows)
    block = block_sites(lattice.kind, b)
    centre, reach = block.mean(axis=0), range(-8, 8 + b)
    around = np.stack(np.meshgrid(*[reach] * lattice.dimension, indexing="ij"), -1).reshape(-1, lattice.dimension)
    away = {tuple(site): round(float(lattice.length(site - centre)), 6) for site in around.tolist()}
    inside = {tuple(site) for site in block.tolist()}
    shells = sorted({d for site, d in away.items() if site not in inside})
    for m, corner in enumerate(lattice.coarse(b).coordinates * b):

        def at(site: tuple[int, ...], corner: np.ndarray = corner) -> np.ndarray:
            return rows[:, np.ravel_multi_index(tuple((corner + site) % lattice.shape), lattice.shape)].astype(int)

        here = [at(site) for site in inside]
        B = sum(here)
        triples = sum(
            here[i] * here[j] * here[k] for i in range(len(here)) for j in range(i) for k in range(j)
        ) + np.zeros_like(B)
        rings = [sum(at(site) for site, d in away.items() if site not in inside and d == shell) for shell in shells[:3]]
        expected = [B, triples, *rings, rings[0] * (B == 0), rings[1] * (B == 0)]
        assert (found[:, m] == np.stack(expected, axis=1)).all()


def test_rings_of_the_square_lattice() -> None:
    lattice = bs.Lattice.square(8)
    row = np.zeros((64, 64), np.int8)
    np.fill_diagonal(row, 1)
    counts = features([f"ring {n}" for n in range(1, 5)], lattice, 2, row).sum(axis=0)[0]
    assert counts.tolist() == [8, 4, 8, 8]


def test_parts_of_a_ring() -> None:
    lattice = bs.Lattice.cubic(8)
    sites = np.eye(512, dtype=np.int8)
    whole, corners, straight = features(["ring 3", "ring 3a", "ring 3b"], lattice, 2, sites)[:, 0].T
    assert (corners + straight == whole).all()
    assert (corners.sum(), straight.sum()) == (8, 24)
    assert corners[np.ravel_multi_index((2, 2, 2), lattice.shape)] == 1
    assert straight[np.ravel_multi_index((3, 0, 1), lattice.shape)] == 1


@pytest.mark.parametrize(("lattice", "b"), SHAPES, ids=str)
def test_the_chance_turns_over_with_the_row(lattice: bs.Lattice, b: int) -> None:
    rule = bs.rules.Kernel(lattice, b, NAMES, np.linspace(0.4, -0.2, len(NAMES)), random_state=3)
    rows = spins(lattice, 20)
    assert np.allclose(rule.chance(rows) + rule.chance(-rows), 1)
    assert (rule.transform(rows) == -rule.transform(-rows)).all()
    assert (rule.transform(rows[::-1]) == rule.transform(rows)[::-1]).all()


def test_majority_is_the_limit_of_a_large_weight() -> None:
    for lattice, b in SHAPES[:3]:
        rows = spins(lattice, 50)
        hard = bs.rules.Kernel(lattice, b, theta=[40.0]).chance(rows)
        assert np.allclose(hard, bs.Majority(lattice, b).chance(rows))


def test_one_weight_is_kadanoffs_rule() -> None:
    rows = spins(bs.Lattice.chain(12), 30)
    total = rows.reshape(30, 4, 3).sum(axis=2)
    weight = 0.4 * total  # P(s') in proportion to exp(w s' B)
    expected = np.exp(weight) / (np.exp(weight) + np.exp(-weight))
    assert np.allclose(bs.rules.Kernel(bs.Lattice.chain(12), 3, theta=[0.4]).chance(rows), expected)


@pytest.mark.parametrize("random_state", [5, np.random.RandomState(5)])
def test_draws_have_the_chance(random_state: int | np.random.RandomState) -> None:
    lattice = bs.Lattice.square(16)
    rule = bs.rules.Kernel(lattice, 2, ["block", "tie ring 1"], [0.3, -0.2], random_state)
    rows = spins(lattice, 2000, 1)
    chance, up = rule.chance(rows), rule.transform(rows) > 0
    # 128,000 coins: the smallest error seen is 0.6 % of a coin's chance in each of ten bins
    for low in np.arange(0, 1, 0.1):
        some = (chance >= low) & (chance < low + 0.1)
        if some.sum() > 100:
            error = np.sqrt((chance[some] * (1 - chance[some])).sum())
            assert abs(up[some].sum() - chance[some].sum()) < 4 * error


def test_fields_are_those_of_its_linear_part() -> None:
    lattice = bs.Lattice.square(8)
    rule = bs.rules.Kernel(lattice, 2, ["block", "ring 1", "tie ring 1"], [0.5, 0.25, 3.0])
    fields = rule.fields_
    assert fields is not None
    assert np.isclose(np.abs(fields).sum(axis=1), 1).all()
    assert set(np.round(fields[0] / fields[0].max(), 6)) == {0.0, 0.5, 1.0}
    assert bs.rules.Kernel(lattice, 2, ["tie ring 1"], [1.0]).fields_ is None


def test_refusals() -> None:
    square = bs.Lattice.square(8)
    for rule, why in (
        (bs.rules.Kernel(square, 2, ["blocks"], [1.0]), "blocks"),
        (bs.rules.Kernel(square, 2, ["ring 0"], [1.0]), "ring 0"),
        (bs.rules.Kernel(square, 2, ["ring 1b"], [1.0]), "no part b"),
        (bs.rules.Kernel(bs.Lattice.triangular(9), 3, ["ring 2a"], [1.0]), "no part a"),
        (bs.rules.Kernel(square, 2, ["block", "block"], [1.0, 1.0]), "different"),
        (bs.rules.Kernel(square, 2, [], []), "none"),
        (bs.rules.Kernel(square, 2, ["block"], [1.0, 2.0]), "theta"),
        (bs.rules.Kernel(square, 2, ["block"], [np.nan]), "theta"),
        (bs.rules.Kernel(bs.Lattice.square(9), 2), "divide"),
        (bs.rules.Kernel(bs.Lattice.triangular(8), 2), "b = 3"),
    ):
        with pytest.raises(ValueError, match=why):
            rule.transform(spins(rule.lattice, 2))


def test_a_symmetric_filter_is_a_kernel() -> None:
    lattice = bs.Lattice.square(8)
    rbm = bs.ConvolutionalRBM(lattice, 2, 4, units="spin", biases=False, n_iter=3, init_scale=0.3, random_state=1)
    filter_ = rbm.fit(spins(lattice, 200)).filters_[0]
    half = filter_ + filter_[::-1]
    half = half + half[:, ::-1]
    symmetric = (half + half.T) / 8
    rule = bs.rules.Kernel.from_filter(lattice, filter_)
    assert tuple(rule.features) == ("block", "ring 1", "ring 2")
    assert np.allclose(rule.theta, bs.rules.Kernel.from_filter(lattice, symmetric).theta)
    rbm._set_learned(filters_=symmetric[None], _biases=rbm._biases)
    rows = spins(lattice, 30, 1)
    assert np.allclose((1 + rbm.transform(rows)) / 2, rule.chance(rows), atol=1e-6)  # means, in single precision


def test_filters_of_other_sizes() -> None:
    one = bs.rules.Kernel.from_filter(bs.Lattice.cubic(4), np.full((2, 2, 2), 0.3))
    assert tuple(one.features) == ("block",)
    assert np.allclose(one.theta, 0.3)
    square = bs.Lattice.square(8)
    for lattice, shape in ((square, (3, 3)), (square, (6, 6)), (square, (2, 4)), (bs.Lattice.cubic(8), (4, 4, 4))):
        with pytest.raises(ValueError, match="rings"):
            bs.rules.Kernel.from_filter(lattice, np.ones(shape))


def test_information_has_no_best_scale() -> None:
    # I(H:E) is convex in P(h|V): a coin only loses, and the largest scale is the best
    kept = surroundings.chain(bs.Ising(bs.Lattice.chain(8), 0.5), 2, 1, infinite=True).kept
    found = [kept(boltzmann_rule([w, w])) for w in (0.1, 0.3, 1.0, 3.0, 10.0)]
    assert (np.diff(found) > 0).all()
    assert np.isclose(found[-1], kept(sign_rule([1, 1])))
