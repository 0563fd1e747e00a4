"""Range: how far the coarse Hamiltonian's couplings reach, against the fine one's?

The share sum_a |K_a| beyond nearest neighbours over sum_a |K_a| of all, of coarse spins, and that less the fine spins'.
On critical samples where they are given, else on the held-out ones; K_a of the table's even operators, each counted
once an operator, not once a bond. Noise alone makes |K_a| about its error, so that a share is uncertain by the errors
over the sum. Errors: jackknife over chains.
"""

import math

import numpy as np
from numpy.typing import NDArray

from blockspin.judging.criteria.coarse_couplings import fine_and_coarse, placed_units, spins_needed
from blockspin.judging.criteria.criterion import Criterion, Quantity
from blockspin.judging.evidence import Subject
from blockspin.judging.measurement import NotDefined, Reading, Side
from blockspin.judging.rules import CloserThanNulls, Described
from blockspin.judging.thresholds import SIGNIFICANT
from blockspin.rg.operators import EVEN
from blockspin.rg.pseudolikelihood import Couplings
from blockspin.statistics import Estimate, jackknife_error

QUANTITY, COARSE = "couplings beyond neighbours, gained", "couplings beyond neighbours, coarse"


def share(K: object) -> NDArray[np.float64]:
    """sum |K_a| without the first over sum |K_a| of all, along the last axis."""
    size = np.abs(np.asarray(K, float))
    return np.asarray(1 - size[..., 0] / size.sum(axis=-1))


def _couplings(subject: Subject) -> tuple[Couplings, Couplings, int]:
    """Of fine and coarse spins, and how many of them are even; the coarse ones must stand out from their errors."""
    spins_needed(subject)
    fine, coarse = fine_and_coarse(subject, "samples" if subject.evidence.critical is None else "critical")
    n = len(EVEN[subject.lattice.kind])
    if not _stand_out(coarse.K[:n]):
        raise NotDefined("no couplings", "the coarse spins have no couplings that stand out from their errors")
    return fine, coarse, n


def _gained(subject: Subject) -> Reading:
    fine, coarse, n = _couplings(subject)
    before, after = (float(share([one.value for one in side.K[:n]])) for side in (fine, coarse))
    gained = share(coarse.left_out[:, :n]) - share(fine.left_out[:, :n])
    return Reading(
        after - before,
        float(jackknife_error(gained)),
        forced=placed_units(subject)[1],
        above=Side("couplings that do not fall off", (n - 1) / n - before),
    )


def _coarse(subject: Subject) -> Reading:
    _, coarse, n = _couplings(subject)
    value = float(share([one.value for one in coarse.K[:n]]))
    error = float(jackknife_error(share(coarse.left_out[:, :n])))
    return Reading(value, error, forced=placed_units(subject)[1])


def _stand_out(K: tuple[Estimate, ...]) -> bool:
    return sum(abs(one.value) for one in K) > SIGNIFICANT * math.sqrt(sum(one.error**2 for one in K))


RANGE = Criterion(
    __doc__,
    (Quantity(QUANTITY, _gained, CloserThanNulls()), Quantity(COARSE, _coarse, Described())),
    headline=(QUANTITY,),
)
