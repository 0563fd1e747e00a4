"""Nulls: maps of the same make that cannot know the physics, to see what a number is worth.

"K=0 data": the map trained on spins without correlations. "permuted data": trained with the sites permuted.
"untrained": as initialised. "shuffled sites": the trained map reading the lattice through a permutation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone

from blockspin.coarse.fields import weight_fields
from blockspin.randomness import generator

PERMUTATIONS = ("permuted data", "shuffled sites")  # kinds of nulls that leave what ignores the sites' places as it is


class ShuffledSites(TransformerMixin, BaseEstimator):
    """A fitted map that reads site `permutation[i]` where it was trained to read site i."""

    def __init__(self, transformer: Any, permutation: NDArray[np.intp]) -> None:
        self.transformer = transformer
        self.permutation = permutation

    def fit(self, X: Any, y: object = None) -> ShuffledSites:
        """Do nothing: the map comes fitted."""
        return self

    def transform(self, X: NDArray[Any]) -> Any:
        """The inner map's outputs on X with its columns permuted."""
        return self.transformer.transform(X[:, self.permutation])

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        if name == "chance" and hasattr(self.transformer, name):
            return lambda X: self.transformer.chance(X[:, self.permutation])
        # only a chain of weight matrices has fields to permute; other maps get theirs by regression
        if name == "fields_":
            inner = weight_fields(self.transformer, len(self.permutation))
            if inner is not None:
                return inner[:, np.argsort(self.permutation)]
        raise AttributeError(name)


def shuffled(transformer: Any, n_sites: int, seed: int) -> ShuffledSites:
    """The fitted map behind a random permutation of the sites."""
    return ShuffledSites(transformer, generator(seed, "shuffled sites").permutation(n_sites))


def lacking(transformer: Any) -> str:
    """What a map lacks for an untrained clone of it, "" where it lacks nothing.

    An untrained clone has every number of epochs set to 0. A number of iterations is one of epochs where a learning
    rate goes with it: TruncatedSVD's is not.
    """
    if not hasattr(transformer, "get_params"):
        return "get_params"
    return "" if _epochs(transformer) else "parameters n_iter and learning_rate, of which n_iter=0 is untrained"


def untrained(transformer: Any, X: NDArray[Any]) -> Any | None:
    """A clone as initialised, every number of epochs set to 0; None where `lacking` says why there is none."""
    if lacking(transformer):
        return None
    fresh = clone(transformer)
    return fresh.set_params(**dict.fromkeys(_epochs(fresh), 0)).fit(X.copy())


def _epochs(transformer: Any) -> list[str]:
    names = transformer.get_params()
    return [
        name for name in names if name.endswith("n_iter") and name.removesuffix("n_iter") + "learning_rate" in names
    ]


def noise(X: NDArray[Any], seed: int) -> NDArray[np.int8]:
    """Data at K = 0 of the shape of X: independent fair spins, or letters as often as X and -X have them together."""
    random = generator(seed, "K=0 data")
    if (np.abs(X) == 1).all():
        return np.asarray(2 * random.integers(0, 2, X.shape, dtype=np.int8) - 1)
    letters, counts = np.unique(np.concatenate([X, -X]), return_counts=True)
    return random.choice(letters, X.shape, p=counts / counts.sum()).astype(np.int8)


def permuted(X: NDArray[Any], seed: int) -> NDArray[Any]:
    """The same samples with their sites permuted, one permutation for all."""
    return X[:, generator(seed, "permuted data").permutation(X.shape[1])]


def cheap(transformer: Any, X: NDArray[Any], seed: int) -> dict[str, Any]:
    """The nulls that need no training: shuffled sites, and untrained where the map can be."""
    found: dict[str, Any] = {"shuffled sites": shuffled(transformer, X.shape[1], seed)}
    fresh = untrained(transformer, X)
    return {**found, "untrained": fresh} if fresh is not None else found


def retrained(transformer: Any, X: NDArray[Any], seed: int) -> dict[str, Any]:
    """Clones trained on K = 0 data and on site-permuted data, as many samples as X has."""
    return {
        "K=0 data": clone(transformer).fit(noise(X, seed)),
        "permuted data": clone(transformer).fit(permuted(X, seed)),
    }
