"""Mutual information of discrete vectors by counting, with the bias of the counts corrected: a check of the bounds.

Only where the states of both sides together are few beside the samples: a block and an environment of some 12 spins.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from blockspin.coarse.rsmi.bounds import PARTS
from blockspin.statistics import Estimate, jackknife_error

IntArray = NDArray[np.intp]

CORRECTIONS = ("miller-madow", "jackknife", "none")


def plug_in(x: ArrayLike, y: ArrayLike, correction: str = "miller-madow", *, chains: int | None = None) -> Estimate:
    """I(x:y) = H(x) + H(y) - H(x, y) from the frequencies of the states in rows x (n, p) and y (n, q), in nats.

    correction: "miller-madow" adds (m - 1) / 2n to each entropy, m its states that occur (draws that are not
    independent have a larger bias); "jackknife" takes from the estimate its change with the number of chains,
    P I - (P - 1) mean I_without_one, which knows of correlations within chains; "none". The error is the jackknife's
    over the `chains` that the rows come in, one after the other, or over 20 runs of rows.
    Raises ValueError for another correction, different numbers of rows, or rows that are no whole number of chains.
    Source: L. Paninski, Neural Comput. 15, 1191 (2003).
    """
    if correction not in CORRECTIONS:
        raise ValueError(f"correction must be one of {', '.join(CORRECTIONS)}; got {correction!r}")
    left, right = _numbers(x), _numbers(y)
    if len(left) != len(right):
        raise ValueError(f"x and y must have one row a sample each; got {len(left)} and {len(right)} rows")
    n_parts = min(PARTS, len(left)) if chains is None else chains
    if n_parts < 2 or (chains is not None and len(left) % chains):
        raise ValueError(f"{len(left)} rows are no whole number of rows in each of at least 2 chains; got {chains}")
    states, joint = np.unique(left * (right.max() + 1) + right, return_inverse=True)
    sides = (states // (right.max() + 1), states % (right.max() + 1))
    # counts of each joint state in each part of the rows: what is left out is their difference from the sum
    counts = np.stack([np.bincount(part, minlength=len(states)) for part in np.array_split(joint, n_parts)])

    def information(count: IntArray) -> float:
        total = count.sum()
        tables = [np.bincount(side, count) for side in sides] + [count]
        entropies = [np.log(total) - xlogy(table, table).sum() / total for table in tables]
        if correction == "miller-madow":
            entropies = [
                h + (np.count_nonzero(table) - 1) / (2 * total) for h, table in zip(entropies, tables, strict=True)
            ]
        return float(entropies[0] + entropies[1] - entropies[2])

    whole = information(counts.sum(axis=0))
    without = np.array([information(counts.sum(axis=0) - part) for part in counts])
    error = jackknife_error(without)
    if correction == "jackknife":
        whole = n_parts * whole - (n_parts - 1) * without.mean()
    return Estimate(float(whole), float(error))


def _numbers(values: ArrayLike) -> IntArray:
    """One whole number a distinct row, shape (n,)."""
    matrix = np.asarray(values)
    if matrix.ndim == 1:
        matrix = matrix[:, None]
    numbers: IntArray = np.unique(matrix, axis=0, return_inverse=True)[1].ravel()
    return numbers
