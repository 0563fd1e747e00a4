"""What callers hand in: read as an array without a word lost, and handed on so that nobody's data change."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


def unmasked(values: T, name: str = "values") -> T:
    """The values as they are; raises ValueError where one is masked, since nothing here leaves out single sites."""
    if np.ma.is_masked(values):
        mask: NDArray[np.bool_] = np.ma.getmaskarray(values)  # type: ignore[call-overload]  # it is a masked array
        raise ValueError(f"{name} must have a value at every site; {mask.sum()} of {mask.size} are masked")
    return values


def read_only(values: NDArray[Any]) -> NDArray[Any]:
    """A view of the values that cannot be written to: who wants to, copies it first."""
    view = values.view()
    view.flags.writeable = False
    return view
