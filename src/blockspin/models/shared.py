"""What the models share: numbers that are checked, settings that JSON can hold, the shape of configurations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin.inputs import unmasked
from blockspin.lattice import Lattice


def lattice(value: Any) -> Lattice:
    """The value, if it is a Lattice; raises TypeError otherwise."""
    if not isinstance(value, Lattice):
        raise TypeError(f"lattice must be a Lattice, such as Lattice.square(40); got {value!r}")
    return value


def finite(name: str, value: Any) -> float:
    """The value as a float; raises ValueError unless it is a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ValueError(f"the {name} must be a finite number; got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"the {name} must be a finite number; got {value}")
    return float(value)


def flat(configurations: ArrayLike, lattice: Lattice) -> NDArray[Any]:
    """Configurations (..., *sites) or (..., N) as (..., N); raises ValueError for another shape."""
    values = np.asarray(unmasked(configurations, "configurations"))
    sites = lattice.shape
    if values.ndim >= len(sites) and values.shape[values.ndim - len(sites) :] == sites:
        return values.reshape(*values.shape[: values.ndim - len(sites)], lattice.n_sites)
    if values.ndim and values.shape[-1] == lattice.n_sites:
        return values
    raise ValueError(
        f"configurations of a {lattice} lattice have shape (..., {', '.join(map(str, sites))}) or "
        f"(..., {lattice.n_sites}); got {values.shape}"
    )


def of_lattice(lattice: Lattice) -> dict[str, Any]:
    """The lattice as a dictionary that JSON can hold."""
    return {"kind": lattice.kind, "shape": list(lattice.shape)}


def read_settings(settings: dict[str, Any], model: str, needed: tuple[str, ...]) -> Lattice:
    """The lattice in the settings of a model; raises ValueError where they are another model's or lack an entry."""
    missing = {"model", *needed} - settings.keys()
    if missing:
        raise ValueError(
            f"settings of a model must hold model, {', '.join(needed[:-1])} and {needed[-1]}; "
            f"missing: {', '.join(sorted(missing))}"
        )
    if settings["model"] != model:
        raise ValueError(f"settings must be of the model {model!r}; got {settings['model']!r}")
    return Lattice(settings["lattice"]["kind"], tuple(settings["lattice"]["shape"]))
