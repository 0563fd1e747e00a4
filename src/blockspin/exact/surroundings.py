"""The joint distribution of a block and the environment beyond a buffer, in the Ising model, exactly.

Two ways: the chain by its transfer matrix, and the torus whose buffer is one ring of 12 spins by transfer around that
ring.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from blockspin.arrays import FloatArray, IntArray
from blockspin.exact.information import Joint, block_states
from blockspin.lattice import Lattice
from blockspin.models import Ising

MOST_ENVIRONMENT = 20  # spins of the torus' environment, all of whose states are visited
PATTERNS = 3**4 * 2**8  # of the sums of environment spins next to the 4 corners and 8 edges of the ring
SPINS = np.array([-1.0, 1.0])


def chain(model: Ising, n: int, buffer: int, *, infinite: bool = False) -> Joint:
    """A block of n neighbouring spins on a ring, the buffer of so many spins on each side, the rest as environment.

    By the Markov property the two environment spins next to the buffer say all that E says of V: the table has shape
    (2^n, 4). infinite=True takes the ring's length to infinity (the lattice's length is then of no account).
    Raises ValueError for another lattice, or where block and buffer leave no environment.
    """
    if model.lattice.kind != "chain":
        raise ValueError(f"the transfer matrix of the chain needs a chain; got {model.lattice}")
    if n < 1 or buffer < 0:
        raise ValueError(f"a block has at least 1 spin and a buffer at least 0; got n = {n}, buffer = {buffer}")
    L = model.lattice.n_sites
    outside = L - n - 2 * buffer
    if not infinite and outside < 1:
        raise ValueError(
            f"block and buffer must leave an environment: a block of {n} with {buffer} buffer spins on each side "
            f"takes {n + 2 * buffer} of {L} sites"
        )
    T = np.exp(model.K * np.multiply.outer(SPINS, SPINS) + model.h * np.add.outer(SPINS, SPINS) / 2)
    top = np.linalg.eigvalsh(T)[-1]
    T = T / top
    if infinite:
        vector = np.abs(np.linalg.eigh(T)[1][:, -1])
        around = np.outer(vector, vector)
    else:
        around = np.linalg.matrix_power(T, outside - 1)  # from the right neighbour round to the left one
    bridge = np.linalg.matrix_power(T, buffer + 1)
    weight = bridge  # left environment spin, state of the block so far: its last spin is the highest bit
    for _ in range(n - 1):
        weight = np.einsum("lpv,pq->lqpv", weight.reshape(2, 2, -1), T).reshape(2, -1)
    table = np.einsum("lpv,pr,rl->pvlr", weight.reshape(2, 2, -1), bridge, around).reshape(1 << n, 4)
    total = table.sum()
    log_partition = np.nan if infinite else float(np.log(total) + L * np.log(top))
    return Joint(table / total, log_partition, _symmetries([tuple(reversed(range(n)))], model.h == 0))


def torus(model: Ising) -> Joint:
    """The 2 x 2 block of a torus within its ring of 12 buffer spins, all other spins as environment.

    Each quarter of the ring touches one spin of the block; the environment acts on the ring by the sums of its spins
    next to each ring spin, of which there are 3^4 2^8 = 20736 patterns: the table has shape (16, 20736), and every
    state of the environment is visited once for their weights. The block's bits go around the square. Exact for any K
    and h. Raises ValueError for another lattice, extents below 5, or more than 20 environment spins: it serves 5x5,
    5x6, 6x6 and 5x7.
    """
    lattice = model.lattice
    if lattice.kind != "square" or min(lattice.shape) < 5 or lattice.n_sites - 16 > MOST_ENVIRONMENT:
        raise ValueError(f"the ring of the buffer needs a square lattice of 5x5, 5x6, 6x6 or 5x7 sites; got {lattice}")
    _, ring, outside = _places(lattice)
    weights = _environment(model, ring, outside)
    fields = np.array([(a, c, e) for a in (-1, 1) for c in (-2, 0, 2) for e in (-1, 1)], float)
    quarter = np.empty((2, 12, 2, 2))
    pair = np.exp(model.K * np.multiply.outer(SPINS, SPINS))
    for number, v in enumerate(SPINS):
        for pattern, (a, c, e) in enumerate(fields):
            # the two ends touch the block's spin, the corner does not
            first, corner, last = (np.diag(np.exp((model.K * f + model.h) * SPINS)) for f in (a + v, c, e + v))
            quarter[number, pattern] = first @ pair @ corner @ pair @ last @ pair
    half = np.einsum("xaij,ybjk->xyabik", quarter, quarter)
    ring_sum = np.einsum("xyabik,zwcdki->wzyxabcd", half, half).reshape(16, -1)
    states = block_states(4).astype(float)
    own = np.exp(model.K * (states * np.roll(states, -1, axis=1)).sum(axis=1) + model.h * states.sum(axis=1))
    # the square's reflections, and where the torus is square its turns
    turns = [(1, 0, 3, 2), (3, 2, 1, 0), (2, 3, 0, 1)]
    if lattice.shape[0] == lattice.shape[1]:
        turns += [(1, 2, 3, 0), (3, 0, 1, 2), (0, 3, 2, 1), (2, 1, 0, 3)]
    table = own[:, None] * ring_sum * weights
    total = table.sum()
    return Joint(table / total, float(np.log(total)), _symmetries(turns, model.h == 0))


def _places(lattice: Lattice) -> tuple[IntArray, IntArray, IntArray]:
    """Sites of the block (4,), of the ring (12,) in its order, quarter by quarter, and of the environment."""

    def sites(places: list[tuple[int, int]]) -> IntArray:
        return np.array([np.ravel_multi_index(place, lattice.shape) for place in places])

    block = sites([(2, 2), (2, 3), (3, 3), (3, 2)])
    # clockwise; quarter q touches the block's spin q with its two ends
    ring = sites([(2, 1), (1, 1), (1, 2), (1, 3), (1, 4), (2, 4), (3, 4), (4, 4), (4, 3), (4, 2), (4, 1), (3, 1)])
    outside = np.setdiff1d(np.arange(lattice.n_sites), np.concatenate([block, ring]))
    return block, ring, outside


def _environment(model: Ising, ring: IntArray, outside: IntArray) -> FloatArray:
    """The weight of each pattern of fields on the ring, shape (PATTERNS,): a sum over all states of the environment."""
    lattice = model.lattice
    spins = block_states(len(outside))
    place = {int(site): column for column, site in enumerate(outside)}
    energy = model.h * spins.sum(axis=1, dtype=float)
    touching: list[list[int]] = [[] for _ in ring]
    of_ring = {int(site): number for number, site in enumerate(ring)}
    for start, end in lattice.bonds.tolist():
        if start in place and end in place:
            energy += model.K * (spins[:, place[start]] * spins[:, place[end]])
        for one, other in ((start, end), (end, start)):
            if one in of_ring and other in place:
                touching[of_ring[one]].append(place[other])
    number = np.zeros(len(spins), np.int64)
    for columns in touching:
        sums = spins[:, columns].sum(axis=1, dtype=np.int64)
        number = number * (len(columns) + 1) + (sums + len(columns)) // 2
    return np.asarray(np.bincount(number, np.exp(energy), minlength=PATTERNS), float)


def _symmetries(moves: Sequence[tuple[int, ...]], flip: bool) -> tuple[tuple[int, ...], ...]:
    """Permutations of a block's states by moves of its spins, with and without a flip of all."""
    numbers = np.arange(1 << len(moves[0]))
    identity = tuple(range(len(moves[0])))
    images = [_bits(numbers, move) for move in (identity, *moves)]
    if flip:
        images += [numbers[::-1][image] for image in images]
    return tuple(tuple(image.tolist()) for image in images)


def _bits(numbers: IntArray, sites: ArrayLike) -> IntArray:
    """The number of the state of some sites in states of the whole lattice."""
    result = np.zeros_like(numbers)
    for bit, site in enumerate(np.asarray(sites, int)):
        result |= (numbers >> site & 1) << bit
    return result
