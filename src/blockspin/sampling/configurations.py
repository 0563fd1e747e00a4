"""Configurations made without a Markov chain: starts, independent draws, images under the exact symmetry."""

import numpy as np
from numpy.typing import NDArray

from blockspin.models.pair import MOST_TRIED, PairModel

Configurations = NDArray[np.int8]
PIECE = 2**22


def starts(model: PairModel, chains: int, random: np.random.Generator) -> Configurations:
    """Starts for chains that must forget them, shape (chain, N): even chains ordered, odd ones random.

    The ordered ones take the letters in turn, one of them, or one a sublattice where neighbours of one letter do not
    align (two sublattices, or three on the triangular lattice).
    """
    q = model.letters.q
    states = random.integers(0, q, (chains, model.lattice.n_sites))
    turn = np.arange(len(states[::2]))
    states[::2] = (sublattice(model) + turn[:, None]) % q
    return model.letters.values[::-1][states]


def sublattice(model: PairModel) -> NDArray[np.int64]:
    """The sublattice of each site, (N,): one where neighbours align, else two, three on the triangular lattice."""
    if model.aligning:
        return np.zeros(model.lattice.n_sites, np.int64)
    return np.asarray(model.lattice.coordinates.sum(axis=1) % (3 if model.lattice.kind == "triangular" else 2))


def independent(model: PairModel, shape: tuple[int, ...], random: np.random.Generator) -> Configurations:
    """Independent configurations of a model that is `free`, shape (*shape, N); raises ValueError for another."""
    if not model.free:
        raise ValueError(f"sites must be independent, as at K = 0; got {model}")
    # a bond energy that is a sum of one of each site is a site energy, once a neighbour
    b, (_, shell) = model.bonds, model.neighbours
    own = model.sites + (b[shell, :, 0] - b[shell, :1, 0] / 2).sum(axis=0)
    weight = np.exp(own.min() - own)[::-1]
    up_to = weight.cumsum() / weight.sum()
    values = np.empty((*shape, model.lattice.n_sites), np.int8)
    flat, letters = values.reshape(-1), model.letters.values[::-1]
    for first in range(0, flat.size, PIECE):  # uniform numbers take 8 bytes
        u = random.random(min(PIECE, flat.size - first))
        flat[first : first + PIECE] = letters[(u >= up_to[:-1, None]).sum(axis=0)]
    return values


def turned(model: PairModel, configurations: Configurations, random: np.random.Generator) -> Configurations:
    """A random image of each configuration under the exact symmetry of the model, shape (n, N), a new array.

    Spins without a field are turned over by a coin, Potts states permuted at random. It rids samples of the slow change
    from one ordered state to another, and is exact.
    """
    group, letters = model.group, model.letters
    if len(group) == 1:
        return configurations.copy()
    image: Configurations
    if len(group) == 2 and letters.mirrored:  # the flip alone: a product is the fastest
        image = configurations * (1 - 2 * random.integers(0, 2, (len(configurations), 1), np.int8))
        return image
    numbers = letters.numbers(configurations)
    if letters.q <= MOST_TRIED:
        chosen = group[random.integers(0, len(group), len(numbers))]
    else:  # exchanges of two, all that is known then, make every permutation within an orbit
        chosen = np.empty((len(numbers), letters.q), np.int8)
        for orbit in np.unique(model.orbits):
            own = np.flatnonzero(model.orbits == orbit)
            chosen[:, own] = own[random.random((len(numbers), own.size)).argsort(axis=1)]
    return letters.values[np.take_along_axis(chosen, numbers.astype(np.intp), axis=1)]
