"""Random numbers for the units of a layer: the bits of jax.random, in half its time on CPUs.

Threefry-2x32 with its rounds written out. On CPUs jax runs them as a loop that goes through memory at every turn.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

from blockspin.randomness import threefry

LEAST = np.nextafter(np.float32(-1), np.float32(0))  # of what erf_inv takes


def uniform(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """float32 in [0, 1), multiples of 2^-23, each of a block of its own: `jax.random.uniform(key, shape)`."""
    n, words = math.prod(shape), jax.random.key_data(key)
    parts = 2 if jax.default_backend() == "cpu" else 1
    each = -(-n // parts)

    def bits(first: jax.Array) -> jax.Array:
        place = first + jax.lax.iota(jnp.uint32, each)
        return jnp.bitwise_xor(*threefry((words[0], words[1]), (place * 0, place)))

    # on CPUs in a loop: XLA stores what comes out of one, and would draw anew wherever a single array is read
    found = jax.lax.map(bits, jnp.arange(parts, dtype=jnp.uint32) * jnp.uint32(each)).ravel()[:n].reshape(shape)
    return jax.lax.bitcast_convert_type(found >> 9 | jnp.uint32(0x3F800000), jnp.float32) - 1


def normal(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """float32 of mean 0 and variance 1: `jax.random.normal(key, shape)`."""
    between = uniform(key, shape) * (np.float32(1) - LEAST) + LEAST
    return np.float32(math.sqrt(2)) * jax.lax.erf_inv(jnp.maximum(between, LEAST))
