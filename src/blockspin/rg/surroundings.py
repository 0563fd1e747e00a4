"""The likelihood of a letter given all others, for any alphabet: the distinct surroundings of sites, and their numbers.

-H = sum_a K_a S_a. Given all others a site has letter c with P proportional to exp(sum_a K_a t_a(c)), t_a(c) the part
of S_a that the site is in if its letter is c. Of labels that is the number of shapes whose other sites are all c; of
numbers sum_p c^p W_ap, W_ap the sum over shapes that hold the site with power p of the product of their other sites.
The couplings maximise the mean of ln P(s_i | others), where <t_a(s_i) - sum_c P(c) t_a(c)> = 0.
Source: J. Besag, The Statistician 24, 179 (1975).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blockspin.alphabet import Alphabet
from blockspin.rg.operators import Operator

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Values = NDArray[np.int8]

BYTES = 2**20  # of values handled at once
LARGEST = 2**62  # codes of surroundings


@dataclass(frozen=True)
class Letters:
    """The likelihood of letters whose surroundings have t_a(c), (m, q, operators), the site's own letter first."""

    terms: FloatArray

    def first(self, k: int) -> Letters:
        """Of the first k operators alone."""
        return Letters(self.terms[..., :k])

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


def counted(groups: Sequence[Values], operators: Sequence[Operator], alphabet: Alphabet) -> tuple[Letters, IntArray]:
    """The distinct surroundings in the groups' values (chain, draw, *sites), and how often each comes, (groups, m).

    Raises ValueError where there are too many kinds of surroundings to be counted.
    """
    encode, decode = (_labels if alphabet.labels else _numbers)(operators, alphabet)
    found = [_count(group.reshape(-1, *group.shape[2:]), encode) for group in groups]
    codes = np.unique(np.concatenate([code for code, _ in found]))
    counts = np.zeros((len(groups), len(codes)), np.int64)
    for row, (code, count) in zip(counts, found, strict=True):
        row[np.searchsorted(codes, code)] = count
    return Letters(decode(codes).astype(float)), counts


def _count(values: Values, encode: Callable[[Values], IntArray]) -> tuple[IntArray, IntArray]:
    """Codes of the surroundings of all sites, ascending, and their numbers."""
    rows = max(1, BYTES // math.prod(values.shape[1:]))
    pieces = [
        np.unique(encode(values[start : start + rows]), return_counts=True) for start in range(0, len(values), rows)
    ]
    codes, where = np.unique(np.concatenate([code for code, _ in pieces]), return_inverse=True)
    return codes, np.bincount(where, np.concatenate([count for _, count in pieces])).astype(np.int64)


Code = tuple[Callable[[Values], IntArray], Callable[[IntArray], IntArray]]


def _numbers(operators: Sequence[Operator], alphabet: Alphabet) -> Code:
    """Codes of a site's letter and its W_ap, and back."""
    largest = int(np.abs(alphabet.values).max())
    parts = [(a, p) for a, one in enumerate(operators) for p in sorted(set(one.powers))]
    bound = [
        sum(largest ** (sum(powers) - p) for _, powers in operators[a].terms for power in powers if power == p)
        for a, p in parts
    ]
    place = _places([alphabet.q, *(2 * one + 1 for one in bound)], operators)

    def encode(values: Values) -> IntArray:
        code = alphabet.numbers(values).astype(np.int64)
        for (a, p), most, step in zip(parts, bound, place[1:], strict=True):
            code += (around(operators[a], values, p) + most) * step
        return code.ravel()

    def decode(codes: IntArray) -> IntArray:
        turn = (codes[:, None] + np.arange(alphabet.q)) % alphabet.q  # code mod q is the site's own letter
        letter = alphabet.values[turn].astype(np.int64)
        terms = np.zeros((len(codes), alphabet.q, len(operators)), np.int64)
        for (a, p), most, step in zip(parts, bound, place[1:], strict=True):
            terms[..., a] += letter**p * (codes // step % (2 * most + 1) - most)[:, None]
        return terms

    return encode, decode


def around(operator: Operator, values: Values, power: int = 1) -> IntArray:
    """W at every site, (n, *sites): of the shapes that hold it with this power, the product of their other sites."""
    axes = tuple(range(1, values.ndim))
    wide = values.astype(np.int64)
    total = np.zeros(values.shape, np.int64)
    for shape, powers in operator.terms:
        for site, own in zip(shape, powers, strict=True):
            if own != power:
                continue
            product = np.ones_like(total)
            for other, p in zip(shape, powers, strict=True):
                if other != site:
                    product *= np.roll(wide, [x - y for x, y in zip(site, other, strict=True)], axes) ** p
            total += product
    return total


def _labels(operators: Sequence[Operator], alphabet: Alphabet) -> Code:
    """Codes of the numbers of alike shapes with each label, the site's own label first, and back.

    The likelihood does not change where the other labels are permuted, so that they are sorted.
    """
    q = alphabet.q
    radix = [1 + sum(len(image) for image in one.images) for one in operators]
    place = _places(radix * q, operators)
    whole = math.prod(radix)

    def encode(values: Values) -> IntArray:
        code = np.zeros((q, values.size), np.int64)
        for c in range(q):
            here = (values == c).astype(np.int8)
            for operator, step in zip(operators, place, strict=False):
                code[c] += around(operator, here).ravel() * step
        own = values.ravel().astype(np.intp)[None]
        first = np.take_along_axis(code, own, axis=0)[0]
        np.put_along_axis(code, own, -1, axis=0)
        others = np.sort(code, axis=0)[1:]  # the site's own, -1, comes first
        return np.asarray(first + sum(other * whole**c for c, other in enumerate(others, start=1)))

    def decode(codes: IntArray) -> IntArray:
        states = np.stack([codes // whole**c % whole for c in range(q)], axis=1)
        return np.stack([states // step % n for step, n in zip(place, radix, strict=False)], axis=2)

    return encode, decode


def _places(radix: Sequence[int], operators: Sequence[Operator]) -> list[int]:
    """The value of each digit of a code; raises ValueError where codes are too many for 64 bits."""
    if math.prod(radix) > LARGEST:
        raise ValueError(
            f"{len(operators)} operators have too many kinds of surroundings to be counted; choose fewer operators, or "
            f"Monte Carlo RG, which needs no couplings"
        )
    return [math.prod(radix[:k]) for k in range(len(radix))]
