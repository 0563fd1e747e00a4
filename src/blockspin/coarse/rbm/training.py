"""Training: one epoch of shuffled mini-batches as one compiled scan, and the update that each of them makes."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from blockspin.coarse.rbm.phases import Rule as Rule
from blockspin.coarse.rbm.phases import State as State
from blockspin.coarse.rbm.phases import gradient as gradient


class Rates(NamedTuple):
    """Learning rate, momentum and the strengths of the penalties: numbers that compile into no program."""

    learning_rate: float
    momentum: float
    l1: float
    l2: float


def one_epoch(state: State, data: jax.Array, key: jax.Array, rates: Rates, rule: Rule) -> State:
    """One pass over the rows of `data` (n, N), shuffled, in ceil(n / batch_size) batches, as `RBM` says."""
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
    """One step along `gradient` with momentum, then the penalty on the weights: the formula of `RBM`."""
    old = state.parameters
    slope, chains = gradient(state, visible, key, rule)
    pull = slope.weights - rates.l2 * old.weights
    if rule.l1_method == "subgradient":
        pull -= rates.l1 * jnp.sign(old.weights)
    slope = slope._replace(weights=pull)
    velocity = jax.tree.map(lambda past, now: rates.momentum * past + rates.learning_rate * now, state.velocity, slope)
    new = jax.tree.map(jnp.add, old, velocity)
    if rule.l1_method == "proximal":
        threshold = rates.learning_rate * rates.l1
        new = new._replace(weights=new.weights - jnp.clip(new.weights, -threshold, threshold))
    return State(new, velocity, chains)
