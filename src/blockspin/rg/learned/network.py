"""A small network as a block rule, learned by asking for self-similarity, with the symmetries of block and spins."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import partial
from itertools import permutations, product
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from blockspin import checks, memory
from blockspin.arrays import FloatArray, Spins
from blockspin.coarse.blocks import ChanceRule
from blockspin.lattice import Lattice, windows_at
from blockspin.rg.learned.learner import FEATURES
from blockspin.rg.learned.misfit import Misfit
from blockspin.rg.learned.moments import Means
from blockspin.rg.learned.rows import Rows
from blockspin.rg.learned.self_similar import SelfSimilar

PART = 2**18  # spins handled at once, whose windows and images take some hundred times as much


class SelfSimilarNetwork(SelfSimilar):
    """`SelfSimilar` with a layer of tanh units on top of the kernel: a network that sees a window about the block.

        P(s' = +1 | v) = 1 / (1 + exp(-2 f(v))),    f(v) = theta.phi(v) + mean over g of sum_j c_j tanh(w_j.gv),

    with theta.phi of the kernel, v the spins of the window and g its rotations and reflections, 8 on the square
    lattice. So f is symmetric under these, and odd, for there are no biases. The kernel is learned first, with c = 0.
    Many parameters can fit noise: `score` on other rows shows what was learned.

    Parameters
    ----------
    lattice, b, features, own, operators, free, n_rows : as in `SelfSimilar`
        A hypercubic lattice.
    window, hidden, n_iter : int, int, int
        The side of the window, with the block at its centre; tanh units; steps of least squares at most.
    random_state : int, RandomState or None
        Of the first weights w, and of the coins as in `rules.Kernel`.

    Attributes
    ----------
    theta_ : array (features + hidden + hidden window^d,)
        theta, c and w; `kernel_` has the first alone.
    divergence_, differences_ : as in `SelfSimilar`

    References
    ----------
    The objective is this package's (docs/explanation/renormalization.md).

    Examples
    --------
    >>> fine, coarse = bs.Lattice.square(16), bs.Lattice.square(8)
    >>> rows, own = (bs.to_matrix(bs.sample(bs.Ising(one, K=0.44068679), 2000, seed=1)) for one in (fine, coarse))
    >>> rule = bs.rg.SelfSimilarNetwork(fine, 2, ["block"], own, ["nn", "nnn"], window=4, hidden=2, random_state=1)
    >>> rule.fit(rows).on(coarse).transform(own[:2]).shape
    (2, 16)
    """

    def __init__(
        self,
        lattice: Lattice,
        b: int = 2,
        features: Sequence[str] = FEATURES,
        own: ArrayLike | None = None,
        operators: Sequence[str] | None = None,
        free: Sequence[str] = (),
        n_rows: int = 10_000,
        window: int = 6,
        hidden: int = 8,
        n_iter: int = 10,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        super().__init__(lattice, b, features, own, operators, free, n_rows, random_state)
        self.window = window
        self.hidden = hidden
        self.n_iter = n_iter

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the kernel, then all parameters, from rows X (n, N); raises ValueError as `SelfSimilar.fit`."""
        self._check_settings()
        names = set(inspect.signature(SelfSimilar).parameters)
        kernel = {name: one for name, one in self.get_params(deep=False).items() if name in names}
        self._first = SelfSimilar(**kernel).fit(X).theta_
        return super().fit(X)

    def on(self, lattice: Lattice) -> Self:
        """The same network on another lattice of the kind, as if learned there."""
        check_is_fitted(self, "theta_")
        other: Self = clone(self).set_params(lattice=lattice, random_state=self.random_state)
        ChanceRule._check_settings(other)
        other.theta_, other.n_features_in_ = self.theta_, lattice.n_sites
        other._n_features_out = lattice.coarse(self.b).n_sites
        return other

    def _start(self) -> FloatArray:
        sites = self.window**self.lattice.dimension
        random = check_random_state(self.random_state).normal(0, sites**-0.5, self.hidden * sites)
        return np.concatenate([self._first, np.zeros(self.hidden), random])

    def _seen(self, spins: Spins) -> NDArray[np.float32]:
        """The features of every block, and the spins of its window, (n, M, k + window^d)."""
        sites = windows_at(self.lattice, self.window, self.b, (self.window - self.b) // 2)
        return np.concatenate([super()._seen(spins), spins[:, sites]], axis=2)

    @property
    def _means(self) -> Means:
        return partial(network_means, turned=turned(self.window, self.lattice.dimension))

    def _chance(self, spins: Spins) -> FloatArray:
        check_is_fitted(self, "theta_")
        every, chance = turned(self.window, self.lattice.dimension), np.empty((len(spins), self._n_features_out))
        theta = jnp.asarray(self.theta_, jnp.float32)
        for at in memory.pieces(spins.shape, PART):
            known = self._seen(spins[at])
            means = _only_means(theta, known.reshape(-1, known.shape[2]), every)
            chance[at] = (1 + means.reshape(known.shape[:2])) / 2
        return chance

    def _learn(self, objective: Any, most: int | None = None) -> Any:
        return super()._learn(objective, self.n_iter)

    def _set_errors(self, misfit: Misfit, rows: Rows, slopes: FloatArray) -> None:
        """None: many parameters serve alike."""

    def _check_settings(self) -> None:
        super()._check_settings()
        for name, least in (("window", self.b), ("hidden", 0), ("n_iter", 1)):
            checks.whole(name, getattr(self, name), least)
        if self.lattice.kind == "triangular" or (self.window - self.b) % 2:
            raise ValueError(
                f"a window is of a hypercubic lattice, with the block at its centre; got window = {self.window}, "
                f"b = {self.b} on {self.lattice}"
            )


def turned(side: int, d: int) -> FloatArray:
    """What brings a window's sites to their positions after each rotation or reflection, (p, g p) of 0 and 1."""
    sites = np.arange(side**d).reshape((side,) * d)
    axes = (sites.transpose(order) for order in permutations(range(d)))
    every = (np.flip(one, tuple(k for k in range(d) if back[k])) for one in axes for back in product([0, 1], repeat=d))
    return np.concatenate([np.eye(side**d)[:, one.ravel()] for one in every], axis=1)


def network_means(theta: Any, seen: Any, turned: Any) -> tuple[Any, Any]:
    """tanh(f), the means (m,) of blocks' spins, and the derivatives by theta, (m, k).

    seen: features and windows, (m, features + p).
    """
    sites, g = len(turned), turned.shape[1] // len(turned)
    linear = seen.shape[1] - sites
    hidden = (len(theta) - linear) // (sites + 1)
    c, w = theta[linear : linear + hidden], theta[linear + hidden :].reshape(hidden, sites)
    phi, windows = seen[:, :linear], seen[:, linear:]
    # a product with 0 and 1 is faster than to look sites up
    views = (windows @ jnp.asarray(turned, jnp.float32)).reshape(len(seen), g, sites)
    units = jnp.tanh(views.reshape(-1, sites) @ w.T).reshape(len(seen), g, hidden)
    unit, back = units.mean(axis=1), (1 - units**2) * c / g
    means = jnp.tanh(phi @ theta[:linear] + unit @ c)
    by_w = sum(back[:, k, :, None] * views[:, k, None, :] for k in range(g))
    slopes = jnp.concatenate([phi, unit, by_w.reshape(len(seen), hidden * sites)], axis=1)
    return means, (1 - means**2)[:, None] * slopes


@jax.jit
def _only_means(theta: Any, seen: Any, turned: Any) -> Any:
    return network_means(theta, seen, turned)[0]
