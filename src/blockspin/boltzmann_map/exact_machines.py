"""RBMs that represent an Ising model exactly, KL = 0, and whose hidden layers differ in every way."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from blockspin.arrays import FloatArray
from blockspin.boltzmann_map.couplings import distances, interactions, nearest_neighbour
from blockspin.boltzmann_map.machine import Machine, log_2cosh
from blockspin.lattice import Lattice
from blockspin.models import Ising

COPY = 25.0  # a weight so strong that a hidden unit is a copy: exp(-2 COPY) is far below rounding


def bond_machine(model: Ising, first: ArrayLike | None = None) -> Machine:
    """One hidden unit a bond: KL = 0 and Tr_h e^T = 1 for any nearest-neighbour Ising model, in any dimension.

    exp(K s s') = c sum_h exp(h (W_1 s + W_2 s')) where tanh W_1 tanh W_2 = tanh K and c = e^K/2cosh(W_1 + W_2); W_1 =
    W_2 = arccosh(e^(2 |K|))/2 unless first (bonds,) gives each bond's W_1, above |K|, at the bond's first site. On a
    ring the hidden units are a ring with tanh K'_i = the product of the tanh of the two weights at site i: K' = K
    where all are equal. Raises ValueError where a W_1 is not above |K|. Source: the decoration transformation, M. E.
    Fisher, Phys. Rev. 113, 969 (1959).
    """
    start, end = model.lattice.bonds.T
    strength = math.tanh(abs(model.K))
    W_1 = np.full(len(start), bond_weight(abs(model.K))) if first is None else np.array(first, float)
    if W_1.shape != start.shape or not (abs(model.K) < W_1).all():
        raise ValueError(
            f"the first weights of {len(start)} bonds must each be above |K| = {abs(model.K):.6g}; got shape "
            f"{W_1.shape}, the least {W_1.min():.6g}"
        )
    W_2 = math.copysign(1.0, model.K) * np.arctanh(strength / np.tanh(W_1))
    weights = np.zeros((len(start), model.lattice.n_sites))
    rows = np.arange(len(start))
    weights[rows, start] += W_1
    weights[rows, end] += W_2
    b = np.full(model.lattice.n_sites, model.h)
    return Machine(weights, b, np.zeros(len(start)), float((log_2cosh(W_1 + W_2) - model.K).sum()))


def bond_weight(K: float) -> float:
    """W = arccosh(e^(2 K))/2 of the symmetric decoration, tanh^2 W = tanh K, for K >= 0."""
    return math.atanh(math.sqrt(math.tanh(K)))


def alternating_machine(model: Ising, W: float) -> Machine:
    """The bond RBM of a ring with weights W at even and W_2 at odd sites, tanh W tanh W_2 = tanh K; KL = 0.

    The hidden ring has couplings atanh(tanh^2 W) and atanh(tanh^2 W_2) in turn: W sets how the flow looks and no
    visible probability. As W -> infinity pairs of hidden units lock and the pairs are the decimated ring. Raises
    ValueError where the lattice is no ring of even length, K is not positive, or W is not above K.
    """
    if model.lattice.kind != "chain" or model.lattice.n_sites % 2 or not 0 < model.K < W:
        raise ValueError(f"alternating weights need a ring of even length and 0 < K < W; got {model}, W = {W}")
    other = math.atanh(math.tanh(model.K) / math.tanh(W))
    return bond_machine(model, np.where(np.arange(model.lattice.n_sites) % 2, other, W))


def sublattice_machine(model: Ising) -> Machine:
    """One hidden unit a site of colour 1: a copy of that site, joined to its neighbours by K. KL = 0.

    The lattice is bipartite, so that the sites of colour 0, given the copies, are independent, as an RBM's visible
    units are. The hidden layer is the decimated model: on a ring tanh K' = tanh^2 K, on the square lattice decimation
    by b = sqrt 2. Raises ValueError where an extent is odd.
    """
    lattice = model.lattice
    kept = np.flatnonzero(lattice.colours == 1)
    weights = np.zeros((len(kept), lattice.n_sites))
    rows = np.arange(len(kept))
    weights[rows, kept] = COPY
    np.add.at(weights, (rows[:, None], lattice.neighbours[kept]), model.K)
    b = np.full(lattice.n_sites, model.h)
    return Machine(weights, b, np.zeros(len(kept)), COPY * len(kept))


def sublattice_distances(lattice: Lattice) -> FloatArray:
    """Distances between the copies on a square lattice, in the spacings sqrt 2 of their own, shape (M, M)."""
    return distances(lattice, lattice.coordinates[lattice.colours == 1]) / 2**0.5


def layer(K: float, M: int) -> Machine:
    """A layer of the network that Mehta and Schwab draw for one dimension: a ring of 2M spins of coupling K.

    Every other spin is visible, the rest are hidden, and the weight between neighbours is K. Both layers have tanh K' =
    tanh^2 K (arXiv:1410.3831, Fig. 2). It is the bond RBM of the ring of M spins with that K'.
    """
    return Machine.unbiased(K * (np.eye(M) + np.roll(np.eye(M), 1, axis=1)))


def layers(K: float, n: int, M: int = 6) -> tuple[float, ...]:
    """K^(0), ..., K^(n): the couplings of the layers of that network, tanh K' = tanh^2 K.

    The weights of layer k are K^(k), and K^(k+1) is read off all the couplings of its hidden units.
    """
    found = [K]
    for _ in range(n):
        hidden = layer(found[-1], M).hidden_hamiltonian()
        found.append(nearest_neighbour(interactions(hidden), Lattice.chain(M))[0])
    return tuple(found)
