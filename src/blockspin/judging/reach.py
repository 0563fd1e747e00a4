"""Range: how far the coarse Hamiltonian's couplings reach beyond nearest neighbours, against the fine one's."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from blockspin.judging.card import Measurement
from blockspin.judging.coarse_couplings import step
from blockspin.judging.evidence import Subject
from blockspin.judging.spectrum import places
from blockspin.rg.mcrg import SIGNIFICANT
from blockspin.statistics import Estimate, jackknife_error

QUANTITY, FARTHEST = "couplings beyond neighbours, gained", "couplings beyond neighbours, coarse"


def reach(subject: Subject) -> list[Measurement]:
    """sum_a |K_a| beyond nearest neighbours over sum_a |K_a| of all, of coarse spins, and that less the fine spins'.

    On critical samples where they are given, else on the held-out ones; K_a of the table's even operators, each
    counted once an operator, not once a bond. Noise alone makes |K_a| about its error, so that a share is uncertain by
    the errors over the sum. Not defined where the coarse spins' couplings do not stand out from their errors: nothing
    to reach. The trivial null is couplings that do not fall off at all, a share of (n - 1) / n. Errors: jackknife over
    chains.
    """
    if subject.evidence.not_spins:
        return _undefined(subject.evidence.not_spins, asked=False)
    missing, forced = places(subject)
    if missing:
        return _undefined(missing)
    found = step(subject, "samples" if subject.evidence.critical is None else "critical")
    if found.why:
        return _undefined(found.why)
    assert found.fine is not None
    assert found.coarse is not None
    if not _stand_out(found.coarse.K):
        return _undefined("the coarse spins have no couplings that stand out from their errors")
    coarse, fine = share([one.value for one in found.coarse.K]), share([one.value for one in found.fine.K])
    without = share(found.coarse.left_out)
    n = len(found.coarse.K)
    flat = {"name": "couplings that do not fall off", "value": (n - 1) / n - float(fine), "error": 0.0}
    gained = Measurement(
        "range",
        QUANTITY,
        float(coarse - fine),
        float(jackknife_error(without - share(found.fine.left_out))),
        forced,
        forced=bool(forced),
        trivial=(flat,),
    )
    shown = Measurement(
        "range", FARTHEST, float(coarse), float(jackknife_error(without)), forced, forced=bool(forced), rule="described"
    )
    return [gained, shown]


def share(K: object) -> NDArray[np.float64]:
    """sum |K_a| without the first over sum |K_a| of all, along the last axis."""
    size = np.abs(np.asarray(K, float))
    return np.asarray(1 - size[..., 0] / size.sum(axis=-1))


def _stand_out(K: tuple[Estimate, ...]) -> bool:
    return sum(abs(one.value) for one in K) > SIGNIFICANT * math.sqrt(sum(one.error**2 for one in K))


def _undefined(why: str, *, asked: bool = True) -> list[Measurement]:
    return [
        Measurement("range", QUANTITY, math.nan, math.nan, why, asked=asked),
        Measurement("range", FARTHEST, math.nan, math.nan, why, rule="described", asked=asked),
    ]
