"""ln Z of an RBM by summing over every state of its smaller layer, in double precision.

A 0/1 RBM has Z = sum_s exp(f.s) prod_k (1 + exp(a_k + (U s)_k)) over the states s of either layer. The bits of s
are split into high and low: exp(a + U s) is then a product of two tables, and no exponential is taken inside the sum.
"""

import math

import numpy as np
from scipy.special import logsumexp

from blockspin.arrays import Array, FloatArray
from blockspin.coarse.rbm.units import binary_from_spin

MOST_UNITS = 25
LOW_BITS = 12  # a table of 4096 columns stays in cache
LARGEST = 600.0  # exponents whose sum stays below this fit a product of doubles


def summable(weights: Array, units: str) -> int:
    """How many units the layer has that `log_partition` would sum over: the hidden one beneath Gaussian units."""
    return len(weights) if units == "gaussian" else min(weights.shape)


def log_partition(weights: Array, visible: Array, hidden: Array, units: str) -> float:
    """ln Z, in nats, of weights (M, N) and biases (N,), (M,); Gaussian units have unit variance.

    The time is that of 2^n max(M, N) multiplications, n <= 25 the size of the smaller layer. Raises ValueError beyond.
    """
    n_units = summable(weights, units)
    if n_units > MOST_UNITS:
        raise ValueError(
            f"ln Z by summation takes at most {MOST_UNITS} units in the smaller layer; this RBM has {n_units}: "
            f"annealed importance sampling serves it"
        )
    W, b, c = (np.asarray(part, np.float64) for part in (weights, visible, hidden))
    if units == "gaussian":
        return _sum_of_normals(W, b, c)
    offset = 0.0
    if units == "spin":
        offset = W.sum() - b.sum() - c.sum()
        W, b, c = binary_from_spin(W, b, c)
    if len(W) > W.shape[1]:
        W, b, c = W.T, c, b
    return float(offset + _sum(c, b, W.T))


def binary_states(n: int) -> FloatArray:
    """All states of n 0/1 units, shape (2^n, n), bit i of a state's number first to last."""
    return ((np.arange(1 << n)[:, None] >> np.arange(n)) & 1).astype(np.float64)


def _sum(field: FloatArray, offset: FloatArray, couplings: FloatArray) -> float:
    # over 0/1 states s (n,) with fields (n,), of units k with fields offset (m,) + couplings (m, n) s
    n_low = min(LOW_BITS, len(field))
    low, high = binary_states(n_low), binary_states(len(field) - n_low)
    a_low, a_high = couplings[:, :n_low] @ low.T, offset + high @ couplings[:, n_low:].T
    own_low, own_high = low @ field[:n_low], high @ field[n_low:]
    reach = np.maximum(offset + np.maximum(couplings, 0).sum(axis=1), 0)
    swing = np.abs(couplings[:, :n_low]).sum(axis=1) + np.abs(offset) + np.abs(couplings[:, n_low:]).sum(axis=1)
    tame = np.flatnonzero(swing < LARGEST)
    wild = np.flatnonzero(swing >= LARGEST)
    groups = _groups(tame, reach)
    table = {int(k): np.exp(a_low[k]) for k in tame}
    parts = np.empty(len(high))
    for index, start in enumerate(a_high):
        total = own_low.copy()
        for group in groups:
            factor = np.ones_like(total)
            for k in group:
                factor *= 1 + math.exp(start[k]) * table[k]
            total += np.log(factor)
        for unit in wild:
            total += np.logaddexp(0, start[unit] + a_low[unit])
        parts[index] = own_high[index] + logsumexp(total)
    return float(logsumexp(parts))


def _groups(units: Array, reach: FloatArray) -> list[list[int]]:
    # units whose factors, at most 2 exp(reach) each, multiply to something a double holds
    groups: list[list[int]] = []
    room = -1.0
    for k in units:
        need = reach[k] + math.log(2)
        if need > room:
            groups.append([])
            room = LARGEST + math.log(2)
        groups[-1].append(int(k))
        room -= need
    return groups


def _sum_of_normals(W: FloatArray, b: FloatArray, c: FloatArray) -> float:
    # given h the visible units are normal about m = b + W^T h: Z = (2 pi)^(N/2) sum_h exp(c.h + |m|^2/2)
    n_low = min(LOW_BITS, len(W))
    low, high = binary_states(n_low), binary_states(len(W) - n_low)
    m_low, m_high = low @ W[:n_low], b + high @ W[n_low:]
    own_low = low @ c[:n_low] + 0.5 * (m_low**2).sum(axis=1)
    own_high = high @ c[n_low:] + 0.5 * (m_high**2).sum(axis=1)
    parts = [own + logsumexp(own_low + m_low @ m) for own, m in zip(own_high, m_high, strict=True)]
    return float(logsumexp(parts) + 0.5 * W.shape[1] * math.log(2 * math.pi))
