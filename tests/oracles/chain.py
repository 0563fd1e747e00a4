"""The ring of L Ising spins in a field: its magnetisation, correlations and energy by the 2 x 2 transfer matrix.

The partition function is `blockspin.exact.chain`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin.models import Ising

FloatArray = NDArray[np.float64]


def magnetisation(model: Ising) -> float:
    """The mean spin <s>; raises ValueError for another lattice."""
    L = _extent(model)
    values, vectors = _modes(model)
    ratios = (values / values[0]) ** L
    return float((ratios * np.diag(_spin(vectors))).sum() / ratios.sum())


def correlation(model: Ising, r: ArrayLike) -> FloatArray:
    """<s_0 s_r> = Tr(S T^r S T^(L-r))/Z, not connected, for distances r (...), taken around the ring, to (...).

    With h = 0 it is (t^r + t^(L-r))/(1 + t^L), t = tanh K. Raises ValueError for another lattice.
    """
    L = _extent(model)
    values, vectors = _modes(model)
    ratio = values / values[0]
    distance = np.mod(np.asarray(r, int), L)[..., None, None]
    spin = _spin(vectors) ** 2
    paths = spin * ratio[:, None] ** distance * ratio[None, :] ** (L - distance)
    result: FloatArray = paths.sum(axis=(-2, -1)) / (ratio**L).sum()
    return result


def energy_per_site(model: Ising) -> float:
    """The reduced energy a site <H>/L = -K <s_0 s_1> - h <s>; raises ValueError for another lattice."""
    return float(-model.K * correlation(model, 1) - model.h * magnetisation(model))


def _extent(model: Ising) -> int:
    if model.lattice.kind != "chain":
        raise ValueError(f"the transfer matrix of the ring needs a chain; got {model.lattice}")
    return model.lattice.n_sites


def _modes(model: Ising) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues of the matrix up to a factor (the larger first) and eigenvectors in columns."""
    K, h = model.K, model.h
    scale = max(K + abs(h), -K)
    T = np.exp(np.array([[K + h, -K], [-K, K - h]]) - scale)
    values, vectors = np.linalg.eigh(T)
    return values[::-1], vectors[:, ::-1]


def _spin(vectors: FloatArray) -> FloatArray:
    spin: FloatArray = vectors.T @ np.diag([1.0, -1.0]) @ vectors
    return spin
