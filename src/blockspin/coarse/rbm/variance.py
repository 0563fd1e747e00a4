"""Gaussian visible units whose variance is not one: the machine in units of the deviations, and the variance's slope.

E(v, h) = sum_i v_i^2 / (2 s_i^2) - sum_i v_i (b_i + (W^T h)_i) / s_i^2 - c.h, so that v given h is normal about its
mean b + W^T h with variance s^2. With x = v/s it is the machine of unit variance with weights W/s and biases b/s, c;
averages are taken there.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from blockspin.coarse.rbm.gibbs import Parameters, hidden_mean
from blockspin.coarse.rbm.phases import Rule, State, gradient


class GaussianParameters(NamedTuple):
    """Weights (M, N), visible biases (N,), hidden biases (M,) and ln s^2 (N,), float32."""

    weights: jax.Array
    visible: jax.Array
    hidden: jax.Array
    log_variance: jax.Array


def in_deviations(parameters: GaussianParameters) -> tuple[Parameters, jax.Array]:
    """The machine of unit variance for x = v/s, and s (N,)."""
    s = jnp.exp(parameters.log_variance / 2)
    return Parameters(parameters.weights / s, parameters.visible / s, parameters.hidden), s


def gaussian_gradient(
    state: State, visible: jax.Array, key: jax.Array, rule: Rule
) -> tuple[GaussianParameters, jax.Array]:
    """As `phases.gradient`, for W, b, c and z = ln s^2, from the gradient G of the machine in units of the deviations.

    dW = G_W/s, db = G_b/s and, with ln p(v) = ln p(x) - sum z/2 and dx_i/dz_i = -x_i/2,

        dz_i = -(sum_m (W/s)_mi G_W,mi + (b/s)_i G_b,i + <x_i (b/s + (W/s)^T h - x)_i>_data + 1) / 2,

    h the hidden means; 0 where the variance is fixed. Source: Cho, Ilin and Raiko, ICANN (2011), for the form of E.
    """
    parameters: GaussianParameters = state.parameters
    plain, s = in_deviations(parameters)
    x = visible / s
    slope, chains = gradient(State(plain, None, state.chains), x, key, rule)
    turn = jnp.zeros_like(parameters.log_variance)
    if rule.learned_variance:
        pull = (x * (plain.visible + hidden_mean(plain, x, rule.units) @ plain.weights - x)).mean(axis=0)
        turn = -0.5 * ((plain.weights * slope.weights).sum(axis=0) + plain.visible * slope.visible + pull + 1)
    return GaussianParameters(slope.weights / s, slope.visible / s, slope.hidden, turn), chains
