"""The likelihood of a letter given all others, for any alphabet: the distinct surroundings of sites, and their numbers.

-H = sum_a K_a S_a. Given all others a site has letter c with P proportional to exp(sum_a K_a t_a(c)), t_a(c) the part
of S_a that the site is in if its letter is c. Of labels that is the number of shapes whose other sites are all c; of
numbers sum_p c^p W_ap, W_ap the sum over shapes that hold the site with power p of the product of their other sites.
Source: J. Besag, The Statistician 24, 179 (1975).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from blockspin.alphabet import Alphabet
from blockspin.arrays import FloatArray
from blockspin.rg.counting import Code, IntArray, Values, digits_of, number_of
from blockspin.rg.operators import Operator


@dataclass(frozen=True)
class Letters:
    """The likelihood of letters whose surroundings have t_a(c), (m, q, operators), the site's own letter first."""

    terms: FloatArray

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


def code_of(operators: Sequence[Operator], alphabet: Alphabet) -> Code:
    """The surroundings of letters as numbers, and the terms (m, q, operators) that they stand for.

    Raises ValueError where there are too many kinds of surroundings to be counted.
    """
    return (_labels if alphabet.labels else _numbers)(operators, alphabet)


def _numbers(operators: Sequence[Operator], alphabet: Alphabet) -> Code:
    """A site's letter and its W_ap as digits."""
    largest = int(np.abs(alphabet.values).max())
    parts = [(a, p) for a, one in enumerate(operators) for p in sorted(set(one.powers))]
    bound = [
        sum(largest ** (sum(powers) - p) for _, powers in operators[a].terms for power in powers if power == p)
        for a, p in parts
    ]

    def digits(values: Values) -> Iterator[IntArray]:
        yield alphabet.numbers(values).astype(np.int64)
        for (a, p), most in zip(parts, bound, strict=True):
            yield around(operators[a], values, p) + most

    def terms(found: IntArray) -> IntArray:
        turn = (found[:, :1] + np.arange(alphabet.q)) % alphabet.q  # the site's own letter first
        letter = alphabet.values[turn].astype(np.int64)
        total = np.zeros((len(found), alphabet.q, len(operators)), np.int64)
        for (a, p), W in zip(parts, (found[:, 1:] - bound).T, strict=True):
            total[..., a] += letter**p * W[:, None]
        return total

    return Code([alphabet.q, *(2 * one + 1 for one in bound)], digits, terms)


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
    """The numbers of alike shapes with a label as one digit for each label, the site's own label first.

    The likelihood does not change where the other labels are permuted, so that they are sorted.
    """
    radix = [1 + sum(len(image) for image in one.images) for one in operators]

    def digits(values: Values) -> IntArray:
        alike = [(values == c).astype(np.int8) for c in range(alphabet.q)]
        found = np.stack([number_of((around(one, here).ravel() for one in operators), radix) for here in alike])
        own = values.ravel().astype(np.intp)[None]
        first = np.take_along_axis(found, own, axis=0)
        np.put_along_axis(found, own, -1, axis=0)
        return np.concatenate([first, np.sort(found, axis=0)[1:]])  # the site's own, -1, comes first

    return Code([math.prod(radix)] * alphabet.q, digits, lambda found: digits_of(found, radix))
