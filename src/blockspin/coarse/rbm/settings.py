"""Which settings a machine takes: the choices, the ranges, and what goes with what."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from blockspin.coarse.rbm import units as states

CHOICES = {
    "units": ("auto", *states.UNITS),
    "algorithm": ("cd", "pcd"),
    "reconstruction": ("sample", "mean"),
    "l1_method": ("proximal", "subgradient"),
    "init": ("small", "data-mean", "hinton-salakhutdinov"),
    "output": ("mean", "sample"),
}
INIT_SCALE = {"small": 0.01, "data-mean": 0.01, "hinton-salakhutdinov": 0.1}


def check(machine: Any) -> None:
    """Raise ValueError naming the first setting of a machine that is out of its range."""
    for name, choices in CHOICES.items():
        check_choice(name, getattr(machine, name), choices)
    for name in ("n_components", "batch_size", "k"):
        check_number(name, getattr(machine, name), numbers.Integral, 1, np.inf)
    check_number("n_iter", machine.n_iter, numbers.Integral, 0, np.inf)
    check_number("learning_rate", machine.learning_rate, numbers.Real, 0, np.inf)
    check_number("momentum", machine.momentum, numbers.Real, 0, 1, open_end=True)
    for name in ("l1", "l2"):
        check_number(name, getattr(machine, name), numbers.Real, 0, np.inf)
    if machine.init_scale is not None:
        check_number("init_scale", machine.init_scale, numbers.Real, 0, np.inf)
    check_number("validation_fraction", machine.validation_fraction, numbers.Real, 0, 1, open_end=True)
    if machine.algorithm == "pcd" and machine.reconstruction == "mean":
        raise ValueError("reconstruction='mean' goes with algorithm='cd': a persistent chain needs states")


def check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """Raise ValueError where a value is none of the choices."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}")


def check_number(name: str, value: Any, kind: type, low: float, high: float, *, open_end: bool = False) -> None:
    """Raise ValueError where a value is no number of this kind within [low, high], or is `high` with an open end."""
    typed = isinstance(value, kind) and not isinstance(value, bool)
    if not typed or not low <= value <= high or (open_end and value == high) or value == np.inf:
        what = "an integer" if kind is numbers.Integral else "a number"
        rule = f"of at least {low:g}" if high == np.inf else f"in [{low:g}, {high:g}{')' if open_end else ']'}"
        raise ValueError(f"{name} must be {what} {rule}; got {value!r}")
