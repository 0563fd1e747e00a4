"""Samples that the judge's tests share: 16 x 16 tori, critical and somewhat above the critical temperature."""

from __future__ import annotations

import pytest
import xarray as xr

from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from blockspin.sampling.sample import sample

K = 0.408  # where Mehta and Schwab trained


@pytest.fixture(scope="session")
def lattice() -> Lattice:
    return Lattice.square(16)


@pytest.fixture(scope="session")
def model(lattice: Lattice) -> Ising:
    return Ising(lattice, K)


@pytest.fixture(scope="session")
def critical(lattice: Lattice) -> xr.DataArray:
    return sample(Ising(lattice, KC_SQUARE), 8000, seed=3)


@pytest.fixture(scope="session")
def held_out(model: Ising) -> xr.DataArray:
    return sample(model, 1000, seed=4)


@pytest.fixture(scope="session")
def train(model: Ising) -> xr.DataArray:
    return sample(model, 1000, seed=5)
