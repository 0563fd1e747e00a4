"""The distinct surroundings of sites, and how often each comes: few, where configurations are many."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blockspin import memory

IntArray = NDArray[np.int64]
Values = NDArray[np.int8]

BYTES = 2**20  # of values handled at once
TABLE = 2**22  # kinds of surroundings that are counted in a table; more are sorted
LARGEST = 2**62  # kinds of surroundings


@dataclass(frozen=True)
class Code:
    """Surroundings as whole numbers, by digits: whole numbers from 0, each below its radix.

    digits: of every site of values (n, *sites), one array a digit; terms: what surroundings of digits (m, k) stand for.
    Raises ValueError where the numbers do not fit 64 bits.
    """

    radix: Sequence[int]
    digits: Callable[[Values], Iterable[IntArray]]
    terms: Callable[[IntArray], IntArray]

    def __post_init__(self) -> None:
        if math.prod(self.radix) > LARGEST:
            raise ValueError(
                "these operators have too many kinds of surroundings to be counted; choose fewer operators, or Monte "
                "Carlo RG, which needs no couplings"
            )


def counted(groups: Sequence[Values], code: Code) -> tuple[IntArray, IntArray]:
    """The terms of the distinct surroundings in groups (chain, draw, *sites), and their numbers, (groups, m)."""
    found = [_count(group.reshape(-1, *group.shape[2:]), code) for group in groups]
    numbers = np.unique(np.concatenate([one for one, _ in found]))
    counts = np.zeros((len(groups), len(numbers)), np.int64)
    for row, (one, count) in zip(counts, found, strict=True):
        row[np.searchsorted(numbers, one)] = count
    return code.terms(digits_of(numbers, code.radix)), counts


def number_of(digits: Iterable[IntArray], radix: Sequence[int]) -> IntArray:
    """The numbers with these digits, the lowest first."""
    return np.asarray(sum(digit * math.prod(radix[:k]) for k, digit in enumerate(digits)))


def digits_of(numbers: IntArray, radix: Sequence[int]) -> IntArray:
    """The inverse of `number_of`, (..., digits)."""
    return np.stack(np.unravel_index(numbers, tuple(radix), order="F"), axis=-1)


def _count(values: Values, code: Code) -> tuple[IntArray, IntArray]:
    """The surroundings in values (n, *sites), ascending, and their numbers."""
    rows, size = max(1, BYTES // math.prod(values.shape[1:])), math.prod(code.radix)
    starts = range(0, len(values), rows)
    pieces = (number_of(code.digits(values[start : start + rows]), code.radix).ravel() for start in starts)
    if size <= TABLE:
        table = np.zeros(size, np.int64)
        for piece in pieces:
            table += np.bincount(piece, minlength=size)
            memory.release(values)
        present = np.flatnonzero(table)
        return present, table[present]
    distinct = [np.unique(piece, return_counts=True) for piece in pieces]
    numbers, where = np.unique(np.concatenate([one for one, _ in distinct]), return_inverse=True)
    return numbers, np.bincount(where, np.concatenate([count for _, count in distinct])).astype(np.int64)
