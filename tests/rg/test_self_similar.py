"""Learned kernels: means that are exact in the coins, calibrated weights, and rules that are found again."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import blockspin as bs
from blockspin.coarse.features import features
from blockspin.rg.learned.misfit import Misfit
from blockspin.rg.learned.moments import Moments, kernel_means
from blockspin.rg.learned.rows import calibrated, per_site
from blockspin.rg.operators import evaluate, named

WEIGHTS = ("block", "ring 1", "tie ring 1")
THETA = np.array([0.5, 0.2, -0.3])


def spins(lattice: bs.Lattice, n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (n, lattice.n_sites))


@pytest.mark.parametrize(
    ("lattice", "b", "names"),
    [
        (bs.Lattice.square(6), 2, ("nn", "nnn", "plaquette", "corner", "row")),
        (bs.Lattice.chain(16), 2, ("nn", "nnn", "triple")),
        (bs.Lattice.triangular(9), 3, ("nn", "triangle")),
        (bs.Lattice.cubic(4), 2, ("nn", "plaquette", "magnetisation")),
    ],
    ids=str,
)
def test_means_are_sums_over_all_coins(lattice: bs.Lattice, b: int, names: tuple[str, ...]) -> None:
    coarse, rows = lattice.coarse(b), spins(lattice, 7, 1)
    operators = named(coarse, names)
    weight = np.random.default_rng(2).normal(size=(7, 2))
    known = features(WEIGHTS, lattice, b, rows)
    moments = Moments(operators, coarse, kernel_means, known, weight)
    value, slopes = moments(THETA)
    chance = bs.rules.Kernel(lattice, b, WEIGHTS, THETA).chance(rows)
    states = np.array(list(product([-1, 1], repeat=coarse.n_sites)), np.int8)
    of_states = evaluate(operators, states.reshape(-1, *coarse.shape)) / coarse.n_sites
    p = np.where(states[None] > 0, chance[:, None], 1 - chance[:, None]).prod(axis=2)
    exact = weight.T @ (p @ of_states) / len(rows)
    assert np.allclose(value, exact, atol=2e-6)  # single precision
    for k, step in enumerate(np.eye(3) * 0.02):
        near, far = (moments(THETA + n * step)[0] - moments(THETA - n * step)[0] for n in (1, 2))
        assert np.allclose(slopes[..., k], (8 * near - far) / (12 * 0.02), atol=1e-3)  # single precision


def test_chances_of_labels_are_sums_over_all_draws() -> None:
    lattice, coarse = bs.Lattice.square(6, 4), bs.Lattice.square(3, 2)
    rows = np.random.default_rng(1).integers(0, 3, (7, 24)).astype(np.int8)
    operators = named(coarse, ("nn", "nnn", "corner", "plaquette"))
    weight = np.random.default_rng(2).normal(size=(7, 2))
    moments = Moments(operators, coarse, kernel_means, features(WEIGHTS, lattice, 2, rows, 3), weight)
    value, slopes = moments(THETA)
    chance = bs.rules.Kernel(lattice, 2, WEIGHTS, THETA, q=3).chance(rows)
    states = np.array(list(product(range(3), repeat=6)), np.int8)
    p = chance[:, np.arange(6), states].prod(axis=2)
    exact = weight.T @ (p @ per_site(operators, coarse, states, 3)) / len(rows)
    assert np.allclose(value, exact, atol=2e-6)  # single precision
    for k, step in enumerate(np.eye(3) * 0.02):
        near, far = (moments(THETA + n * step)[0] - moments(THETA - n * step)[0] for n in (1, 2))
        assert np.allclose(slopes[..., k], (8 * near - far) / (12 * 0.02), atol=1e-3)  # single precision


def test_no_operator_is_twice_where_a_far_pair_is_near() -> None:
    rule = bs.SelfSimilar(bs.Lattice.square(16), own=None)  # a quarter of 8 is 2, the pair "third"
    images = [one.images for one in rule._operators()]
    assert len(set(images)) == len(images)
    assert [one.name for one in rule._operators()[-2:]] == ["1/4 of the extents", "1/2 of the extents"]


def test_calibrated_rows_have_the_means() -> None:
    random = np.random.default_rng(1)
    values, means = random.normal(size=(500, 3)), np.array([0.1, -0.05, 0.02])
    weights = calibrated(values, means)
    assert np.isclose(weights.mean(), 1)
    assert np.allclose(weights @ values / 500, means)
    # what depends on the values alone has no noise left: its mean is that of the means
    assert np.isclose(weights @ (values @ [1.0, 2.0, 3.0] + 4) / 500, means @ [1.0, 2.0, 3.0] + 4)


@pytest.mark.parametrize(
    ("model", "b", "theta", "operators"),
    [
        (bs.Potts(bs.Lattice.square(8), 0.7, 3), 2, [0.6, 0.2], ["nn", "nnn", "third", "plaquette"]),
        (bs.Ising(bs.Lattice.square(8), 0.3), 2, [0.45, 0.25, -0.15], ["nn", "nnn", "third", "plaquette"]),
        (bs.Ising(bs.Lattice.triangular(18), 0.2), 3, [0.2], ["nn", "nnn", "third", "rhombus"]),
        (bs.Ising(bs.Lattice.cubic(8), 0.21), 2, [0.25, 0.1], ["nn", "nnn", "third", "plaquette"]),
    ],
    ids=str,
)
def test_a_kernel_is_found_again(model: bs.Ising, b: int, theta: list[float], operators: list[str]) -> None:
    q = model.q if isinstance(model, bs.Potts) else None
    lattice, weights = model.lattice, ("block", "ring 1", "ring 2")[: len(theta)]
    first, second = (bs.to_matrix(bs.sample(model, n, seed=n)) for n in (40_000, 20_000))
    own = bs.rules.Kernel(lattice, b, weights, theta, 1, q).transform(first)
    found = bs.SelfSimilar(lattice, b, weights, own, operators, n_rows=4000, q=q).fit(second)
    assert found.theta_error_.max() < 0.1  # a weight that is off by that is seen
    assert np.abs((found.theta_ - theta) / found.theta_error_).max() < 3.5
    # 2 n D has the mean of a chi-square of that many degrees of freedom, or less: rows are calibrated
    assert found.divergence_ < 3 * (len(operators) - len(theta)) / 2 * (1 / 4000 + 1 / 40_000)


def test_a_free_coupling_takes_its_part_of_the_misfit() -> None:
    fine, coarse = bs.Lattice.square(16), bs.Lattice.square(8)
    rows = bs.to_matrix(bs.sample(bs.Ising(fine, 0.40), 4000, seed=1))
    own = bs.to_matrix(bs.sample(bs.Ising(coarse, 0.36), 20_000, seed=2))
    common = {"features": ["block", "ring 1"], "own": own, "operators": ["nn", "nnn", "third", "plaquette"]}
    fixed = bs.SelfSimilar(fine, **common).fit(rows)
    free = bs.SelfSimilar(fine, free=["nn"], **common).fit(rows)
    assert free.divergence_ < fixed.divergence_
    assert abs(free.differences_["nn"]) > abs(fixed.differences_["nn"])


def test_a_change_of_free_couplings_leaves_no_residual() -> None:
    own = np.random.default_rng(1).normal(size=(50, 5)) @ np.random.default_rng(2).normal(size=(5, 5))
    change = np.cov(own, rowvar=False)[:, :2] @ [0.3, -0.2]  # of all means with two couplings, to first order
    misfit = Misfit(None, own, free=2, far=2)  # type: ignore[arg-type]  # no moments are needed
    assert np.allclose(misfit.stacked(change), 0)
    assert np.abs(misfit.stacked(change + np.eye(5)[4])[-1]) > 1  # far pairs are seen apart from that


def test_it_is_a_rule_on_other_lattices() -> None:
    lattice = bs.Lattice.square(8)
    own = spins(lattice.coarse(2), 200, 1)
    found = bs.SelfSimilar(lattice, 2, ["block"], own, ["nn", "nnn"], random_state=1).fit(spins(lattice, 100, 2))
    other = found.on(bs.Lattice.square(16))
    assert isinstance(other, bs.rules.Kernel)
    assert other.transform(spins(bs.Lattice.square(16), 2, 3)).shape == (2, 64)
    rows = spins(lattice, 5, 4)
    assert (found.transform(rows) == found.kernel_.transform(rows)).all()


def test_refusals() -> None:
    lattice = bs.Lattice.square(8)
    own, rows = spins(lattice.coarse(2), 200, 1), spins(lattice, 100, 2)
    for settings, why in (
        ({"own": None}, "own must be given"),
        ({"own": own[:2]}, "more rows than there are operators"),
        ({"own": own[:, :4]}, "16"),
        ({"operators": ["nn"]}, "as many as features"),
        ({"operators": ["nn", "nnn", "00-40"]}, "fit the coarse lattice"),
        ({"operators": ["nn", "mm"]}, "mm"),
        ({"n_rows": 0}, "n_rows"),
        ({"features": ["blocks"]}, "blocks"),
    ):
        given = {"features": ["block", "ring 1"], "own": own, "operators": ["nn", "nnn"], **settings}
        with pytest.raises(ValueError, match=why):
            bs.SelfSimilar(lattice, **given).fit(rows)
