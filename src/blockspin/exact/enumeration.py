"""Exact sums over every state of a small model.

State number k has spin +1 at site i where bit i of k is set, else -1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from blockspin.lattice import Lattice
from blockspin.models import Ising

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_SITES = 24
CHUNK = 1 << 14


def states(lattice: Lattice) -> NDArray[np.int8]:
    """All configurations, shape (2^N, N) of -1/+1, in the order of their numbers; raises ValueError for N > 20."""
    _check(lattice, 20)
    return np.concatenate([block for _, block in _blocks(lattice)])


def index(configurations: ArrayLike, lattice: Lattice) -> IntArray:
    """The number of each configuration, shape (..., *sites) or (..., N) to (...)."""
    spins = np.asarray(configurations)
    _check(lattice, 62)
    flat = spins if spins.shape[-1] == lattice.n_sites else spins.reshape(*spins.shape[: -lattice.dimension], -1)
    numbers: IntArray = (flat > 0) @ (np.int64(1) << np.arange(lattice.n_sites, dtype=np.int64))
    return numbers


def energies(model: Ising) -> FloatArray:
    """The reduced energy of every state, shape (2^N,); raises ValueError for more than 24 sites."""
    _check(model.lattice, MOST_SITES)
    return np.concatenate([model.energy(block) for _, block in _blocks(model.lattice)])


def log_partition(model: Ising) -> float:
    """ln Z = ln sum exp(-H), in nats; raises ValueError for more than 24 sites."""
    return float(logsumexp(-energies(model)))


def probabilities(model: Ising) -> FloatArray:
    """The probability of every state, shape (2^N,), by number; raises ValueError for more than 24 sites."""
    weights = -energies(model)
    chance: FloatArray = np.exp(weights - logsumexp(weights))
    return chance


def expectation(model: Ising, function: Callable[[NDArray[np.int8]], ArrayLike]) -> FloatArray:
    """The exact mean of a function of configurations, which maps spins (n, N) to values (n, ...).

    Raises ValueError for more than 24 sites, or where the function does not give one value a state.
    """
    chance = probabilities(model)
    total: FloatArray | None = None
    for first, block in _blocks(model.lattice):
        values = np.asarray(function(block), float)
        if values.shape[:1] != block.shape[:1]:
            raise ValueError(f"the function must map spins {block.shape} to values (n, ...); got shape {values.shape}")
        part = np.tensordot(chance[first : first + len(block)], values, axes=1)
        total = part if total is None else total + part
    return np.asarray(total)


def density(lattice: Lattice) -> tuple[IntArray, IntArray, IntArray]:
    """The joint density of states: bond energy -sum_<ij> s_i s_j, magnetisation sum_i s_i, number of states.

    Three arrays of the same length, ordered by energy and then magnetisation. Raises ValueError for more than
    24 sites.
    """
    _check(lattice, MOST_SITES)
    pairs = Ising(lattice, 1.0)
    n_bonds, N = len(lattice.bonds), lattice.n_sites
    table = np.zeros((2 * n_bonds + 1) * (2 * N + 1), np.int64)
    for _, block in _blocks(lattice):
        energy = np.rint(pairs.energy(block)).astype(np.int64)
        m = block.sum(axis=1, dtype=np.int64)
        table += np.bincount((energy + n_bonds) * (2 * N + 1) + m + N, minlength=table.size)
    found = np.flatnonzero(table)
    return found // (2 * N + 1) - n_bonds, found % (2 * N + 1) - N, table[found]


def _blocks(lattice: Lattice) -> Iterator[tuple[int, NDArray[np.int8]]]:
    bits = np.arange(lattice.n_sites)
    for first in range(0, 1 << lattice.n_sites, CHUNK):
        numbers = np.arange(first, min(first + CHUNK, 1 << lattice.n_sites))
        yield first, (2 * (numbers[:, None] >> bits & 1) - 1).astype(np.int8)


def _check(lattice: Lattice, most: int) -> None:
    if lattice.n_sites > most:
        size = f"2^{lattice.n_sites} (about 10^{lattice.n_sites * math.log10(2):.0f})"
        raise ValueError(f"every state is visited for at most {most} sites; a {lattice} lattice has {size} states")
