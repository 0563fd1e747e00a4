"""Early stopping on the held-out likelihood: which epoch was the best, and when to give up waiting for a better one."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


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
        return self.over

    @property
    def over(self) -> bool:
        """Whether `patience` recorded epochs have gone by without a better one."""
        return self.waited >= self.patience

    def arrays(self) -> dict[str, Array]:
        """All of it as arrays, for a file."""
        epoch = -1 if self.epoch is None else self.epoch
        counts = {"best": self.best, "epoch": epoch, "waited": self.waited}
        leaves = {f"state_{index}": part for index, part in enumerate(jax.tree.leaves(self.state))}
        return {name: np.asarray(value) for name, value in (counts | leaves).items()}

    def restore(self, arrays: dict[str, Array], like: Any) -> None:
        """Take up what `arrays` gave, the best state in the form of `like`; nothing where there is nothing."""
        if not arrays:
            return
        self.best, self.waited = float(arrays["best"]), int(arrays["waited"])
        if arrays["epoch"] >= 0:
            self.epoch = int(arrays["epoch"])
            leaves = [arrays[f"state_{index}"] for index in range(len(arrays) - 3)]
            self.state = jax.tree.unflatten(jax.tree.structure(like), leaves)
