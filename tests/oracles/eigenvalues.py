"""The eigenvalues of a recursion's linearisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def descending(matrix: ArrayLike) -> tuple[float, ...]:
    """Eigenvalues of a square matrix, largest modulus first; raises ValueError where one is complex."""
    values = np.linalg.eigvals(np.asarray(matrix, float))
    if np.abs(values.imag).max() > 1e-9 * np.abs(values).max():
        raise ValueError(f"the eigenvalues of a fixed point must be real; got {values}")
    return tuple(float(value) for value in sorted(values.real, key=abs, reverse=True))
