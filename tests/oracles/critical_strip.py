"""Where the square lattice with second neighbours is critical: strips of width L, by their transfer matrix.

At a critical point of the Ising class the correlation length of a strip is L / (pi eta), eta = 1/4; where it is so at
width L nears the critical coupling as 1/L^3. Source: J. L. Cardy, J. Phys. A 17, L385 (1984).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.sparse.linalg import eigsh


def critical_first(second: float, bracket: tuple[float, float], widths: Sequence[int] = (7, 8, 9)) -> float:
    """K1 at which (K1, K2 = second) is critical: three widths, less a/L^3 and b/L^5."""
    found = [brentq(lambda K, L=L: L * _decay(L, K, second) / np.pi - 0.25, *bracket, xtol=1e-9) for L in widths]
    L = np.array(widths, float)
    return float(np.linalg.solve(np.stack([L**0, L**-3, L**-5], axis=1), found)[0])


def _decay(L: int, K: float, second: float) -> float:
    """One over the correlation length: ln of the ratio of the two largest eigenvalues."""
    rows = 1 - 2 * ((np.arange(2**L)[:, None] >> np.arange(L)) & 1)
    within = np.exp(K / 2 * (rows * np.roll(rows, 1, 1)).sum(axis=1))
    between = K * rows @ rows.T + second * rows @ (np.roll(rows, 1, 1) + np.roll(rows, -1, 1)).T
    one, two = eigsh(np.exp(between) * within[:, None] * within, k=2, return_eigenvectors=False, tol=1e-12)
    return float(np.log(two / one))
