"""Mutual information of real vectors by distances to nearest neighbours: a check of the bounds, and no bound itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma

from blockspin.coarse.rsmi.bounds import PARTS
from blockspin.statistics import Estimate

FloatArray = NDArray[np.float64]


def ksg(x: ArrayLike, y: ArrayLike, neighbours: int = 4, *, chains: int | None = None) -> Estimate:
    """I(x:y) of rows x (n, p) and y (n, q) of real numbers, in nats, by Kraskov, Stögbauer and Grassberger's first way.

    psi(k) + psi(n) - <psi(n_x + 1) + psi(n_y + 1)>, n_x and n_y the rows whose x (whose y) lies nearer than the k-th
    neighbour of the pair, by the largest coordinate difference. Exact for independent sides; where I is large beside
    the dimension it comes out too small, since a cube does not follow a thin ridge. Not for spins: equal rows have
    distance 0. The error is that of the mean over the `chains` that the rows come in, or over 20 runs of rows.
    Raises ValueError for different numbers of rows, for k below 1 or not below the number of rows, or rows that are
    no whole number of chains. Source: Phys. Rev. E 69, 066138 (2004), eq. 8.
    """
    left, right = (np.asarray(side, float).reshape(len(np.asarray(side)), -1) for side in (x, y))
    n = len(left)
    if n != len(right):
        raise ValueError(f"x and y must have one row a sample each; got {n} and {len(right)} rows")
    if not 1 <= neighbours < n:
        raise ValueError(f"neighbours must lie from 1 to the number of other rows, {n - 1}; got {neighbours}")
    n_parts = min(PARTS, n) if chains is None else chains
    if n_parts < 2 or (chains is not None and n % chains):
        raise ValueError(f"{n} rows are no whole number of rows in each of at least 2 chains; got {chains}")
    pairs = np.hstack([left, right])
    radius = cKDTree(pairs).query(pairs, [neighbours + 1], p=np.inf)[0][:, 0]
    inside = np.nextafter(radius, 0)  # strictly nearer
    # each row finds itself too: n + 1
    counts = [
        cKDTree(side).query_ball_point(side, inside, p=np.inf, return_length=True).astype(float)
        for side in (left, right)
    ]
    rows = digamma(neighbours) + digamma(n) - digamma(counts[0]) - digamma(counts[1])
    means = np.array([part.mean() for part in np.array_split(rows, n_parts)])
    return Estimate(float(rows.mean()), float(means.std(ddof=1) / np.sqrt(n_parts)))
