"""Effective receptive fields: what each coarse variable reads of the lattice, as weights on its sites."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import eye_array
from sklearn.base import OneToOneFeatureMixin
from sklearn.pipeline import Pipeline

from blockspin import memory
from blockspin.arrays import FloatArray
from blockspin.coarse.rows import Transformer, rows
from blockspin.coarse.sparse_fields import Fields, sparse
from blockspin.randomness import generator

CHECKED, FOLLOWS = 500, 0.5  # rows of noise on which fields are checked, and the correlation that they must have


class ToBinary(OneToOneFeatureMixin, Transformer):
    """Spins -1/+1 as 0/1, (x + 1) / 2: the first step of a pipeline whose RBMs take 0/1 units.

    X has shape (n, N). Raises ValueError where a value lies outside [-1, 1].

    Examples
    --------
    >>> bs.ToBinary().fit_transform(np.array([[-1, 1, 1, -1]]))
    array([[0., 1., 1., 0.]], dtype=float32)
    """

    _learns = False

    def fit(self, X: ArrayLike, y: object = None) -> ToBinary:
        """Check X and store the number of features; nothing is learned, so that `transform` works without."""
        self._spins(X, reset=True)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """(X + 1) / 2 as float32, shape (n, N)."""
        return ((self._spins(X, reset=False) + 1) / 2).astype(np.float32)

    def _spins(self, X: ArrayLike, *, reset: bool) -> NDArray[Any]:
        spins = rows(self, X, reset=reset)
        if spins.min() < -1 or spins.max() > 1:
            raise ValueError(
                f"ToBinary takes X of spins within [-1, 1]; got values from {spins.min():g} to {spins.max():g}"
            )
        return spins


def parts(transformer: Any) -> list[Any]:
    """The steps of a Pipeline that do something, or the map itself: `ToBinary` and what passes all on left out."""
    steps = [step for _, step in transformer.steps] if isinstance(transformer, Pipeline) else [transformer]
    return [step for step in steps if not isinstance(step, (ToBinary, str, type(None)))]  # "passthrough" and None


def is_machine(step: Any) -> bool:
    """Whether a step is a fitted RBM, ours, scikit-learn's or another of the same attributes."""
    return all(hasattr(step, name) for name in ("components_", "intercept_visible_", "intercept_hidden_"))


def units_of(machine: Any) -> str:
    """The units of an RBM's visible layer: "binary", "spin" or "gaussian" (BernoulliRBM is binary)."""
    return str(getattr(machine, "units_", "binary"))


def weight_fields(transformer: Any, n_sites: int) -> Fields | None:
    """Effective fields from the weights, shape (M, N), or None where the map is not a chain of weight matrices.

    A step's matrix is its ``fields_`` or ``components_``; through a Pipeline they multiply,
    r^(l) = W^(l) r^(l-1) with W of shape (units, inputs). Element-wise steps (`ToBinary`) count as 1.
    They are a csr_array where most of them are 0.
    Source: Mehta & Schwab, arXiv 1410.3831, Appendix B.
    """
    fields: Fields | None = None
    for step in parts(transformer):
        given = getattr(step, "fields_", None)
        matrix: Any = getattr(step, "components_", None) if given is None else given
        shape = np.shape(matrix)
        if len(shape) != 2 or shape[1] != (n_sites if fields is None else fields.shape[0]):
            return None
        weights = sparse(matrix)
        fields = weights if fields is None else weights @ fields
    return eye_array(n_sites, format="csr") if fields is None else fields


def regression_fields(fine: ArrayLike, coarse: ArrayLike, ridge: float = 1.0) -> FloatArray:
    """Fields of any map from data: the linear regression of its outputs (n, M) on the spins (n, N), shape (M, N).

    r = (C + ridge/n)^-1 <v h>_c with C the covariance of the spins; it tells which sites matter given the others,
    where the bare correlator <v h> also carries the correlations of the data. The ridge is in units of one sample.
    Fewer samples than sites are solved for as v^T (v v^T + ridge)^-1 h, which is the same. Raises ValueError where the
    matrices are larger than the free memory.
    """
    (n, N), side = np.shape(fine), min(np.shape(fine))
    memory.require(16 * n * N + 24 * side**2, f"a regression of outputs on {N} sites from {n} draws")
    v = np.asarray(fine, np.float64)
    h = np.asarray(coarse, np.float64)
    v = v - v.mean(axis=0)
    h = h - h.mean(axis=0)
    if n < N:
        return np.asarray(np.linalg.solve(v @ v.T + ridge * np.eye(n), h).T @ v)
    covariance = v.T @ v + ridge * np.eye(N)
    fields: FloatArray = np.linalg.solve(covariance, v.T @ h).T
    return fields


def noise_share(fine: ArrayLike, coarse: ArrayLike, fields: Fields) -> float:
    """The share of the squares of `regression_fields` that noise makes, of the median unit; 1 for draws <= sites + 1.

    s^2 tr (v^T v)^-1 / |r|^2, with s^2 the mean square that the regression leaves of h.
    """
    v, h = (one - one.mean(axis=0) for one in (np.asarray(fine, np.float64), np.asarray(coarse, np.float64)))
    free = len(v) - v.shape[1] - 1
    if free < 1:
        return 1.0
    left = ((h - v @ fields.T) ** 2).sum(axis=0) / free
    noise = left * np.linalg.pinv(v.T @ v, hermitian=True).trace()
    squares = np.asarray((fields**2).sum(axis=1))
    return float(np.median(noise[squares > 0] / squares[squares > 0]))


def follows(transform: Callable[[NDArray[np.int8]], ArrayLike], fields: Fields) -> bool:
    """Whether outputs follow fields on spins without correlations: a median correlation with r v of at least 1/2."""
    spins = generator(0, "fields").choice(np.array([-1, 1], np.int8), (CHECKED, fields.shape[1]))
    linear, given = spins @ fields.T, np.asarray(transform(spins), float)
    linear, given = linear - linear.mean(axis=0), given - given.mean(axis=0)
    size = np.sqrt((linear**2).sum(axis=0) * (given**2).sum(axis=0))
    varying = size > 0
    if not varying.any():
        return True
    return bool(np.median(np.abs((linear * given).sum(axis=0)[varying]) / size[varying]) >= FOLLOWS)
