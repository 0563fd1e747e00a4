"""Exact sums over every state of a small model.

State number k of the Ising model has spin +1 at site i where bit i of k is set, else -1; of the q-state Potts model
it has digit i of k in base q at site i.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from blockspin.lattice import Lattice
from blockspin.models import Ising, Potts

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_STATES = 1 << 24
MOST_STORED = 1 << 20
CHUNK = 1 << 14


def states(lattice: Lattice, q: int | None = None) -> NDArray[np.int8]:
    """All configurations in the order of their numbers: spins -1/+1, shape (2^N, N), or of q states 0..q-1, (q^N, N).

    Raises ValueError for more than 2^20 (20 spins).
    """
    _check(lattice, q, MOST_STORED)
    return np.concatenate([block for _, block in _blocks(lattice, q)])


def energies(model: Ising | Potts) -> FloatArray:
    """The reduced energy of every state, by number; raises ValueError for more than 2^24 states (24 spins)."""
    q = _q(model)
    _check(model.lattice, q, MOST_STATES)
    return np.concatenate([model.energy(block) for _, block in _blocks(model.lattice, q)])


def log_partition(model: Ising | Potts) -> float:
    """ln Z = ln sum exp(-H), in nats; raises ValueError for more than 2^24 states."""
    return float(logsumexp(-energies(model)))


def probabilities(model: Ising | Potts) -> FloatArray:
    """The probability of every state, by number; raises ValueError for more than 2^24 states."""
    weights = -energies(model)
    chance: FloatArray = np.exp(weights - logsumexp(weights))
    return chance


def _blocks(lattice: Lattice, q: int | None) -> Iterator[tuple[int, NDArray[np.int8]]]:
    base, places = q or 2, _places(lattice, q)
    for first in range(0, base**lattice.n_sites, CHUNK):
        numbers = np.arange(first, min(first + CHUNK, base**lattice.n_sites))
        if q is None:  # by shifts, which are faster than division
            yield first, (2 * (numbers[:, None] >> np.arange(lattice.n_sites) & 1) - 1).astype(np.int8)
        else:
            yield first, (numbers[:, None] // places % base).astype(np.int8)


def _places(lattice: Lattice, q: int | None) -> IntArray:
    return np.array([(q or 2) ** site for site in range(lattice.n_sites)], np.int64)


def _q(model: Ising | Potts) -> int | None:
    return model.q if isinstance(model, Potts) else None


def _check(lattice: Lattice, q: int | None, most: int) -> None:
    base = q or 2
    if base**lattice.n_sites > most:
        sites = int(math.log(most) / math.log(base) + 1e-9)
        size = f"{base}^{lattice.n_sites} (about 10^{lattice.n_sites * math.log10(base):.0f})"
        raise ValueError(f"every state is visited for at most {sites} sites; a {lattice} lattice has {size} states")
