"""Mutual information between a block and its environment, exactly, and what a coarse-graining rule keeps of it.

V is the block, E the environment beyond a buffer B, H the coarse variable of the block, drawn from a rule P(h|V):
I(H:E) <= I(V:E) is what the coarse variable still knows about the distance. All in nats.
Sources: M. Koch-Janusz and Z. Ringel, Nature Physics 14, 578 (2018); P. Lenggenhager et al., Phys. Rev. X 10, 011037
(2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, xlogy

from blockspin.arrays import FloatArray

MOST_SEARCHED = 4  # spins of a block whose 2^15 different binary rules are all tried
CHUNK = 64  # rules evaluated at a time
TINY = 1e-12  # nats by which equal rules may differ
ROUNDING = 1e-12  # of the sum of absolute weights: sums below it are ties


def mutual_information(table: ArrayLike) -> float:
    """I(X:Y) = sum p ln(p / p(x) p(y)) of a joint table p(x, y), shape (n, m), which sums to 1.

    Raises ValueError for another shape, a negative entry or another sum.
    """
    joint = _checked(table)
    return float(_information(joint, joint.sum(axis=0)))


@dataclass(frozen=True)
class Joint:
    """The joint distribution of a block and its environment, and what rules keep of their mutual information.

    table: p(V, E), shape (2^n, m), rows by number of the block's state (bit i set: spin +1 on the block's site i),
    columns by any environment statistic that says as much of V as E does. log_partition: ln Z of the model, nan where
    the sum is not finite. symmetries: permutations of the rows under which the columns are only permuted; they make
    `best_binary` faster. Raises ValueError as `mutual_information`, or where the rows are no power of 2.
    """

    table: FloatArray
    log_partition: float = float("nan")
    symmetries: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        rows = len(_checked(self.table))
        if rows < 2 or rows & (rows - 1):
            raise ValueError(f"a block of n spins has 2^n states; got a table of {rows} rows")

    @property
    def n_spins(self) -> int:
        """Spins of the block."""
        return len(self.table).bit_length() - 1

    def information(self) -> float:
        """I(V:E), nats."""
        return mutual_information(self.table)

    def kept(self, rule: ArrayLike) -> float:
        """I(H:E) of a rule, nats.

        rule: P(h = +1 | V), shape (2^n,), or P(h | V), shape (2^n, states of h), in the order of the table's rows.
        Raises ValueError where the shape differs or these are no probabilities.
        """
        given = np.asarray(rule, float)
        chances = np.stack([1 - given, given], axis=1) if given.ndim == 1 else given
        if chances.ndim != 2 or len(chances) != len(self.table):
            raise ValueError(f"a rule has a row for each of {len(self.table)} states; got shape {given.shape}")
        if chances.min() < 0 or not np.allclose(chances.sum(axis=1), 1, rtol=0, atol=1e-9):
            raise ValueError("a rule holds the probabilities of h given each state of the block")
        return float(_information(chances.T @ self.table, self.table.sum(axis=0)))

    def best_binary(self, *, odd: bool = False) -> tuple[float, FloatArray]:
        """The largest I(H:E) of any rule to one binary variable, and such a rule, shape (2^n,) of 0 and 1.

        I(H:E) is convex in P(h|V), so that one of the 2^(2^n) deterministic rules is the best of all. Every one is
        tried but for opposites and for images under `symmetries`; of equals the first is given. odd: only rules that
        turn over with the block, h(-V) = -h(V), as a linear filter without a bias does. Raises ValueError for more
        than 4 spins.
        """
        if self.n_spins > MOST_SEARCHED:
            raise ValueError(f"the search over all rules goes to blocks of {MOST_SEARCHED} spins; got {self.n_spins}")
        states = len(self.table)
        rules = _rules(states, odd)
        numbers = rules @ (1 << np.arange(states))
        every = (1 << states) - 1
        keep = np.ones(len(rules), bool)
        for permutation in self.symmetries:
            images = rules[:, np.asarray(permutation)] @ (1 << np.arange(states))
            keep &= numbers <= np.where(images & 1, every - images, images)  # each rule is listed by its bit 0 at 0
        tried = rules[keep].astype(float)
        found = self._of_binary(tried)
        first = int(np.flatnonzero(found >= found.max() - TINY)[0])
        return self.kept(tried[first]), tried[first]

    def _of_binary(self, rules: FloatArray) -> FloatArray:
        """I(H:E) of deterministic binary rules (r, 2^n), shape (r,): the entropy of h less that of h given E."""
        environment = self.table.sum(axis=0)
        conditional = self.table[:, environment > 0] / environment[environment > 0]
        mean = np.clip(rules @ self.table.sum(axis=1), 0, 1)
        result: FloatArray = -xlogy(mean, mean) - xlogy(1 - mean, 1 - mean)
        for first in range(0, len(rules), CHUNK):
            up = np.clip(rules[first : first + CHUNK] @ conditional, 0, 1)
            noise = xlogy(up, up) + xlogy(1 - up, 1 - up)
            result[first : first + CHUNK] += noise @ environment[environment > 0]
        return result


def block_states(n_spins: int) -> NDArray[np.int8]:
    """The states of a block, shape (2^n, n) of -1/+1, in the order of a joint table's rows."""
    numbers = np.arange(1 << n_spins)[:, None]
    return (2 * (numbers >> np.arange(n_spins) & 1) - 1).astype(np.int8)


def sign_rule(weights: ArrayLike) -> FloatArray:
    """P(h = +1 | V) of h = sign(w.v) with fair ties, shape (2^n,), for weights (n,).

    Equal weights make the majority rule, a single one that is not 0 makes decimation.
    """
    w = np.asarray(weights, float)
    total = block_states(len(w)) @ w
    tied = np.abs(total) <= ROUNDING * np.abs(w).sum()
    rule: FloatArray = np.where(tied, 0.5, (total > 0).astype(float))
    return rule


def boltzmann_rule(weights: ArrayLike) -> FloatArray:
    """P(h = +1 | V) = 1 / (1 + exp(-2 w.v)), shape (2^n,), for weights (n,): an RBM's hidden unit h = -1/+1."""
    w = np.asarray(weights, float)
    rule: FloatArray = expit(2 * (block_states(len(w)) @ w))
    return rule


def _rules(states: int, odd: bool) -> NDArray[np.int64]:
    """All binary rules (r, states) that give state 0 no spin up: the others are their opposites."""
    half = states // 2
    free = np.arange(1 << ((half if odd else states) - 1))[:, None] << 1
    rules: NDArray[np.int64] = free >> np.arange(half if odd else states) & 1
    # the state with all spins turned over has the complementary number
    return np.concatenate([rules, 1 - rules[:, ::-1]], axis=1) if odd else rules


def _information(joint: FloatArray, environment: FloatArray) -> float:
    # sum p ln(p(x|y) / p(x)), of conditionals near p(x) also where the information is tiny
    mean = joint.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = joint / (mean[:, None] * environment[None, :])
    return float(xlogy(joint, np.where(joint > 0, ratio, 1.0)).sum())


def _checked(table: ArrayLike) -> FloatArray:
    joint = np.asarray(table, float)
    if joint.ndim != 2 or not joint.size:
        raise ValueError(f"a joint table has shape (states of one side, states of the other); got {joint.shape}")
    if joint.min() < 0 or abs(joint.sum() - 1) > 1e-9:
        raise ValueError(f"a joint table holds probabilities; got a sum of {joint.sum():g}, least {joint.min():g}")
    return joint
