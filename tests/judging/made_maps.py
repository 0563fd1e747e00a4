"""Maps made for the judge's tests, and what a criterion measures of a map."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from blockspin.coarse.rbm import RBM
from blockspin.judging import CRITERIA, Evidence, Subject
from blockspin.judging.measurement import Measurement, Side
from blockspin.lattice import Lattice
from blockspin.statistics import Estimate


class Linear(TransformerMixin, BaseEstimator):
    """c = r v with given fields r (M, N)."""

    def __init__(self, fields: np.ndarray) -> None:
        self.fields = fields

    @property
    def fields_(self) -> np.ndarray:
        return self.fields

    def fit(self, X: Any, y: object = None) -> Linear:
        return self

    def transform(self, X: Any) -> np.ndarray:
        return np.asarray(X @ self.fields.T)

    def __sklearn_is_fitted__(self) -> bool:
        return True


class Relabelled(TransformerMixin, BaseEstimator):
    """A map's units in another order, some of them turned over."""

    def __init__(self, transformer: Any, order: np.ndarray, sign: np.ndarray) -> None:
        self.transformer = transformer
        self.order = order
        self.sign = sign

    @property
    def fields_(self) -> np.ndarray:
        return np.asarray(self.transformer.fields_[self.order] * self.sign[:, None])

    def fit(self, X: Any, y: object = None) -> Relabelled:
        return self

    def transform(self, X: Any) -> np.ndarray:
        return np.asarray(self.transformer.transform(X)[:, self.order] * self.sign.astype(np.int8))


class Of(TransformerMixin, BaseEstimator):
    """Any function of spins (n, N), with no fields of its own."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def fit(self, X: Any, y: object = None) -> Of:
        return self

    def transform(self, X: Any) -> Any:
        return self.function(X)

    def __sklearn_is_fitted__(self) -> bool:
        return True


def ising_machine(lattice: Lattice, K: float) -> RBM:
    """The Ising model as a machine, exactly: a hidden spin a bond, w to both ends, cosh 2w = exp 2K."""
    w = math.acosh(math.exp(2 * K)) / 2
    weights = np.zeros((len(lattice.bonds), lattice.n_sites))
    for row, bond in zip(weights, lattice.bonds, strict=True):
        np.add.at(row, bond, w)
    return RBM.from_weights(weights, units="spin")


def measured(criterion: str, transformer: Any, evidence: Evidence) -> dict[str, Measurement]:
    """What a criterion measures of a map, by quantity."""
    subject = Subject(transformer, evidence, name="m")
    return {row.quantity: row for row in CRITERIA[criterion].measure(criterion, subject)}


def z(one: Any, other: Side | float) -> float:
    """Distance of anything with value and error to a side or a number, in standard errors."""
    found = Estimate(one.value, one.error)
    return found.z(other if isinstance(other, float | int) else Estimate(other.value, other.error))
