"""Which settings a machine takes: the choices, the ranges, and what goes with what."""

from __future__ import annotations

from typing import Any

from blockspin import checks, memory
from blockspin.coarse.rbm import units as states

CHOICES = {
    "units": ("auto", *states.UNITS, "means"),
    "algorithm": ("cd", "pcd", "pt", "exact"),
    "reconstruction": ("sample", "mean"),
    "l1_method": ("proximal", "subgradient"),
    "optimizer": ("momentum", "adam"),
    "schedule": ("constant", "linear", "exponential", "inverse"),
    "init": ("small", "data-mean", "hinton-salakhutdinov"),
    "output": ("mean", "sample"),
}
LEAST = {"n_components": 1, "batch_size": 1, "k": 1, "n_iter": 0, "patience": 1, "n_replicas": 2}  # of integers
FLAGS = ("biases", "centered", "track_likelihood", "early_stopping")
MOST_EXACT = 16
INIT_SCALE = {"small": 0.01, "data-mean": 0.01, "hinton-salakhutdinov": 0.1}


def check(machine: Any) -> None:
    """Raise ValueError naming the first setting of a machine that is out of its range."""
    for name, choices in CHOICES.items():
        if hasattr(machine, name):
            checks.choice(name, getattr(machine, name), machine._ALGORITHMS if name == "algorithm" else choices)
    for name, least in LEAST.items():
        if hasattr(machine, name):
            checks.whole(name, getattr(machine, name), least)
    for name in FLAGS:
        if hasattr(machine, name):
            checks.flag(name, getattr(machine, name))
    for name in ("learning_rate", "l1", "l2", "group"):
        if hasattr(machine, name):
            checks.number(name, getattr(machine, name), 0)
    checks.number("momentum", machine.momentum, 0, 1, open_end=True)
    checks.number("final_rate", machine.final_rate, 0, 1, open_start=True)  # an epoch at rate 0 learns nothing
    if machine.init_scale is not None:
        checks.number("init_scale", machine.init_scale, 0)
    checks.number("validation_fraction", machine.validation_fraction, 0, 1, open_end=True)
    checks.random_state(machine.random_state)
    variance = getattr(machine, "variance", "learned")
    if not isinstance(variance, str):
        checks.number("variance", variance, 0, open_start=True)
    elif variance != "learned":
        raise ValueError(f"variance must be a number above 0 or 'learned'; got {variance!r}")
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
