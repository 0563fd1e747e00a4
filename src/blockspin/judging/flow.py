"""Flow: does the coarse-graining take couplings away from the critical point, and leave the critical point near itself.

K is the nearest-neighbour coupling that alone fits a set of spins best (by pseudo-likelihood), a thermometer that fine
spins, coarse spins and spins of any origin have alike.
"""

from __future__ import annotations

import math

from blockspin.judging.card import Measurement
from blockspin.judging.coarse_couplings import Step, step
from blockspin.judging.evidence import Subject
from blockspin.judging.spectrum import places
from blockspin.statistics import jackknife_error

GROWTH, DRIFT = "growth of K - Kc", "K' - K at Kc"
APART = 4.0  # standard errors that the samples' K must lie from the critical ones'


def flow(subject: Subject) -> list[Measurement]:
    """How couplings flow: (K'(samples) - K'(critical)) / (K(samples) - K(critical)), and K' - K of critical samples.

    An RG step has growth b^y_t, on either side of Kc, and a drift that vanishes at its fixed point; one step from the
    Ising model's own critical point ends beside it, the majority rule says where. The evidence has samples on one side
    of Kc, so one side is told, that of K(samples). Errors: jackknife over chains. What the one coupling leaves out of
    the coarse Hamiltonian is no part of them.
    """
    names = (GROWTH, DRIFT)
    if subject.evidence.not_spins:
        return _undefined(names, subject.evidence.not_spins, asked=False)
    if subject.evidence.critical is None:
        return _undefined(names, "no critical samples were given: a flow is told by where they go", asked=False)
    missing, forced = places(subject)
    if missing:
        return _undefined(names, missing)
    critical = step(subject, "critical", ("nn",))
    if critical.why:
        return _undefined(names, critical.why)
    return [_growth(subject, critical, forced), _drift(critical, forced)]


def _drift(critical: Step, forced: str) -> Measurement:
    assert critical.fine is not None
    assert critical.coarse is not None
    value = critical.coarse.K[0].value - critical.fine.K[0].value
    error = float(jackknife_error((critical.coarse.left_out - critical.fine.left_out)[:, 0]))
    # coarse spins without a coupling: the step has lost everything
    lost = {"name": "uncoupled coarse spins, -K", "value": -critical.fine.K[0].value, "error": critical.fine.K[0].error}
    return Measurement("flow", DRIFT, value, error, forced, forced=bool(forced), trivial=(lost,))


def _growth(subject: Subject, critical: Step, forced: str) -> Measurement:
    samples = step(subject, "samples", ("nn",))
    if samples.why:
        return _undefined((GROWTH,), samples.why)[0]
    assert samples.fine is not None
    assert samples.coarse is not None
    assert critical.fine is not None
    assert critical.coarse is not None
    before = samples.fine.K[0].value - critical.fine.K[0].value
    if abs(before) <= APART * math.hypot(samples.fine.K[0].error, critical.fine.K[0].error):
        why = "the samples lie at the critical coupling: growth is told by samples on one side of it"
        return _undefined((GROWTH,), why, asked=False)[0]
    after = samples.coarse.K[0].value - critical.coarse.K[0].value
    # two independent sets of samples: the ratio's errors from either, the other held
    one = (samples.coarse.left_out[:, 0] - critical.coarse.K[0].value) / (
        samples.fine.left_out[:, 0] - critical.fine.K[0].value
    )
    other = (samples.coarse.K[0].value - critical.coarse.left_out[:, 0]) / (
        samples.fine.K[0].value - critical.fine.left_out[:, 0]
    )
    error = math.hypot(float(jackknife_error(one)), float(jackknife_error(other)))
    still = {"name": "nothing grows, 1", "value": 1.0, "error": 0.0}
    jump = {"name": "a first-order jump, b^d", "value": subject.b**subject.lattice.dimension, "error": 0.0}
    return Measurement("flow", GROWTH, after / before, error, forced, forced=bool(forced), trivial=(still, jump))


def _undefined(names: tuple[str, ...], why: str, *, asked: bool = True) -> list[Measurement]:
    return [Measurement("flow", name, math.nan, math.nan, why, asked=asked) for name in names]
