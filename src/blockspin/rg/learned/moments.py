"""Means of operators of a coarse layer whose spins are drawn independently, exact in the coins, with derivatives.

Given the fine spins the coarse ones are independent with means m_i, so that the mean of a product of different spins
is the product of the m_i: an operator of the means in place of spins is the operator's mean over all draws. It is
smooth in the parameters of the rule, which draws are not.

The chance that labels are all alike is the sum over a of the products of their chances p_i(a), so labels are like more
rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from blockspin.arrays import FloatArray
from blockspin.lattice import Lattice
from blockspin.rg.operators import Operator

Means = Callable[[Any, Any], tuple[Any, Any]]
"""(parameters (k,), what is seen of blocks (m, p)) to the means of their coarse spins (m,) and derivatives (m, k).

Of labels, (m, q, p) to the chances (m, q) and derivatives (m, q, k).
"""

ROWS = 50  # handled at once: their products stay in the cache


def kernel_means(theta: Any, features: Any) -> tuple[Any, Any]:
    """tanh(sum_k theta_k phi_k), the means of a `Kernel`'s spins by the features of their blocks; chances of labels."""
    weighed = features @ theta
    if weighed.ndim == 1:
        means = jnp.tanh(weighed)
        return means, (1 - means**2)[:, None] * features
    chances = jax.nn.softmax(2 * weighed, axis=1)[..., None]
    return chances[..., 0], 2 * chances * (features - (chances * features).sum(axis=1, keepdims=True))


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

    seen: what `means` takes of every block of the rows, (n, M, p), or (n, M, q, p) of labels.
    """

    operators: Sequence[Operator]
    lattice: Lattice
    means: Means
    seen: NDArray[Any]
    weights: NDArray[Any]

    def __post_init__(self) -> None:
        n, more = len(self.seen), -len(self.seen) % ROWS  # rows of no weight fill the last piece up
        self.seen, self.weights = (
            np.pad(one, [(0, more)] + [(0, 0)] * (one.ndim - 1)).reshape(-1, ROWS, *one.shape[1:])
            for one in (self.seen, (self.weights * (n + more) / n).astype(np.float32))
        )
        self._compiled = jax.jit(self._mean)

    def __call__(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The moments (z, a) and their derivatives by every parameter, (z, a, k)."""
        value, jacobian = self._compiled(jnp.asarray(theta, jnp.float32), self.seen, self.weights)
        return np.asarray(value, float), np.asarray(jacobian, float)

    def _mean(self, theta: Any, seen: Any, weights: Any) -> Any:
        def of_some(some: tuple[Any, Any]) -> Any:
            weight, sites = some[1], self.lattice.n_sites
            # rows last: they are next to each other in memory, whatever way a product of sites is moved
            blocks = jnp.moveaxis(some[0].astype(jnp.float32), 0, 1)
            means, slopes = self.means(theta, blocks.reshape(sites * ROWS, *blocks.shape[2:]))
            means, slopes = means.reshape(*self.lattice.shape, -1), slopes.reshape(-1, len(theta))
            rows = means.shape[-1]  # q for each one, of labels
            weight = jnp.repeat(weight, rows // ROWS, axis=0)
            # an operator's derivative by the means costs as much as a few operators, whatever the number of parameters
            both = [jax.vjp(partial(value, one), means) for one in self.operators]
            local = jnp.stack([back(jnp.ones(rows))[0].reshape(-1, rows) for _, back in both])
            of_rows = jnp.stack([found for found, _ in both], axis=1)
            by_weight = [(local * one).reshape(len(local), -1) @ slopes for one in weight.T]
            return weight.T @ of_rows / ROWS, jnp.stack(by_weight) / ROWS

        return jax.tree.map(lambda one: one.mean(axis=0), jax.lax.map(of_some, (seen, weights)))
