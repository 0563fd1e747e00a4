"""The numbers that RBMs draw with: known answers of Random123, the bits of jax.random, and independence."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.random import threefry_2x32
from scipy.stats import kstest

from blockspin.coarse.rbm.gibbs import draw
from blockspin.coarse.rbm.threefry import normal, uniform
from blockspin.randomness import threefry

SHAPES = ((), (0,), (0, 3), (3, 0), (1,), (7,), (1, 9), (9, 1), (2, 3, 5), (31, 17), (100, 64))
PAIRS = {"uniform": (uniform, jax.random.uniform), "normal": (normal, jax.random.normal)}  # own, of jax

KNOWN = (  # key, counter, block: the rows "threefry2x32 20" of kat_vectors in Random123 1.14.0
    ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
)


@pytest.mark.parametrize(("key", "counter", "block"), KNOWN)
def test_known_answers(key: Any, counter: Any, block: Any) -> None:
    found = threefry(*(tuple(map(jnp.uint32, words)) for words in (key, counter)))
    assert tuple(map(int, found)) == block


def test_blocks_are_those_of_jax() -> None:
    key, counters = jnp.array([5, 2**31], jnp.uint32), jnp.arange(2**31 - 500, 2**31 + 500, dtype=jnp.uint32)
    assert jnp.array_equal(jnp.concatenate(threefry(key, jnp.split(counters, 2))), threefry_2x32(key, counters))


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bits_are_those_of_jax(name: str, shape: tuple[int, ...]) -> None:
    own, theirs = jax.jit(PAIRS[name][0], static_argnums=1), PAIRS[name][1]
    for key in (jax.random.key(11, impl="threefry2x32"), jax.random.PRNGKey(11, impl="threefry2x32")):
        found, wanted = own(key, shape), theirs(key, shape)
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        assert jnp.array_equal(found, wanted)


def test_bits_under_vmap_and_scan() -> None:
    keys = jax.random.split(jax.random.key(3), 4)
    wanted = jnp.stack([jax.random.uniform(key, (5, 6)) for key in keys])
    assert jnp.array_equal(jax.vmap(lambda key: uniform(key, (5, 6)))(keys), wanted)
    assert jnp.array_equal(jax.lax.scan(lambda _, key: (None, uniform(key, (5, 6))), None, keys)[1], wanted)


def test_uniform_numbers_are_uniform() -> None:
    # seed 1, a million numbers: a distribution function that is off by 0.002 fails, and by 0.003 in one half
    found = np.asarray(uniform(jax.random.key(1), (1000, 1000)), np.float64)
    assert 0 <= found.min() < 1e-5
    assert 1 - 1e-5 < found.max() < 1
    for part in (found, found[:500], found[500:]):
        assert kstest(part.ravel(), "uniform").pvalue > 0.001


@pytest.mark.parametrize(("units", "mean"), [("spin", -0.3), ("binary", 0.8), ("gaussian", 1.5)])
def test_units_are_drawn_independently(units: str, mean: float) -> None:
    # seed 2, 20,000 draws of 10 x 4 units: the error of a correlation is 0.007, so that one of 0.034 fails, and a mean
    # off by 4.2 errors; of 780 correlations, and of 40 means, one in a thousand seeds has such a one by chance
    n, shape = 20_000, (10, 4)
    keys = jax.random.split(jax.random.key(2), n)
    found = np.asarray(jax.vmap(lambda key: draw(key, jnp.full(shape, mean), units))(keys)).reshape(n, -1)
    spread = {"spin": 1 - mean**2, "binary": mean * (1 - mean), "gaussian": 1.0}[units] ** 0.5
    assert np.abs(found.mean(axis=0) - mean).max() < 4.2 * spread / np.sqrt(n)
    correlations = np.corrcoef(found.T)[np.triu_indices(found.shape[1], 1)]
    assert np.abs(correlations).max() < 4.8 / np.sqrt(n)
