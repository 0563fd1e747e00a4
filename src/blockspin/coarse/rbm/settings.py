"""Which settings an RBM takes: the choices, the ranges, and what goes with what."""

from typing import Any

from blockspin import checks, memory
from blockspin.coarse.rbm import units as states

CHOICES = {
    "units": ("auto", *states.UNITS, "means"),
    "algorithm": ("cd", "pcd"),
    "reconstruction": ("sample", "mean"),
    "l1_method": ("proximal", "subgradient"),
    "init": ("small", "data-mean", "hinton-salakhutdinov"),
    "output": ("mean", "sample"),
}
INIT_SCALE = {"small": 0.01, "data-mean": 0.01, "hinton-salakhutdinov": 0.1}


def check(machine: Any) -> None:
    """Raise ValueError naming the first setting of an RBM that is out of its range."""
    for name, choices in CHOICES.items():
        checks.choice(name, getattr(machine, name), choices)
    for name, least in ((machine._SIZE, 1), ("batch_size", 1), ("k", 1), ("n_iter", 0)):
        checks.whole(name, getattr(machine, name), least)
    for name in ("biases", "centered", "track_likelihood"):
        checks.flag(name, getattr(machine, name))
    for name in ("learning_rate", "l1", "l2"):
        checks.number(name, getattr(machine, name), 0)
    checks.number("momentum", machine.momentum, 0, 1, open_end=True)
    if machine.init_scale is not None:
        checks.number("init_scale", machine.init_scale, 0)
    checks.random_state(machine.random_state)
    if machine.algorithm != "cd" and machine.reconstruction == "mean":
        raise ValueError("reconstruction='mean' goes with algorithm='cd': a persistent chain needs states")
    if machine.centered and not machine.biases:
        raise ValueError("centered=True moves the biases: it needs biases=True")


def check_memory(machine: Any, n_rows: int, n_sites: int, machines: int) -> None:
    """Raise ValueError where weights, velocity and float32 rows of a fit take more memory than is free."""
    n_hidden = machine._n_hidden(n_sites)
    # 4 bytes each: weights, velocity, gradient, step and the new weights, or float64 draws at the start
    weights = 24 * n_hidden * n_sites
    chains = 12 * min(machine.batch_size, n_rows) * (n_hidden + n_sites)
    memory.require(
        machines * (weights + chains + 4 * n_rows * n_sites),
        f"{machine._SIZE} = {getattr(machine, machine._SIZE)} on X of shape ({n_rows}, {n_sites})",
    )
