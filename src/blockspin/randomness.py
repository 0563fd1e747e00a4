"""A seed and a path give an independent stream of random numbers, whatever else has been drawn; and random bits."""

import hashlib
from typing import Any

import numpy as np

from blockspin import checks

TURNS = ((13, 15, 26, 6), (17, 29, 16, 24))  # how far a word turns in each of four rounds


def sequence(seed: int, *path: str | int) -> np.random.SeedSequence:
    """The seed sequence of a place in the program, such as ``sequence(1, "sample", 7)``.

    Words are hashed, so that a new consumer of randomness changes no other's numbers.
    Raises ValueError for a negative seed.
    """
    checks.whole("seed", seed, 0)
    return np.random.SeedSequence(seed, spawn_key=tuple(_word(part) for part in path))


def generator(seed: int, *path: str | int) -> np.random.Generator:
    """A numpy Generator (PCG64) for `sequence`."""
    return np.random.Generator(np.random.PCG64(sequence(seed, *path)))


def integer(seed: int, *path: str | int) -> int:
    """A 31-bit seed for a library that takes an integer (`random_state`)."""
    return int(sequence(seed, *path).generate_state(1)[0] >> 1)


def threefry(key: tuple[Any, Any], counter: tuple[Any, Any]) -> tuple[Any, Any]:
    """64 fair bits of a key and a counter of two words each, elementwise: Threefry-2x32 of 20 rounds.

    Words are uint32, of numpy or jax. Source: J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC11.
    """
    keys = *key, key[0] ^ key[1] ^ np.uint32(0x1BD11BDA)
    x, y = counter[0] + keys[0], counter[1] + keys[1]
    for number in range(1, 6):
        for turn in TURNS[1 - number % 2]:
            x = x + y
            y = x ^ (y << turn | y >> (32 - turn))
        x, y = x + keys[number % 3], y + keys[(number + 1) % 3] + np.uint32(number)
    return x, y


def _word(part: str | int) -> int:
    # ints and words live in different ranges, so that "7" and 7 differ
    if isinstance(part, (int, np.integer)):
        return int(part)
    return int.from_bytes(hashlib.sha256(part.encode()).digest()[:4], "big") | 1 << 32
