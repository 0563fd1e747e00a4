"""A seed and a path give an independent stream of random numbers, whatever else has been drawn."""

from __future__ import annotations

import hashlib

import numpy as np

from blockspin import checks


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


def _word(part: str | int) -> int:
    # ints and words live in different ranges, so that "7" and 7 differ
    if isinstance(part, (int, np.integer)):
        return int(part)
    return int.from_bytes(hashlib.sha256(part.encode()).digest()[:4], "big") | 1 << 32
