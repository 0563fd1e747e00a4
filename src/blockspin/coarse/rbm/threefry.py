"""Random numbers for the units of a layer: the bits of jax.random, in half its time on CPUs.

Threefry-2x32 with all of its 20 rounds, written out. On CPUs jax runs them as a loop that goes through memory at every
turn. Source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, SC (2011).
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

TURNS = ((13, 15, 26, 6), (17, 29, 16, 24))  # how far a word turns in each of four rounds
PARITY = 0x1BD11BDA
LEAST = np.nextafter(np.float32(-1), np.float32(0))  # of what erf_inv takes
Words = tuple[jax.Array, jax.Array]


def threefry(key: Words, counter: Words) -> Words:
    """The block of a key and a counter, two words of uint32 each, elementwise."""
    keys = (*key, key[0] ^ key[1] ^ jnp.uint32(PARITY))
    x, y = counter[0] + keys[0], counter[1] + keys[1]
    for number in range(1, 6):
        for turn in TURNS[1 - number % 2]:
            x = x + y
            y = x ^ (y << turn | y >> (32 - turn))
        x, y = x + keys[number % 3], y + keys[(number + 1) % 3] + jnp.uint32(number)
    return x, y


def uniform(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """float32 in [0, 1), multiples of 2^-23, each of a block of its own: `jax.random.uniform(key, shape)`."""
    n, words = math.prod(shape), jax.random.key_data(key)
    parts = 2 if jax.default_backend() == "cpu" else 1
    each = -(-n // parts)

    def bits(first: jax.Array) -> jax.Array:
        place = first + jax.lax.iota(jnp.uint32, each)
        x, y = threefry((words[0], words[1]), (place * 0, place))
        return x ^ y

    # on CPUs in a loop: XLA stores what comes out of one, and would draw anew wherever a single array is read
    found = jax.lax.map(bits, jnp.arange(parts, dtype=jnp.uint32) * jnp.uint32(each)).ravel()[:n].reshape(shape)
    return jax.lax.bitcast_convert_type(found >> 9 | jnp.uint32(0x3F800000), jnp.float32) - 1


def normal(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """float32 of mean 0 and variance 1: `jax.random.normal(key, shape)`."""
    between = uniform(key, shape) * (np.float32(1) - LEAST) + LEAST
    return np.float32(math.sqrt(2)) * jax.lax.erf_inv(jnp.maximum(between, LEAST))
