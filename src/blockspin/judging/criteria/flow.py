"""Flow: do couplings leave the critical point, and does the critical point stay near itself?

K is the nearest-neighbour coupling that alone fits a set of spins best (by pseudo-likelihood): a common thermometer for
fine, coarse and all other spins. Growth: (K'(samples) - K'(critical)) / (K(samples) - K(critical)), b^y_t of
an RG step, on either side of Kc. Drift: K' - K of critical samples, which vanishes at the step's fixed point; one step
from the Ising model's own critical point ends near it, the majority rule says where. The evidence has samples on one
side of Kc, so one side is measured, that of K(samples). Errors: jackknife over chains. What the one coupling leaves out
of the coarse Hamiltonian is no part of them.

Starts that meet, where samples of a second critical Hamiltonian are given: the distance of both sets' couplings (even
operators of the table) after the step over that before (`rg.starts`). Uncoupled coarse spins meet too, and drift.
"""

import math

from blockspin.judging.criteria.coarse_couplings import fine_and_coarse, placed_units, spins_needed
from blockspin.judging.criteria.criterion import Criterion, Quantity
from blockspin.judging.critical import OF_KC, critical_needed, reasons
from blockspin.judging.evidence import Subject
from blockspin.judging.measurement import NotDefined, Reading, Side
from blockspin.judging.rules import CloserThanNulls, LiesBelow
from blockspin.judging.thresholds import APART
from blockspin.rg.pseudolikelihood import Couplings
from blockspin.rg.starts import meeting
from blockspin.statistics import jackknife_error

GROWTH, DRIFT, MEET = "growth of K - Kc", "K' - K at Kc", "starts that meet"


def _critical(subject: Subject) -> tuple[Couplings, Couplings]:
    spins_needed(subject)
    critical_needed(subject.evidence)
    return fine_and_coarse(subject, "critical", ("nn",))


def _growth(subject: Subject) -> Reading:
    fine_c, coarse_c = _critical(subject)
    fine, coarse = fine_and_coarse(subject, "samples", ("nn",))
    before = fine["nn"].value - fine_c["nn"].value
    if abs(before) <= APART * math.hypot(fine["nn"].error, fine_c["nn"].error):
        raise NotDefined("at Kc", "the samples lie at the critical coupling: growth needs samples on one side of it")
    after = coarse["nn"].value - coarse_c["nn"].value
    # two independent sets of samples: the ratio's errors from either, the other held
    one = (coarse.left_out[:, 0] - coarse_c["nn"].value) / (fine.left_out[:, 0] - fine_c["nn"].value)
    other = (coarse["nn"].value - coarse_c.left_out[:, 0]) / (fine["nn"].value - fine_c.left_out[:, 0])
    return Reading(
        after / before,
        math.hypot(float(jackknife_error(one)), float(jackknife_error(other))),
        forced=placed_units(subject)[1],
        below=Side("nothing grows, 1", 1.0),
        above=Side("a first-order jump, b^d", subject.b**subject.lattice.dimension),
    )


def _drift(subject: Subject) -> Reading:
    fine, coarse = _critical(subject)
    return Reading(
        coarse["nn"].value - fine["nn"].value,
        float(jackknife_error((coarse.left_out - fine.left_out)[:, 0])),
        forced=placed_units(subject)[1],
        below=Side("uncoupled coarse spins, -K", -fine["nn"].value, fine["nn"].error),
    )


def _meet(subject: Subject) -> Reading | None:
    second = subject.evidence.second
    if second is None:
        return None  # the question does not arise
    spins_needed(subject)
    critical_needed(subject.evidence)
    if reason := next((code_why for code_why in reasons(second) if code_why[0] not in OF_KC), None):
        raise NotDefined(reason[0], f"the second critical samples: {reason[1]}")
    before, after = zip(*(fine_and_coarse(subject, name) for name in ("critical", "second")), strict=True)
    found = meeting(subject.lattice, before, after).ratio
    if found.why:
        raise NotDefined("one start", found.why)
    return Reading(found.value, found.error, forced=placed_units(subject)[1], above=Side("identity", 1.0))


FLOW = Criterion(
    __doc__,
    (
        Quantity(GROWTH, _growth, CloserThanNulls()),
        Quantity(DRIFT, _drift, CloserThanNulls()),
        Quantity(MEET, _meet, LiesBelow()),
    ),
    headline=(GROWTH, DRIFT),
    group="critical manifold",
)
