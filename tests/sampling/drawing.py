"""Draws of the kernels and their comparison with the exact distribution over all states."""

from __future__ import annotations

import math

import numpy as np

import oracles.enumeration
from blockspin.exact import enumeration
from blockspin.lattice import Lattice
from blockspin.models import Ising, Potts
from blockspin.sampling import cluster
from blockspin.sampling.configurations import starts

Model = Ising | Potts


def chi_square(counts: np.ndarray, chance: np.ndarray) -> float:
    """(chi^2 - dof)/sqrt(2 dof) of counts against probabilities, rare states merged until 10 are expected."""
    order = np.argsort(chance)
    expected, seen = counts.sum() * chance[order], counts[order].astype(float)
    group = np.floor(np.cumsum(expected) / 10).astype(int)
    _, group = np.unique(group, return_inverse=True)
    expected, seen = np.bincount(group, expected), np.bincount(group, seen)
    if len(expected) > 1 and expected[-1] < 10:
        expected, seen = (np.append(a[:-2], a[-2:].sum()) for a in (expected, seen))
    dof = len(expected) - 1
    return float((((seen - expected) ** 2 / expected).sum() - dof) / math.sqrt(2 * dof))


def draw(
    model: Model, algorithm: str, *, chains: int, draws: int, spacing: int, clusters: int = 1, seed: int = 1
) -> np.ndarray:
    """Configurations (draw, chain, N) after 20 spacings from ordered and random starts."""
    state = cluster.generators(seed, chains, "test")
    spins = starts(model, chains, np.random.default_rng(seed))
    cluster.advance(model, algorithm, spins, state, 20 * spacing, clusters=clusters)
    drawn = np.empty((draws, *spins.shape), np.int8)
    for k in range(draws):
        cluster.advance(model, algorithm, spins, state, spacing, clusters=clusters)
        drawn[k] = spins
    return drawn


def chi_squares(model: Model, drawn: np.ndarray) -> tuple[float, float]:
    """`chi_square` over all states, and over the classes of bond energy and order (sum of spins, or sites in 0)."""
    lattice: Lattice = model.lattice
    q = model.q if isinstance(model, Potts) else None
    chance = enumeration.probabilities(model)
    counts = np.bincount(oracles.enumeration.index(drawn, lattice, q).ravel(), minlength=len(chance))
    states = enumeration.states(lattice, q)
    unit: Model = Ising(lattice, 1.0) if q is None else Potts(lattice, 1.0, q)
    order = states.sum(axis=1, dtype=int) if q is None else (states == 0).sum(axis=1)
    label = np.rint(unit.energy(states)).astype(int) * (2 * lattice.n_sites + 1) + order
    _, group = np.unique(label, return_inverse=True)
    return chi_square(counts, chance), chi_square(np.bincount(group, counts), np.bincount(group, chance))
