"""Close-packed dimers on the torus, exactly: the number of coverings, all of them, their probabilities.

Source: P. W. Kasteleyn, Physica 27, 1209 (1961).
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.lattice import Lattice
from blockspin.models.dimers import Dimers

MOST_COVERINGS = 2_000_000


def log_count_torus(vertices: Lattice) -> float:
    """ln of the number of coverings of the Lx x Ly torus, in nats.

    Z = [P(1/2, 0) + P(0, 1/2) + P(1/2, 1/2)]/2 with
    P(u, v) = prod_(j<Lx) prod_(k<Ly) [4 sin^2(2 pi (j+u)/Lx) + 4 sin^2(2 pi (k+v)/Ly)]^(1/4); P(0, 0) = 0.
    Raises ValueError for another lattice than a square one of even extents. Source: Kasteleyn (1961).
    """
    Dimers(vertices)  # its rule for lattices
    logs = []
    for u, v in ((0.5, 0.0), (0.0, 0.5), (0.5, 0.5)):
        x, y = (
            4 * np.sin(2 * np.pi * (np.arange(L) + s) / L) ** 2 for L, s in zip(vertices.shape, (u, v), strict=True)
        )
        logs.append(np.log(x[:, None] + y).sum() / 4)
    return float(np.logaddexp.reduce(logs) - math.log(2))


def coverings(vertices: Lattice) -> NDArray[np.int8]:
    """All coverings of the Lx x Ly torus in the layout of `Dimers`, shape (count, 4 Lx Ly), in lexicographic order.

    Raises ValueError for another lattice than a square one of even extents, or above two million coverings.
    """
    Dimers(vertices)  # its rule for lattices
    if log_count_torus(vertices) > math.log(MOST_COVERINGS):
        raise ValueError(
            f"every covering is visited up to {MOST_COVERINGS:,}; a {vertices} torus has about "
            f"10^{log_count_torus(vertices) / math.log(10):.1f}"
        )
    Lx, Ly = vertices.shape
    taken, cells = np.zeros((1, Lx * Ly), bool), np.full((1, 2 * Lx, 2 * Ly), -1, np.int8)
    for x in range(Lx):
        for y in range(Ly):
            this = x * Ly + y
            done = taken[:, this]
            parts = [(taken[done], cells[done])]
            # the other end of each of the four bonds, and the bond's cell
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                other = (x + dx) % Lx * Ly + (y + dy) % Ly
                able = ~done & ~taken[:, other]
                now, put = taken[able], cells[able]
                now[:, [this, other]] = True
                put[:, (2 * x + dx) % (2 * Lx), (2 * y + dy) % (2 * Ly)] = 1
                parts.append((now, put))
            taken, cells = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    flat = cells.reshape(len(cells), -1)
    return np.ascontiguousarray(flat[np.argsort(_keys(flat))])


def probabilities(vertices: Lattice, T: float, known: NDArray[np.int8] | None = None) -> NDArray[np.float64]:
    """The probability of every covering at temperature T, shape (count,), in the order of `coverings`.

    The mean of any function of coverings f is probabilities @ f. `known` saves making them again.
    Raises ValueError as `coverings` and `Dimers` do.
    """
    model = Dimers(vertices, T)
    energy = model.energy(coverings(vertices) if known is None else known)
    weights = np.exp(energy.min() - energy)
    chance: NDArray[np.float64] = weights / weights.sum()
    return chance


def _keys(flat: NDArray[Any]) -> NDArray[Any]:
    """The occupied cells of each row as one comparable value of bytes."""
    bits = np.packbits(flat > 0, axis=1)
    return np.ascontiguousarray(bits).view(f"V{bits.shape[1]}").ravel()
