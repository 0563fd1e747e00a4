"""Exact sums over every state of a small model.

State number k of the Ising model has spin +1 at site i where bit i of k is set, else -1; of the q-state Potts model
it has digit i of k in base q at site i.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
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


def index(configurations: ArrayLike, lattice: Lattice, q: int | None = None) -> IntArray:
    """The number of each configuration, shape (..., *sites) or (..., N) to (...)."""
    values = np.asarray(configurations)
    _check(lattice, q, 1 << 62)
    flat = values if values.shape[-1] == lattice.n_sites else values.reshape(*values.shape[: -lattice.dimension], -1)
    numbers: IntArray = ((flat > 0) if q is None else flat) @ _places(lattice, q)
    return numbers


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


def expectation(model: Ising | Potts, function: Callable[[NDArray[np.int8]], ArrayLike]) -> FloatArray:
    """The exact mean of a function of configurations, which maps configurations (n, N) to values (n, ...).

    Raises ValueError for more than 2^24 states, or where the function does not give one value a state.
    """
    chance = probabilities(model)
    total: FloatArray | None = None
    for first, block in _blocks(model.lattice, _q(model)):
        values = np.asarray(function(block), float)
        if values.shape[:1] != block.shape[:1]:
            raise ValueError(f"the function must map spins {block.shape} to values (n, ...); got shape {values.shape}")
        part = np.tensordot(chance[first : first + len(block)], values, axes=1)
        total = part if total is None else total + part
    return np.asarray(total)


def density(lattice: Lattice, q: int | None = None) -> tuple[IntArray, IntArray, IntArray]:
    """The joint density of states: bond energy, order, number of states.

    Spins: -sum_<ij> s_i s_j and sum_i s_i. Of q states: -sum_<ij> delta(s_i, s_j) and sum_i delta(s_i, 0). Three
    arrays of the same length, ordered by energy and then order. Raises ValueError for more than 2^24 states.
    """
    _check(lattice, q, MOST_STATES)
    pairs: Ising | Potts = Ising(lattice, 1.0) if q is None else Potts(lattice, 1.0, q)
    n_bonds, N = len(lattice.bonds), lattice.n_sites
    table = np.zeros((2 * n_bonds + 1) * (2 * N + 1), np.int64)
    for _, block in _blocks(lattice, q):
        energy = np.rint(pairs.energy(block)).astype(np.int64)
        m = block.sum(axis=1, dtype=np.int64) if q is None else (block == 0).sum(axis=1)
        table += np.bincount((energy + n_bonds) * (2 * N + 1) + m + N, minlength=table.size)
    found = np.flatnonzero(table)
    return found // (2 * N + 1) - n_bonds, found % (2 * N + 1) - N, table[found]


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
