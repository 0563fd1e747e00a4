"""Canonical correlations of block and environment: the linear combinations of either side that go together most.

For jointly Gaussian sides these are all there is, I = -1/2 sum ln(1 - rho^2); elsewhere they are a start.
Source: H. Hotelling, Biometrika 28, 321 (1936).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from blockspin.arrays import FloatArray

FLAT = 1e-3  # of the largest variance: directions below it do not vary (closed dimers leave many such)


class Canonical(NamedTuple):
    """Directions of either side by row, (n, p) and (n, q), unit variance each, and their correlations rho, falling."""

    x: FloatArray
    y: FloatArray
    rho: FloatArray


def canonical(x: ArrayLike, y: ArrayLike, n: int) -> Canonical:
    """The first n canonical directions of rows x (m, p) and y (m, q).

    m should lie far above p and q: chance alone makes correlations of about (p + q)^(1/2) / m^(1/2). Where a side has
    fewer directions that vary than n, the rest are 0.
    """
    left, right = (_centred(side) for side in (x, y))
    m = len(left)
    white_x, white_y = _whitening(left.T @ left / m), _whitening(right.T @ right / m)
    of_x, rho, of_y = np.linalg.svd(white_x.T @ (left.T @ right / m) @ white_y, full_matrices=False)
    found = Canonical(np.zeros((n, left.shape[1])), np.zeros((n, right.shape[1])), np.zeros(n))
    k = min(n, len(rho))
    found.x[:k], found.y[:k], found.rho[:k] = (white_x @ of_x).T[:k], of_y[:k] @ white_y.T, rho[:k]
    return found


def _centred(side: ArrayLike) -> Any:
    values = np.asarray(side, np.float32)
    return values - values.mean(axis=0, dtype=np.float32)


def _whitening(covariance: Any) -> FloatArray:
    size, directions = np.linalg.eigh(np.asarray(covariance, float))
    varies = size > FLAT * size[-1]
    return np.asarray(directions[:, varies] / np.sqrt(size[varies]))
