"""Mutual information of a block of dimers and its environment on small tori, exactly, from every covering.

I(V:E) of all the block tells, and I(H:E) of what a rule keeps; the best rule to a few states by search. In nats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from blockspin.arrays import FloatArray
from blockspin.exact.dimers import coverings, probabilities
from blockspin.exact.information import mutual_information
from blockspin.lattice import Lattice

TINY = 1e-13  # nats below which two rules are equal


@dataclass(frozen=True)
class DimerJoint:
    """The joint distribution of the block's states that occur and of the environment.

    states: cells -1/+1 of each block state, (s, sites of the block); table: p(V, E), shape (s, e), an
    environment being all those that say the same of the block.
    """

    states: NDArray[np.int8]
    table: FloatArray

    def information(self) -> float:
        """I(V:E), nats."""
        return mutual_information(self.table)

    def kept(self, labels: ArrayLike) -> float:
        """I(H:E) of a rule that gives each block state a label 0, 1, ..., shape (s,), nats."""
        labels = np.asarray(labels, int)
        if labels.shape != (len(self.states),) or labels.min() < 0:
            raise ValueError(f"a rule gives each of {len(self.states)} states a label from 0; got {labels.shape}")
        return mutual_information(np.eye(labels.max() + 1)[labels].T @ self.table)

    def by_signs(self, filters: ArrayLike, means: ArrayLike | None = None) -> NDArray[np.int64]:
        """Labels of h_j = sign(w_j.(v - means)), bit j set for +1, of filters (k, sites); shape (s,).

        means: the exact ones unless given. What lies within 1e-9 of the cut counts as -1.
        """
        weights = np.atleast_2d(np.asarray(filters, float))
        centre = self.table.sum(axis=1) @ self.states if means is None else np.asarray(means, float)
        up = (self.states - centre) @ weights.T > 1e-9 * np.abs(weights).sum(axis=1)
        return np.asarray(up @ (1 << np.arange(len(weights))))

    def best_filter(self, *, tries: int = 20_000, seed: int = 0) -> tuple[float, FloatArray]:
        """The largest I(H:E) found of one filter, h = sign(w.(v - means)), among random directions, and such a filter.

        Blocks of few states have few rules that a filter can make, and most of them are met. Never above `best`.
        """
        random = np.random.default_rng(seed)
        filters = random.normal(size=(tries, self.states.shape[1]))
        means = self.table.sum(axis=1) @ self.states
        up = (self.states - means) @ filters.T > 0
        rules, first = np.unique(up.T ^ up[0][:, None], axis=0, return_index=True)
        kept = [self.kept(rule) for rule in rules]
        return float(np.max(kept)), filters[first[int(np.argmax(kept))]]

    def best(self, n: int = 2, *, tries: int = 40, seed: int = 0) -> tuple[float, NDArray[np.int64]]:
        """The largest I(H:E) found of any rule to n states, and its labels.

        From many starts, half of them signs of random filters, one block state after the other moves to the label
        that makes I(H:E) largest, until none does; I(H:E) is convex in P(h|v), so a rule without chance is the best.
        A search, not a proof.
        """
        random = np.random.default_rng(seed)
        best, found = -1.0, np.zeros(len(self.states), np.int64)
        for number in range(tries):
            if number % 2:
                start = random.integers(0, n, len(self.states))
            else:
                start = self.by_signs(random.normal(size=((n - 1).bit_length(), self.states.shape[1]))) % n
            labels = self._climbed(start, n)
            kept = self.kept(labels)
            if kept > best:
                best, found = kept, labels
        return best, found

    def _climbed(self, labels: NDArray[np.int64], n: int) -> NDArray[np.int64]:
        labels = labels.copy()
        groups = np.eye(n)[labels].T @ self.table
        while True:
            before = labels.copy()
            for state, row in enumerate(self.table):
                groups[labels[state]] = np.maximum(groups[labels[state]] - row, 0)
                # I(H:E) is a constant and the sum of these over the groups
                gains = _group(groups + row) - _group(groups)
                if gains.max() > gains[labels[state]] + TINY:
                    labels[state] = int(gains.argmax())
                groups[labels[state]] += row
            if (labels == before).all():
                return labels


def _group(groups: FloatArray) -> FloatArray:
    total = groups.sum(axis=1)
    return np.asarray(xlogy(groups, groups).sum(axis=1) - xlogy(total, total))


def dimer_joint(vertices: Lattice, T: float, block: ArrayLike, environment: ArrayLike) -> DimerJoint:
    """The joint distribution of two sets of cells on a torus of vertices at temperature T (infinity: free dimers).

    block, environment: numbers of cells of the 2Lx x 2Ly lattice of `Dimers`, which must not share any. Raises
    ValueError where they do, and as `coverings` does: it serves tori up to 6x6 and 4x8.
    """
    inside, outside = np.asarray(block, int).ravel(), np.asarray(environment, int).ravel()
    if np.intersect1d(inside, outside).size or not inside.size or not outside.size:
        raise ValueError("block and environment must hold cells and share none")
    known = coverings(vertices)
    states, rows = np.unique(known[:, inside], axis=0, return_inverse=True)
    packed = np.packbits(known[:, outside] > 0, axis=1)
    columns = np.unique(np.ascontiguousarray(packed).view(f"V{packed.shape[1]}").ravel(), return_inverse=True)[1]
    width = int(columns.max()) + 1
    joint = np.bincount(rows.ravel() * width + columns.ravel(), probabilities(vertices, T, known), len(states) * width)
    return DimerJoint(states, _merged(joint.reshape(len(states), width).astype(float)))


def _merged(table: FloatArray) -> FloatArray:
    """The table with environments of the same p(V|E) as one, which leaves all information: far fewer columns."""
    given = np.round(table / table.sum(axis=0), 12).T
    which = np.unique(given, axis=0, return_inverse=True)[1].ravel()
    merged = np.zeros((len(table), int(which.max()) + 1))
    np.add.at(merged.T, which, table.T)
    return merged
