"""Configurations made without a Markov chain: starts, independent draws at K = 0, images under the exact symmetry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from blockspin.models import Ising, Potts

Model = Ising | Potts
Configurations = NDArray[np.int8]
PIECE = 2**22


def starts(model: Model, chains: int, random: np.random.Generator) -> Configurations:
    """Starts for chains that must forget them, shape (chain, N): even chains ordered, odd ones random.

    The ordered ones take the ground states in turn: one state; for K < 0 one a sublattice (two of them, or three on
    the triangular lattice).
    """
    shape = (chains, model.lattice.n_sites)
    if isinstance(model, Ising):
        q, values = 2, np.array([1, -1], np.int8)
    else:
        q, values = model.q, np.arange(model.q, dtype=np.int8)
    states = random.integers(0, q, shape)
    place = np.zeros(model.lattice.n_sites, int)
    if model.K < 0:
        place = model.lattice.coordinates.sum(axis=1) % (3 if model.lattice.kind == "triangular" else 2)
    turn = np.arange(len(states[::2]))
    states[::2] = (place + turn[:, None]) % q
    return values[states]


def independent(model: Model, shape: tuple[int, ...], random: np.random.Generator) -> Configurations:
    """Independent configurations of the model at K = 0, shape (*shape, N); raises ValueError for another K."""
    if model.K != 0:
        raise ValueError(f"sites are independent at K = 0 only; got K = {model.K:g}")
    sites = (*shape, model.lattice.n_sites)
    if isinstance(model, Ising):
        up = 1 / (1 + np.exp(-2 * min(max(model.h, -350.0), 350.0)))
        spins = np.full(sites, -1, np.int8)
        _put(spins, 1, up, random)
        return spins
    zero = 1 / (1 + (model.q - 1) * np.exp(-min(max(model.h, -700.0), 700.0)))
    states = random.integers(1, model.q, sites, np.int8)
    _put(states, 0, zero, random)
    return states


def _put(values: Configurations, value: int, chance: float, random: np.random.Generator) -> None:
    """Set each of the values to another with this chance; uniform numbers take 8 bytes, so they come in pieces."""
    flat = values.reshape(-1)
    for first in range(0, flat.size, PIECE):
        piece = flat[first : first + PIECE]
        piece[random.random(piece.size) < chance] = value


def turned(model: Model, configurations: Configurations, random: np.random.Generator) -> Configurations:
    """A random image of each configuration under the exact symmetry of the model, shape (n, N).

    Without a field: spins are turned over by a coin, Potts states permuted at random; in a field the Potts states
    1..q-1 are permuted. It rids samples of the slow change from one ordered state to another, and is exact.
    """
    if isinstance(model, Ising):
        if model.h != 0:
            return configurations
        flipped: Configurations = configurations * (1 - 2 * random.integers(0, 2, (len(configurations), 1), np.int8))
        return flipped
    fixed = 0 if model.h == 0 else 1
    names = np.tile(np.arange(model.q, dtype=np.int8), (len(configurations), 1))
    names[:, fixed:] = random.permuted(names[:, fixed:], axis=1)
    image: Configurations = np.take_along_axis(names, configurations.astype(np.intp), axis=1)
    return image
