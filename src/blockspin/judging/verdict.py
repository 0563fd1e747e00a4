"""What is decided: a quantity's outcome from its rule, a criterion's from its rows, and the verdict."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from blockspin.judging.criteria import CRITERIA, rule_of
from blockspin.judging.measurement import BLURRED, LOOSE, Measurement, Real, Side, State, Trainings
from blockspin.judging.rules import Decision, Null, Outcome
from blockspin.judging.thresholds import FAR, ROUGH, SIGMAS
from blockspin.statistics import Estimate


class Verdict(StrEnum):
    """The answer to the question of the house."""

    RENORMALIZES = "renormalizes"  # every decisive criterion passes, and none denies it
    ROUGHLY = "renormalizes roughly"  # so they do, but an exponent lies many times as far from exact as the reference's
    COARSE_GRAINS = "coarse-grains"  # some do
    DOES_NOT = "does not"  # none does, and at least one fails
    CANNOT_TELL = "cannot tell"  # no decisive criterion could be decided


@dataclass(frozen=True)
class Row:
    """A quantity compared with its hardest null and its reference: outcome, code, and why in words.

    exact: the value of an exact RG step, where one is known. trainings: where the value is a mean over several.
    """

    criterion: str
    quantity: str
    value: Real
    error: Real
    state: State
    outcome: Outcome
    code: str = ""
    why: str = ""
    null: Side | None = None
    reference: Side | None = None
    exact: Side | None = None
    trainings: Trainings | None = None

    @property
    def defined(self) -> bool:
        """Whether there is a number that the data support."""
        return self.state is State.MEASURED

    @property
    def distance(self) -> Estimate | None:
        """value - exact, with its error; None where no exact value is known or the map has no number."""
        if self.exact is None or not self.defined:
            return None
        return Estimate(self.value - self.exact.value, math.hypot(self.error, self.exact.error))

    @property
    def ratio(self) -> float | None:
        """The distance over that of the reference, in absolute value: 1 is as good as the reference, below 1 better.

        None where the reference's own distance is less than 4 of its errors: it is then no yardstick.
        """
        own = self._references_own(FAR)
        if self.distance is None or own is None or abs(own[0]) <= own[1]:
            return None
        return abs(self.distance.value / own[0])

    @property
    def rough(self) -> bool:
        """Whether the distance is more than `ROUGH` times that of the reference, by 2 standard errors of both.

        It is a word of caution: few trainings, whose scatter is known badly, do not take it back.
        """
        if (own := self._references_own(SIGMAS)) is None or self.exact is None or not self.defined:
            return False
        far, room = _away(Side("", self.value, self.error), self.exact, SIGMAS)
        return abs(far) - ROUGH * abs(own[0]) > math.hypot(room, ROUGH * own[1])

    def _references_own(self, errors: float) -> tuple[float, float] | None:
        return None if self.exact is None or self.reference is None else _away(self.reference, self.exact, errors)


def _away(one: Side, exact: Side, errors: float) -> tuple[float, float]:
    """The distance from an exact value, and so many errors of both."""
    return one.value - exact.value, math.hypot(one.half_width(errors), exact.half_width(errors))


def decide(measured: Measurement, nulls: Sequence[Null], reference: Side | None) -> Decision:
    """The outcome of a quantity: its rule's, where the map and the reference have numbers.

    A number that the map has no right to, or does not have, fails where the reference has one; where the reference has
    none either nothing fails for it, nor where too few draws make fields too wide to have positions, or where errors
    hide the number.
    """
    if measured.state is State.NOT_REQUESTED or (reference is None and measured.state is not State.MEASURED):
        return Decision(Outcome.CANNOT_TELL, measured.code, measured.why)
    rule = rule_of(measured.criterion, measured.quantity)
    if measured.state is not State.MEASURED:
        outcome = Outcome.FAIL if rule.judges and measured.code not in (LOOSE, BLURRED) else Outcome.CANNOT_TELL
        return Decision(outcome, measured.code, measured.why, nulls[0].side if nulls else None)
    if reference is None:
        return Decision(Outcome.CANNOT_TELL, "no reference", measured.why or "there is no reference to compare with")
    decision = rule.decide(measured, nulls, reference)
    if measured.code == LOOSE and decision.outcome is Outcome.FAIL:
        why = f"{decision.why}, by fields from too few draws"
        return replace(decision, outcome=Outcome.CANNOT_TELL, code=BLURRED, why=why)
    return decision


def outcome(rows: Sequence[Row], criterion: str) -> Outcome:
    """A criterion fails where one of its quantities does, and passes where all others that can be judged pass.

    It cannot tell where the errors of one are too large, nor, if it is judged as a whole (the spectrum: one exponent of
    two is no RG step's), where one of its quantities cannot tell for whatever reason.
    """
    own = [row for row in rows if row.criterion == criterion]
    found = {row.outcome for row in own}
    if Outcome.FAIL in found:
        return Outcome.FAIL
    undecided = Outcome.CANNOT_TELL in found if CRITERIA[criterion].whole else any(row.code == BLURRED for row in own)
    return Outcome.PASS if Outcome.PASS in found and not undecided else Outcome.CANNOT_TELL


def outcomes(rows: Sequence[Row]) -> dict[str, Any]:
    """As a card's entry holds them: of decisive criteria, of all that were measured, and what limits the verdict."""
    decisive = [name for name in CRITERIA if CRITERIA[name].decides]
    measured = dict.fromkeys(row.criterion for row in rows)
    return {
        "decisive": {name: str(outcome(rows, name)) for name in decisive},
        "outcomes": {name: str(outcome(rows, name)) for name in measured},
        "denied": denied(rows),
        "rough": rough(rows),
    }


def denied(rows: Sequence[Row]) -> list[str]:
    """The criteria whose fail denies "renormalizes"."""
    return [name for name, one in CRITERIA.items() if one.denies and outcome(rows, name) is Outcome.FAIL]


def rough(rows: Sequence[Row]) -> list[str]:
    """The exponents that lie many times farther from the exact ones than the reference's."""
    return [row.quantity for row in rows if CRITERIA[row.criterion].group == "exponents" and row.rough]


def verdict(rows: Sequence[Row]) -> Verdict:
    """The verdict of a card's rows, by block structure, critical manifold and exponents."""
    found = [outcome(rows, name) for name in CRITERIA if CRITERIA[name].decides]
    if all(one is Outcome.PASS for one in found) and not denied(rows):
        return Verdict.ROUGHLY if rough(rows) else Verdict.RENORMALIZES
    if Outcome.PASS in found:
        return Verdict.COARSE_GRAINS
    return Verdict.DOES_NOT if Outcome.FAIL in found else Verdict.CANNOT_TELL
