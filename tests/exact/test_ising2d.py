"""Kaufman's torus against enumeration and computed values, Onsager's bulk against its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

import oracles.ising2d
from blockspin.exact import enumeration, ising2d
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising

CATALAN = 0.915965594177219015

# odd, even, mixed and double-bonded extents: 3x3 alone would miss a wrong set of modes
SHAPES = [(2, 2), (3, 3), (4, 4), (2, 4), (4, 2), (3, 4), (4, 3), (2, 7), (5, 3)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("K", [0.0, 1e-3, 0.3, KC_SQUARE, 0.7, 2.0])
def test_torus_agrees_with_enumeration(shape: tuple[int, int], K: float) -> None:
    lattice = Lattice.square(*shape)
    model, N = Ising(lattice, K), lattice.n_sites
    chance, bonds = enumeration.probabilities(model), enumeration.energies(Ising(lattice, 1.0))
    mean = chance @ bonds
    assert ising2d.log_partition(lattice, K) == pytest.approx(enumeration.log_partition(model), rel=1e-13)
    assert ising2d.energy_per_site(lattice, K) == pytest.approx(mean / N, rel=1e-12, abs=1e-13)
    variance = chance @ (bonds - mean) ** 2
    assert oracles.ising2d.specific_heat(lattice, K) == pytest.approx(K**2 * variance / N, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize(
    ("L", "K", "log_Z", "energy", "heat"),
    [
        (4, KC_SQUARE, 15.5219154587553, -1.565623788, 0.78326683),
        (16, KC_SQUARE, 238.642256635133, -1.453064853, 1.498705),
        (32, KC_SQUARE, 952.648079548543, -1.433658466, 1.8467676),
        (40, KC_SQUARE, 1488.15260022816, -1.429771312, 1.9581817),
        (40, 0.400, 1406.98487082129, -1.106356123, None),
        (40, 0.408, 1421.43257347009, -1.151821151, None),
        (40, 0.460, 1534.88762516655, -1.581151507, None),
    ],
)
def test_torus_agrees_with_computed_values(L: int, K: float, log_Z: float, energy: float, heat: float | None) -> None:
    lattice = Lattice.square(L)
    assert ising2d.log_partition(lattice, K) == pytest.approx(log_Z, rel=1e-14)
    assert ising2d.energy_per_site(lattice, K) == pytest.approx(energy, abs=6e-10)
    if heat is not None:
        assert oracles.ising2d.specific_heat(lattice, K) == pytest.approx(heat, abs=6e-7)


@pytest.mark.parametrize("K", [1e-9, 0.2, KC_SQUARE - 1e-9, KC_SQUARE, KC_SQUARE + 1e-9, 0.6, 5.0, 39.9, 40.1, 1e6])
def test_torus_is_the_same_either_way_round(K: float) -> None:
    tall, wide = Lattice.square(300, 7), Lattice.square(7, 300)
    for quantity in (ising2d.log_partition, ising2d.energy_per_site, oracles.ising2d.specific_heat):
        assert np.isfinite(quantity(tall, K))
        assert quantity(tall, K) == quantity(wide, K)


@pytest.mark.parametrize("K", [0.05, 0.3, 0.43, KC_SQUARE, 0.45, 0.6, 3.0])
def test_derivatives_agree_with_differences(K: float) -> None:
    lattice, step = Lattice.square(24, 31), 1e-5
    log_Z = [ising2d.log_partition(lattice, K + shift * step) for shift in (-1, 1)]
    energy = [ising2d.energy_per_site(lattice, K + shift * step) for shift in (-1, 1)]
    N = lattice.n_sites
    assert ising2d.energy_per_site(lattice, K) == pytest.approx(-(log_Z[1] - log_Z[0]) / (2 * step * N), rel=1e-7)
    heat = -(K**2) * (energy[1] - energy[0]) / (2 * step)
    assert oracles.ising2d.specific_heat(lattice, K) == pytest.approx(heat, rel=1e-6, abs=1e-8)


def test_large_torus_approaches_the_bulk() -> None:
    lattice = Lattice.square(500, 700)
    for K in (0.3, 0.408, 0.46, 0.5):
        phases = math.log(2) if K > KC_SQUARE else 0.0
        free = (ising2d.log_partition(lattice, K) - phases) / lattice.n_sites
        assert free == pytest.approx(oracles.ising2d.bulk_log_partition(K), rel=1e-13)
        assert ising2d.energy_per_site(lattice, K) == pytest.approx(oracles.ising2d.bulk_energy(K), rel=1e-13)


def test_antiferromagnet_on_even_extents_mirrors_the_ferromagnet() -> None:
    lattice = Lattice.square(4, 2)
    assert ising2d.log_partition(lattice, -0.4) == ising2d.log_partition(lattice, 0.4)
    assert ising2d.energy_per_site(lattice, -0.4) == -ising2d.energy_per_site(lattice, 0.4)
    assert ising2d.log_partition(lattice, -0.4) == pytest.approx(
        enumeration.log_partition(Ising(lattice, -0.4)), rel=1e-14
    )


def test_extreme_couplings_have_the_limits() -> None:
    lattice = Lattice.square(1000)
    assert ising2d.log_partition(lattice, 0.0) == pytest.approx(1e6 * math.log(2), rel=1e-15)
    assert ising2d.energy_per_site(lattice, 0.0) == 0
    assert ising2d.log_partition(lattice, 300.0) == pytest.approx(6e8 + math.log(2), rel=1e-15)
    assert ising2d.energy_per_site(lattice, 300.0) == -2


@pytest.mark.parametrize(
    ("K", "energy"),
    [
        (0.30, -0.704499071),
        (0.40, -1.106079204),
        (0.408, -1.150854891),
        (0.42, -1.226054840),
        (KC_SQUARE, -math.sqrt(2)),
        (0.46, -1.581177318),
        (0.50, -1.745564575),
        (-0.40, 1.106079204),
        (0.0, 0.0),
        (1e3, -2.0),
    ],
)
def test_bulk_energy(K: float, energy: float) -> None:
    assert oracles.ising2d.bulk_energy(K) == pytest.approx(energy, abs=6e-10)


def test_bulk_energy_joins_its_series_and_is_the_slope_of_ln_Z() -> None:
    assert oracles.ising2d.bulk_energy(0.99999e-4) == pytest.approx(oracles.ising2d.bulk_energy(1.00001e-4), rel=3e-5)
    slope = (oracles.ising2d.bulk_log_partition(0.38 + 1e-5) - oracles.ising2d.bulk_log_partition(0.38 - 1e-5)) / 2e-5
    assert oracles.ising2d.bulk_energy(0.38) == pytest.approx(-slope, rel=1e-8)
    assert oracles.ising2d.bulk_log_partition(KC_SQUARE) == pytest.approx(
        math.log(2) / 2 + 2 * CATALAN / math.pi, rel=1e-14
    )


def test_magnetisation_and_correlation_length() -> None:
    assert oracles.ising2d.magnetisation(0.46) == pytest.approx(0.8146381332, abs=6e-11)
    assert oracles.ising2d.magnetisation(0.50) == pytest.approx(0.9113193779, abs=6e-11)
    assert oracles.ising2d.magnetisation(KC_SQUARE) == oracles.ising2d.magnetisation(0.3) == 0
    assert oracles.ising2d.magnetisation(1e3) == 1
    for K, length in ((0.40, 5.96238), (0.408, 7.46732), (0.42, 11.90558), (0.4352, 45.386), (0.44, 363.83)):
        assert ising2d.correlation_length(K) == pytest.approx(length, rel=2e-5)
    assert ising2d.correlation_length(KC_SQUARE) == math.inf


def test_errors_name_the_rule() -> None:
    with pytest.raises(ValueError, match="chain 4"):
        ising2d.log_partition(Lattice.chain(4), 0.4)
    with pytest.raises(ValueError, match="square 3x4"):
        ising2d.energy_per_site(Lattice.square(3, 4), -0.4)
    with pytest.raises(ValueError, match="nan"):
        oracles.ising2d.specific_heat(Lattice.square(4), math.nan)
    with pytest.raises(ValueError, match="0 < K <= Kc"):
        ising2d.correlation_length(0.5)
