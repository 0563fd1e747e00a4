"""How the two layers see one another, and how pairs of states become a slope: of free weights, and of tied ones."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from blockspin.coarse.rbm.convolution import Windows, correlate
from blockspin.coarse.rbm.gibbs import Parameters, hidden_mean, squashed, visible_mean
from blockspin.coarse.rbm.units import HIDDEN


class Layers(NamedTuple):
    """up and down: hidden means (n, M) of visible states (n, N), and back. slope: from both phases to parameters.

    slope(h, v, data, model): sums over pairs of rows h (n, M), v (n, N), those of the model with a weight below 0, and
    over h alone; data minus model, the visible means (N,).
    """

    up: Callable[[jax.Array], jax.Array]
    down: Callable[[jax.Array], jax.Array]
    slope: Callable[[jax.Array, jax.Array, jax.Array, jax.Array], Parameters]


def free(parameters: Parameters, units: str) -> Layers:
    """Of a weight for each pair of units."""

    def slope(h: jax.Array, v: jax.Array, data: jax.Array, model: jax.Array) -> Parameters:
        return Parameters(h.T @ v, data - model, h.sum(axis=0))

    return Layers(partial(hidden_mean, parameters, units=units), partial(visible_mean, parameters, units=units), slope)


def tied(parameters: Parameters, units: str, windows: Windows) -> Layers:
    """Of filters (F, side^d), one visible bias (1,) and a hidden one a filter (F,).

    A tied parameter's slope is the sum of those of its copies, divided here by the number of blocks: rates and
    penalties then mean the same on every lattice. Source: Lee, Grosse, Ranganath and Ng, ICML (2009), whose RBMs
    are these without their pooling layer.
    """
    biases = jnp.repeat(parameters.hidden, windows.n_blocks)

    def up(v: jax.Array) -> jax.Array:
        return squashed(correlate(parameters.weights, v, windows) + biases, HIDDEN[units])

    def down(h: jax.Array) -> jax.Array:
        like = jnp.zeros((len(h), windows.n_sites), h.dtype)  # its shape alone is looked at
        (field,) = jax.linear_transpose(lambda v: correlate(parameters.weights, v, windows), like)(h)
        return squashed(field + parameters.visible, units)

    def slope(h: jax.Array, v: jax.Array, data: jax.Array, model: jax.Array) -> Parameters:
        (pairs,) = jax.linear_transpose(lambda w: correlate(w, v, windows), parameters.weights)(h)
        visible = data.sum(keepdims=True) - model.sum(keepdims=True)
        hidden = h.sum(axis=0).reshape(-1, windows.n_blocks).sum(axis=1)
        return Parameters(*(part / windows.n_blocks for part in (pairs, visible, hidden)))

    return Layers(up, down, slope)
