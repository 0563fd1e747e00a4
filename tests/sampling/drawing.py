"""Draws of the kernels and their comparison with the exact distribution over all states."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import oracles.enumeration
from blockspin.exact import enumeration
from blockspin.models import PairModel
from blockspin.sampling.chains import start


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
    model: PairModel, algorithm: str, *, chains: int, draws: int, spacing: int, clusters: int = 1, seed: int = 1
) -> np.ndarray:
    """Configurations (draw, chain, N) after 20 spacings from ordered and random starts."""
    running = start(model, algorithm, chains, seed, "test", clusters=clusters)
    running.advance(20 * spacing)
    drawn = np.empty((draws, chains, model.lattice.n_sites), np.int8)
    for k in range(draws):
        running.advance(spacing)
        drawn[k] = running.spins()
    return drawn


def chi_squares(model: PairModel, drawn: np.ndarray) -> tuple[float, float]:
    """`chi_square` over all states, and over the classes of energy, alike neighbours and sites of the first letter."""
    lattice, letters = model.lattice, model.letters
    chance = enumeration.probabilities(model)
    counts = np.bincount(oracles.enumeration.index(drawn, lattice, letters).ravel(), minlength=len(chance))
    states = enumeration.states(lattice, letters)
    first, second = lattice.bonds.T
    alike = (states[:, first] == states[:, second]).sum(axis=1)
    in_first = (states == letters.letters[0]).sum(axis=1)
    label = np.stack([np.round(model.energy(states), 6), alike, in_first])
    _, group = np.unique(label, axis=1, return_inverse=True)
    return chi_square(counts, chance), chi_square(np.bincount(group, counts), np.bincount(group, chance))


def a_fifth(cases: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The cases, of which every fifth is in the fast tier: a pattern of 2 or 3 algorithms and models meets them all."""
    return [pytest.param(*case, marks=[pytest.mark.slow] if n % 5 else []) for n, case in enumerate(cases)]
