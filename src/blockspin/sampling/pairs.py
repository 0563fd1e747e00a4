"""Any model of pairs on any lattice: heat bath, and Wolff's clusters under the reflections of its letters.

Configurations are numbers of letters. The heat bath takes the sites in turn and every letter can follow every other,
so that it is ergodic whatever the tables. A reflection is a symmetry of both tables that is its own inverse, such as
the flip of spins or the exchange of two Potts states: a cluster grows from a random site over bonds that the
reflection would tear, with chance 1 - exp(E(a, b) - E(r(a), b)), and is reflected. Letters that no reflection reaches
are left to the heat bath, a sweep of which ends every step.
Source: U. Wolff, Phys. Rev. Lett. 62, 361 (1989), for spins of a group.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray

from blockspin.arrays import FloatArray
from blockspin.models.pair import PairModel
from blockspin.sampling.configurations import sublattice
from blockspin.sampling.words import CHUNK, fill

LARGEST_TABLE = 2**16  # chances of all surroundings: a larger table leaves the second-level cache
STEEPEST = 600.0  # of -ln of a product of weights, which must not vanish


class Tables(NamedTuple):
    """What the kernel knows of a model.

    near (N, Z) and shell (Z,): neighbours and their shells; place (N,): sublattices; bonds (shells, q, q): energies;
    up_to (q^Z, q - 1): the chance of a letter of at most a in the surrounding sum_k letter_k q^k, or none where these
    are too many; weights (shells, q, q) and own (q,): of letter a next to letter b, and of itself;
    images (reflections, q), joined (reflections, shells, q, q): as `reflections` and `joins` give them.
    """

    near: NDArray[np.int32]
    shell: NDArray[np.int64]
    place: NDArray[np.int64]
    bonds: FloatArray
    up_to: FloatArray
    weights: FloatArray
    own: FloatArray
    images: NDArray[np.int8]
    joined: FloatArray


@njit(cache=True, nogil=True)
def advance(letters: Any, state: Any, trace: Any, t: Any, clusters: int, steps: int) -> Any:
    """Steps of every chain in place: so many clusters and a sweep; returns what clusters changed, shape (chain,)."""
    moved = np.zeros(letters.shape[0], np.int64)
    words, stack, mark = (
        np.empty(CHUNK, np.uint64),
        np.empty(t.near.shape[0], np.int32),
        np.zeros(t.near.shape[0], np.int64),
    )
    for chain in range(letters.shape[0]):
        s, g = letters[chain], state[chain]
        used = CHUNK
        mark[:] = 0
        for step in range(steps):
            for cluster in range(clusters):
                used, changed = _reflect(s, g, words, used, stack, mark, 1 + step * clusters + cluster, t)
                moved[chain] += changed
            used = _sweep(s, g, words, used, t)
            if step < trace.shape[1]:
                _measure(s, t, trace[chain, step])
    return moved


@njit(cache=True)
def sums_of(letters: Any, width: int, t: Any) -> Any:
    """The energy of all bonds, then how many sites of each sublattice have each letter, (chain, width)."""
    sums = np.empty((letters.shape[0], width))
    for chain in range(letters.shape[0]):
        _measure(letters[chain], t, sums[chain])
    return sums


@njit(cache=True)
def _sweep(s: Any, g: Any, words: Any, used: int, t: Any) -> int:
    """Heat bath of every site, by the table of all surroundings or by products of weights; returns words used."""
    N, z = t.near.shape
    q, tabled, up_to = t.own.size, t.up_to.size > 0, np.empty(t.own.size)
    for i in range(N):
        if used == CHUNK:
            fill(g, words, CHUNK)
            used = 0
        u = (words[used] >> uint64(11)) * 2.0**-53
        used += 1
        new = 0
        if tabled:
            around = 0
            for k in range(z):
                around = around * q + s[t.near[i, k]]
            for a in range(q - 1):
                new += u >= t.up_to[around, a]
        else:
            total = 0.0
            for a in range(q):
                one = t.own[a]
                for k in range(z):
                    one *= t.weights[t.shell[k], s[t.near[i, k]], a]
                total += one
                up_to[a] = total
            for a in range(q - 1):
                new += u * total >= up_to[a]
        s[i] = new
    return used


@njit(cache=True)
def _reflect(s: Any, g: Any, words: Any, used: int, stack: Any, mark: Any, label: int, t: Any) -> tuple[int, int]:
    """One cluster, whose sites are marked with its label; returns words used, and how many letters it changed."""
    N, z = t.near.shape
    if used + 2 > CHUNK:
        fill(g, words, CHUNK)
        used = 0
    first = int((words[used] >> uint64(11)) * 2.0**-53 * N)
    r = int((words[used + 1] >> uint64(11)) * 2.0**-53 * len(t.images))
    used += 2
    stack[0], top, changed = first, 1, 0
    mark[first] = label
    while top:
        top -= 1
        i = stack[top]
        a = s[i]
        s[i] = t.images[r, a]
        changed += s[i] != a
        for k in range(z):
            j = t.near[i, k]
            chance = t.joined[r, t.shell[k], a, s[j]]
            if mark[j] != label and chance > 0:
                if used == CHUNK:
                    fill(g, words, CHUNK)
                    used = 0
                if (words[used] >> uint64(11)) * 2.0**-53 < chance:
                    mark[j] = label
                    stack[top] = j
                    top += 1
                used += 1
    return used, changed


@njit(cache=True)
def _measure(s: Any, t: Any, sums: Any) -> None:
    q = t.own.size
    sums[:] = 0
    for first in range(0, s.size, CHUNK):
        energy = 0.0  # of some sites at a time: one long sum would lose digits
        for i in range(first, min(first + CHUNK, s.size)):
            for k in range(0, t.near.shape[1], 2):
                energy += t.bonds[t.shell[k], s[i], s[t.near[i, k]]]
            sums[1 + q * t.place[i] + s[i]] += 1
        sums[0] += energy


def tables_of(model: PairModel) -> Tables:
    """The tables of a model."""
    near, shell = model.neighbours
    weights, own = _weights(model)
    images = reflections(model)
    return Tables(
        near, shell, sublattice(model), model.bonds, _chances(model), weights, own, images, joins(model, images)
    )


def _chances(model: PairModel) -> FloatArray:
    q, (_, shell) = model.letters.q, model.neighbours
    if q ** len(shell) > LARGEST_TABLE:
        return np.empty((0, q - 1))
    digits = np.arange(q ** len(shell))[:, None] // q ** np.arange(len(shell))[::-1] % q
    energy = model.bonds[shell, digits].sum(axis=1) + model.sites
    weight = np.exp(energy.min(axis=1, keepdims=True) - energy)
    return np.ascontiguousarray((weight.cumsum(axis=1) / weight.sum(axis=1, keepdims=True))[:, :-1])


def _weights(model: PairModel) -> tuple[FloatArray, FloatArray]:
    # relative to the likeliest letter, so that a product neither vanishes nor overflows
    most = STEEPEST / (len(model.neighbours[1]) + 1)
    bonds = model.bonds - model.bonds.min(axis=2, keepdims=True)
    return np.exp(-np.minimum(bonds, most)), np.exp(-np.minimum(model.sites - model.sites.min(), most))


def reflections(model: PairModel) -> NDArray[np.int8]:
    """The model's symmetries that are their own inverse, the identity left out, (reflections, q)."""
    group, letters = model.group, np.arange(model.letters.q)
    own_inverse = np.array([(p[p] == letters).all() for p in group]) & (group != letters).any(axis=1)
    return np.ascontiguousarray(group[own_inverse])


def joins(model: PairModel, images: NDArray[np.int8]) -> FloatArray:
    """1 - exp(E(a, b) - E(r(a), b)) where that is positive, else 0, (reflections, shells, q, q)."""
    torn = model.bonds - np.moveaxis(model.bonds[:, images], 1, 0)
    return np.maximum(-np.expm1(np.minimum(torn, 0)), 0.0)
