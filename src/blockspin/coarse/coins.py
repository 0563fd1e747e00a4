"""Random numbers that are a function of the row: a hash of seed and configuration, odd under a turn of all spins.

A map that tosses such coins depends neither on batches nor on order, and a row turned over gets its coins turned
over. Source: SplitMix64, Steele, Lea and Flood, OOPSLA 2014, p. 453.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.arrays import Spins

Words = NDArray[np.uint64]

GOLDEN = 0x9E3779B97F4A7C15


def coins(spins: NDArray[Any], n: int, seed: int) -> Spins:
    """Fair coins -1/+1 for every row of spins (rows, N), shape (rows, n), odd in the row."""
    words = stream(_hash(spins, seed), math.ceil(n / 64))
    bits = np.unpackbits(words.view(np.uint8), axis=1, count=n)
    return np.asarray((2 * bits.view(np.int8) - 1) * _sign(spins))


def uniforms(spins: NDArray[Any], n: int, seed: int) -> NDArray[np.float64]:
    """Uniform numbers in (0, 1) for every row of spins (rows, N), shape (rows, n); u of a row turned over is 1 - u."""
    drawn = ((stream(_hash(spins, seed), n) >> np.uint64(12)).astype(np.float64) + 0.5) / 2.0**52
    return np.where(_sign(spins) > 0, drawn, 1 - drawn)


def stream(start: Words, n: int) -> Words:
    """n random words for each word to start from (rows,), shape (rows, n)."""
    return mix(start[:, None] + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(GOLDEN))


def mix(words: Words) -> Words:
    """Words that differ in any bit, made to differ in about half of their bits."""
    # the finaliser of SplitMix64: a bijection that lets every bit of the input reach every bit of the output
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def hashed(rows: NDArray[np.uint8], seed: int) -> Words:
    """A word for every row of bytes, shape (rows,)."""
    padded = np.zeros((len(rows), 8 * math.ceil(rows.shape[1] / 8)), np.uint8)
    padded[:, : rows.shape[1]] = rows
    state = np.full(len(rows), mix(np.array([seed % 2**64], np.uint64))[0])
    for word in padded.view(np.uint64).T:
        state = mix((state ^ word) + np.uint64(GOLDEN))
    return state


def _sign(spins: NDArray[Any]) -> Spins:
    """The sign of each row's first value that is not 0, (rows, 1): +1 for a row of zeros."""
    first = np.sign(spins[:, :1]).astype(np.int8)
    if (first == 0).any():
        place = (spins != 0).argmax(axis=1)[:, None]
        first = np.sign(np.take_along_axis(spins, place, axis=1)).astype(np.int8)
        first[first == 0] = 1
    return np.asarray(first)


def _hash(spins: NDArray[Any], seed: int) -> Words:
    if (np.abs(spins) == 1).all():
        # which spins equal the first: the same for a row turned over
        return hashed(np.packbits(spins == spins[:, :1], axis=1), seed)
    return hashed(np.ascontiguousarray(spins * _sign(spins), np.int8).view(np.uint8), seed)
