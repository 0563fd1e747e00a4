"""Variational Monte Carlo RG: the couplings of block spins as the minimum of a convex functional.

With V_J = sum_a J_a S_a(s') and <> over the block spins s', Omega(J) = ln <exp(-V_J)> + <V_J>_uniform is convex. At its
minimum, block spins weighted by exp(-V_J) have the means of the uniform distribution, <S_a>_V = 0: V_J = -H' and K' = J
but for what the operators leave out. There dK'/dK = B^-1 A with connected moments under the same weight.
Source: Y. Wu and R. Car, Phys. Rev. Lett. 119, 220602 (2017).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

STEPS, CLOSE = 100, 1e-10  # of Newton's method


def minimise(S: FloatArray, probability: FloatArray, start: FloatArray | None = None) -> tuple[FloatArray, bool]:
    """J at the minimum of Omega for states with values S (n, k) and probabilities (n,), and whether Newton settled."""
    J = np.zeros(S.shape[1]) if start is None else start.copy()
    for _ in range(STEPS):
        w = weights(S, probability, J)
        mean = w @ S
        try:
            step = np.linalg.solve(_connected(S, S, w), mean)  # the gradient of Omega is -mean
        except np.linalg.LinAlgError:
            return J, False
        J += step / max(1.0, float(np.abs(step).max()) / 0.2)  # far away the quadratic model overshoots
        if np.abs(step).max() < CLOSE:
            return J, True
    return J, False


def weights(S: FloatArray, probability: FloatArray, J: FloatArray) -> FloatArray:
    """Probabilities proportional to probability exp(-V_J), (n,)."""
    exponent = -S @ J
    w = probability * np.exp(exponent - exponent.max())
    return np.asarray(w / w.sum())


def slope(S: FloatArray, S_fine: FloatArray, w: FloatArray) -> FloatArray:
    """dK'/dK = B^-1 A with moments under the weights w, at the minimum."""
    return np.asarray(np.linalg.solve(_connected(S, S, w), _connected(S, S_fine, w)))


def _connected(one: FloatArray, two: FloatArray, w: FloatArray) -> FloatArray:
    return np.asarray((one.T * w) @ two - np.outer(w @ one, w @ two))
