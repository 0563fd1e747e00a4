"""Whether an object learns, is fitted, and tosses coins that nobody seeded: scikit-learn's conventions, read here."""

from typing import Any

from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted


def learns(given: Any) -> bool:
    """Whether an object learns from data, by scikit-learn's tags; what has none may."""
    return not hasattr(given, "__sklearn_tags__") or bool(get_tags(given).requires_fit)


def is_fitted(given: Any) -> bool:
    """Whether an estimator is fitted, as scikit-learn sees it."""
    try:
        check_is_fitted(given)
    except NotFittedError:
        return False
    return True


def seeded(given: Any, random_state: Any, *, fits: bool = False) -> Any:
    """The object, or where it would toss new coins at every call (random_state=None) a clone with this random_state.

    That is one that learns nothing; fits: also one that is not fitted yet; in a Pipeline, each such step.
    """
    if isinstance(given, Pipeline):
        return Pipeline([(name, seeded(step, random_state, fits=fits)) for name, step in given.steps])
    if not hasattr(given, "get_params") or given.get_params(deep=False).get("random_state", 0) is not None:
        return given
    if learns(given) and (not fits or is_fitted(given)):
        return given
    return clone(given).set_params(random_state=random_state)


def ready(given: Any, X: NDArray[Any]) -> Any:
    """The object fitted to X, or as it is where it comes fitted or there is nothing to fit."""
    return given if not hasattr(given, "fit") or is_fitted(given) else given.fit(X.copy())
