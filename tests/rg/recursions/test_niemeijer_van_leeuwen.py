"""Cumulants on the triangular lattice: closed forms, and derivatives of exact sums over a few cells."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from oracles.niemeijer_van_leeuwen import CELL, first_cumulant, first_fixed_point, second_cumulant, second_fixed_point

NN = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, -1), (-1, 1))


def test_the_first_cumulant() -> None:
    point = first_fixed_point()
    assert point.couplings[0] == pytest.approx(math.log(1 + 2 * math.sqrt(2)) / 4, abs=1e-12)
    assert point.eigenvalues[0] == pytest.approx(1.623524, abs=6e-7)
    assert point.y_t == pytest.approx(0.882203, abs=6e-7)
    assert 3**point.y_h == pytest.approx((3 / math.sqrt(2)) ** 2, abs=1e-10)
    assert point.y_h == pytest.approx(1.369070, abs=6e-7)
    slope = (first_cumulant(point.K + 1e-5)[0] - first_cumulant(point.K - 1e-5)[0]) / 2e-5
    assert point.eigenvalues[0] == pytest.approx(slope, rel=1e-8)
    assert first_cumulant(point.K, 0.01)[1] == pytest.approx(0.01 * 3 / math.sqrt(2), abs=1e-12)


def effective(origins: list[tuple[int, int]], K: float, between: float) -> float:
    """The coupling of the signs of the first two cells, all bonds between cells scaled by `between`, exactly."""
    sites = [(x + a, y + b) for x, y in origins for a, b in CELL]
    bonds = [
        (i, j, 1.0 if i // 3 == j // 3 else between)
        for i, j in product(range(len(sites)), repeat=2)
        if i < j and (sites[j][0] - sites[i][0], sites[j][1] - sites[i][1]) in NN
    ]
    spins = 2 * (np.arange(2 ** len(sites))[:, None] >> np.arange(len(sites)) & 1) - 1
    weight = np.exp(K * sum(factor * spins[:, i] * spins[:, j] for i, j, factor in bonds))
    sign = np.sign(spins.reshape(len(spins), -1, 3).sum(axis=2))
    states = ((sign > 0) @ (1 << np.arange(len(origins)))).astype(int)
    log_z = np.log(np.bincount(states, weight))
    signs = 2 * (np.arange(2 ** len(origins))[:, None] >> np.arange(len(origins)) & 1) - 1
    return float((log_z * signs[:, 0] * signs[:, 1]).mean())


@pytest.mark.parametrize(
    ("n", "target", "between"),
    [(0, (1, 1), [(2, -1), (-1, 2)]), (1, (3, 0), [(1, 1), (2, -1)]), (2, (2, 2), [(1, 1)])],
)
def test_the_second_cumulant_is_the_second_derivative_of_exact_sums(
    n: int, target: tuple[int, int], between: list[tuple[int, int]]
) -> None:
    # all cells that have bonds with both ends are there, so the cluster knows the cumulant of the lattice
    K, size = 0.28, 1e-3
    origins = [(0, 0), target, *between]
    up, down = (effective(origins, K, sign * size) for sign in (1, -1))
    exact = (up - down) / (2 * size) + (up + down) / (2 * size**2)
    assert second_cumulant([K, 0, 0])[n] == pytest.approx(exact, abs=1e-5)


def test_further_neighbours_enter_to_first_order() -> None:
    f, _ = math.sqrt(first_cumulant(0.28)[0] / 0.56), None
    change = second_cumulant([0.28, 0.01, 0]) - second_cumulant([0.28, 0, 0])
    np.testing.assert_allclose(change, [0.03 * f**2, 0, 0], atol=1e-12)
    change = second_cumulant([0.28, 0, 0.01]) - second_cumulant([0.28, 0, 0])
    np.testing.assert_allclose(change, [0.02 * f**2, 0.01 * f**2, 0], atol=1e-12)


def test_the_fixed_point_of_the_second_cumulant() -> None:
    # derived here, not taken from a table: K1* = 0.27887 lies 1.5 % from the exact Kc, y_t 4 % from the exact 1
    point = second_fixed_point()
    np.testing.assert_allclose(second_cumulant(point.couplings), point.couplings, atol=1e-12)
    np.testing.assert_allclose(point.couplings, [0.278869, -0.014248, -0.015231], atol=1e-6)
    assert point.eigenvalues[0] == pytest.approx(1.772843, abs=1e-6)
    assert point.y_t == pytest.approx(1.042378, abs=1e-6)
    with pytest.raises(ValueError, match=r"\(K1, K2, K3\).*\(2,\)"):
        second_cumulant([0.3, 0.1])
