"""The Ising model on a periodic lattice."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin import checks
from blockspin.lattice import Lattice
from blockspin.models import shared

KC_SQUARE = 0.5 * math.log(1 + math.sqrt(2))
"""The critical coupling of the square lattice, ln(1 + sqrt 2)/2 (Kramers and Wannier 1941)."""

KC_TRIANGULAR = 0.25 * math.log(3)
"""The critical coupling of the triangular lattice, ln 3/4 (Wannier 1945)."""

KC_CUBIC = 0.221654626
"""The critical coupling of the simple cubic lattice, 0.221654626(5) (Ferrenberg, Xu and Landau 2018)."""


@dataclass(frozen=True)
class Ising:
    """H = -K sum_<ij> s_i s_j - h sum_i s_i, with s_i = -1/+1 and the sum over `lattice.bonds`.

    H is reduced (in units of kT): K = J/kT, h = magnetic field/kT, P(s) proportional to exp(-H).
    K < 0 is the antiferromagnet. Raises ValueError where K or h is not a finite number, TypeError where the
    lattice is not a Lattice.
    """

    lattice: Lattice
    K: float
    h: float = 0.0

    def __post_init__(self) -> None:
        shared.lattice(self.lattice)
        object.__setattr__(self, "K", checks.number("the coupling K", self.K))
        object.__setattr__(self, "h", checks.number("the field h", self.h))

    def __str__(self) -> str:
        return f"Ising model on {self.lattice}, K = {self.K:g}, h = {self.h:g}"

    def energy(self, configurations: ArrayLike) -> NDArray[np.float64]:
        """The reduced energy H of each configuration, shape (..., *sites) or (..., N) to (...).

        Raises ValueError where the shape does not end in the lattice's, or a value is no spin -1/+1.
        """
        spins = shared.flat(configurations, self.lattice)
        if not (np.abs(spins) == 1).all():
            hint = ". Map 0/1 data by 2 * x - 1" if ((spins == 0) | (spins == 1)).all() else ""
            raise ValueError(f"configurations must hold spins -1 or +1; got values {np.unique(spins)[:4]}{hint}")
        bonds = np.zeros(spins.shape[:-1])
        grid = spins.reshape(*spins.shape[:-1], *self.lattice.shape)
        axes = tuple(range(-self.lattice.dimension, 0))
        for step in self.lattice.steps:
            bonds += (grid * np.roll(grid, [-x for x in step], axes)).sum(axis=axes, dtype=float)
        energy: NDArray[np.float64] = np.asarray(-self.K * bonds - self.h * spins.sum(axis=-1, dtype=float))
        return energy

    def settings(self) -> dict[str, Any]:
        """The model as a dictionary that JSON can hold; `from_settings` builds it again."""
        return {"model": "ising", "lattice": shared.of_lattice(self.lattice), "K": self.K, "h": self.h}

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Ising:
        """The model of `settings`; raises ValueError where they are another model's or lack an entry."""
        lattice = shared.read_settings(settings, "ising", ("lattice", "K"))
        return cls(lattice, settings["K"], settings.get("h", 0.0))
