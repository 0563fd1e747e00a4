"""The Ising model on a periodic lattice."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin.alphabet import SPINS
from blockspin.lattice import Lattice
from blockspin.models import shared
from blockspin.models.pair import PairModel
from blockspin.models.references import reference

KC_SQUARE = 0.5 * math.log(1 + math.sqrt(2))
"""The critical coupling of the square lattice, ln(1 + sqrt 2)/2 (Kramers and Wannier 1941)."""

KC_TRIANGULAR = 0.25 * math.log(3)
"""The critical coupling of the triangular lattice, ln 3/4 (Wannier 1945)."""

KC_CUBIC = reference("ising-3d").Kc.value
"""The critical coupling of the simple cubic lattice (Ferrenberg, Xu and Landau 2018)."""


@dataclass(frozen=True)
class Ising(PairModel):
    """H = -K sum_<ij> s_i s_j - h sum_i s_i, with s_i = -1/+1 and the sum over `lattice.bonds`.

    H is reduced (in units of kT), P(s) proportional to exp(-H).

    Parameters
    ----------
    lattice, K, h : Lattice, float or tuple of float, float
        K = J/kT, negative for the antiferromagnet; (K1, K2, ...) couples shells of neighbours (`PairModel`). h is the
        magnetic field/kT. Raises ValueError where K or h is not a finite number.

    Examples
    --------
    >>> model = bs.Ising(bs.Lattice.square(4), K=0.4)
    >>> model.energy(np.ones((4, 4)))  # -K a bond, 2 bonds a site
    array(-12.8)
    """

    name: ClassVar = "ising"
    alphabet: ClassVar = SPINS
    lattice: Lattice
    K: Any
    h: float = 0.0

    def bond(self, a: Any, b: Any) -> Any:
        return -self.K * a * b

    def site(self, a: Any) -> Any:
        return -self.h * a

    def energy(self, configurations: ArrayLike) -> NDArray[np.float64]:
        """As `PairModel.energy`."""
        if not nearest(self):
            return super().energy(configurations)
        # products of integers: faster than a table, and exact but for the last multiplication
        spins = shared.flat(configurations, self.lattice)
        SPINS.check("configurations", spins)
        bonds = np.zeros(spins.shape[:-1])
        grid = spins.reshape(*spins.shape[:-1], *self.lattice.shape)
        axes = tuple(range(-self.lattice.dimension, 0))
        for step in self.lattice.steps:
            bonds += (grid * np.roll(grid, [-x for x in step], axes)).sum(axis=axes, dtype=float)
        return np.asarray(-self.K * bonds - self.h * spins.sum(axis=-1, dtype=float))


def nearest(model: Any) -> TypeGuard[Ising]:
    """Whether this is the Ising model of nearest neighbours, of which exact results and fast kernels are."""
    return isinstance(model, Ising) and not isinstance(model.K, tuple)
