"""Exact sums over every state of a small model of pairs.

State number k has at site i the letter whose number is digit i of k in base q; of spins, +1 where bit i of k is set.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from blockspin.alphabet import SPINS, Alphabet
from blockspin.arrays import FloatArray
from blockspin.lattice import Lattice
from blockspin.models import PairModel

MOST_STATES = 1 << 24
MOST_STORED = 1 << 20
CHUNK = 1 << 14


def states(lattice: Lattice, alphabet: Alphabet = SPINS) -> NDArray[np.int8]:
    """All configurations in the order of their numbers, shape (q^N, N).

    Raises ValueError for more than 2^20 (20 spins).
    """
    _check(lattice, alphabet, MOST_STORED)
    return np.concatenate(list(_blocks(lattice, alphabet)))


def energies(model: PairModel) -> FloatArray:
    """The reduced energy of every state, by number; raises ValueError for more than 2^24 states (24 spins)."""
    _check(model.lattice, model.letters, MOST_STATES)
    return np.concatenate([model.energy(block) for block in _blocks(model.lattice, model.letters)])


def log_partition(model: PairModel) -> float:
    """ln Z = ln sum exp(-H), in nats; raises ValueError for more than 2^24 states."""
    return float(logsumexp(-energies(model)))


def probabilities(model: PairModel) -> FloatArray:
    """The probability of every state, by number; raises ValueError for more than 2^24 states."""
    weights = -energies(model)
    chance: FloatArray = np.exp(weights - logsumexp(weights))
    return chance


def _blocks(lattice: Lattice, alphabet: Alphabet) -> Iterator[NDArray[np.int8]]:
    N, q = lattice.n_sites, alphabet.q
    for first in range(0, q**N, CHUNK):
        numbers = np.arange(first, min(first + CHUNK, q**N))[:, None]
        # by shifts, which are faster than division, where q is 2
        digits = numbers >> np.arange(N) & 1 if q == 2 else numbers // q ** np.arange(N, dtype=np.int64) % q
        yield alphabet.values[digits]


def _check(lattice: Lattice, alphabet: Alphabet, most: int) -> None:
    q, N = alphabet.q, lattice.n_sites
    if q**N > most:
        sites = int(math.log(most) / math.log(q) + 1e-9)
        size = f"{q}^{N} (about 10^{N * math.log10(q):.0f})"
        raise ValueError(f"every state is visited for at most {sites} sites; a {lattice} lattice has {size} states")
