"""A rule of several coarse variables, for what several filters of one block keep together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def product_rule(*rules: ArrayLike) -> FloatArray:
    """P(h_1 ... h_k | V) of binary rules P(h_j = +1 | V) that are drawn independently, shape (2^n, 2^k).

    Columns are numbered as states are: bit j set where h_j = +1.
    """
    joint = np.ones((len(np.asarray(rules[0])), 1))
    for rule in rules:
        up = np.asarray(rule, float)[:, None]
        joint = np.concatenate([joint * (1 - up), joint * up], axis=1)
    return joint
