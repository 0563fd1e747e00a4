"""The gradient of a machine whose weights are tied by translation."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from blockspin.coarse.rbm.convolution import Windows, correlate, spread
from blockspin.coarse.rbm.gibbs import Parameters, squashed
from blockspin.coarse.rbm.phases import Rule, State, exact_means, gibbs_steps
from blockspin.coarse.rbm.units import HIDDEN


def tied_gradient(
    state: State, visible: jax.Array, key: jax.Array, rule: Rule, windows: Windows
) -> tuple[Parameters, jax.Array]:
    """As `phases.gradient`, for filters (F, side^d), one visible bias (1,) and a hidden one a filter (F,).

    A tied parameter's slope is the sum of those of its copies, divided here by the number of blocks: rates and
    penalties then mean the same on every lattice. Source: Lee, Grosse, Ranganath and Ng, ICML (2009), whose machines
    are these without their pooling layer.
    """
    tied: Parameters = state.parameters
    units = rule.units
    biases = jnp.repeat(tied.hidden, windows.n_blocks)

    def up(v: jax.Array) -> jax.Array:
        return squashed(correlate(tied.weights, v, windows) + biases, HIDDEN[units])

    def down(h: jax.Array) -> jax.Array:
        like = jnp.zeros((len(h), windows.n_sites), h.dtype)  # its shape alone is looked at
        (field,) = jax.linear_transpose(lambda v: correlate(tied.weights, v, windows), like)(h)
        return squashed(field + tied.visible, units)

    hidden = up(visible)
    if rule.algorithm == "exact":
        chains, left, right = state.chains, hidden / len(hidden), visible
        of_model = exact_means(spread(tied, windows), units)
        (mean,) = jax.linear_transpose(lambda t: spread(t, windows), tied)(of_model)
    else:
        model, hidden_model, chains = gibbs_steps(up, down, state.chains, hidden, key, rule)
        # one product for both phases
        left = jnp.concatenate([hidden / len(hidden), hidden_model / -len(hidden_model)])
        right = jnp.concatenate([visible, model])
        mean = jax.tree.map(jnp.zeros_like, tied)._replace(visible=model.mean(axis=0).sum(keepdims=True))
    (pairs,) = jax.linear_transpose(lambda w: correlate(w, right, windows), tied.weights)(left)
    single = left.sum(axis=0).reshape(-1, windows.n_blocks).sum(axis=1)
    data = Parameters(pairs, visible.mean(axis=0).sum(keepdims=True), single)
    slope = jax.tree.map(lambda first, second: (first - second) / windows.n_blocks, data, mean)
    if not rule.biases:
        slope = slope._replace(visible=jnp.zeros_like(slope.visible), hidden=jnp.zeros_like(slope.hidden))
    return slope, chains
