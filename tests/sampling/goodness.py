"""Chi-square of drawn states against exact probabilities."""

from __future__ import annotations

import math

import numpy as np


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
