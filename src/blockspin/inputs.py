"""Arrays that are handed on so that nobody's data change."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray


def read_only(values: NDArray[Any]) -> NDArray[Any]:
    """A view of the values that cannot be written to: who wants to, copies it first."""
    view = values.view()
    view.flags.writeable = False
    return view
