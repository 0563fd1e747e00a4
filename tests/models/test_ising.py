"""The Ising model: large lattices, numbers, its critical coupling and its errors."""

from __future__ import annotations

import json

import numpy as np
import pytest

from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising


def test_energy_of_a_large_lattice_does_not_overflow_the_spins_int8() -> None:
    assert Ising(Lattice.square(40), 1.0).energy(np.ones(1600, np.int8)) == -3200


def test_numbers_of_numpy_become_plain() -> None:
    settings = Ising(Lattice.chain(4), np.float32(0.5), np.int64(1)).settings()  # type: ignore[arg-type]
    assert json.loads(json.dumps(settings)) == settings


@pytest.mark.parametrize("value", [np.nan, np.inf, "0.4", None, True, 1j])
def test_a_coupling_that_is_no_finite_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="coupling K"):
        Ising(Lattice.chain(4), value)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="field h"):
        Ising(Lattice.chain(4), 0.4, value)  # type: ignore[arg-type]


def test_other_errors_name_what_came() -> None:
    with pytest.raises(TypeError, match="must be a Lattice"):
        Ising((4, 4), 0.4)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"\(\.\.\., 3, 4\).*\(\.\.\., 12\).*\(2, 11\)"):
        Ising(Lattice.square(3, 4), 0.4).energy(np.ones((2, 11)))
    with pytest.raises(ValueError, match="missing: K, lattice"):
        Ising.from_settings({"model": "ising"})
    with pytest.raises(ValueError, match="got 'potts'"):
        Ising.from_settings(Ising(Lattice.chain(4), 0.4).settings() | {"model": "potts"})


def test_the_critical_coupling_solves_kramers_and_wannier() -> None:
    assert np.sinh(2 * KC_SQUARE) == pytest.approx(1, rel=1e-15)


def test_bits_have_no_energy() -> None:
    with pytest.raises(ValueError, match="configurations"):
        Ising(Lattice.chain(4), 0.5).energy(np.array([0, 1, 1, 0]))
