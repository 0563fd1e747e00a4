"""ln Z of the ring of L Ising spins in a field, exactly, by its 2 x 2 transfer matrix.

T(s, s') = exp(K s s' + h (s + s')/2), Z = Tr T^L. Sources: E. Ising, Z. Phys. 31, 253 (1925);
R. J. Baxter, Exactly Solved Models in Statistical Mechanics (1982), chapter 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from blockspin.models import Ising

FloatArray = NDArray[np.float64]


def log_partition(model: Ising) -> float:
    """ln Z of the ring, ln(lambda_+^L + lambda_-^L), in nats; raises ValueError for another lattice."""
    L = _extent(model)
    scale, values, _ = _modes(model)
    return float(L * (scale + np.log(values[0])) + np.log1p((values[1] / values[0]) ** L))


def _extent(model: Ising) -> int:
    if model.lattice.kind != "chain":
        raise ValueError(f"the transfer matrix of the ring needs a chain; got {model.lattice}")
    return model.lattice.n_sites


def _modes(model: Ising) -> tuple[float, FloatArray, FloatArray]:
    """Scale, eigenvalues of T e^-scale (the larger first) and eigenvectors in columns."""
    K, h = model.K, model.h
    scale = max(K + abs(h), -K)
    T = np.exp(np.array([[K + h, -K], [-K, K - h]]) - scale)
    values, vectors = np.linalg.eigh(T)
    return scale, values[::-1], vectors[:, ::-1]
