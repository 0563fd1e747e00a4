"""The error of a correlated series by blocks of growing length, beside that from the autocorrelation time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from blockspin.statistics import Estimate


@dataclass(frozen=True)
class Blocking:
    """A mean with its error from blocks: their length in steps, their number, and the error's own error."""

    estimate: Estimate
    error_of_error: float
    block: int
    blocks: int


def blocking(values: ArrayLike, *, fewest: int = 32) -> Blocking:
    """The mean of a correlated scalar observed as (chain, step) or (step,), its error from ever longer blocks.

    Neighbours are averaged in pairs, again and again; with n_k blocks of 2^k steps s_k^2 = var(blocks)/(n_k - 1)
    rises to the squared error of the mean while blocks are correlated, known to s_k/sqrt(2 (n_k - 1)). The plateau is
    taken to begin at the first k with 2^(3k) > 2 n (s_k/s_0)^4, n the number of steps in all, where bias and noise
    of s_k are about equal. A block never crosses chains, and steps that do not fill one at the end are left out.
    Raises ValueError where fewer than `fewest` blocks are left there: the series is too short for an error.
    Sources: H. Flyvbjerg and H. G. Petersen, J. Chem. Phys. 91, 461 (1989); the rule: R. M. Lee et al.,
    Phys. Rev. E 83, 066706 (2011).
    """
    data = np.atleast_2d(np.asarray(values, float))
    if data.ndim != 2:
        raise ValueError(f"blocking takes a scalar observed as (chain, step) or (step,); got shape {data.shape}")
    total, mean = data.size, float(data.mean())
    first, k = math.nan, 0
    while data.size >= max(fewest, 2):
        square = float(data.var()) / (data.size - 1)
        first = square if k == 0 else first
        if square == 0 or 2.0 ** (3 * k) > 2 * total * (square / first) ** 2:
            error = math.sqrt(square)
            return Blocking(Estimate(mean, error), error / math.sqrt(2 * (data.size - 1)), 2**k, data.size)
        pairs = data.shape[1] // 2
        data = (data[:, 0 : 2 * pairs : 2] + data[:, 1 : 2 * pairs : 2]) / 2
        k += 1
    raise ValueError(
        f"{total} steps are too few for an error by blocking: no plateau is seen with at least {fewest} blocks "
        f"of up to {2 ** max(k - 1, 0)} steps"
    )
