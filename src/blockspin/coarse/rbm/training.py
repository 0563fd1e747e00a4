"""Contrastive divergence, plain and persistent: one epoch of shuffled mini-batches as one compiled scan."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from blockspin.coarse.rbm.gibbs import Parameters, draw, draw_hidden, hidden_mean, visible_mean


class State(NamedTuple):
    """What training carries: parameters, their velocities, and the hidden states of the persistent chains."""

    parameters: Parameters
    velocity: Parameters
    chains: jax.Array


class Rates(NamedTuple):
    """Learning rate, momentum and the strengths of the penalties: numbers that compile into no program."""

    learning_rate: float
    momentum: float
    l1: float
    l2: float


@dataclass(frozen=True)
class Rule:
    """The choices that change the program: units, algorithm, Gibbs steps, penalty, biases, rows a batch."""

    units: str
    algorithm: str
    k: int
    reconstruction: str
    l1_method: str
    biases: bool
    batch_size: int


@partial(jax.jit, static_argnames=("rule",), donate_argnames=("state",))
def epoch(state: State, data: jax.Array, key: jax.Array, rates: Rates, rule: Rule) -> State:
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


def update(state: State, visible: jax.Array, key: jax.Array, rates: Rates, rule: Rule) -> State:
    """One step along `gradient` with momentum, then the penalty on the weights.

    velocity <- momentum velocity + learning_rate (gradient - l2 W [- l1 sign W]);  W <- W + velocity;
    proximal: W <- sign(W) max(|W| - learning_rate l1, 0).
    """
    slope, chains = gradient(state, visible, key, rule)
    old = state.parameters
    pull = slope.weights - rates.l2 * old.weights
    if rule.l1_method == "subgradient":
        pull -= rates.l1 * jnp.sign(old.weights)
    velocity = jax.tree.map(
        lambda past, now: rates.momentum * past + rates.learning_rate * now,
        state.velocity,
        slope._replace(weights=pull),
    )
    new = jax.tree.map(jnp.add, old, velocity)
    if rule.l1_method == "proximal":
        threshold = rates.learning_rate * rates.l1
        weights = new.weights - jnp.clip(new.weights, -threshold, threshold)
        new = new._replace(weights=weights)
    return State(new, velocity, chains)


def gradient(state: State, visible: jax.Array, key: jax.Array, rule: Rule) -> tuple[Parameters, jax.Array]:
    """The estimated gradient of the mean log-likelihood, and the chains' hidden states after k Gibbs steps.

    <h v>_data - <h v>_model with hidden means in both phases; "cd" starts the model's chains at the data,
    "pcd" where they stood. Sources: Hinton, Neural Comput. 14, 1771 (2002); Tieleman, ICML (2008).
    """
    parameters, units = state.parameters, rule.units
    keys = jax.random.split(key, 2 * rule.k + 1)
    hidden_data = hidden_mean(parameters, visible, units)
    hidden = state.chains if rule.algorithm == "pcd" else draw_hidden(keys[0], hidden_data, units)
    for step in range(rule.k):
        last = step == rule.k - 1
        mean = visible_mean(parameters, hidden, units)
        model = mean if last and rule.reconstruction == "mean" else draw(keys[2 * step + 1], mean, units)
        hidden_model = hidden_mean(parameters, model, units)
        if not last or rule.algorithm == "pcd":
            hidden = draw_hidden(keys[2 * step + 2], hidden_model, units)
    n_data, n_model = visible.shape[0], model.shape[0]
    left = jnp.concatenate([hidden_data / n_data, hidden_model / -n_model])
    right = jnp.concatenate([visible, model])
    slope = Parameters(left.T @ right, jnp.zeros_like(parameters.visible), jnp.zeros_like(parameters.hidden))
    if rule.biases:
        slope = slope._replace(visible=visible.mean(axis=0) - model.mean(axis=0), hidden=left.sum(axis=0))
    return slope, hidden if rule.algorithm == "pcd" else state.chains
