"""The Blume-Capel model: spins -1, 0, +1 in a crystal field (M. Blume 1966, H. W. Capel 1966)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from blockspin.lattice import Lattice
from blockspin.models.pair import PairModel


@dataclass(frozen=True)
class BlumeCapel(PairModel):
    """H = -K sum_<ij> s_i s_j + D sum_i s_i^2 - h sum_i s_i, with s_i = -1, 0, +1 and the sum over `lattice.bonds`.

    Parameters
    ----------
    lattice, K, D, h : Lattice, float or tuple of float, float, float
        As in `Ising`; D is the crystal field/kT, and a large D favours 0.

    Examples
    --------
    >>> model = bs.BlumeCapel(bs.Lattice.square(8), K=0.5, D=0.4)
    >>> bs.sample(model, 100, seed=1).shape
    (100, 1, 8, 8)
    """

    name: ClassVar = "blume-capel"
    alphabet: ClassVar = (-1, 0, 1)
    lattice: Lattice
    K: Any
    D: float
    h: float = 0.0

    def bond(self, a: Any, b: Any) -> Any:
        return -self.K * a * b

    def site(self, a: Any) -> Any:
        return self.D * a**2 - self.h * a
