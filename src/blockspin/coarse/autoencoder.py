"""An autoencoder of one hidden layer as a scikit-learn transformer: deep learning's coarse-graining, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from functools import lru_cache
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import ArrayLike
from scipy.special import expit
from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from blockspin import checks, memory
from blockspin.arrays import Array
from blockspin.coarse.rows import Transformer, rows
from blockspin.coarse.rsmi.networks import STEADY, Batch, Climb, Layers, Objective, climb, layers
from blockspin.progress import Wish, reporting

Function = Callable[[Any], Any]

ACTIVATIONS: dict[str, tuple[Function, Function]] = {  # in training, and of the fitted layer
    "tanh": (jnp.tanh, np.tanh),
    "logistic": (jax.nn.sigmoid, expit),
    "identity": (jnp.asarray, np.asarray),
}


@dataclass(eq=False, repr=False)
class Autoencoder(ClassNamePrefixFeaturesOutMixin, Transformer):
    """A hidden layer trained to give its input back: a coarse-graining that is not a distribution, as an RBM is.

    h = g(W v + c) and v' = D h + d. Training minimises, over W, c, D and d, with means over the rows,

        <|v - v'|^2> / 2 + l1 (|W|_1 + |D|_1) + l2 (|W|^2 + |D|^2) / 2

    by Adam on shuffled mini-batches, without rows that do not fill one. The penalties are part of the gradient: no
    weight is ever exactly zero. The gradient is that of scikit-learn's MLPRegressor fitted to its own input, with
    alpha = l2 batch_size; that has no L1. Hidden units have no states: the judge cuts them at their median (the sign,
    without biases), and a stack passes the numbers on. Arithmetic is float32.

    Parameters
    ----------
    n_components, activation : int, {"tanh", "logistic", "identity"}
        Hidden units M, and g. With "identity", no penalty, and biases or centred rows the optimum spans the first M
        principal components.
    biases : bool
        False keeps c and d at zero, for up-down symmetric spins.
    l1, l2 : float
        Penalties, as above; of both layers, for one alone would only move scale into the other.
    learning_rate, batch_size, n_iter : float, int, int
        Of Adam; n_iter epochs, of which 0 leaves W ~ N(0, 1/N) and D ~ N(0, 1/M).
    random_state, verbose : int, RandomState or None, bool or callable
        Equal integers give equal bits on one computer; progress as `bs.RBM` shows it.

    Attributes
    ----------
    components_, intercept_, decoder_, decoder_intercept_ : arrays (M, N), (M,), (N, M), (N,)
        W, c, D and d.
    loss_curve_ : array (n_iter,)
        <|v - v'|^2> / 2 and penalties after each epoch, on at most 2000 evenly spaced training rows.

    References
    ----------
    Hinton and Salakhutdinov, Science 313, 504 (2006); Baldi and Hornik, Neural Networks 2, 53 (1989) for "identity".

    Examples
    --------
    >>> X = bs.to_matrix(bs.sample(bs.Ising(bs.Lattice.square(4), K=0.4), 400, seed=1))
    >>> autoencoder = bs.Autoencoder(4, n_iter=5, random_state=1).fit(X)
    >>> autoencoder.transform(X).shape, autoencoder.reconstruct(X).shape
    ((400, 4), (400, 16))
    """

    _keeps = ("float64", "float32")
    n_components: int = 64
    _: KW_ONLY
    activation: str = "tanh"
    biases: bool = True
    l1: float = 0.0
    l2: float = 0.0
    learning_rate: float = 0.001
    batch_size: int = 100
    n_iter: int = 20
    random_state: int | np.random.RandomState | None = None
    verbose: Wish = 0

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Train on X, shape (n, N). Raises ValueError for parameters out of range, and training that diverges."""
        for name, least in (("n_components", 1), ("batch_size", 1), ("n_iter", 0)):
            checks.whole(name, getattr(self, name), least)
        for name in ("learning_rate", "l1", "l2"):
            checks.number(name, getattr(self, name), 0)
        checks.choice("activation", self.activation, ACTIVATIONS)
        checks.flag("biases", self.biases)
        random = np.random.default_rng(check_random_state(checks.random_state(self.random_state)).randint(2**31 - 1))
        data = rows(self, X, reset=True, least=2)
        (n, N), M = data.shape, self.n_components
        memory.require(32 * 2 * N * M + 2 * data.nbytes, f"n_components = {M} on X of shape {data.shape}")
        start, unpack = ravel_pytree(layers(random, N, M) + layers(random, M, N))[0], _unpacking(N, M)
        objective = _objective(self.activation, bool(self.biases), float(self.l1), float(self.l2))
        state = Climb(start, jnp.zeros_like(start), jnp.zeros_like(start), jnp.float32(0))
        size, rate, losses = min(self.batch_size, n), float(self.learning_rate), []
        some = jnp.asarray(data[:: max(1, -(-n // 2000))].astype(np.float32))
        with reporting(self.verbose, "Autoencoder", name="verbose") as report:
            for epoch in range(1, self.n_iter + 1):
                batches = data[random.permutation(n)[: n - n % size].reshape(-1, size)]
                nothing = jnp.zeros((len(batches), 0))  # the noise that this objective does not use
                state = climb(state, (jnp.asarray(batches),), nothing, rate, STEADY, objective, unpack)
                losses.append(-float(objective(unpack(state.vector), (some,), nothing, jnp.float32(1))))
                if not np.isfinite(losses[-1]):
                    rates = ", ".join(f"{name} = {getattr(self, name):g}" for name in ("learning_rate", "l1", "l2"))
                    raise ValueError(f"training diverged in epoch {epoch}: too large for these X is one of {rates}")
                report(epoch / self.n_iter, f"epoch {epoch}, loss {losses[-1]:.4g}")
        self.loss_curve_ = np.array(losses)
        (encoder, self.intercept_), (decoder, self.decoder_intercept_) = jax.tree.map(np.array, unpack(state.vector))
        self.components_, self.decoder_ = encoder.T.copy(), decoder.T.copy()
        return self

    def transform(self, X: ArrayLike) -> Array:
        """The hidden units h of X (n, N), shape (n, M), in the precision of X."""
        check_is_fitted(self)
        data = rows(self, X, reset=False)
        field = data.astype(np.result_type(data, np.float32), copy=False) @ self.components_.T + self.intercept_
        return np.asarray(ACTIVATIONS[self.activation][1](field))

    def inverse_transform(self, X: ArrayLike) -> Array:
        """v' of hidden units h, here X, of shape (n, M): shape (n, N). Raises ValueError for another shape."""
        check_is_fitted(self)
        hidden = checks.finite("X", X, 2)
        if hidden.shape[1] != len(self.components_):
            raise ValueError(f"X, the hidden units, has shape (n, {len(self.components_)}); got {hidden.shape}")
        return np.asarray(hidden @ self.decoder_.T + self.decoder_intercept_)

    def reconstruct(self, X: ArrayLike) -> Array:
        """v' of the rows of X, shape (n, N)."""
        return self.inverse_transform(self.transform(X))

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)


@lru_cache
def _unpacking(N: int, M: int) -> Callable[[jax.Array], Layers]:
    """From one long vector to both layers; kept, since a program is compiled for each such function."""
    zeros: Layers = [(np.zeros((a, b), np.float32), np.zeros(b, np.float32)) for a, b in ((N, M), (M, N))]
    unpack: Callable[[jax.Array], Layers] = ravel_pytree(zeros)[1]
    return unpack


@lru_cache
def _objective(activation: str, biases: bool, l1: float, l2: float) -> Objective:
    """The loss of `Autoencoder` with its sign turned over, which `climb` makes large."""

    def height(parameters: Layers, batch: Batch, noise: jax.Array, temperature: jax.Array) -> jax.Array:
        (W, c), (D, d) = parameters
        (v,) = batch
        back = ACTIVATIONS[activation][0](v @ W + biases * c) @ D + biases * d
        penalty = sum(l1 * jnp.abs(part).sum() + l2 / 2 * (part**2).sum() for part in (W, D))
        return jnp.asarray(-((v - back) ** 2).sum(axis=1).mean() / 2 - penalty)

    return height
