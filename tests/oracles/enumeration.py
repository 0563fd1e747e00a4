"""What tests ask of the states of a small model: the number of a state, exact means, the density of states.

States are numbered as in `blockspin.exact.enumeration`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin.alphabet import SPINS, Alphabet
from blockspin.exact.enumeration import MOST_STATES, _blocks, _check, probabilities
from blockspin.lattice import Lattice
from blockspin.models import Ising, PairModel, Potts

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def index(configurations: ArrayLike, lattice: Lattice, alphabet: Alphabet = SPINS) -> IntArray:
    """The number of each configuration, shape (..., *sites) or (..., N) to (...)."""
    values = np.asarray(configurations)
    _check(lattice, alphabet, 1 << 62)
    flat = values if values.shape[-1] == lattice.n_sites else values.reshape(*values.shape[: -lattice.dimension], -1)
    places = np.array([alphabet.q**site for site in range(lattice.n_sites)], np.int64)
    return np.asarray(alphabet.numbers(flat).astype(np.int64) @ places)


def expectation(model: PairModel, function: Callable[[NDArray[np.int8]], ArrayLike]) -> FloatArray:
    """The exact mean of a function of configurations, which maps configurations (n, N) to values (n, ...).

    Raises ValueError for more than 2^24 states, or where the function does not give one value a state.
    """
    chance = probabilities(model)
    total: FloatArray | None = None
    first = 0
    for block in _blocks(model.lattice, model.letters):
        values = np.asarray(function(block), float)
        if values.shape[:1] != block.shape[:1]:
            raise ValueError(f"the function must map spins {block.shape} to values (n, ...); got shape {values.shape}")
        part = np.tensordot(chance[first : first + len(block)], values, axes=1)
        total = part if total is None else total + part
        first += len(block)
    return np.asarray(total)


def density(lattice: Lattice, alphabet: Alphabet = SPINS) -> tuple[IntArray, IntArray, IntArray]:
    """The joint density of states: bond energy, order, number of states.

    Spins: -sum_<ij> s_i s_j and sum_i s_i. Of labels: -sum_<ij> delta(s_i, s_j) and sum_i delta(s_i, 0). Three
    arrays of the same length, ordered by energy and then order. Raises ValueError for more than 2^24 states.
    """
    _check(lattice, alphabet, MOST_STATES)
    pairs: PairModel = Potts(lattice, 1.0, alphabet.q) if alphabet.labels else Ising(lattice, 1.0)
    n_bonds, N = len(lattice.bonds), lattice.n_sites
    table = np.zeros((2 * n_bonds + 1) * (2 * N + 1), np.int64)
    for block in _blocks(lattice, alphabet):
        energy = np.rint(pairs.energy(block)).astype(np.int64)
        m = (block == 0).sum(axis=1) if alphabet.labels else block.sum(axis=1, dtype=np.int64)
        table += np.bincount((energy + n_bonds) * (2 * N + 1) + m + N, minlength=table.size)
    found = np.flatnonzero(table)
    return found // (2 * N + 1) - n_bonds, found % (2 * N + 1) - N, table[found]
