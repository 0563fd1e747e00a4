"""Block Gibbs sampling on the device: one layer given the other, and long chains."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from blockspin.coarse.rbm.threefry import normal, uniform
from blockspin.coarse.rbm.units import HIDDEN


class Parameters(NamedTuple):
    """Weights (M, N), visible biases (N,) and hidden biases (M,), float32."""

    weights: jax.Array
    visible: jax.Array
    hidden: jax.Array


def hidden_mean(parameters: Parameters, visible: jax.Array, units: str) -> jax.Array:
    """<h> given v, shape (n, M)."""
    return squashed(visible @ parameters.weights.T + parameters.hidden, HIDDEN[units])


def visible_mean(parameters: Parameters, hidden: jax.Array, units: str) -> jax.Array:
    """<v> given h, shape (n, N)."""
    return squashed(hidden @ parameters.weights + parameters.visible, units)


def squashed(field: jax.Array, units: str) -> jax.Array:
    """The mean of a unit in this field."""
    if units == "gaussian":
        return field
    return jnp.tanh(field) if units == "spin" else jax.nn.sigmoid(field)


def log_sum(field: jax.Array, units: str) -> jax.Array:
    """ln of the sum over a unit's two states of exp(state field)."""
    return jnp.logaddexp(-field, field) if units == "spin" else jax.nn.softplus(field)


@partial(jax.jit, static_argnames=("units",))
def draw(key: jax.Array, mean: jax.Array, units: str) -> jax.Array:
    """Independent 0/1 or -1/+1 states with these means (unit-variance normals for "gaussian"), as float32."""
    if units == "gaussian":
        return mean + normal(key, mean.shape)
    chance = uniform(key, mean.shape)
    if units == "spin":
        return jnp.where(2 * chance - 1 < mean, jnp.float32(1), jnp.float32(-1))
    return (chance < mean).astype(jnp.float32)


@partial(jax.jit, static_argnames=("kept", "units"))
def chain(
    parameters: Parameters, visible: jax.Array, key: jax.Array, steps: jax.Array, *, kept: int, units: str
) -> jax.Array:
    """Visible states after each of `kept` runs of `steps` block Gibbs steps (h given v, then v given h)."""

    def step(index: jax.Array, carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        state, key = carry
        up, down = jax.random.split(jax.random.fold_in(key, index))
        with jax.default_matmul_precision("highest"):  # ln Z rests on chains that have this very distribution
            hidden = draw(up, hidden_mean(parameters, state, units), HIDDEN[units])
            return draw(down, visible_mean(parameters, hidden, units), units), key

    def run(state: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        state, _ = jax.lax.fori_loop(0, steps, step, (state, key))
        return state, state if units == "gaussian" else state.astype(jnp.int8)

    _, states = jax.lax.scan(run, visible.astype(jnp.float32), jax.random.split(key, kept))
    return states
