"""The network: its symmetries, its derivatives, and that it begins as its kernel and finds more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import blockspin as bs
from blockspin.rg.learned.network import network_means, turned


def spins(lattice: bs.Lattice, n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (n, lattice.n_sites))


def fitted(lattice: bs.Lattice, theta: np.ndarray, **settings: Any) -> bs.rg.SelfSimilarNetwork:
    """A network with these parameters."""
    own = spins(lattice.coarse(2), 60, 1)
    rule = bs.rg.SelfSimilarNetwork(
        lattice, 2, own=own, operators=["nn"], n_iter=1, random_state=1, **{"features": ["block"], **settings}
    )
    rule.fit(spins(lattice, 40, 2)).theta_ = theta
    return rule


@pytest.mark.parametrize(("kind", "window", "hidden"), [("square", 4, 3), ("cubic", 4, 2), ("chain", 6, 2)])
def test_a_network_turns_with_the_lattice_and_with_the_spins(kind: str, window: int, hidden: int) -> None:
    lattice = bs.Lattice(kind, (8,) * {"square": 2, "cubic": 3, "chain": 1}[kind])
    d, sites = lattice.dimension, window**lattice.dimension
    theta = np.random.default_rng(3).normal(0, 0.3, 1 + hidden + hidden * sites)
    rule, rows = fitted(lattice, theta, window=window, hidden=hidden), spins(lattice, 6, 4)
    chance = rule.chance(rows)
    assert chance.std() > 0.1
    assert np.allclose(chance + rule.chance(-rows), 1, atol=1e-6)
    assert (rule.transform(rows) == -rule.transform(-rows)).all()
    pictures, coarse = rows.reshape(-1, *lattice.shape), chance.reshape(-1, *lattice.coarse(2).shape)
    for turn in (lambda x: np.flip(x, 1), lambda x: np.swapaxes(x, 1, d)):
        found = rule.chance(turn(pictures).reshape(len(rows), -1)).reshape(coarse.shape)
        assert np.allclose(found, turn(coarse), atol=1e-6)
    moved = np.roll(pictures, 2, axis=1).reshape(len(rows), -1)
    assert np.allclose(rule.chance(moved).reshape(coarse.shape), np.roll(coarse, 1, axis=1), atol=1e-6)


def test_derivatives_are_those_of_finite_differences() -> None:
    random = np.random.default_rng(1)
    theta, seen = random.normal(0, 0.3, 3 + 2 + 32), random.choice([-1.0, 1.0], (5, 3 + 16))
    every = turned(4, 2)
    assert every.shape == (16, 8 * 16)
    slopes = np.asarray(network_means(theta, seen, every)[1])
    for k, step in enumerate(np.eye(len(theta)) * 0.05):
        near, far = (
            np.asarray(network_means(theta + n * step, seen, every)[0])
            - np.asarray(network_means(theta - n * step, seen, every)[0])
            for n in (1, 2)
        )
        assert np.allclose(slopes[:, k], (8 * near - far) / 0.6, atol=1e-4)  # single precision


def test_it_begins_as_its_kernel() -> None:
    lattice = bs.Lattice.square(8)
    kernel = bs.rules.Kernel(lattice, 2, ["block", "ring 1", "tie ring 1"], [0.5, 0.2, -0.3])
    rows = spins(lattice, 20, 3)
    rule = fitted(lattice, np.array(kernel.theta), window=4, hidden=0, features=["block"])
    rule.features = kernel.features
    assert np.allclose(rule.chance(rows), kernel.chance(rows), atol=1e-6)
    assert np.allclose(rule.kernel_.chance(rows), kernel.chance(rows))


def test_it_finds_what_its_kernel_lacks() -> None:
    lattice = bs.Lattice.square(8)
    model, names = bs.Ising(lattice, 0.3), ["nn", "nnn", "third", "plaquette"]
    rows = [bs.to_matrix(bs.sample(model, 20_000, seed=seed)) for seed in (1, 2, 3)]
    own = bs.rules.Kernel(lattice, 2, ["block", "tie ring 1"], [0.5, 0.3], random_state=1).transform(rows[0])
    soft = bs.SelfSimilar(lattice, 2, ["block"], own, names, n_rows=2000).fit(rows[1])
    found = bs.rg.SelfSimilarNetwork(
        lattice, 2, ["block"], own, names, n_rows=2000, window=4, hidden=3, random_state=1
    ).fit(rows[1])
    # noise of 2,000 rows makes D 4 / 4000 on average, and of 20,000 of own a tenth of that; 3 times that is seen
    assert -found.score(rows[2]) < 3 * len(names) / 4000
    assert soft.score(rows[2]) < 3 * found.score(rows[2])
    assert found.on(bs.Lattice.square(12)).transform(spins(bs.Lattice.square(12), 2, 1)).shape == (2, 36)


def test_refusals() -> None:
    square = bs.Lattice.square(8)
    rows, own = spins(square, 40, 1), spins(square.coarse(2), 60, 1)
    for settings, why in (({"window": 3}, "window"), ({"hidden": -1}, "hidden"), ({"n_iter": 0}, "n_iter")):
        with pytest.raises(ValueError, match=why):
            bs.rg.SelfSimilarNetwork(square, 2, ["block"], own, ["nn"], **settings).fit(rows)
    other = bs.Lattice.triangular(9)
    rule = bs.rg.SelfSimilarNetwork(other, 3, ["block"], spins(other.coarse(3), 60, 1), ["nn"], window=5)
    with pytest.raises(ValueError, match="hypercubic"):
        rule.fit(spins(other, 40, 1))
