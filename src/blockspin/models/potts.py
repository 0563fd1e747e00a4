"""The Potts model on a periodic lattice."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from blockspin import checks
from blockspin.alphabet import Alphabet, labels
from blockspin.lattice import Lattice
from blockspin.models.pair import PairModel

MOST_STATES = 64


def potts_kc(q: int) -> float:
    """The critical coupling of the q-state Potts model on the square lattice, ln(1 + sqrt q) (Potts 1952).

    The transition is continuous for q <= 4 and of first order above (Baxter 1973).
    """
    return math.log1p(math.sqrt(_whole(q)))


@dataclass(frozen=True)
class Potts(PairModel):
    """H = -K sum_<ij> delta(s_i, s_j) - h sum_i delta(s_i, 0), with s_i = 0..q-1 and the sum over `lattice.bonds`.

    H is reduced (in units of kT), P(s) proportional to exp(-H). q = 2 is the Ising model with its K and h doubled, up
    to a constant, with state 0 for spin +1.

    Parameters
    ----------
    lattice, K, q, h : Lattice, float or tuple of float, int, float
        K < 0 is the antiferromagnet; (K1, K2, ...) couples shells of neighbours (`PairModel`). q is from 2 to 64.
        Raises ValueError where K or h is not a finite number or q out of range.

    Examples
    --------
    >>> bs.Potts(bs.Lattice.triangular(3), K=0.5, q=3).energy(np.zeros(9))
    array(-13.5)
    """

    name: ClassVar = "potts"
    lattice: Lattice
    K: Any
    q: int
    h: float = 0.0

    @property
    def alphabet(self) -> Alphabet:
        return labels(self.q)

    def bond(self, a: Any, b: Any) -> Any:
        return -self.K * (a == b)

    def site(self, a: Any) -> Any:
        return -self.h * (a == 0)

    def checked(self, name: str, value: Any) -> Any:
        return _whole(value) if name == "q" else super().checked(name, value)


def _whole(q: Any) -> int:
    return checks.whole("the number of states q", q, 2, MOST_STATES)
