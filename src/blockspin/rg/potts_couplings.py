"""Couplings of Potts states by pseudo-likelihood: -H = sum_a K_a S_a, S_a the number of shapes with all sites alike.

Given all others, a site is in state c with P proportional to exp(sum_a K_a n_a(c)), n_a(c) the number of shapes of
operator a that hold the site and have their other sites all in c. The couplings maximise the mean of
ln P(s_i | others), where <n_a(s_i) - sum_c P(c) n_a(c)> = 0. Source: J. Besag, The Statistician 24, 179 (1975).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blockspin.lattice import Lattice
from blockspin.rg.operators import Operator, named

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
States = NDArray[np.int8]

BYTES = 2**20  # of states handled at once
LARGEST = 2**62  # codes of surroundings


@dataclass(frozen=True)
class Alike:
    """The likelihood of states whose surroundings have n_a(c), (m, q, operators), the site's own state first."""

    terms: FloatArray

    def first(self, k: int) -> Alike:
        """Of the first k operators alone."""
        return Alike(self.terms[..., :k])

    def slopes(self, weight: FloatArray, K: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The gradient of the mean ln P(s_i | others) and minus its Hessian, (k,) and (k, k)."""
        chance = self._chances(K)
        mean = np.einsum("mc,mck->mk", chance, self.terms)
        score = weight @ (self.terms[:, 0] - mean)
        second = np.einsum("mc,mck,mcl->kl", chance * weight[:, None], self.terms, self.terms, optimize=True)
        return score, second - (mean * weight[:, None]).T @ mean

    def mean(self, weight: FloatArray, K: FloatArray) -> float:
        """The mean ln P(s_i | others)."""
        return float(weight @ np.log(self._chances(K)[:, 0]))

    def _chances(self, K: FloatArray) -> FloatArray:
        exponent = self.terms @ K
        chance = np.exp(exponent - exponent.max(axis=1, keepdims=True))
        return np.asarray(chance / chance.sum(axis=1, keepdims=True))


def thermal(lattice: Lattice, names: Sequence[str]) -> tuple[Operator, ...]:
    """The operators of these names; raises ValueError for one of a single site, whose states are all alike."""
    single = [name for name in names if name.split(".")[0] == "magnetisation"]
    operators = () if single else named(lattice, names)
    single += [one.name for one in operators if len(one.sites) < 2]
    if single:
        raise ValueError(f"couplings of Potts states are of shapes of two sites or more; got {', '.join(single)}")
    return operators


def counted(groups: Sequence[States], operators: Sequence[Operator], q: int) -> tuple[Alike, IntArray]:
    """The distinct surroundings in the groups' states (chain, draw, *sites), and how often each comes, (groups, m).

    The likelihood does not change where the other states than a site's own are permuted, so that they are sorted.
    Raises ValueError where there are too many kinds of surroundings to be counted.
    """
    radix = [1 + sum(len(image) for image in one.images) for one in operators]
    place = np.concatenate([[1], np.cumprod(radix)]).astype(np.int64)
    codes_a_state = math.prod(radix)
    if codes_a_state**q > LARGEST:
        raise ValueError(
            f"{len(operators)} operators of {q} states have too many kinds of surroundings to be counted; choose fewer "
            f"operators, or bs.mcrg, which needs no couplings"
        )
    found = [_codes(group.reshape(-1, *group.shape[2:]), operators, q, place) for group in groups]
    codes = np.unique(np.concatenate([code for code, _ in found]))
    counts = np.zeros((len(groups), len(codes)), np.int64)
    for row, (code, count) in zip(counts, found, strict=True):
        row[np.searchsorted(codes, code)] = count
    states = np.stack([codes // codes_a_state**c % codes_a_state for c in range(q)], axis=1)
    terms = np.stack([states // step % n for step, n in zip(place[:-1], radix, strict=True)], axis=2)
    return Alike(terms.astype(float)), counts


def alike_around(operator: Operator, here: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """n(c) at every site, (n, *sites), from the sites in state c, here (n, *sites) of 0 and 1."""
    axes = tuple(range(1, here.ndim))
    total = np.zeros_like(here)
    for image in operator.images:
        for site in image:
            product = np.ones_like(here)
            for other in image:
                if other != site:
                    product &= np.roll(here, [a - b for a, b in zip(site, other, strict=True)], axes)
            total += product
    return total


def _codes(states: States, operators: Sequence[Operator], q: int, place: IntArray) -> tuple[IntArray, IntArray]:
    """Codes of the surroundings of all sites, ascending, and their numbers."""
    pieces = []
    rows = max(1, BYTES // math.prod(states.shape[1:]))
    for start in range(0, len(states), rows):
        piece = states[start : start + rows]
        code = np.zeros((q, *piece.shape), np.int64)
        for c in range(q):
            here = (piece == c).astype(np.uint8)
            for operator, step in zip(operators, place, strict=False):
                code[c] += alike_around(operator, here) * step
        flat, own = code.reshape(q, -1), piece.ravel().astype(np.intp)
        first = np.take_along_axis(flat, own[None], axis=0)[0]
        np.put_along_axis(flat, own[None], -1, axis=0)
        others = np.sort(flat, axis=0)[1:]  # the site's own, -1, comes first
        total = first.copy()
        for c, other in enumerate(others, start=1):
            total += other * int(place[-1]) ** c
        pieces.append(np.unique(total, return_counts=True))
    codes, where = np.unique(np.concatenate([code for code, _ in pieces]), return_inverse=True)
    return codes, np.bincount(where, np.concatenate([count for _, count in pieces])).astype(np.int64)
