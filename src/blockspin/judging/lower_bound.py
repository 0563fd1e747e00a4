"""Lower bounds of mutual information from samples: H(h) + E[ln q(h|e)] with a logistic regression q.

Each half of the chains is read by the regression fitted to the other half. Source: D. Barber and F. Agakov, NIPS 16,
2003.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy
from sklearn.linear_model import LogisticRegression

from blockspin.arrays import FloatArray, Spins
from blockspin.statistics import Estimate, leave_one_out, with_blocks

RIDGE = 10.0  # C of the regressions: weights so weakly held that they are free, but finite where e tells h for sure


def bound(h: NDArray[Any], e: Spins, chains: int) -> Estimate:
    """H(h) + E[ln q(h|e)] of a binary h (n,) given e (n, sites), rows chain by chain, with the error over chains."""
    logs = _logs(h, e, chains)
    up = (h > 0).reshape(chains, -1).mean(axis=1)
    both = np.stack([up, logs], axis=1)
    return with_blocks(*leave_one_out(both, lambda mean: mean[1] + _entropy([mean[0], 1 - mean[0]])))


def whole_bound(v: Spins, e: Spins, chains: int) -> Estimate:
    """The same of all spins of a block v (n, spins): ln q(v|e) is the sum of ln q(v_i | v_1 ... v_(i-1), e)."""
    logs = sum(_logs(v[:, i], np.hstack([v[:, :i], e]), chains) for i in range(v.shape[1]))
    number = (v > 0) @ (1 << np.arange(v.shape[1]))
    counts = np.stack([
        np.bincount(part, minlength=1 << v.shape[1]) / len(part) for part in number.reshape(chains, -1)
    ])  # fmt: skip
    both = np.column_stack([counts, np.asarray(logs)])
    return with_blocks(*leave_one_out(both, lambda mean: mean[-1] + _entropy(mean[:-1])))


def _logs(h: NDArray[Any], e: Spins, chains: int) -> FloatArray:
    """Mean ln q(h|e) of each chain, by the regression of the other half of the chains."""
    middle = chains // 2 * (len(h) // chains)
    found = np.empty(len(h))
    for rows, others in ((slice(0, middle), slice(middle, None)), (slice(middle, None), slice(0, middle))):
        frequency = (np.count_nonzero(h[others] > 0) + 0.5) / (len(h[others]) + 1)
        if len(np.unique(h[others])) < 2:  # nothing to fit
            up = np.full(len(h[rows]), frequency)
        else:
            fit = LogisticRegression(C=RIDGE, max_iter=300).fit(e[others], h[others] > 0)
            up = fit.predict_proba(e[rows])[:, 1]
        found[rows] = np.log(np.where(h[rows] > 0, up, 1 - up))
    means: FloatArray = found.reshape(chains, -1).mean(axis=1)
    return means


def _entropy(p: Any) -> float:
    return -float(xlogy(np.asarray(p), np.asarray(p)).sum())
