"""The kernel of labels: the Ising kernel for two, sums over sites for three, and no label before another."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

import blockspin as bs
from blockspin.coarse.features import features

NAMES = ("block", "ring 1", "ring 2", "tie ring 1")
THETA = (0.7, 0.2, -0.1, 0.4)
SQUARE = bs.Lattice.square(8)


def states(lattice: bs.Lattice, n: int, q: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, q, (n, lattice.n_sites)).astype(np.int8)


@pytest.mark.parametrize(
    ("lattice", "b"),
    [(SQUARE, 2), (bs.Lattice.square(9), 3), (bs.Lattice.cubic(4), 2), (bs.Lattice.triangular(9), 3)],
    ids=str,
)
def test_two_labels_are_spins(lattice: bs.Lattice, b: int) -> None:
    rows = states(lattice, 30, q=2)
    of_labels = bs.rules.Kernel(lattice, b, NAMES, THETA, q=2).chance(rows)
    assert np.allclose(of_labels[..., 1], bs.rules.Kernel(lattice, b, NAMES, THETA).chance(2 * rows - 1), atol=1e-6)
    assert np.allclose(of_labels.sum(axis=2), 1)


def test_counts_of_a_block_and_its_ring() -> None:
    rows = states(SQUARE, 20)
    pictures = np.pad(rows.reshape(-1, 8, 8), [(0, 0), (1, 1), (1, 1)], mode="wrap")
    found = features(["block", "ring 1", "tie ring 1"], SQUARE, 2, rows, 3)
    for row, picture in enumerate(pictures):
        for m, (x, y) in enumerate(SQUARE.coarse(2).coordinates * 2):
            window = picture[x : x + 4, y : y + 4]
            counts = np.bincount(window[1:3, 1:3].ravel(), minlength=3)
            edges = [*window[0, 1:3], *window[3, 1:3], *window[1:3, 0], *window[1:3, 3]]
            ring = np.bincount(edges, minlength=3)
            tied = sorted(counts)[-1] == sorted(counts)[-2]
            assert (found[row, m] == np.stack([counts, ring, ring * tied], axis=1)).all()


def test_no_label_is_before_another() -> None:
    rule = bs.rules.Kernel(SQUARE, 2, NAMES, THETA, q=3)
    rows = states(SQUARE, 20)
    for order in permutations(range(3)):
        renamed = np.array(order, np.int8)[rows]
        assert np.allclose(rule.chance(renamed)[..., list(order)], rule.chance(rows), atol=1e-6)


def test_plurality_is_the_limit_of_a_large_weight() -> None:
    rows = states(SQUARE, 200)
    counts = features(["block"], SQUARE, 2, rows, 3)[..., 0]
    most = counts == counts.max(axis=2, keepdims=True)
    hard = bs.rules.Kernel(SQUARE, 2, theta=[40.0], q=3).chance(rows)
    assert np.allclose(hard, most / most.sum(axis=2, keepdims=True))
    assert np.take_along_axis(most, bs.rules.Plurality(SQUARE).transform(rows)[..., None].astype(int), axis=2).all()


@pytest.mark.parametrize("random_state", [5, np.random.RandomState(5)])
def test_draws_have_the_chance(random_state: int | np.random.RandomState) -> None:
    lattice = bs.Lattice.square(16)
    rule = bs.rules.Kernel(lattice, 2, ["block", "tie ring 1"], [0.3, 0.2], random_state, q=3)
    rows = states(lattice, 1000)
    chance, drawn = rule.chance(rows), rule.transform(rows)
    for a in range(3):  # of 64,000 draws: an error of 0.8 % of one label in one bin is seen
        for low in np.arange(0, 1, 0.1):
            some = (chance[..., a] >= low) & (chance[..., a] < low + 0.1)
            if some.sum() > 100:
                error = np.sqrt((chance[..., a] * (1 - chance[..., a]))[some].sum())
                assert abs((drawn[some] == a).sum() - chance[some, a].sum()) < 4 * error


def test_coins_are_of_the_row() -> None:
    rule = bs.rules.Kernel(SQUARE, 2, ["block"], [0.3], 1, q=2)
    rows = np.concatenate([np.ones((1, 64), np.int8), states(SQUARE, 5, q=2)])
    assert (rule.transform(rows)[:1] == rule.transform(rows[:1])).all()


def test_refusals() -> None:
    for settings, rows, why in (
        ({"q": 3}, states(SQUARE, 2) + 1, "labels 0..2"),
        ({"q": 3}, states(SQUARE, 2) - 1, "labels 0..2"),
        ({"q": 1}, states(SQUARE, 2), "states q"),
        ({"q": 3, "features": ["triples"]}, states(SQUARE, 2), "triples"),
    ):
        with pytest.raises(ValueError, match=why):
            bs.rules.Kernel(SQUARE, **settings).transform(rows)
