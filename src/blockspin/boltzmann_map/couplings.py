"""Every coupling of a Hamiltonian of n spins -1/+1, by the Walsh-Hadamard transform.

A table of values over the states is in the order of `blockspin.exact.enumeration`: in state k spin i is +1 where bit i
of k is set. A set of spins A is numbered the same way: spin i is in it where bit i is set.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from blockspin.arrays import FloatArray, IntArray
from blockspin.lattice import Lattice

MOST_SPINS = 24


@dataclass(frozen=True, eq=False)
class Interactions:
    """All couplings of H(h) = -sum_A K_A prod_(i in A) h_i, one a set A of the n spins, the empty one included.

    couplings (2^n,): K_A by the number of A, in nats; K of the empty set is the constant, -H averaged over all states.
    bodies (2^n,): how many spins A has. ranges (2^n,): the largest distance between two of them, in the spacings of the
    lattice they live on; nan where they have no positions.
    """

    couplings: FloatArray
    bodies: IntArray
    ranges: FloatArray

    @cached_property
    def order(self) -> IntArray:
        """Numbers of the sets, the strongest coupling first, without the constant, shape (2^n - 1,)."""
        return 1 + np.argsort(-np.abs(self.couplings[1:]), kind="stable")

    @property
    def n_spins(self) -> int:
        """How many spins the Hamiltonian has."""
        return len(self.couplings).bit_length() - 1

    def of(self, *spins: int) -> float:
        """The coupling K_A of the set of these spins, such as ``of(0, 1)``."""
        return float(self.couplings[sum(1 << spin for spin in set(spins))])

    def sites(self, number: int) -> tuple[int, ...]:
        """The spins of the set with this number."""
        return tuple(i for i in range(self.n_spins) if number >> i & 1)


def interactions(H: ArrayLike, distances: ArrayLike | None = None) -> Interactions:
    """The couplings of the Hamiltonian with values H (2^n,) over all states of n spins -1/+1.

    K_A = -2^-n sum_h H(h) prod_(i in A) h_i. distances (n, n) between the spins give the ranges. Raises ValueError
    where the length is no power of 2, n is above 24, a value is not finite, or the distances do not fit.
    """
    values = np.asarray(H, float)
    n = _spins(values)
    if not np.isfinite(values).all():
        raise ValueError(
            f"a Hamiltonian has couplings where all its values are finite; {int((~np.isfinite(values)).sum())} of "
            f"{values.size} are not (a state that nothing maps to has H = inf)"
        )
    bodies = np.bitwise_count(np.arange(1 << n)).astype(np.intp)
    # prod_(i in A) h_i = (-1)^|A| (-1)^|A & k|, since a bit that is not set is a spin -1
    couplings = -(1.0 - 2.0 * (bodies % 2)) * walsh_hadamard(values) / len(values)
    return Interactions(couplings, bodies, _ranges(n, distances))


def walsh_hadamard(values: ArrayLike) -> FloatArray:
    """sum_k values[k] (-1)^|A & k| for every A, shape (2^n,), in n 2^n additions; |.| counts bits.

    Raises ValueError where the length is no power of 2. Source: Fino and Algazi, IEEE Trans. Comput. 25, 1142 (1976).
    """
    table = np.array(values, float)
    for i in range(_spins(table)):
        halves = table.reshape(-1, 2, 1 << i)
        halves[:, 0], halves[:, 1] = halves[:, 0] + halves[:, 1], halves[:, 0] - halves[:, 1]
    return table


def nearest_neighbour(found: Interactions, lattice: Lattice) -> tuple[float, float]:
    """K' of spins on a lattice: mean and standard deviation over its bonds of the two-spin coupling.

    Where an extent is 2, two bonds join a pair and share its coupling, as in `Lattice.bonds`. Raises ValueError where
    the lattice does not have a site a spin.
    """
    if lattice.n_sites != found.n_spins:
        raise ValueError(f"a {lattice} lattice has {lattice.n_sites} sites; the Hamiltonian has {found.n_spins} spins")
    pairs = (1 << lattice.bonds).sum(axis=1)
    _, place, bonds = np.unique(pairs, return_inverse=True, return_counts=True)
    shared = found.couplings[pairs] / bonds[place]
    return float(shared.mean()), float(shared.std())


def distances(lattice: Lattice, positions: ArrayLike | None = None) -> FloatArray:
    """Distances on the torus between positions (n, d), the lattice's sites unless given, shape (n, n)."""
    where = np.asarray(lattice.coordinates if positions is None else positions, float)
    return lattice.distance(where[:, None, :], where[None, :, :])


def _spins(values: FloatArray) -> int:
    n = int(values.size).bit_length() - 1
    if values.ndim != 1 or values.size != 1 << max(n, 0):
        raise ValueError(f"a table over all states of n spins has shape (2^n,); got {values.shape}")
    if n > MOST_SPINS:
        raise ValueError(f"every coupling is found for at most {MOST_SPINS} spins; got {n}, with 2^{n} couplings")
    return n


def _ranges(n: int, given: ArrayLike | None) -> FloatArray:
    if given is None:
        return np.full(1 << n, np.nan)
    between = np.asarray(given, float)
    if between.shape != (n, n):
        raise ValueError(f"distances between {n} spins have shape ({n}, {n}); got {between.shape}")
    ranges: FloatArray = np.zeros(1)
    for i in range(n):
        farthest = np.zeros(1)  # from spin i, over all sets of the spins before it
        for j in range(i):
            farthest = np.concatenate([farthest, np.maximum(farthest, between[i, j])])
        ranges = np.concatenate([ranges, np.maximum(ranges, farthest)])
    return ranges
