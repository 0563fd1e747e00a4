"""Early stopping on the held-out likelihood: which epoch was the best, and when to give up waiting for a better one."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np


class Stopping:
    """Keeps the state of the best recorded epoch; asks to stop after `patience` recorded ones without a better."""

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best = -np.inf
        self.epoch: int | None = None
        self.state: Any = None
        self.waited = 0

    def see(self, epoch: int, likelihood: float, state: Any) -> bool:
        """Look at a recorded epoch; nan, a likelihood that annealing was refused, counts as no better."""
        if likelihood > self.best:
            self.best, self.epoch, self.waited = likelihood, epoch, 0
            self.state = jax.tree.map(np.array, state)  # a copy: training gives its arrays away
        else:
            self.waited += 1
        return self.waited >= self.patience
