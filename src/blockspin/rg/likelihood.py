"""The maximum of a pseudo-likelihood by Newton's method, and without each group of chains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from blockspin.arrays import FloatArray
from blockspin.statistics import jackknife_error

IntArray = NDArray[np.int64]

DEPENDENT = 1e-9  # smallest eigenvalue of the scaled Hessian that is still taken as independent operators
STEPS, CLOSE = 50, 1e-10  # of Newton's method
LARGEST = 20.0  # a coupling beyond this has run away: some site follows its neighbours without exception


class Likelihood(Protocol):
    """The mean of ln P(s_i | others) over surroundings with weights, concave in the couplings K."""

    def slopes(self, weight: FloatArray, K: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The gradient in K and minus the Hessian, both times the same positive number, (k,) and (k, k)."""

    def mean(self, weight: FloatArray, K: FloatArray) -> float:
        """Its value, in nats a site."""


@dataclass(frozen=True)
class Fit:
    """Couplings with jackknife errors, and without each group, (groups, k); why: "" or why there are none (nan)."""

    K: FloatArray
    errors: FloatArray
    log_likelihood: float
    why: str
    left_out: FloatArray


def fit(likelihood: Likelihood, counts: IntArray, names: tuple[str, ...]) -> Fit:
    """The couplings of most likelihood; counts (groups, m): how often each surrounding comes in each group.

    A left-out estimate is two Newton steps from the full one.
    """
    total = counts.sum(axis=0).astype(float)
    K, why = newton(likelihood, total / total.sum(), names)
    left_out = np.full((len(counts), len(names)), math.nan)
    nothing = np.full(len(names), math.nan)
    if why:
        return Fit(nothing, nothing, math.nan, why, left_out)
    for row, group in zip(left_out, counts, strict=True):
        weight = (total - group) / (total - group).sum()
        row[:] = K
        try:
            for _ in range(2):
                score, hessian = likelihood.slopes(weight, row)
                row += np.linalg.solve(hessian, score)
        except np.linalg.LinAlgError:
            words = f"without one of {len(counts)} groups of chains {', '.join(names)} have no couplings"
            return Fit(nothing, nothing, math.nan, f"{words}, and so no errors", np.full_like(left_out, math.nan))
    return Fit(K, jackknife_error(left_out), likelihood.mean(total / total.sum(), K), "", left_out)


def newton(likelihood: Likelihood, weight: FloatArray, names: tuple[str, ...]) -> tuple[FloatArray, str]:
    """Couplings where the score vanishes, and "" or why there are none. The likelihood is concave: one maximum."""
    K = np.zeros(len(names))
    for _ in range(STEPS):
        score, hessian = likelihood.slopes(weight, K)
        scale = np.sqrt(np.diag(hessian))
        for name, one in zip(names, scale, strict=True):
            if one < 1e-12:
                return K, f"operator {name!r} is constant around every site, or its coupling runs away"
        if np.linalg.eigvalsh(hessian / np.outer(scale, scale))[0] < DEPENDENT:
            return K, f"operators {', '.join(names)} are dependent on these configurations"
        step = np.linalg.solve(hessian, score)
        K = K + step / max(1.0, float(np.abs(step).max()))  # far away the quadratic model overshoots
        if np.abs(K).max() > LARGEST:
            return K, f"a coupling of {', '.join(names)} runs away: some spin follows its neighbours without exception"
        if np.abs(step).max() < CLOSE:
            return K, ""
    return K, f"Newton's method did not converge for {', '.join(names)} within {STEPS} steps"
