"""The plurality rule: against loops, fair among tied states, the majority rule for two states."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from sklearn.base import clone

from blockspin.coarse.blocks import Majority
from blockspin.coarse.plurality import Plurality
from blockspin.lattice import Lattice

CASES = [(Lattice.square(4, 6), 2), (Lattice.square(6), 3), (Lattice.cubic(4), 2), (Lattice.chain(12), 3)]


def states(lattice: Lattice, n: int, q: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, q, (n, lattice.n_sites)).astype(np.int8)


@pytest.mark.parametrize(("lattice", "b"), CASES, ids=str)
@pytest.mark.parametrize("q", [2, 3, 5])
def test_the_most_frequent_state_and_among_tied_ones_the_first(lattice: Lattice, b: int, q: int) -> None:
    X = states(lattice, 60, q)
    first = Plurality(lattice, b, ties="first").fit_transform(X)
    coins = [Plurality(lattice, b, random_state=one).fit_transform(X) for one in (None, 3, np.random.RandomState(3))]
    for row in range(len(X)):
        for block, sites in enumerate(lattice.blocks(b)):
            counts = Counter(X[row, sites].tolist())  # keeps the order in which they come
            tied = [a for a, count in counts.items() if count == max(counts.values())]
            assert first[row, block] == tied[0]
            assert all(one[row, block] in tied for one in coins)


@pytest.mark.parametrize("random_state", [7, "RandomState"])
def test_tied_states_have_equal_chances(random_state: int | str) -> None:
    # 20,000 rows of 64 blocks of 4 sites, q = 5: two pairs, and four states. By the place of the state that wins:
    # 5 sigma sees a chance that is off by 0.01. Seen to fail: the first place with a slightly larger priority
    lattice = Lattice.square(16)
    X = states(lattice, 20_000, 5)
    state = np.random.RandomState(1) if random_state == "RandomState" else random_state
    blocks = Plurality(lattice, 2, random_state=state).fit_transform(X)
    places = X[:, lattice.blocks(2)]
    alike = (places[..., :, None] == places[..., None, :]).sum(axis=-1)
    won = places == blocks[..., None]
    for count, chance in ((2, 1 / 2), (1, 1 / 4)):
        tied = (alike == count).all(axis=-1)
        n = tied.sum()
        z = (won[tied].sum(axis=0) - n * chance) / np.sqrt(n * chance * (1 - chance))
        assert np.abs(z).max() < 5
        assert np.sqrt(chance * (1 - chance) / n) < 0.0025


def test_an_integer_seed_makes_a_function_of_the_row_that_knows_no_names_of_states() -> None:
    lattice = Lattice.square(10)
    X = states(lattice, 300, 4)
    rule = Plurality(lattice, 2, random_state=7).fit(X)
    blocks = rule.transform(X)
    np.testing.assert_array_equal(blocks, np.concatenate([clone(rule).transform(X[:7]), rule.transform(X[7:])]))
    np.testing.assert_array_equal(blocks[::-1], rule.transform(X[::-1]))
    for names in ([1, 0, 2, 3], [2, 3, 1, 0], [5, 9, 100, 7]):
        named = np.array(names, np.int8)
        np.testing.assert_array_equal(named[blocks], rule.transform(named[X]))
    assert (blocks != Plurality(lattice, 2, random_state=8).fit_transform(X)).any()
    assert (Plurality(lattice, 2).fit_transform(X) != Plurality(lattice, 2).fit_transform(X)).any()


def test_any_letters_are_kept() -> None:
    lattice = Lattice.square(6)
    X = states(lattice, 200, 3)
    rule = Plurality(lattice, random_state=3).fit(X)
    for letters in ([-1, 0, 1], [-127, 5, 100]):
        named = np.array(letters, np.int8)
        np.testing.assert_array_equal(named[rule.transform(X)], rule.transform(named[X]))


def test_two_states_are_the_majority_rule() -> None:
    lattice = Lattice.square(6)
    X = states(lattice, 200, 2)
    found = Plurality(lattice, 3).fit_transform(X)
    np.testing.assert_array_equal(2 * found - 1, Majority(lattice, 3).fit_transform(2 * X - 1))


def test_what_does_not_fit_is_named() -> None:
    lattice = Lattice.square(4)
    X = states(lattice, 4, 3)
    with pytest.raises(ValueError, match=r"X.*\(n, 16\).*got \(4, 15\)"):
        Plurality(lattice).fit(X[:, :15])
    with pytest.raises(ValueError, match="must divide every extent"):
        Plurality(lattice, 3).fit(X)
    for bad in (X * 0.5, X.astype(int) * 200, np.full((2, 16), "up")):
        with pytest.raises(ValueError, match=r"X|numeric"):
            Plurality(lattice).transform(bad)
    with pytest.raises(ValueError, match=r"ties.*'up'"):
        Plurality(lattice, ties="up").fit(X)
