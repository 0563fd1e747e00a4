"""Block rules: against loops over the sites, and the coins that break ties."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from blockspin.coarse.blocks import Decimation, Majority
from blockspin.lattice import Lattice

CASES = [
    (Lattice.square(4), 2),
    (Lattice.square(4, 6), 2),
    (Lattice.square(6, 9), 3),
    (Lattice.square(24, 36), 12),  # 144 sites a block: more than an int8 sum holds
    (Lattice.chain(12), 2),
    (Lattice.chain(12), 3),
]
IDS = [f"{lattice}, b = {b}" for lattice, b in CASES]


def spins(lattice: Lattice, n: int, seed: int = 1) -> np.ndarray:
    return (2 * np.random.default_rng(seed).integers(0, 2, (n, lattice.n_sites)) - 1).astype(np.int8)


def slow_blocks(lattice: Lattice, b: int, row: np.ndarray) -> list[list[int]]:
    """The spins of each block, by loops over coordinates."""
    picture = row.reshape(lattice.shape)
    return [
        [int(picture[tuple(b * c + o for c, o in zip(corner, offset, strict=True))])
         for offset in product(range(b), repeat=lattice.dimension)]
        for corner in product(*(range(extent // b) for extent in lattice.shape))
    ]  # fmt: skip


@pytest.mark.parametrize(("lattice", "b"), CASES, ids=IDS)
def test_majority_is_the_sign_of_the_sum_and_first_breaks_ties(lattice: Lattice, b: int) -> None:
    X = spins(lattice, 60)
    X[0], X[1] = 1, -1  # the largest sums
    expected = [[np.sign(sum(block)) or block[0] for block in slow_blocks(lattice, b, row)] for row in X]
    found = Majority(lattice, b, ties="first").fit_transform(X)
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found, expected)
    tied = np.array([[sum(block) == 0 for block in slow_blocks(lattice, b, row)] for row in X])
    for random_state in (None, 3, np.random.RandomState(3)):
        coins = Majority(lattice, b, random_state=random_state).fit_transform(X)
        assert set(np.unique(coins)) == {-1, 1}
        np.testing.assert_array_equal(coins[~tied], np.asarray(expected)[~tied])


@pytest.mark.parametrize(("lattice", "b"), CASES, ids=IDS)
def test_decimation_keeps_the_first_site_of_each_block(lattice: Lattice, b: int) -> None:
    X = spins(lattice, 5)
    expected = [[block[0] for block in slow_blocks(lattice, b, row)] for row in X]
    np.testing.assert_array_equal(Decimation(lattice, b).fit_transform(X), expected)


@pytest.mark.parametrize(("lattice", "b"), CASES, ids=IDS)
def test_fields_are_the_linear_part_of_the_rule(lattice: Lattice, b: int) -> None:
    X = spins(lattice, 40)
    decimation = Decimation(lattice, b).fit(X)
    np.testing.assert_array_equal(X @ decimation.fields_.T, decimation.transform(X))
    majority = Majority(lattice, b, random_state=1).fit(X)
    assert majority.fields_.shape == (lattice.coarse(b).n_sites, lattice.n_sites)
    np.testing.assert_allclose(majority.fields_.sum(axis=1), 1)
    mean = X @ majority.fields_.T
    np.testing.assert_array_equal(np.sign(mean)[np.abs(mean) > 1e-9], majority.transform(X)[np.abs(mean) > 1e-9])


@pytest.mark.parametrize("random_state", [5, "RandomState"])
def test_ties_are_fair_and_independent_of_each_other_and_of_the_spins(random_state: int | str) -> None:
    # 20000 rows of 64 blocks, 3/8 of them tied: 480,000 coins. It sees (at 4.5 sigma) a bias of the coins of 0.007
    # in their mean, and a correlation of 0.011 between blocks or with a spin.
    lattice = Lattice.square(16)
    X = spins(lattice, 20_000)
    state = np.random.RandomState(5) if random_state == "RandomState" else random_state
    coins = Majority(lattice, 2, random_state=state).fit_transform(X).astype(float)
    blocks = X[:, lattice.blocks(2)]
    tied = blocks.sum(axis=2) == 0
    coins[~tied] = 0

    def z(products: np.ndarray) -> np.ndarray:
        return products.sum(axis=0) / np.sqrt((products**2).sum(axis=0))

    assert abs(z(coins.ravel())) < 4.5
    assert (z(coins) ** 2).mean() == pytest.approx(1, abs=4.5 * np.sqrt(2 / 64))
    for other in (1, 8, 9, 31):  # the coins of other blocks of the row
        assert abs(z((coins * np.roll(coins, other, axis=1)).ravel())) < 4.5
    for rows in (1, 2):  # the coins of other rows
        assert abs(z((coins[rows:] * coins[:-rows]).ravel())) < 4.5
    for place in range(4):  # the block's own spins
        assert abs(z((coins * blocks[:, :, place]).ravel())) < 4.5
    assert abs(z((coins * X[:, :1]).ravel())) < 4.5
    if isinstance(random_state, int):
        others = Majority(lattice, 2, random_state=random_state + 1).fit_transform(X)
        assert abs(z((coins * others).ravel())) < 4.5


@pytest.mark.parametrize("lattice", [Lattice.square(4, 6), Lattice.square(22), Lattice.chain(140)], ids=str)
def test_an_integer_seed_makes_the_coins_a_function_of_the_row(lattice: Lattice) -> None:
    X = spins(lattice, 300)
    rule = Majority(lattice, 2, random_state=7).fit(X)
    blocks = rule.transform(X)
    np.testing.assert_array_equal(blocks, Majority(lattice, 2, random_state=7).fit(X[:3]).transform(X))
    np.testing.assert_array_equal(blocks, np.concatenate([rule.transform(X[:17]), rule.transform(X[17:])]))
    np.testing.assert_array_equal(blocks[::-1], rule.transform(X[::-1]))
    np.testing.assert_array_equal(-blocks, rule.transform(-X))
    np.testing.assert_array_equal(blocks, rule.transform(X.astype(float)))
    assert (blocks != Majority(lattice, 2, random_state=8).fit_transform(X)).any()


def test_a_tie_depends_on_every_spin_of_the_row() -> None:
    # turning any one spin over elsewhere tosses the coin anew: half of them change. Smallest change of that half
    # seen at 4.5 sigma: 0.07 a site
    lattice = Lattice.square(12)
    X = spins(lattice, 3000)
    X[:, lattice.blocks(2)[0]] = [1, -1, -1, 1]
    rule = Majority(lattice, 2, random_state=1).fit(X)
    before = rule.transform(X)[:, 0]
    for site in lattice.blocks(2)[1:].ravel():
        turned = X.copy()
        turned[:, site] *= -1
        changed = (rule.transform(turned)[:, 0] != before).mean()
        assert abs(changed - 0.5) < 4.5 * np.sqrt(0.25 / len(X)), site


def test_without_an_integer_seed_coins_are_tossed_at_every_call() -> None:
    lattice = Lattice.square(8)
    X = np.tile([[1, -1] * 4], (50, 8)).astype(np.int8)
    for random_state in (None, np.random.RandomState(1)):
        rule = Majority(lattice, 2, random_state=random_state).fit(X)
        first = rule.transform(X)
        assert (first != rule.transform(X)).any()
        assert len(np.unique(first, axis=0)) > 1, "equal rows get coins of their own"


def test_the_rules_are_transformers() -> None:
    lattice = Lattice.square(8)
    X = spins(lattice, 10)
    for rule in (Majority(lattice, 2, random_state=1), Decimation(lattice, 2)):
        assert rule.transform(X).shape == (10, 16)  # nothing is learned
        np.testing.assert_array_equal(clone(rule).fit(X).transform(X), rule.fit_transform(X))
        assert rule.n_features_in_ == 64
        assert len(rule.get_feature_names_out()) == 16
    two = make_pipeline(Majority(lattice, 2, "first"), Decimation(lattice.coarse(2), 2)).fit(X)
    assert two.transform(X).shape == (10, 4)


@pytest.mark.parametrize("ties", ["random", "first"])
def test_the_majority_of_numbers_is_the_sign_of_their_sum(ties: str) -> None:
    # 6 sigma of 12,800 blocks, 30 % of them tied, sees a coin that is off by 0.05; a coin is odd in the row
    lattice = Lattice.square(8)
    X = np.random.default_rng(1).integers(-1, 2, (800, 64)).astype(np.int8)
    sums = X[:, lattice.blocks(2)].sum(axis=-1)
    rule = Majority(lattice, 2, ties, random_state=1).fit(X)
    found = rule.transform(X)
    assert set(np.unique(found)) == {-1, 1}
    np.testing.assert_array_equal(found[sums != 0], np.sign(sums[sums != 0]))
    tied = found[sums == 0]
    assert abs(tied.mean()) < 6 / np.sqrt(tied.size)
    np.testing.assert_array_equal(rule.transform(-X), -found)
    for scale in (3, 127):  # ties are a function of the row
        np.testing.assert_array_equal(rule.transform(scale * X)[sums != 0], found[sums != 0])
    if ties == "first":
        first = X[:, lattice.blocks(2)[:, 0]]
        np.testing.assert_array_equal(found[(sums == 0) & (first != 0)], first[(sums == 0) & (first != 0)])
    decimated = Decimation(lattice, 2).fit_transform(3 * X)
    np.testing.assert_array_equal(decimated, 3 * X[:, lattice.blocks(2)[:, 0]])


@pytest.mark.parametrize("kind", [Majority, Decimation])
def test_what_does_not_fit_is_named(kind: type[Majority] | type[Decimation]) -> None:
    lattice = Lattice.square(8)
    X = spins(lattice, 4)
    with pytest.raises(ValueError, match=r"X.*\(n, 64\).*got \(4, 63\)"):
        kind(lattice).fit(X[:, :63])
    with pytest.raises(ValueError, match=r"\(8, 8\).*got b = 3"):
        kind(lattice, 3).fit(X)
    with pytest.raises(TypeError, match="lattice"):
        kind(8).fit(X)
    rule = kind(lattice).fit(X)
    for bad in ((X + 1) // 2, 200 * X.astype(int), X * 0.5, np.full((2, 64), np.nan), np.full((2, 64), "up")):
        with pytest.raises(ValueError, match=r"X|numeric"):
            rule.transform(bad)
    with pytest.raises(ValueError, match=r"ties.*'up'"):
        Majority(lattice, 2, ties="up").fit(X)
