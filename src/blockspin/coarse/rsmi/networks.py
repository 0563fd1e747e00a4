"""Small networks and their ascent: dense layers, Adam, annealing, early stopping on rows kept apart."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike as Number
from numpy.typing import NDArray

Layers = list[tuple[Any, Any]]
"""Weights (in, out) and biases (out,) of each layer, numpy's or JAX's."""
Batch = tuple[jax.Array, ...]
Objective = Callable[[Any, Batch, jax.Array, jax.Array], jax.Array]
"""Parameters, the rows of a batch, uniform noise for them, the temperature: a number to be made large."""

CHECK = 100  # steps between two looks at the rows kept apart
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # of Adam: Kingma and Ba, arXiv:1412.6980


class Annealing(NamedTuple):
    """The temperature after t steps, max(low, high exp(-rate t))."""

    high: float
    low: float
    rate: float

    def after(self, steps: Number) -> jax.Array:
        """The temperature after so many steps."""
        return jnp.maximum(self.low, self.high * jnp.exp(-self.rate * jnp.asarray(steps)))


STEADY = Annealing(1.0, 1.0, 0.0)


class Climb(NamedTuple):
    """What the ascent carries: parameters, Adam's two means, steps done."""

    vector: Any
    mean: Any
    square: Any
    steps: Any


def layers(random: np.random.Generator, *sizes: int) -> Layers:
    """Dense layers of these sizes, weights N(0, 2 / inputs) (the last N(0, 1 / inputs)), biases 0."""
    gains = [2.0] * (len(sizes) - 2) + [1.0]
    return [
        (
            random.normal(0, (gain / inputs) ** 0.5, (inputs, outputs)).astype(np.float32),
            np.zeros(outputs, np.float32),
        )
        for inputs, outputs, gain in zip(sizes, sizes[1:], gains, strict=False)
    ]


def run(network: Layers, x: jax.Array) -> jax.Array:
    """The network's outputs (n, out) on x (n, in): rectified between the layers, linear after the last."""
    for weights, biases in network[:-1]:
        x = jax.nn.relu(x @ weights + biases)
    weights, biases = network[-1]
    outputs: jax.Array = x @ weights + biases
    return outputs


@partial(jax.jit, static_argnames=("objective", "parameters"))
def climb(
    state: Climb,
    batches: Batch,
    noise: jax.Array,
    rate: Number,
    annealing: Annealing,
    objective: Objective,
    parameters: Callable[[jax.Array], Any],
) -> Climb:
    """Steps of Adam up the objective, one for each batch (steps, batch, ...) and its noise (steps, batch, components).

    It is compiled for the size of a batch, not for the number of rows that batches are drawn from. The state
    is one long vector, which compiles in a fraction of the time of many arrays; `parameters` unpacks it.
    """

    def height(vector: jax.Array, batch: Batch, noise: jax.Array, temperature: jax.Array) -> jax.Array:
        return objective(parameters(vector), batch, noise, temperature)

    def one(state: Climb, drawn: tuple[Batch, jax.Array]) -> tuple[Climb, None]:
        batch = tuple(part.astype(jnp.float32) for part in drawn[0])
        slope = jax.grad(height)(state.vector, batch, drawn[1], annealing.after(state.steps))
        steps = state.steps + 1
        mean = BETA_1 * state.mean + (1 - BETA_1) * slope
        square = BETA_2 * state.square + (1 - BETA_2) * slope**2
        stride = mean / (1 - BETA_1**steps) / (jnp.sqrt(square / (1 - BETA_2**steps)) + EPSILON)
        return Climb(state.vector + rate * stride, mean, square, steps), None

    return jax.lax.scan(one, state, (batches, noise))[0]


def ascend(
    objective: Objective,
    score: Callable[[Any], float],
    parameters: Any,
    data: tuple[NDArray[Any], ...],
    *,
    seed: int,
    learning_rate: float,
    batch_size: int,
    n_iter: int,
    patience: int,
    n_noise: int = 0,
    annealing: Annealing = STEADY,
) -> tuple[Any, list[float]]:
    """The parameters with the best score among those met every CHECK steps of `climb`, and all scores.

    It stops after n_iter steps (rounded up to CHECK), or where the score has not risen for `patience` looks; looks
    while the temperature still falls do not count. n_noise: uniform numbers added to each row, for the objective.
    """
    start, unpack = ravel_pytree(parameters)
    state = Climb(start, jnp.zeros_like(start), jnp.zeros_like(start), jnp.float32(0))
    random = np.random.Generator(np.random.PCG64(seed))
    size = min(batch_size, len(data[0]))
    best, scores, waited = parameters, [score(parameters)], 0
    for _ in range(-(-n_iter // CHECK)):
        rows = random.integers(0, len(data[0]), (CHECK, size), np.int32)
        noise = random.random((CHECK, size, n_noise), np.float32)
        state = climb(state, tuple(part[rows] for part in data), noise, learning_rate, annealing, objective, unpack)
        now = unpack(state.vector)
        scores.append(score(now))
        cooled = annealing.high * math.exp(-annealing.rate * float(state.steps)) <= annealing.low
        if scores[-1] >= max(scores):
            best, waited = now, 0
        elif cooled:
            waited += 1
        if waited >= patience:
            break
    return best, scores
