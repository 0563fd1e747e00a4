"""ln Z of any model of pairs on any torus, by a dense transfer matrix along the first axis, and means as its slopes.

Feasible where a cross-section has at most about 1000 states and the first extent is short enough for 1000^extent.
`oracles.transfer` gives more of two-dimensional tori.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from blockspin.models import PairModel

STEP = 1e-4  # of the central differences


def log_partition(model: PairModel, factor: float = 1.0) -> float:
    """ln sum exp(-factor H) in nats, of nearest neighbours."""
    lattice, q = model.lattice, model.letters.q
    cross = lattice.shape[1:]
    n = math.prod(cross)
    states = np.stack(np.unravel_index(np.arange(q**n), (q,) * n), axis=-1)
    (bond,), axes = factor * model.bonds, tuple(range(1, 1 + len(cross)))
    inside, between = factor * model.sites[states].sum(axis=1), np.zeros((len(states), len(states)))
    for step in lattice.steps:
        moved = np.roll(states.reshape(-1, *cross), [-x for x in step[1:]], axes).reshape(states.shape)
        if step[0] == 0:
            inside += bond[states, moved].sum(axis=1)
        else:
            for site in range(n):
                between += bond[states[:, None, site], moved[None, :, site]]
    energy = between + inside[:, None]
    power = np.linalg.matrix_power(np.exp(energy.min() - energy), lattice.shape[0])
    return float(np.log(np.trace(power)) - lattice.shape[0] * energy.min())


def energy_per_site(model: PairModel) -> float:
    """<H>/N."""
    slope = (log_partition(model, 1 + STEP) - log_partition(model, 1 - STEP)) / (2 * STEP)
    return -slope / model.lattice.n_sites


def conjugate(model: PairModel, name: str) -> float:
    """-<dH/d name> of a setting, as K, D or h: the slope of ln Z."""
    value = getattr(model, name)
    shifted = (replace(model, **{name: value + step}) for step in (STEP, -STEP))  # type: ignore[type-var]
    up, down = map(log_partition, shifted)
    return (up - down) / (2 * STEP)
