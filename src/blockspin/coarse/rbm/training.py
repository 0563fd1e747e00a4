"""Training: one epoch of shuffled mini-batches as one compiled scan, and the update that each of them makes."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from blockspin.coarse.rbm.gibbs import Parameters
from blockspin.coarse.rbm.phases import Rule as Rule
from blockspin.coarse.rbm.phases import State as State
from blockspin.coarse.rbm.phases import gradient as gradient
from blockspin.coarse.rbm.tied import tied_gradient
from blockspin.coarse.rbm.variance import GaussianParameters, gaussian_gradient

ADAM_SECOND, ADAM_FLOOR = 0.999, 1e-8


class Rates(NamedTuple):
    """Learning rate, momentum and the strengths of the penalties: numbers that compile into no program."""

    learning_rate: float
    momentum: float
    l1: float
    l2: float
    group: float = 0.0


class Moments(NamedTuple):
    """Adam's running means of the gradient and of its square, and the number of updates so far."""

    first: Parameters
    second: Parameters
    updates: jax.Array


def at_rest(parameters: Parameters | GaussianParameters, optimizer: str) -> Any:
    """The optimizer's moments before the first update."""
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    if optimizer == "momentum":
        return zeros
    return Moments(zeros, jax.tree.map(jnp.zeros_like, parameters), jnp.zeros((), jnp.float32))


def one_epoch(state: State, data: jax.Array, key: jax.Array, rates: Rates, rule: Rule) -> State:
    """One pass over the rows of `data` (n, N), shuffled, in ceil(n / batch_size) batches of equal size.

    The last batch is filled up with rows from the front of the same shuffle, so that every row is seen and
    every batch weighs the same.
    """
    n_rows = data.shape[0]
    n_batches = -(-n_rows // rule.batch_size)
    shuffle, noise = jax.random.split(key)
    order = jax.random.permutation(shuffle, n_rows)
    batches = jnp.resize(order, (n_batches, rule.batch_size))

    def one(state: State, batch: tuple[jax.Array, jax.Array]) -> tuple[State, None]:
        rows, index = batch
        visible = data[rows].astype(jnp.float32)
        return update(state, visible, jax.random.fold_in(noise, index), rates, rule), None

    state, _ = jax.lax.scan(one, state, (batches, jnp.arange(n_batches)))
    return state


epoch = partial(jax.jit, static_argnames=("rule",), donate_argnames=("state",))(one_epoch)


def update(state: State, visible: jax.Array, key: jax.Array, rates: Rates, rule: Rule) -> State:
    """One step along `gradient` by the optimizer, then the penalties on the weights.

    g = gradient - l2 W [- l1 sign W, "subgradient"]. "momentum": velocity <- momentum velocity + learning_rate g,
    W <- W + velocity; "adam": `adam`. Then "proximal" W <- sign(W) max(|W| - learning_rate l1, 0), and for each
    hidden unit W_i <- W_i max(1 - learning_rate group / |W_i|, 0), the proximal step of group sum_i |W_i|.
    """
    old = state.parameters
    slope: Any
    if isinstance(old, GaussianParameters):
        slope, chains = gaussian_gradient(state, visible, key, rule)
    elif rule.windows is not None:
        slope, chains = tied_gradient(state, visible, key, rule, rule.windows)
    else:
        slope, chains = gradient(state, visible, key, rule)
    pull = slope.weights - rates.l2 * old.weights
    if rule.l1_method == "subgradient":
        pull -= rates.l1 * jnp.sign(old.weights)
    slope = slope._replace(weights=pull)
    if rule.optimizer == "adam":
        velocity, step = adam(state.velocity, slope, rates)
    else:
        velocity = step = jax.tree.map(
            lambda past, now: rates.momentum * past + rates.learning_rate * now, state.velocity, slope
        )
    new = jax.tree.map(jnp.add, old, step)
    if rule.l1_method == "proximal":
        threshold = rates.learning_rate * rates.l1
        weights = new.weights - jnp.clip(new.weights, -threshold, threshold)
        new = new._replace(weights=weights)
    if rule.grouped:
        length = jnp.linalg.norm(new.weights, axis=1, keepdims=True)
        left = jnp.maximum(length - rates.learning_rate * rates.group, 0)
        new = new._replace(weights=new.weights * (left / jnp.where(length > 0, length, 1)))
    return State(new, velocity, chains)


def adam(moments: Moments, slope: Parameters, rates: Rates) -> tuple[Moments, Parameters]:
    """Adam's moments and step, with beta_1 = momentum, beta_2 = 0.999, epsilon = 1e-8.

    m <- beta_1 m + (1 - beta_1) g, s <- beta_2 s + (1 - beta_2) g^2, and the step learning_rate m' / (sqrt(s') +
    epsilon) with m' = m/(1 - beta_1^t), s' = s/(1 - beta_2^t). Source: Kingma and Ba, ICLR (2015).
    """
    count = moments.updates + 1
    first = jax.tree.map(lambda m, g: rates.momentum * m + (1 - rates.momentum) * g, moments.first, slope)
    second = jax.tree.map(lambda s, g: ADAM_SECOND * s + (1 - ADAM_SECOND) * g**2, moments.second, slope)
    mean, spread = 1 - jnp.float32(rates.momentum) ** count, 1 - jnp.float32(ADAM_SECOND) ** count
    step = jax.tree.map(
        lambda m, s: rates.learning_rate * (m / mean) / (jnp.sqrt(s / spread) + ADAM_FLOOR), first, second
    )
    return Moments(first, second, count), step
