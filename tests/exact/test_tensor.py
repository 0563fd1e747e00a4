"""HOTRG: exact on small tori, Onsager's ln Z, and the conformal data of the Ising model."""

from __future__ import annotations

import math

import pytest

import oracles.ising2d
from blockspin.exact import enumeration, ising2d
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from oracles.tensor import log_partition_per_site, scaling


@pytest.mark.parametrize("K", [0.2, KC_SQUARE, 0.7])
def test_small_tori_are_exact_where_nothing_is_cut(K: float) -> None:
    for steps, lattice in ((1, (2, 1)), (2, (2, 2)), (3, (4, 2)), (4, (4, 4))):
        N = math.prod(lattice)
        if steps == 1:  # one spin winds around itself: two bonds between the pair, one from each to itself
            exact = math.log(4 * math.cosh(2 * K)) + 2 * K
        else:
            exact = ising2d.log_partition(Lattice.square(*lattice), K)
        assert N * log_partition_per_site(K, chi=16, steps=steps) == pytest.approx(exact, abs=1e-10)
    by_sum = enumeration.log_partition(Ising(Lattice.square(4), K))
    assert 16 * log_partition_per_site(K, steps=4) == pytest.approx(by_sum, abs=1e-10)


def test_the_partition_function_of_onsager() -> None:
    # bond dimension 16: 5e-7 at Kc, 3e-8 off it
    assert log_partition_per_site(KC_SQUARE) == pytest.approx(oracles.ising2d.bulk_log_partition(KC_SQUARE), abs=1e-6)
    for K in (0.3, 0.4, 0.48):
        assert log_partition_per_site(K, chi=12) == pytest.approx(oracles.ising2d.bulk_log_partition(K), abs=1e-6)


def test_more_bonds_come_closer() -> None:
    off = [abs(log_partition_per_site(KC_SQUARE, chi=chi) - 0.9296953983416103) for chi in (4, 8, 12)]
    assert off[0] > 2 * off[1] > 4 * off[2]


def test_conformal_data() -> None:
    # at L = 32: the lattice leaves 0.0015 in c, chi = 20 some 1e-4 in the dimensions
    found = scaling(KC_SQUARE)
    assert found.L == 32
    assert found.c == pytest.approx(0.5, abs=0.003)
    assert found.dimensions[0] == 0
    assert found.dimensions[1] == pytest.approx(1 / 8, abs=5e-4)
    assert found.dimensions[2] == pytest.approx(1, abs=5e-3)
    # off the critical point nothing of this holds: one ground state, or two
    assert scaling(0.3, chi=8).dimensions[1] > 0.5
    assert scaling(0.6, chi=8).dimensions[1] == pytest.approx(0, abs=1e-3)


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(ValueError, match=r"0.*0"):
        log_partition_per_site(0)
    with pytest.raises(ValueError, match=r"chi.*28"):
        log_partition_per_site(0.4, chi=1)
    for steps in (2, 7):
        with pytest.raises(ValueError, match=f"sites, 4, 6, ...; got {steps}"):
            scaling(0.4, steps=steps)
