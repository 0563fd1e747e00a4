"""The kernel: a block rule with weights for the block and its surroundings, drawn with a coin."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, softmax

from blockspin import checks
from blockspin.alphabet import labels
from blockspin.arrays import FloatArray, Spins
from blockspin.coarse import features as seen
from blockspin.coarse.blocks import ChanceRule
from blockspin.lattice import Lattice


@dataclass(eq=False, repr=False)
class Kernel(ChanceRule):
    """A block's spin is drawn with a chance that depends on weighted sums over the block and rings around it.

    P(s' = +1 | v) = 1 / (1 + exp(-2 sum_k theta_k phi_k(v))), with phi_k the `features`, odd under a flip of all spins.
    One weight of "block" is Kadanoff's rule, and w -> infinity the majority rule with a coin for ties; the block and
    its rings with linear weights are a convolutional RBM of one symmetric filter. Of labels 0..q-1, P(s' = a | v) is in
    proportion to exp(2 sum_k theta_k phi_k^a(v)), with phi^a the numbers of sites in a: for q = 2 the same rule, and w
    -> infinity the plurality rule. `transform` maps X (n, N) of -1/+1 or labels to (n, N / b^d) int8. Raises ValueError
    as `fit` says, for unknown features, and unless there is a weight for each.

    Parameters
    ----------
    lattice, b : Lattice, int
        The fine lattice and the side of a block; on the triangular lattice 3, blocks of `rules.TriangularMajority`.
    features : sequence of str
        "block" B, the block's sum; "ring n", the sum over the sites outside that are the n-th nearest to the block's
        centre; "tie ring n", the same where B = 0; "ring 3a", "ring 3b", parts of one (`coarse.features`); "triples",
        the sum of products of three of the block's spins.
    theta : sequence of float
        Their weights.
    random_state : int, RandomState or None
        An integer makes the coins a function of the row, as in `Majority`.
    q : int or None
        The number of labels; None for spins.

    References
    ----------
    L. P. Kadanoff, Phys. Rev. Lett. 34, 1005 (1975); R. H. Swendsen, Phys. Rev. Lett. 52, 2321 (1984), who tunes it.

    Examples
    --------
    >>> soft = bs.rules.Kernel(bs.Lattice.chain(6), 3, theta=[0.5])
    >>> soft.chance(np.array([[1, 1, 1, 1, 1, -1]])).round(3)
    array([[0.953, 0.731]])
    """

    lattice: Lattice
    b: int = 2
    features: Sequence[str] = ("block",)
    theta: ArrayLike = (1.0,)
    random_state: int | np.random.RandomState | None = None
    q: int | None = None

    @classmethod
    def from_filter(
        cls, lattice: Lattice, weights: ArrayLike, random_state: int | np.random.RandomState | None = None
    ) -> Self:
        """The kernel of blocks of side 2 whose linear field is a filter's, averaged over the symmetries of the block.

        weights: (side, ...) of even side, centred at the block: `filters_[0]` of a `ConvolutionalRBM` of spin units
        without biases, whose P(h = +1 | v) it has if the filter is symmetric; or the filter of an `RSMI` times a scale,
        which signs do not have. Raises ValueError for another shape, and unless the filter holds whole rings.

        >>> bs.rules.Kernel.from_filter(bs.Lattice.chain(8), [0.1, 0.5, 0.7, 0.1]).theta.round(3)
        array([0.6, 0.1])
        """
        checks.instance("lattice", lattice, Lattice, "a blockspin Lattice")
        filter_ = checks.finite("weights", checks.unmasked("weights", weights), lattice.dimension)
        sites = np.indices(filter_.shape).reshape(lattice.dimension, -1).T - (np.array(filter_.shape) - 1) / 2
        shell, member = np.unique((sites**2).sum(axis=1), return_inverse=True)
        names = ("block", *(f"ring {n}" for n in range(1, len(shell))))
        one = np.ones((1, lattice.n_sites), np.int8)
        counts = np.bincount(member)
        if len(set(filter_.shape)) > 1 or (seen.features(names, lattice, 2, one)[0, 0] != counts).any():
            raise ValueError(f"weights must be a filter of one even side that holds whole rings; got {filter_.shape}")
        return cls(lattice, 2, names, np.bincount(member, filter_.ravel()) / counts, random_state)

    @property
    def fields_(self) -> FloatArray | None:
        """The linear field of each block spin, (M, N): weights of block and rings, absolute sum 1. None for none."""
        linear = [k for k, name in enumerate(self.features) if re.fullmatch(r"block|ring \d", name)]
        theta, names = self._theta[linear], [self.features[k] for k in linear]
        if not theta.any():
            return None
        sites = np.eye(self.lattice.n_sites, dtype=np.int8)
        fields = (seen.features(names, self.lattice, self.b, sites) @ theta).T
        return np.asarray(fields / np.abs(fields).sum(axis=1, keepdims=True))

    @property
    def _theta(self) -> FloatArray:
        return checks.array("theta", self.theta).astype(float).ravel()

    def _chance(self, spins: Spins) -> FloatArray:
        weighed = 2.0 * (seen.features(self.features, self.lattice, self.b, spins, self.q) @ self._theta)
        return np.asarray(expit(weighed) if self.q is None else softmax(weighed, axis=2))

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.q is not None:
            labels(self.q)
        names = seen.check(self.features, self.lattice, self.b, self.q)
        if len(self._theta) != len(names) or not np.isfinite(self._theta).all():
            raise ValueError(
                f"theta must be {len(names)} finite numbers, one a feature; got {checks.shown(self.theta)}"
            )
