"""The triangular bulk against the double integral, small tori, known limits and its own derivative.

Mutants tried, each seen to fail here: S 1 % high in P alone, (1 + c) for (2 + c), the slope of Q for that of P.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from blockspin.lattice import Lattice
from blockspin.models import Ising
from blockspin.models.ising import KC_TRIANGULAR
from oracles import transfer, triangular


@pytest.mark.parametrize("K", [-0.9, -0.3, 0.15, 0.24, 0.31, 0.5])
def test_the_single_integral_is_the_double_one(K: float) -> None:
    # the mean over a grid of a smooth periodic function converges exponentially
    angle = 2 * math.pi * (np.arange(1200) + 0.5) / 1200
    a, b = angle[:, None], angle
    C, S = math.cosh(2 * K), math.sinh(2 * K)
    known = math.log(2) + np.log(C**3 + S**3 - S * (np.cos(a) + np.cos(b) + np.cos(a + b))).mean() / 2
    assert triangular.bulk_log_partition(K) == pytest.approx(known, rel=1e-13)


def test_a_long_torus_approaches_the_bulk() -> None:
    # xi is below 1 at K = 0.05: corrections of exp(-6/xi); at K = 0.6 the two phases add ln 2
    for K, phases, close in ((0.05, 0.0, 1e-7), (0.6, math.log(2), 1e-8)):
        model = Ising(Lattice.triangular(6, 24), K)
        N = model.lattice.n_sites
        assert (transfer.log_partition(model) - phases) / N == pytest.approx(
            triangular.bulk_log_partition(K), abs=close
        )
        assert transfer.energy_per_site(model) / K == pytest.approx(triangular.bulk_energy(K), abs=1e3 * close)


@pytest.mark.parametrize("K", [-1.5, -0.2, 0.1, 0.26, 0.29, 0.7])
def test_the_energy_is_the_slope_of_ln_Z(K: float) -> None:
    step = 1e-5
    up, down = (triangular.bulk_log_partition(K + shift) for shift in (step, -step))
    assert triangular.bulk_energy(K) == pytest.approx(-(up - down) / (2 * step), rel=1e-6)


def test_known_limits() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the integrals converge
        assert triangular.bulk_energy(KC_TRIANGULAR) == pytest.approx(-2, abs=1e-12)
        assert triangular.bulk_energy(KC_TRIANGULAR + 1e-9) == pytest.approx(-2, abs=1e-6)
        assert triangular.bulk_energy(0.0) == 0
        assert triangular.bulk_log_partition(0.0) == pytest.approx(math.log(2), rel=1e-14)
        for K in (20.0, 1e3):
            assert triangular.bulk_energy(K) == -3
            assert triangular.bulk_log_partition(K) == pytest.approx(3 * K, rel=1e-14)
            assert triangular.bulk_energy(-K) == pytest.approx(1, rel=1e-14)
            # Wannier's entropy of the antiferromagnet, as corrected in Phys. Rev. B 7, 5017 (1973)
            assert triangular.bulk_log_partition(-K) - K == pytest.approx(0.3230659472, abs=1e-10)


def test_couplings_that_are_no_numbers_are_refused() -> None:
    for quantity in (triangular.bulk_log_partition, triangular.bulk_energy):
        with pytest.raises(ValueError, match="inf"):
            quantity(math.inf)
