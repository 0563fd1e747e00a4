"""The gradient of the log-likelihood: the data's averages minus the model's, which chains or a sum estimate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from blockspin.coarse.rbm.convolution import Windows
from blockspin.coarse.rbm.gibbs import Parameters, draw, draw_hidden, hidden_mean, log_sum, visible_mean


class State(NamedTuple):
    """What training carries: parameters, their velocity, and the hidden states (n, M) of "pcd"'s chains, else none."""

    parameters: Parameters
    velocity: Parameters
    chains: jax.Array


@dataclass(frozen=True)
class Rule:
    """The choices that change the program: units, algorithm, Gibbs steps, penalties, biases, rows a batch.

    windows: of a machine whose weights are tied by translation, else none.
    """

    units: str
    algorithm: str
    k: int
    reconstruction: str
    l1_method: str
    biases: bool
    batch_size: int
    centered: bool = False
    windows: Windows | None = None


def gradient(state: State, visible: jax.Array, key: jax.Array, rule: Rule) -> tuple[Parameters, jax.Array]:
    """The estimated gradient of the mean log-likelihood, and the persistent chains after k Gibbs steps.

    <h v>_data - <h v>_model with hidden means in both phases. "cd" starts the model's chains at the data, "pcd" where
    they stood; "exact" sums over the smaller layer. Sources: Hinton, Neural Comput. 14, 1771 (2002); Tieleman, ICML
    (2008).
    """
    parameters, units = state.parameters, rule.units
    hidden_data = hidden_mean(parameters, visible, units)
    if rule.algorithm == "exact":
        mean = exact_means(parameters, units)
        weights = hidden_data.T @ visible / visible.shape[0] - mean.weights
        slope = Parameters(weights, visible.mean(axis=0) - mean.visible, hidden_data.mean(axis=0) - mean.hidden)
        chains = state.chains
    else:
        up, down = partial(hidden_mean, parameters, units=units), partial(visible_mean, parameters, units=units)
        model, hidden_model, chains = gibbs_steps(up, down, state.chains, hidden_data, key, rule)
        slope = _difference(visible, hidden_data, model, hidden_model, rule)
    if rule.centered:
        slope = centered(slope, visible.mean(axis=0), hidden_data.mean(axis=0))
    if not rule.biases:
        slope = slope._replace(visible=jnp.zeros_like(slope.visible), hidden=jnp.zeros_like(slope.hidden))
    return slope, chains


def gibbs_steps(
    up: Callable[[jax.Array], jax.Array],
    down: Callable[[jax.Array], jax.Array],
    chains: jax.Array,
    hidden_data: jax.Array,
    key: jax.Array,
    rule: Rule,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """k block Gibbs steps of "cd" (from the data's hidden means) or "pcd" (from the chains' hidden states).

    up and down: hidden means of visible states and back. Returns visible states (or means), their hidden means, and
    the chains as they then stand.
    """
    units = rule.units
    keys = jax.random.split(key, 2 * rule.k + 1)
    hidden = chains if rule.algorithm == "pcd" else draw_hidden(keys[0], hidden_data, units)
    for step in range(rule.k):
        last = step == rule.k - 1
        mean = down(hidden)
        model = mean if last and rule.reconstruction == "mean" else draw(keys[2 * step + 1], mean, units)
        hidden_model = up(model)
        if not last or rule.algorithm == "pcd":
            hidden = draw_hidden(keys[2 * step + 2], hidden_model, units)
    return model, hidden_model, hidden if rule.algorithm == "pcd" else chains


def _difference(
    visible: jax.Array, hidden_data: jax.Array, model: jax.Array, hidden_model: jax.Array, rule: Rule
) -> Parameters:
    # one product for both phases
    left = jnp.concatenate([hidden_data / visible.shape[0], hidden_model / -model.shape[0]])
    right = jnp.concatenate([visible, model])
    return Parameters(left.T @ right, visible.mean(axis=0) - model.mean(axis=0), left.sum(axis=0))


def centered(slope: Parameters, visible: jax.Array, hidden: jax.Array) -> Parameters:
    """The gradient in centred variables, brought back to the plain parameters; visible (N,), hidden (M,): data means.

    With offsets m = (<v>_data + <v>_model)/2 and n = (<h>_data + <h>_model)/2,

        dW' = dW - n (x) db - dc (x) m,    db' = db - dW'^T n,    dc' = dc - dW' m:

    a positive definite matrix times the plain gradient, so that the fixed points are the same; training no longer
    depends on which state of a unit is called 0. Sources: Cho, Raiko and Ilin, Neural Comput. 25, 805 (2013);
    Melchior, Fischer and Wiskott, JMLR 17, 99 (2016).
    """
    m, n = visible - slope.visible / 2, hidden - slope.hidden / 2
    weights = slope.weights - jnp.outer(n, slope.visible) - jnp.outer(slope.hidden, m)
    return slope._replace(weights=weights, visible=slope.visible - n @ weights, hidden=slope.hidden - weights @ m)


def exact_means(parameters: Parameters, units: str) -> Parameters:
    """<h v>, <v> and <h> of the machine, by summing over all states of its smaller layer (the hidden, if Gaussian).

    The slow twin of the chains: the time is that of 2^min(M, N) rows of data.
    """
    n_hidden, n_sites = parameters.weights.shape
    low = -1.0 if units == "spin" else 0.0
    if units == "gaussian" or n_hidden <= n_sites:
        hidden = _states(n_hidden, low)
        field = hidden @ parameters.weights + parameters.visible
        summed = 0.5 * field**2 if units == "gaussian" else log_sum(field, units)
        p = jax.nn.softmax(hidden @ parameters.hidden + summed.sum(axis=1))
        visible = visible_mean(parameters, hidden, units)
    else:
        visible = _states(n_sites, low)
        field = visible @ parameters.weights.T + parameters.hidden
        p = jax.nn.softmax(visible @ parameters.visible + log_sum(field, units).sum(axis=1))
        hidden = hidden_mean(parameters, visible, units)
    return Parameters((hidden * p[:, None]).T @ visible, p @ visible, p @ hidden)


def _states(n: int, low: float) -> jax.Array:
    bits = (jnp.arange(1 << n)[:, None] >> jnp.arange(n)) & 1
    return jnp.where(bits == 1, 1.0, low).astype(jnp.float32)
