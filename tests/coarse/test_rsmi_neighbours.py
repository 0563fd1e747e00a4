"""Information by nearest neighbours against Gaussian vectors, whose information is known, and beside the bounds.

Tried on purpose: psi(n_x) for psi(n_x + 1), the k-th for the (k + 1)-th distance (a row is its own first neighbour),
Euclidean for largest differences in the counts: each fails a test below.
"""

from __future__ import annotations

import numpy as np
import pytest

from blockspin.coarse.rsmi.bounds import lower_bound
from oracles.neighbours import ksg

FloatArray = np.ndarray


def gaussians(rho: float, n: int, size: int, seed: int) -> tuple[FloatArray, FloatArray, float]:
    """Pairs of Gaussian vectors of `size` components correlated by rho, mixed among themselves, and their I."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, size))
    y = rho * x + np.sqrt(1 - rho**2) * random.normal(size=(n, size))
    turn = np.linalg.qr(random.normal(size=(size, size)))[0]
    return x, y @ turn, -size / 2 * np.log(1 - rho**2)


@pytest.mark.parametrize(("rho", "size"), [(0.0, 2), (0.3, 1), (0.6, 2), (0.9, 1), (0.5, 3)])
def test_gaussian_vectors_of_known_information(rho: float, size: int) -> None:
    # 4000 rows: errors of .01 to .02, and a bias below them for few components; sees .06 nats at 4 sigma
    x, y, exact = gaussians(rho, 4000, size, seed=1)
    found = ksg(x, y)
    assert abs(found.z(exact)) < 4
    assert found.error < 0.03


def test_the_error_is_that_of_other_draws() -> None:
    found = [ksg(*gaussians(0.6, 1000, 1, seed)[:2]) for seed in range(30)]
    spread = np.std([one.value for one in found], ddof=1)
    assert np.mean([one.error for one in found]) == pytest.approx(spread, rel=0.5)
    assert abs(np.mean([one.value for one in found]) + 0.5 * np.log(1 - 0.36)) < 4 * spread / np.sqrt(30)


def test_it_agrees_with_the_formula_on_few_rows() -> None:
    # four points, k = 1, by hand: distances .2, .1, .1, .9 of the pairs
    x, y = np.array([0.0, 0.3, 0.4, 1.0]), np.array([0.0, 0.1, 0.2, 1.0])
    from scipy.special import digamma

    rows = []
    for i in range(4):
        apart = np.maximum(np.abs(x - x[i]), np.abs(y - y[i]))
        radius = np.sort(np.delete(apart, i))[0]
        nearer = [np.sum(np.delete(np.abs(side - side[i]), i) < radius) for side in (x, y)]
        rows.append(digamma(nearer[0] + 1) + digamma(nearer[1] + 1))
    assert ksg(x, y, 1).value == pytest.approx(digamma(1) + digamma(4) - np.mean(rows), abs=1e-12)


@pytest.mark.slow
def test_bounds_stay_below_and_neighbours_agree() -> None:
    x, y, exact = gaussians(0.7, 20_000, 2, seed=3)
    assert abs(ksg(x, y).z(exact)) < 4
    found = lower_bound(x, y, "infonce").measured
    assert found.z(exact) < 3
    assert found.value > 0.85 * exact


def test_input_that_makes_no_sense_is_refused() -> None:
    x = np.random.default_rng(0).normal(size=(10, 2))
    with pytest.raises(ValueError, match="10 and 9 rows"):
        ksg(x, x[:-1])
    with pytest.raises(ValueError, match=r"9.*10"):
        ksg(x, x, 10)
    with pytest.raises(ValueError, match="10"):
        ksg(x, x, chains=3)
