"""Nulls: control maps of the same kind that cannot have learned the physics.

"K=0 data": the map trained on spins without correlations. "permuted data": trained with the sites permuted.
"untrained": as initialised. "shuffled sites": the trained map reading the lattice through a permutation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from blockspin.coarse.maps import Taken, taken
from blockspin.coarse.sparse_fields import Fields, sparse
from blockspin.randomness import generator

PERMUTATIONS = ("permuted data", "shuffled sites")  # kinds of nulls that leave what ignores the sites' places as it is


class ShuffledSites(Taken):
    """A fitted map that reads site `permutation[i]` where it was trained to read site i."""

    generative = None  # it makes spins on the sites that it reads

    def __init__(self, transformer: Any, permutation: NDArray[np.intp]) -> None:
        super().__init__(transformer)
        self.permutation = permutation

    def weights(self, n_sites: int) -> Fields | None:
        """The fields of the map, on the sites that it reads."""
        found = super().weights(n_sites)
        return found if found is None else sparse(found[:, np.argsort(self.permutation)])

    def _rows(self, X: ArrayLike) -> NDArray[Any]:
        return np.asarray(X)[:, self.permutation]


def shuffled(transformer: Any, n_sites: int, seed: int) -> ShuffledSites:
    """The fitted map behind a random permutation of the sites."""
    return ShuffledSites(transformer, generator(seed, "shuffled sites").permutation(n_sites))


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


def lacking(transformer: Any) -> str:
    """What a map lacks for an untrained copy, "" where it lacks nothing."""
    given = taken(transformer).given
    if hasattr(given, "untrained") or _epochs(given):
        return ""
    return "untrained()" if not hasattr(given, "get_params") else "untrained(), or parameters n_iter and learning_rate"


def untrained(transformer: Any, X: NDArray[Any]) -> Any | None:
    """A copy as initialised: the map's own, or a clone fitted to X with every number of epochs 0; else None."""
    given = taken(transformer).given
    if hasattr(given, "untrained"):
        return given.untrained()
    return _anew(given, X, **dict.fromkeys(_epochs(given), 0)) if _epochs(given) else None


def cheap(transformer: Any, X: NDArray[Any], seed: int) -> dict[str, Any]:
    """The nulls that need no training: shuffled sites, and untrained where the map can be."""
    found: dict[str, Any] = {"shuffled sites": shuffled(taken(transformer).given, X.shape[1], seed)}
    fresh = untrained(transformer, X)
    return {**found, "untrained": fresh} if fresh is not None else found


def retrained(transformer: Any, X: NDArray[Any], seed: int) -> dict[str, Any]:
    """Clones trained on K = 0 data and on site-permuted data, as many samples as X has."""
    given = taken(transformer).given
    return {"K=0 data": _anew(given, noise(X, seed)), "permuted data": _anew(given, permuted(X, seed))}


def _anew(given: Any, X: NDArray[Any], **settings: Any) -> Any:
    # a clone with these settings fitted to X; its units may have no places, on which `bs.Placed` would insist
    loose = {"strict": False} if "strict" in given.get_params(deep=False) else {}
    return clone(given).set_params(**settings, **loose).fit(X.copy())


def _epochs(given: Any) -> list[str]:
    # a number of iterations is one of epochs where a learning rate goes with it: TruncatedSVD's is not
    names = given.get_params() if hasattr(given, "get_params") else {}
    return [
        name for name in names if name.endswith("n_iter") and name.removesuffix("n_iter") + "learning_rate" in names
    ]
