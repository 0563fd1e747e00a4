"""The rows that estimators take: X as scikit-learn validates it, samples and masked entries refused."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import validate_data

from blockspin import checks
from blockspin.alphabet import MOST, distinct
from blockspin.lattice import Lattice


class Transformer(TransformerMixin, BaseEstimator):
    """A transformer that tells scikit-learn whether it must be fitted, and which precisions of X its output keeps."""

    _learns: ClassVar[bool] = True
    _keeps: ClassVar[tuple[str, ...]] = ()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit, tags.transformer_tags.preserves_dtype = self._learns, list(self._keeps)
        return tags


def rows(estimator: Any, X: Any, *, reset: bool, least: int = 1, name: str = "X") -> NDArray[Any]:
    """X (n, N) of finite real numbers, at least `least` rows of them; `reset` as in `validate_data`.

    Raises TypeError for samples, which `bs.to_matrix` makes a matrix of, and ValueError for masked entries and as
    scikit-learn does.
    """
    checks.unmasked(name, X)
    if checks.is_samples(X) and X.ndim != 2:
        raise TypeError(
            f"{name} of {type(estimator).__name__} must be a matrix (n, N), as bs.to_matrix(samples) makes of samples; "
            f"got {checks.shown(X)}"
        )
    found = validate_data(estimator, X, dtype="numeric", reset=reset, ensure_min_samples=least)
    return checks.array(name, found)


def rows_on(estimator: Any, lattice: Lattice, X: Any, *, reset: bool, least: int = 1) -> NDArray[Any]:
    """`rows` with a column for each site of the lattice; raises ValueError for another number of columns."""
    found = rows(estimator, X, reset=reset, least=least)
    if found.shape[1] != lattice.n_sites:
        raise ValueError(
            f"{type(estimator).__name__} on a {lattice} lattice takes X of shape (n, {lattice.n_sites}), one column a "
            f"site (bs.to_matrix(samples) makes it); got {found.shape}"
        )
    return found


def signed(estimator: Any, values: NDArray[Any]) -> NDArray[np.int8]:
    """The values as spins -1/+1, or integers of either sign, as -1/0/+1; raises ValueError for others.

    Values of one sign that are not all spins are refused: they are 0/1 data or labels, whose sums have no sign.
    """
    if not (np.abs(values) == 1).all() and not (values.min(initial=0) < 0 and whole(values)):
        name, two = type(estimator).__name__, ((values == 0) | (values == 1)).all()
        hint = ". Map 0/1 data by 2 * x - 1" if two else ""
        raise ValueError(
            f"{name} takes X of spins -1/+1, or of integers of either sign; got {distinct(values)}{hint}. "
            f"bs.rules.Plurality blocks labels 0..q-1"
        )
    return np.ascontiguousarray(values, dtype=np.int8)


def whole(values: NDArray[Any]) -> bool:
    """Whether all values are integers that an alphabet may hold."""
    return bool(((np.abs(values) <= MOST) & (values == np.floor(values))).all())
