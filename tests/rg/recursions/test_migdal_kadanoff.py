"""Migdal-Kadanoff: closed forms, the digits of the table, and the diamond lattice on which it is exact."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from blockspin.models import KC_SQUARE
from blockspin.rg.recursions.migdal_kadanoff import beta, fixed_point, step


@pytest.mark.parametrize(
    ("d", "b", "K", "other", "eigenvalue", "y_t"),
    [
        (2, 2, 0.304689, 0.609378, 1.678574, 0.747236),
        (2, 3, 0.240606, 0.721818, 2.25, 0.738140),
        (2, 4, 0.201763, 0.807052, None, 0.729676),
        (3, 2, 0.065266, 0.261065, None, 0.939129),
    ],
)
def test_the_table(d: int, b: int, K: float, other: float, eigenvalue: float | None, y_t: float) -> None:
    first, second = fixed_point(d, b), fixed_point(d, b, "decimate first")
    assert first.couplings[0] == pytest.approx(K, abs=6e-7)
    assert second.couplings[0] == pytest.approx(other, abs=6e-7)
    assert second.couplings[0] == pytest.approx(b ** (d - 1) * first.K, abs=1e-10)
    assert first.y_t == pytest.approx(y_t, abs=6e-7)
    assert (second.y_t, second.y_h) == (first.y_t, first.y_h)
    if eigenvalue is not None:
        assert first.eigenvalues[0] == pytest.approx(eigenvalue, abs=6e-7)
    for order, point in (("move first", first), ("decimate first", second)):
        assert step(point.K, d, b, order) == pytest.approx(point.K, abs=1e-12)
        slope = (step(point.K + 1e-5, d, b, order) - step(point.K - 1e-5, d, b, order)) / 2e-5
        assert first.eigenvalues[0] == pytest.approx(slope, rel=1e-8)


def test_closed_forms() -> None:
    for K in (0.1, 0.4, 2.0):
        assert step(K) == pytest.approx(0.5 * math.log(math.cosh(4 * K)), abs=1e-12)
    assert fixed_point(2, 3).eigenvalues[0] == pytest.approx(2.25, abs=1e-10)
    assert fixed_point(2, 2).nu == pytest.approx(1.338266, abs=6e-7)
    assert fixed_point(3, 2).nu == pytest.approx(1.064817, abs=6e-7)


def test_small_steps_have_the_exact_critical_coupling_of_the_square_lattice() -> None:
    point = fixed_point(2, 1)
    assert point.couplings[0] == pytest.approx(KC_SQUARE, abs=1e-12)
    assert point.y_t == pytest.approx(2 - 2 * math.sqrt(2) * KC_SQUARE, abs=1e-10)
    assert point.y_h == pytest.approx(1 + 2 * KC_SQUARE, abs=1e-10)
    assert point.eigenvalues == (math.exp(point.y_t),)
    cubic = fixed_point(3, 1)
    assert cubic.couplings[0] == pytest.approx(0.139778, abs=6e-7)
    assert cubic.y_t == pytest.approx(0.948169, abs=6e-7)
    for d in (2, 3):
        near, limit = fixed_point(d, 1 + 1e-6), fixed_point(d, 1)
        for one, other in ((near.K, limit.K), (near.y_t, limit.y_t), (near.y_h, limit.y_h)):
            assert one == pytest.approx(other, abs=1e-5)
        b = 1 + 1e-7
        assert (step(0.3, d, b) - 0.3) / math.log(b) == pytest.approx(beta(0.3, d), abs=1e-5)


@pytest.mark.parametrize(("K", "h"), [(0.3, 1e-4), (0.6, 1e-4)])
def test_it_is_exact_on_the_diamond_lattice(K: float, h: float) -> None:
    # d = b = 2: four bonds from two ends over two spins; each bond carries h/2 to both its ends
    def log_weight(left: int, right: int) -> float:
        total = 0.0
        for one, two in product((1, -1), repeat=2):
            bonds = [(left, one), (one, right), (left, two), (two, right)]
            total += math.exp(sum(K * a * c + h * (a + c) / 2 for a, c in bonds))
        return math.log(total)

    new = (log_weight(1, 1) + log_weight(-1, -1) - 2 * log_weight(1, -1)) / 4
    field = (log_weight(1, 1) - log_weight(-1, -1)) / 2
    assert new == pytest.approx(step(K, 2, 2, "decimate first"), abs=1e-6)
    assert field / h == pytest.approx(2 * (1 + math.tanh(2 * K)), abs=1e-6)


def test_the_field_grows_at_the_fixed_point() -> None:
    point = fixed_point(2, 2, "decimate first")
    assert point.y_h == pytest.approx(math.log2(2 * (1 + math.tanh(2 * point.K))), abs=1e-12)
    assert np.isfinite(fixed_point(2.5, 1.7).y_h)  # neither d nor b need be an integer


def test_what_does_not_fit_is_named() -> None:
    for d, b in ((1, 2), (2, 0.5)):
        with pytest.raises(ValueError, match=r"d.*b"):
            fixed_point(d, b)
    with pytest.raises(ValueError, match="'both'"):
        step(0.3, order="both")
    with pytest.raises(ValueError, match=r"K.*d.*K"):
        beta(0)
    with pytest.raises(ValueError, match="finite and not negative; got -1"):
        step(-1)
