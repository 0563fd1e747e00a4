"""What the models share: the shape of configurations, and settings that are read."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from blockspin import checks
from blockspin.lattice import Lattice, stored_lattice


def flat(configurations: ArrayLike, lattice: Lattice, of: str = "") -> NDArray[Any]:
    """Configurations (..., *sites) or (..., N) as (..., N); raises ValueError for another shape.

    of: what the lattice holds, where that says more than the lattice does.
    """
    values = checks.finite("configurations", configurations)
    sites = lattice.shape
    if values.ndim >= len(sites) and values.shape[values.ndim - len(sites) :] == sites:
        return values.reshape(*values.shape[: values.ndim - len(sites)], lattice.n_sites)
    if values.ndim and values.shape[-1] == lattice.n_sites:
        return values
    raise ValueError(
        f"configurations of {of or f'a {lattice} lattice'} have shape (..., {', '.join(map(str, sites))}) or "
        f"(..., {lattice.n_sites}); got {values.shape}"
    )


def read_settings(settings: dict[str, Any], model: str, needed: tuple[str, ...]) -> Lattice:
    """The lattice in the settings of a model, the first entry needed.

    Raises ValueError where they are another model's or lack an entry.
    """
    checks.instance("settings", settings, dict, "a dictionary, as the model's settings() gives it")
    missing = {"model", *needed} - settings.keys()
    if missing:
        raise ValueError(
            f"settings of the model {model!r} must hold model, {', '.join(needed[:-1])} and {needed[-1]}; "
            f"missing: {', '.join(sorted(missing))}"
        )
    if settings["model"] != model:
        raise ValueError(f"settings must be of the model {model!r}; got {settings['model']!r}")
    return stored_lattice(f"settings of the {needed[0]}", settings[needed[0]])
