"""The gradient of the log-likelihood: the data's averages minus the model's, which chains or a sum estimate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from blockspin.coarse.rbm.convolution import Windows
from blockspin.coarse.rbm.gibbs import Parameters, draw, draw_hidden, hidden_mean, visible_mean


class State(NamedTuple):
    """What training carries: parameters, the optimizer's moments, and the states of the persistent chains.

    parameters are `GaussianParameters` where the variance is not one. velocity is of their form, or `Moments` for
    Adam. chains: hidden states (n, M) for "pcd", visible ones (replica, n, N) from beta = 0 to 1 for "pt", else none.
    """

    parameters: Any
    velocity: Any
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
    optimizer: str = "momentum"
    centered: bool = False
    grouped: bool = False
    learned_variance: bool = False
    windows: Windows | None = None


def gradient(state: State, visible: jax.Array, key: jax.Array, rule: Rule) -> tuple[Parameters, jax.Array]:
    """The estimated gradient of the mean log-likelihood, and the persistent chains after k Gibbs steps.

    <h v>_data - <h v>_model with hidden means in both phases. "cd" starts the model's chains at the data, "pcd" where
    they stood, "pt" where they stood among replicas that exchange places; "exact" sums over the smaller layer.
    Sources: Hinton, Neural Comput. 14, 1771 (2002); Tieleman, ICML (2008); Desjardins et al., AISTATS (2010).
    """
    parameters: Parameters = state.parameters
    units = rule.units
    hidden_data = hidden_mean(parameters, visible, units)
    if rule.algorithm == "exact":
        mean = exact_means(parameters, units)
        weights = hidden_data.T @ visible / visible.shape[0] - mean.weights
        slope = Parameters(weights, visible.mean(axis=0) - mean.visible, hidden_data.mean(axis=0) - mean.hidden)
        chains = state.chains
    else:
        model, hidden_model, chains = _negative(state, hidden_data, key, rule)
        slope = _difference(visible, hidden_data, model, hidden_model, rule)
    if rule.centered:
        slope = centered(slope, visible.mean(axis=0), hidden_data.mean(axis=0))
    if not rule.biases:
        slope = slope._replace(visible=jnp.zeros_like(slope.visible), hidden=jnp.zeros_like(slope.hidden))
    return slope, chains


def _negative(
    state: State, hidden_data: jax.Array, key: jax.Array, rule: Rule
) -> tuple[jax.Array, jax.Array, jax.Array]:
    # visible states (or means) of the model's chains, their hidden means, and the chains as they stand
    parameters, units = state.parameters, rule.units
    if rule.algorithm == "pt":
        chains = exchange(parameters, state.chains, key, rule)
        return chains[-1], hidden_mean(parameters, chains[-1], units), chains
    up, down = partial(hidden_mean, parameters, units=units), partial(visible_mean, parameters, units=units)
    return gibbs_steps(up, down, state.chains, hidden_data, key, rule)


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


def log_sum(field: jax.Array, units: str) -> jax.Array:
    """ln of the sum over a unit's two states of exp(state field)."""
    return jnp.logaddexp(-field, field) if units == "spin" else jax.nn.softplus(field)


def exchange(parameters: Parameters, chains: jax.Array, key: jax.Array, rule: Rule) -> jax.Array:
    """k steps of parallel tempering of visible states (replica, n, N): block Gibbs, then exchange of neighbours.

    Replica r has weights beta W and hidden biases beta c with beta = r/(R - 1), so that the first is independent
    sites, drawn anew; neighbours change places with probability min(1, p_r(v') p_r'(v) / (p_r(v) p_r'(v'))).
    0/1 hidden units are scaled as -1/+1 ones, h = (1 + s)/2, whose mean field goes to the visible biases:

        b_beta = b + (1 - beta) sum_i W_i / 2.

    Scaled as they stand, weights that balance biases would do so no longer, and warm replicas see one sign only.
    """
    units = rule.units
    n_replicas = chains.shape[0]
    betas = jnp.linspace(0, 1, n_replicas, dtype=jnp.float32)[:, None, None]
    shift = jnp.zeros_like(parameters.visible) if units == "spin" else parameters.weights.sum(axis=0) / 2
    biases = parameters.visible + (1 - betas) * shift

    def step(index: jax.Array, visible: jax.Array) -> jax.Array:
        up, down, coin, parity = jax.random.split(jax.random.fold_in(key, index), 4)
        scaled = betas * (visible @ parameters.weights.T + parameters.hidden)
        mean = jnp.tanh(scaled) if units == "spin" else jax.nn.sigmoid(scaled)
        field = betas * (draw_hidden(up, mean, units) @ parameters.weights) + biases
        if units != "gaussian":
            field = jnp.tanh(field) if units == "spin" else jax.nn.sigmoid(field)
        visible = draw(down, field, units)
        field = visible @ parameters.weights.T + parameters.hidden

        def marginal(beta: jax.Array, field: jax.Array) -> jax.Array:
            return log_sum(beta * field, units).sum(axis=2)  # b.v and |v|^2 are the same on either side

        own = marginal(betas, field)
        gain = marginal(betas[1:], field[:-1]) + marginal(betas[:-1], field[1:]) - own[:-1] - own[1:]
        shifted = visible @ shift
        gain += (betas[:-1] - betas[1:])[:, :, 0] * (shifted[:-1] - shifted[1:])
        accepted = jnp.log(jax.random.uniform(coin, gain.shape)) < gain
        pairs = (jnp.arange(n_replicas - 1) % 2 == jax.random.bernoulli(parity))[:, None]
        moved = (accepted & pairs).astype(jnp.int32)
        source = jnp.arange(n_replicas)[:, None] + jnp.pad(moved, ((0, 1), (0, 0))) - jnp.pad(moved, ((1, 0), (0, 0)))
        return jnp.take_along_axis(visible, source[:, :, None], axis=0)

    moved: jax.Array = jax.lax.fori_loop(0, rule.k, step, chains)
    return moved
