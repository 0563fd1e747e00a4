"""Means of operators of a coarse layer whose spins are drawn independently, exact in the coins, with derivatives.

Given the fine spins the coarse ones are independent with means m_i, so that the mean of a product of different spins
is the product of the m_i: an operator of the means in place of spins is the operator's mean over all draws. It is
smooth in the parameters of the rule, which draws are not.

The chance that labels are all alike is the sum over a of the products of their chances p_i(a), so labels are like more
rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from blockspin.lattice import Lattice
from blockspin.rg.operators import Operator

FloatArray = NDArray[np.float64]
Means = Callable[[Any, Any], Any]
"""(parameters, what is known of some rows (n, M, ...)) to the means (n, M) of their coarse spins, or (n, M, q)."""

ROWS = 50  # handled at once: their products stay in the cache


def kernel_means(theta: Any, features: Any) -> Any:
    """tanh(sum_k theta_k phi_k), the means (n, M) of a `Kernel`'s spins by their features (n, M, k).

    Of labels, by features (n, M, q, k), the chances (n, M, q).
    """
    weighed = features @ theta
    return jnp.tanh(weighed) if weighed.ndim == 2 else jax.nn.softmax(2 * weighed, axis=2)


def value(operator: Operator, means: Any) -> Any:
    """The operator a site, (n,), of means (*sites, n) of independent spins."""
    axes = tuple(range(means.ndim - 1))
    total: Any = 0.0
    for shape in operator.images:
        term = means
        for site in shape[1:]:  # an image begins at the origin
            term = term * jnp.roll(means, [-x for x in site], axes)
        total = total + term.mean(axis=axes)
    return total


@dataclass
class Moments:
    """<w O>, means over rows of weights w (n, z) times operators O (n, a) of the coarse layer, shape (z, a).

    rows: what `means` takes of the rows, (n, M, ...).
    """

    operators: Sequence[Operator]
    lattice: Lattice
    means: Means
    rows: NDArray[Any]
    weights: NDArray[Any]

    def __post_init__(self) -> None:
        n, more = len(self.rows), -len(self.rows) % ROWS  # rows of no weight fill the last piece up
        self.rows, self.weights = (
            np.pad(one, [(0, more)] + [(0, 0)] * (one.ndim - 1)).reshape(-1, ROWS, *one.shape[1:]).astype(np.float32)
            for one in (self.rows, self.weights * (n + more) / n)
        )
        self._compiled = jax.jit(self._mean)

    def __call__(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The moments (z, a) and their derivatives by every parameter, (z, a, k)."""
        value, jacobian = self._compiled(jnp.asarray(theta, jnp.float32), self.rows, self.weights)
        return np.asarray(value, float), np.asarray(jacobian, float)

    def _mean(self, theta: Any, rows: Any, weights: Any) -> Any:
        def of_some(some: tuple[Any, Any]) -> Any:
            seen, weight = some
            # rows last: they are next to each other in memory, whatever way a product of sites is moved
            means = jnp.moveaxis(self.means(theta, seen), 1, 0).reshape(*self.lattice.shape, -1)
            rows = means.shape[-1]  # q for each one, of labels
            weight = jnp.repeat(weight, rows // ROWS, axis=0)
            slopes = jnp.moveaxis(jax.jacfwd(self.means)(theta, seen), 0, 1).reshape(-1, len(theta))
            # an operator's derivative by the means costs as much as a few operators, whatever the number of parameters
            both = [jax.vjp(partial(value, one), means) for one in self.operators]
            local = jnp.stack([back(jnp.ones(rows))[0].reshape(-1, rows) for _, back in both])
            of_rows = jnp.stack([found for found, _ in both], axis=1)
            by_weight = [(local * one).reshape(len(local), -1) @ slopes for one in weight.T]
            return weight.T @ of_rows / ROWS, jnp.stack(by_weight) / ROWS

        return jax.tree.map(lambda one: one.mean(axis=0), jax.lax.map(of_some, (rows, weights)))
