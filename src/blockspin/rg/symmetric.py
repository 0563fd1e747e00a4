"""Operators that keep a model's symmetry: even ones of spins, thermal ones of Potts states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from blockspin.rg import potts, potts_couplings
from blockspin.rg.operators import Operator, evaluate, named
from blockspin.samples import lattice_of, states_of


def symmetric(samples: xr.DataArray, names: Sequence[str], use: str) -> tuple[Operator, ...]:
    """The operators of these names on the samples' lattice; raises ValueError for one without the symmetry.

    use: what takes them, for the message.
    """
    lattice = lattice_of(samples)
    if states_of(samples) is not None:
        return potts_couplings.thermal(lattice, names)
    operators = named(lattice, names)
    odd = [one.name for one in operators if not one.even]
    if odd:
        raise ValueError(f"{use} takes even operators; got {', '.join(odd)}")
    return operators


def values(samples: xr.DataArray, operators: Sequence[Operator]) -> NDArray[np.float64]:
    """Values of the operators, (chain, draw, operator): products of spins, or numbers of shapes with equal states."""
    q = states_of(samples)
    if q is not None:
        return potts.values(samples.values, operators, q)[0]
    return evaluate(operators, samples.values.reshape(-1, *samples.shape[2:])).reshape(*samples.shape[:2], -1)
