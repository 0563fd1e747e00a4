"""Which settings a machine takes: the choices, the ranges, and what goes with what."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from blockspin import memory
from blockspin.coarse.rbm import units as states

CHOICES = {
    "units": ("auto", *states.UNITS),
    "algorithm": ("cd", "pcd", "pt", "exact"),
    "reconstruction": ("sample", "mean"),
    "l1_method": ("proximal", "subgradient"),
    "optimizer": ("momentum", "adam"),
    "schedule": ("constant", "linear", "exponential", "inverse"),
    "init": ("small", "data-mean", "hinton-salakhutdinov"),
    "output": ("mean", "sample"),
}
LEAST = {"n_components": 1, "batch_size": 1, "k": 1, "n_iter": 0, "patience": 1, "n_replicas": 2}  # of integers
MOST_EXACT = 16
INIT_SCALE = {"small": 0.01, "data-mean": 0.01, "hinton-salakhutdinov": 0.1}


def check(machine: Any) -> None:
    """Raise ValueError naming the first setting of a machine that is out of its range."""
    for name, choices in CHOICES.items():
        if hasattr(machine, name):
            check_choice(name, getattr(machine, name), machine._ALGORITHMS if name == "algorithm" else choices)
    for name, least in LEAST.items():
        if hasattr(machine, name):
            check_number(name, getattr(machine, name), numbers.Integral, least, np.inf)
    for name in ("learning_rate", "l1", "l2", "group"):
        if hasattr(machine, name):
            check_number(name, getattr(machine, name), numbers.Real, 0, np.inf)
    check_number("momentum", machine.momentum, numbers.Real, 0, 1, open_end=True)
    check_number("final_rate", machine.final_rate, numbers.Real, 0, 1)
    if not machine.final_rate:
        raise ValueError("final_rate must be above 0: an epoch at rate 0 learns nothing")
    if machine.init_scale is not None:
        check_number("init_scale", machine.init_scale, numbers.Real, 0, np.inf)
    check_number("validation_fraction", machine.validation_fraction, numbers.Real, 0, 1, open_end=True)
    if getattr(machine, "variance", "learned") != "learned":
        if isinstance(machine.variance, str):
            raise ValueError(f"variance must be a number above 0 or 'learned'; got {machine.variance!r}")
        check_number("variance", machine.variance, numbers.Real, 0, np.inf)
        if not machine.variance:
            raise ValueError("variance must be above 0; got 0")
    if machine.algorithm != "cd" and getattr(machine, "reconstruction", "sample") == "mean":
        raise ValueError("reconstruction='mean' goes with algorithm='cd': a persistent chain needs states")
    if getattr(machine, "centered", False) and not machine.biases:
        raise ValueError("centered=True moves the biases: it needs biases=True")


def check_size(machine: Any, n_sites: int) -> None:
    """Raise ValueError where the algorithm is "exact" and the layer it sums over has more than 16 units."""
    n_hidden = machine._n_hidden(n_sites)
    n_units = n_hidden if machine.units_ == "gaussian" else min(n_hidden, n_sites)
    if machine.algorithm == "exact" and n_units > MOST_EXACT:
        raise ValueError(
            f"algorithm='exact' sums over a layer of at most {MOST_EXACT} units; the smaller one here has {n_units}"
        )


def check_memory(machine: Any, n_rows: int, n_sites: int, machines: int = 1) -> None:
    """Raise ValueError where weights, optimizer and float32 rows of a fit take more memory than is free."""
    n_hidden = machine._n_hidden(n_sites)
    # 4 bytes each: weights, one or two moments, gradient, step and the new weights, or float64 draws at the start
    weights = (28 if machine.optimizer == "adam" else 24) * n_hidden * n_sites
    batch = min(machine.batch_size, n_rows)
    chains = 4 * batch * (3 * n_hidden + 3 * n_sites) + 8 * batch * n_sites * getattr(machine, "n_replicas", 0)
    name = "n_filters" if hasattr(machine, "n_filters") else "n_components"
    memory.require(
        machines * (weights + chains + 4 * n_rows * n_sites),
        f"{name} = {getattr(machine, name)} on X of shape ({n_rows}, {n_sites})",
    )


def decay(schedule: str, final: float, epoch: int, n_epochs: int) -> float:
    """The factor on the learning rate in epoch 0, 1, ...: from 1 in the first to `final` in the last, and after it."""
    if schedule == "constant":
        return 1.0
    t = min(epoch / max(n_epochs - 1, 1), 1.0)
    if schedule == "linear":
        return 1 - (1 - final) * t
    return float(final**t) if schedule == "exponential" else 1 / (1 + (1 / final - 1) * t)


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
