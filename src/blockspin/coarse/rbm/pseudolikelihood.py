"""The pseudo-log-likelihood over all sites, sum_i ln p(v_i | the other sites), in nats.

Setting one site changes the hidden fields by one row of W, so no site needs a matrix product of its own.
"""

from functools import partial, reduce
from operator import mul

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from blockspin.arrays import Array
from blockspin.coarse.rbm.units import RANGE, binary_from_spin, is_hard

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
    group = group_of(float(np.abs(weights).max(initial=0.0)), units)
    if units == "spin":
        field = 2 * field
        weights, visible, _ = binary_from_spin(weights, visible, hidden)
        X = (X + np.float32(RANGE["binary"][1])) / 2
    given = (np.asarray(part, np.float32) for part in (X, field, weights, visible))
    g = np.asarray(_compiled(*given, group=group, hard=hard), np.float64)
    on = np.asarray(X, np.float64)
    total: NDArray[np.float64] = -(on * np.logaddexp(0, -g) + (1 - on) * np.logaddexp(0, g)).sum(axis=1)
    return total


def group_of(largest: float, units: str) -> int:
    """How many factors between exp(-w) and exp(w) fit a float32 product; 0 where not even one does.

    largest: the largest |W|, which is four times as large for 0/1 units of the same distribution.
    """
    reach = 4 * largest if units == "spin" else largest
    return next((size for size in (16, 8, 4, 2, 1) if size * reach < 80), 0)


def on_device(
    X: jax.Array, weights: jax.Array, visible: jax.Array, hidden: jax.Array, *, units: str, hard: bool, group: int
) -> jax.Array:
    """`pseudo_log_likelihood` in float32, of 0/1 units or spins; hard: no value of X is a mean."""
    field = X @ weights.T + hidden
    if units == "spin":
        field = 2 * field
        weights, visible = 4 * weights, 2 * visible - 2 * weights.sum(axis=0)  # `binary_from_spin`
        X = (X + 1) / 2
    g = _log_odds(X, field, weights, visible, group=group, hard=hard)
    return -(X * jax.nn.softplus(-g) + (1 - X) * jax.nn.softplus(g)).sum(axis=1)


def _log_odds(
    X: jax.Array, field: jax.Array, weights: jax.Array, visible: jax.Array, *, group: int, hard: bool
) -> jax.Array:
    """g, shape (n, N), from the hidden fields a, shape (n, M).

    With a unit's field shifted by d, ln(1 + e^(a+d)) - ln(1 + e^a) = ln(s(-a) + s(a) e^d), which never cancels;
    logarithms are taken of products of `group` units, written out, since a loop of products is four times slower.
    """
    if not group:
        return _log_odds_of_large_weights(X, field, weights, visible)
    n_sites = weights.shape[1]
    spare = -len(weights) % group
    blocks = jnp.pad(weights, ((0, spare), (0, 0))).reshape(-1, group, n_sites)
    a = jnp.pad(field, ((0, 0), (0, spare)), constant_values=-jnp.inf).reshape(len(X), -1, group)
    of_weights = (blocks, jnp.exp(blocks), jnp.exp(-blocks))

    def row(part: tuple[jax.Array, jax.Array, jax.Array]) -> jax.Array:
        v = part[0]

        def factor(w: jax.Array, grow: jax.Array, shrink: jax.Array, p: jax.Array, q: jax.Array) -> jax.Array:
            if hard:
                return q + p * jnp.where(v > 0.5, shrink, grow)
            at_zero = p * jnp.exp(-v * w)
            return (q + at_zero * grow) / (q + at_zero)

        def units(total: jax.Array, some: tuple[jax.Array, ...]) -> tuple[jax.Array, None]:
            return total + jnp.log(reduce(mul, (factor(*(part[k] for part in some)) for k in range(group)))), None

        total, _ = jax.lax.scan(units, jnp.zeros(n_sites), (*of_weights, *part[1:]))
        return visible + ((1 - 2 * v) * total if hard else total)

    odds: jax.Array = jax.lax.map(row, (X, jax.nn.sigmoid(a), jax.nn.sigmoid(-a)))
    return odds


_compiled = partial(jax.jit, static_argnames=("group", "hard"))(_log_odds)


def _log_odds_of_large_weights(X: jax.Array, field: jax.Array, weights: jax.Array, visible: jax.Array) -> jax.Array:
    def row(part: tuple[jax.Array, jax.Array]) -> jax.Array:
        v, a = part[0], part[1][:, None]
        on, off = a + (1 - v) * weights, a - v * weights
        return visible + (jax.nn.softplus(on) - jax.nn.softplus(off)).sum(axis=0)

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
