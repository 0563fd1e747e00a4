"""The Potts model on a periodic lattice."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin import checks
from blockspin.lattice import Lattice
from blockspin.models import shared

MOST_STATES = 64  # the kernels hold a state, and a state twice over, in int8


def potts_kc(q: int) -> float:
    """The critical coupling of the q-state Potts model on the square lattice, ln(1 + sqrt q) (Potts 1952).

    The transition is continuous for q <= 4 and of first order above (Baxter 1973).
    """
    return math.log1p(math.sqrt(_whole(q)))


@dataclass(frozen=True)
class Potts:
    """H = -K sum_<ij> delta(s_i, s_j) - h sum_i delta(s_i, 0), with s_i = 0..q-1 and the sum over `lattice.bonds`.

    H is reduced (in units of kT), P(s) proportional to exp(-H); K < 0 is the antiferromagnet. q = 2 is the Ising
    model with its K and h doubled, up to a constant, with state 0 for spin +1. Raises ValueError where K or h is not
    a finite number or q not an integer from 2 to 64, TypeError where the lattice is not a Lattice.
    """

    lattice: Lattice
    K: float
    q: int
    h: float = 0.0

    def __post_init__(self) -> None:
        shared.lattice(self.lattice)
        object.__setattr__(self, "K", checks.number("the coupling K", self.K))
        object.__setattr__(self, "q", _whole(self.q))
        object.__setattr__(self, "h", checks.number("the field h", self.h))

    def __str__(self) -> str:
        return f"{self.q}-state Potts model on {self.lattice}, K = {self.K:g}, h = {self.h:g}"

    def energy(self, configurations: ArrayLike) -> NDArray[np.float64]:
        """The reduced energy H of each configuration, shape (..., *sites) or (..., N) to (...).

        Raises ValueError where the shape does not end in the lattice's, or a value is no state 0..q-1.
        """
        values = shared.flat(configurations, self.lattice)
        if values.size and not ((values >= 0) & (values < self.q) & (values == np.floor(values))).all():
            raise ValueError(f"configurations must hold states 0..{self.q - 1}; got values {np.unique(values)[:4]}")
        grid = values.reshape(*values.shape[:-1], *self.lattice.shape)
        axes = tuple(range(-self.lattice.dimension, 0))
        alike = np.zeros(values.shape[:-1])
        for step in self.lattice.steps:
            alike += (grid == np.roll(grid, [-x for x in step], axes)).sum(axis=axes)
        energy: NDArray[np.float64] = np.asarray(-self.K * alike - self.h * (values == 0).sum(axis=-1))
        return energy

    def settings(self) -> dict[str, Any]:
        """The model as a dictionary that JSON can hold; `from_settings` builds it again."""
        lattice = shared.of_lattice(self.lattice)
        return {"model": "potts", "lattice": lattice, "K": self.K, "q": self.q, "h": self.h}

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Potts:
        """The model of `settings`; raises ValueError where they are another model's or lack an entry."""
        lattice = shared.read_settings(settings, "potts", ("lattice", "K", "q"))
        return cls(lattice, settings["K"], settings["q"], settings.get("h", 0.0))


def _whole(q: Any) -> int:
    return checks.whole("the number of states q", q, 2, MOST_STATES)
