"""The restricted Boltzmann machine of spins in float64, with its energies over all states."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from blockspin import checks
from blockspin.arrays import FloatArray
from blockspin.coarse.rbm import RBM
from blockspin.coarse.rbm.units import spin_from_binary

MOST_UNITS = 20


@dataclass(frozen=True, eq=False)
class Machine:
    """E(v, h) = offset - h.W.v - b.v - c.h with v and h of -1/+1, p(v, h) = exp(-E)/Z_lambda.

    weights W (M, N) = (hidden, visible); visible b (N,) and hidden c (M,); offset in nats, which moves Z_lambda and no
    probability. Mehta and Schwab (arXiv:1410.3831, eq. 10) write E = sum_j b_j h_j + sum_ij v_i w_ij h_j +
    sum_i c_i v_i, which is `Machine(-w.T, -c, -b)`. Raises ValueError for shapes that do not fit or numbers not finite.
    """

    weights: FloatArray
    visible: FloatArray
    hidden: FloatArray
    offset: float = 0.0

    def __post_init__(self) -> None:
        for name in ("weights", "visible", "hidden"):
            part = checks.finite(f"{name} of an RBM", getattr(self, name))
            object.__setattr__(self, name, np.array(part, float))
        object.__setattr__(self, "offset", checks.number("the offset of an RBM", self.offset))
        W, b, c = self.weights, self.visible, self.hidden
        if W.ndim != 2 or not W.size:
            raise ValueError(f"weights have shape (hidden, visible); got {W.shape}")
        if b.shape != W.shape[1:] or c.shape != W.shape[:1]:
            raise ValueError(
                f"weights {W.shape} go with visible biases {W.shape[1:]} and hidden biases {W.shape[:1]}; "
                f"got {b.shape} and {c.shape}"
            )

    @classmethod
    def unbiased(cls, weights: ArrayLike, offset: float = 0.0) -> Machine:
        """The RBM with these weights (M, N) and no biases."""
        W = np.atleast_2d(np.asarray(weights, float))
        return cls(W, np.zeros(W.shape[1]), np.zeros(W.shape[0]), offset)

    @classmethod
    def random(cls, n_hidden: int, n_visible: int, seed: int, *, biases: bool = True) -> Machine:
        """An RBM with weights, and biases, drawn from N(0, 1)."""
        random = np.random.default_rng(seed)
        W = random.standard_normal((n_hidden, n_visible))
        return (
            cls(W, random.standard_normal(n_visible), random.standard_normal(n_hidden)) if biases else cls.unbiased(W)
        )

    @classmethod
    def from_rbm(cls, rbm: RBM) -> Machine:
        """The spin RBM with the energies of a fitted `RBM`, whose parameters are read as float64.

        0/1 units are rewritten as v -> 2 v - 1, h -> 2 h - 1, the constant kept in the offset, so that Z_lambda is
        the same too. Raises ValueError for Gaussian units.
        """
        W, b, c = (np.asarray(part, float) for part in (rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_))
        if rbm.units_ == "spin":
            return cls(W, b, c)
        if rbm.units_ == "binary":
            return cls(*spin_from_binary(W, b, c), offset=-float(W.sum() / 4 + b.sum() / 2 + c.sum() / 2))
        raise ValueError(f"all states are summed over for units spin or binary; got {rbm.units_!r}")

    @property
    def n_visible(self) -> int:
        """Visible units N."""
        return int(self.weights.shape[1])

    @property
    def n_hidden(self) -> int:
        """Hidden units M."""
        return int(self.weights.shape[0])

    def energy(self, v: ArrayLike, h: ArrayLike) -> FloatArray:
        """E of every pair of rows, spins v (n, N) and h (m, M) to (n, m)."""
        rows, columns = np.asarray(v, float), np.asarray(h, float)
        pairs: FloatArray = (rows @ self.weights.T) @ columns.T
        return self.offset - pairs - (rows @ self.visible)[:, None] - (columns @ self.hidden)[None, :]

    def visible_hamiltonian(self) -> FloatArray:
        """H_RBM(v) = -ln sum_h e^-E = offset - b.v - sum_i ln 2cosh(c_i + W_i.v) over all v, shape (2^N,).

        Raises ValueError for more than 20 visible units. Source: arXiv:1410.3831, eq. 13.
        """
        return _marginal(self.weights, self.hidden, self.visible, self.offset, "visible")

    def hidden_hamiltonian(self) -> FloatArray:
        """H_RBM(h) = -ln sum_v e^-E = offset - c.h - sum_j ln 2cosh(b_j + h.W_j) over all h, shape (2^M,).

        Raises ValueError for more than 20 hidden units. Source: arXiv:1410.3831, eq. 14.
        """
        return _marginal(self.weights.T, self.visible, self.hidden, self.offset, "hidden")

    def log_partition(self) -> float:
        """ln Z_lambda = ln sum_(v, h) e^-E in nats, summed over the smaller layer."""
        small = self.visible_hamiltonian() if self.n_visible <= self.n_hidden else self.hidden_hamiltonian()
        return float(logsumexp(-small))

    def shifted(self, constant: float) -> Machine:
        """The RBM with the constant added to its energy: no probability changes, ln Z_lambda falls by it."""
        return Machine(self.weights, self.visible, self.hidden, self.offset + constant)

    def arranged(self, site: ArrayLike, sign: ArrayLike) -> Machine:
        """The same RBM with hidden unit a moved to place site[a] and turned over where sign[a] = -1."""
        where, turned = np.asarray(site, int), np.asarray(sign, float)
        W, moved = np.empty_like(self.weights), np.empty_like(self.hidden)
        W[where], moved[where] = turned[:, None] * self.weights, turned * self.hidden
        return Machine(W, self.visible, moved, self.offset)


def spins(n: int, numbers: ArrayLike | None = None) -> FloatArray:
    """Spins -1/+1 of the states with these numbers, all 2^n unless given, shape (..., n).

    Raises ValueError for all states of more than 20 spins.
    """
    if numbers is None:
        check_units(n, "spins")
        numbers = np.arange(1 << n)
    bits = np.asarray(numbers, np.int64)[..., None] >> np.arange(n) & 1
    values: FloatArray = (2 * bits - 1).astype(np.float64)
    return values


def linear(weights: ArrayLike, constant: float = 0.0) -> FloatArray:
    """constant + sum_i w_i s_i over all states of n spins, shape (2^n,): a spin more doubles the table."""
    w = np.asarray(weights, float)
    table: FloatArray = np.array([constant - w.sum()])
    for weight in w:
        table = np.concatenate([table, table + 2 * weight])
    return table


def log_2cosh(x: ArrayLike) -> FloatArray:
    """ln 2cosh x without overflow, elementwise."""
    size = np.abs(np.asarray(x, float))
    value: FloatArray = size + np.log1p(np.exp(-2 * size))
    return value


def check_units(n: int, what: str) -> None:
    """Raise ValueError where the 2^n states of n spins are too many to visit."""
    if n > MOST_UNITS:
        size = f"2^{n} (about 10^{n * math.log10(2):.0f})"
        raise ValueError(f"every state of a layer is visited for at most {MOST_UNITS} units; {n} {what} have {size}")


def _marginal(W: FloatArray, summed: FloatArray, kept: FloatArray, offset: float, what: str) -> FloatArray:
    check_units(W.shape[1], f"{what} units")
    total = -linear(kept, -offset)
    for row, bias in zip(W, summed, strict=True):
        total -= log_2cosh(linear(row, float(bias)))
    return total
