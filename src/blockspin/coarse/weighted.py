"""Block rules with parameters: a threshold for the block's sum, and weights in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from blockspin import checks
from blockspin.arrays import FloatArray, Spins
from blockspin.coarse.blocks import SpinRule, fields_on
from blockspin.lattice import Lattice

ROUNDING = 1e-12  # of the sum of absolute weights: sums below it are ties


@dataclass(eq=False, repr=False)
class Threshold(SpinRule):
    """A block's spin is the sign of its sum where that is large enough; else its first site, or a coin, decides.

    s' = sign(sum s) where the absolute sum is at least `threshold` and not 0. With "first" it goes from the majority
    rule (threshold 0) to decimation (above b^d; above 2 where a block has 4 sites, whose spins then all agree), with
    "random" from majority with fair ties to noise. `transform` maps X (n, N) of -1/+1 to (n, N / b^d) int8.

    Parameters
    ----------
    lattice, b, ties, random_state : as in `Majority`
    threshold : float
        In spins; ValueError where it is negative.

    Examples
    --------
    >>> rows = np.array([[-1, 1, 1, -1, -1, -1]])
    >>> bs.rules.Threshold(bs.Lattice.chain(6), 3, threshold=2).fit_transform(rows)
    array([[-1, -1]], dtype=int8)
    """

    lattice: Lattice
    b: int = 2
    threshold: float = 0.0
    ties: str = "first"
    random_state: int | np.random.RandomState | None = None

    def _check_settings(self) -> None:
        super()._check_settings()
        checks.number("threshold", self.threshold, 0, infinite=True)

    def _block(self, parts: Spins) -> Spins:
        total = parts.sum(axis=0, dtype=np.int32)
        return np.where(np.abs(total) < self.threshold, 0, np.sign(total)).astype(np.int8)


@dataclass(eq=False, repr=False)
class WeightedMajority(SpinRule):
    """A block's spin is the sign of the weighted sum of its spins, s' = sign(sum_i w_i s_i).

    `transform` maps X (n, N) of -1/+1 to (n, N / b^d) int8.

    Parameters
    ----------
    lattice, b, ties, random_state : as in `Majority`
    weights : array of b^d numbers, or None
        In the order of `lattice.blocks` (the last axis fastest), all 1 where None: the majority rule. One weight above
        the sum of the others gives decimation. Raises ValueError unless they are finite and not all 0.

    Examples
    --------
    >>> rule = bs.rules.WeightedMajority(bs.Lattice.chain(6), 3, weights=[1, 3, 1])
    >>> rule.fit_transform(np.array([[1, -1, 1, 1, 1, -1]]))
    array([[-1,  1]], dtype=int8)
    """

    lattice: Lattice
    b: int = 2
    weights: ArrayLike | None = None
    ties: str = "random"
    random_state: int | np.random.RandomState | None = None

    @property
    def fields_(self) -> FloatArray:
        """The linear field of each block spin, shape (M, N): the weights on its block, their absolute sum 1."""
        weights = self._weights / np.abs(self._weights).sum()
        blocks = self.lattice.blocks(self.b)
        return fields_on(self.lattice, blocks, np.broadcast_to(weights, blocks.shape))

    @property
    def _weights(self) -> FloatArray:
        size = self.b**self.lattice.dimension
        return np.ones(size) if self.weights is None else checks.array("weights", self.weights).astype(float).ravel()

    def _check_settings(self) -> None:
        super()._check_settings()
        weights, size = self._weights, self.b**self.lattice.dimension
        if len(weights) != size or not np.isfinite(weights).all() or not weights.any():
            raise ValueError(f"weights must be {size} finite numbers, not all 0; got {checks.shown(self.weights)}")

    def _block(self, parts: Spins) -> Spins:
        total = np.tensordot(self._weights, parts, axes=1)
        tied = np.abs(total) <= ROUNDING * np.abs(self._weights).sum()
        return np.where(tied, 0, np.sign(total)).astype(np.int8)
