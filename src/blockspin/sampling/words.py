"""Random words for the compiled kernels: eight xoshiro256++ generators a chain."""

from typing import Any

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray

from blockspin import randomness

LANES = 8
CHUNK = 2048  # random words made at a time: they stay in the first-level cache

State = NDArray[np.uint64]


def generators(seed: int, chains: int, *path: str | int) -> State:
    """The state of eight xoshiro256++ generators a chain, shape (chain, 4, 8), from `randomness.sequence`."""
    words = [randomness.sequence(seed, *path, chain).generate_state(4 * LANES, np.uint64) for chain in range(chains)]
    return np.array(words, np.uint64).reshape(chains, 4, LANES)


@njit(cache=True)
def fill(state: Any, words: Any, n: int) -> None:
    """Fill words[:n], n rounded up to a multiple of 8, from eight generators (Blackman and Vigna 2021)."""
    for start in range(0, n, LANES):
        for lane in range(LANES):
            a, b, c, d = state[0, lane], state[1, lane], state[2, lane], state[3, lane]
            total = a + d
            words[start + lane] = ((total << uint64(23)) | (total >> uint64(41))) + a
            t = b << uint64(17)
            c ^= a
            d ^= b
            b ^= c
            a ^= d
            c ^= t
            state[0, lane], state[1, lane], state[2, lane] = a, b, c
            state[3, lane] = (d << uint64(45)) | (d >> uint64(19))
