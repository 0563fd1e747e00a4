"""The pseudo-log-likelihood over all sites, sum_i ln p(v_i | the other sites), in nats.

Setting one site changes the hidden fields by one row of W, so no site needs a matrix product of its own.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from blockspin.coarse.rbm.units import RANGE, binary_from_spin, is_hard

Array = NDArray[Any]

MOST_NODES = 10_000
TAIL = 6.0  # standard deviations of the Gaussian units' grid beyond the outermost means


def pseudo_log_likelihood(X: Array, weights: Array, visible: Array, hidden: Array, units: str) -> NDArray[np.float64]:
    """sum_i ln p(v_i | v_rest) of each row, shape (n,), in nats (of the density where the units are Gaussian).

    0/1 units: ln p(v_i | v_rest) = v_i ln s(g_i) + (1 - v_i) ln s(-g_i) with s(x) = 1 / (1 + exp(-x)) and the log
    odds g_i = F(v_i = 0) - F(v_i = 1); where v_i is a mean this is the expected value. Spins are converted to 0/1
    first. Gaussian units: the normalisation over v_i by the trapezoidal rule with unit spacing, whose error on a
    mixture of unit-variance normals is below 1e-8. Source: Besag, Statistician 24, 179 (1975).
    """
    field = X @ weights.T + hidden
    if units == "gaussian":
        return _gaussian(X, field, weights, visible)
    hard = is_hard(X, units)
    if units == "spin":
        field = 2 * field
        weights, visible, _ = binary_from_spin(weights, visible, hidden)
        X = (X + np.float32(RANGE["binary"][1])) / 2
    rows = (np.asarray(part, np.float32) for part in (X, field))
    machine = (np.asarray(part, np.float32) for part in (weights, visible))
    odds = _log_odds(*rows, *machine, group=_group(weights), hard=hard)
    g = np.asarray(odds, np.float64)
    on = np.asarray(X, np.float64)
    total: NDArray[np.float64] = -(on * np.logaddexp(0, -g) + (1 - on) * np.logaddexp(0, g)).sum(axis=1)
    return total


def _group(weights: Array) -> int:
    """How many factors between exp(-w) and exp(w) fit a float32 product; 0 where not even one does."""
    largest = float(np.abs(weights).max(initial=0.0))
    return next((size for size in (16, 8, 4, 2, 1) if size * largest < 80), 0)


@partial(jax.jit, static_argnames=("group", "hard"))
def _log_odds(
    X: jax.Array, field: jax.Array, weights: jax.Array, visible: jax.Array, *, group: int, hard: bool
) -> jax.Array:
    """g, shape (n, N), from the hidden fields a, shape (n, M).

    With a unit's field shifted by d, ln(1 + e^(a+d)) - ln(1 + e^a) = ln(s(-a) + s(a) e^d), which never cancels;
    logarithms are taken of products of `group` units.
    """
    n_hidden, n_sites = weights.shape
    spare = -n_hidden % max(group, 1)
    weights = jnp.pad(weights, ((0, spare), (0, 0)))
    field = jnp.pad(field, ((0, 0), (0, spare)), constant_values=-jnp.inf)
    grow, shrink = jnp.exp(weights), jnp.exp(-weights)

    def log_of_product(factors: jax.Array) -> jax.Array:
        return jnp.log(factors.reshape(-1, group, n_sites).prod(axis=1)).sum(axis=0)

    def row(part: tuple[jax.Array, jax.Array]) -> jax.Array:
        v, a = part[0], part[1][:, None]
        if not group:
            on, off = a + (1 - v) * weights, a - v * weights
            return visible + (jax.nn.softplus(on) - jax.nn.softplus(off)).sum(axis=0)
        p, q = jax.nn.sigmoid(a), jax.nn.sigmoid(-a)
        if hard:
            flipped = log_of_product(q + p * jnp.where(v > 0.5, shrink, grow))
            return visible + (1 - 2 * v) * flipped
        at_zero = p * jnp.exp(-v * weights)
        return visible + log_of_product((q + at_zero * grow) / (q + at_zero))

    odds: jax.Array = jax.lax.map(row, (X, field))
    return odds


def _gaussian(X: Array, field: Array, weights: Array, visible: Array) -> NDArray[np.float64]:
    # the conditional density of a site is a mixture of normals with means between these two
    low = visible + np.minimum(weights, 0).sum(axis=0) - TAIL
    high = visible + np.maximum(weights, 0).sum(axis=0) + TAIL
    n_nodes = int(min(np.ceil((high - low).max()) + 1, MOST_NODES + 1))
    if n_nodes > MOST_NODES:
        raise ValueError(
            f"the pseudo-likelihood of Gaussian units needs weights whose sum a site is below {MOST_NODES}; "
            f"they reach {(high - low).max():.3g}"
        )
    rows = (np.asarray(part, np.float32) for part in (X, field))
    rest = (np.asarray(part, np.float32) for part in (weights, visible, low))
    return np.asarray(_gaussian_rows(*rows, *rest, jnp.arange(n_nodes)), np.float64)


@jax.jit
def _gaussian_rows(
    X: jax.Array,
    field: jax.Array,
    weights: jax.Array,
    visible: jax.Array,
    low: jax.Array,
    nodes: jax.Array,
) -> jax.Array:
    def row(part: tuple[jax.Array, jax.Array]) -> jax.Array:
        v, a = part[0], part[1][:, None]

        def node(total: jax.Array, index: jax.Array) -> tuple[jax.Array, None]:
            x = low + index
            hidden = (jax.nn.softplus(a + weights * (x - v)) - jax.nn.softplus(a)).sum(axis=0)
            return jnp.logaddexp(total, (v**2 - x**2) / 2 + visible * (x - v) + hidden), None

        total, _ = jax.lax.scan(node, jnp.full_like(v, -jnp.inf), nodes)
        return -total.sum()

    totals: jax.Array = jax.lax.map(row, (X, field))
    return totals
