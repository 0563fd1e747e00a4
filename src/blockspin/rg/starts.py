"""Whether two critical Hamiltonians flow to one fixed point, as they must under an RG rule.

Two points of the critical manifold differ by directions that die out under the flow: their couplings meet step by step.
To meet is not enough: spins that a rule leaves uncoupled meet at K = 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from blockspin.lattice import Lattice
from blockspin.report.tabular import Several, Tabular
from blockspin.rg.blocking import Rule
from blockspin.rg.mcrg import SIGNIFICANT
from blockspin.rg.pseudolikelihood import Couplings
from blockspin.rg.tangent import root_of_square
from blockspin.rg.trajectories import flow
from blockspin.samples import check, lattice_of
from blockspin.statistics import Estimate, refused

Pair = tuple[Couplings, Couplings]


@dataclass(frozen=True, repr=False)
class Meeting(Tabular):
    """How far the couplings of two starts lie apart before and after a step, on the coarse lattice `lattice`.

    Attributes
    ----------
    before, after : Estimate
        Root of sum_a (K_a of the first - K_a of the second)^2, without the part that noise makes.
    ratio : Estimate
        After over before, nan with the reason where the distance before the step is not clear of 0.
    """

    x = "quantity"

    lattice: Lattice
    before: Estimate
    after: Estimate
    ratio: Estimate

    def __str__(self) -> str:
        return f"couplings lie {self.before} apart before, {self.after} after: {self.ratio.why or self.ratio}"

    def _rows(self) -> list[dict[str, Any]]:
        return [{"quantity": name, "value": getattr(self, name)} for name in ("before", "after", "ratio")]


class Meetings(Several[Meeting]):
    """The `Meeting` of each step, a tuple that is a table too.

    Examples
    --------
    >>> sets = [bs.sample(bs.Ising(bs.Lattice.square(16), K), 400, seed=1) for K in (0.44068679, (0.369768, 0.0509))]
    >>> [str(step.lattice) for step in bs.rg.two_starts(*sets, bs.Majority, 1)]
    ['square 8x8']
    """

    each, x = "step", "quantity"


def two_starts(
    first: xr.DataArray,
    second: xr.DataArray,
    rule: Rule,
    steps: int | None = None,
    operators: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> Meetings:
    """Whether the couplings of two critical Hamiltonians meet under repeated coarse-graining: their distance by step.

    On the square lattice K = .4406868 and (K1, K2) = (.369768, .0509) are critical.

    Parameters
    ----------
    first, second : DataArray
        Independent samples of two critical Hamiltonians on one lattice, spins -1/+1 without a field.
    rule, steps, operators, seed : as in `rg.flow`

    Returns
    -------
    Meetings
        A `Meeting` a step. Raises ValueError where the lattices differ and as `rg.flow`.

    References
    ----------
    K. G. Wilson, Rev. Mod. Phys. 47, 773 (1975).

    Examples
    --------
    >>> lattice = bs.Lattice.square(16)
    >>> sets = [bs.sample(bs.Ising(lattice, K), 2000, seed=1) for K in (0.44068679, (0.369768, 0.0509))]
    >>> (step,) = bs.rg.two_starts(*sets, bs.Majority, 1)
    >>> step.ratio.value < 0.6
    True
    """
    one, other = lattice_of(check(first)), lattice_of(check(second))
    if one != other:
        raise ValueError(f"second must live on the lattice of first, {one}; got {other}")
    left, right = flow([first, second], rule, steps, operators, seed=seed)
    steps_of = pairwise(zip(left.levels, right.levels, strict=True))
    return Meetings(meeting(lattice, *step) for lattice, step in zip(left.lattices[1:], steps_of, strict=True))


def meeting(lattice: Lattice, before: Pair, after: Pair) -> Meeting:
    """Of the couplings of two independent sets of samples before a step, and after it."""
    if why := next((one.why for one in (*before, *after) if one.why), ""):
        return Meeting(lattice, *(refused(why),) * 3)
    squares, coarse = _squares(before), _squares(after)
    far, near = root_of_square(*squares), root_of_square(*coarse)
    if far.value <= SIGNIFICANT * far.error:
        return Meeting(lattice, far, near, refused("couplings of the two starts do not differ before the step"))
    ratios = [one / other for one, other in zip(coarse, squares, strict=True)]
    return Meeting(lattice, far, near, root_of_square(*ratios))


def _squares(pair: Pair) -> list[NDArray[np.float64]]:
    """The squared distance, and the same without each group of the first set, and of the second."""
    n = min(len(one.operators) for one in pair)  # odd ones, behind, may have joined on one side
    (K, left), (other, other_left) = ((np.array([one.value for one in s.K[:n]]), s.left_out[:, :n]) for s in pair)
    return [((a - b) ** 2).sum(axis=-1) for a, b in ((K, other), (left, other), (K, other_left))]
