"""The five rules behind pass and fail: closer than the nulls, agrees, exceeds, lies below, described.

A rule is applied only where the map and its reference both have a number; what is not defined is decided in `card`.
Of a mean over few trainings their scatter is known badly: its errors are widened here by Student's t
(`measurement.Trainings`), so that a comparison is wrong as seldom as by 2 errors of one training.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol

from blockspin.judging.measurement import BLURRED, Measurement, Side
from blockspin.judging.thresholds import SIGMAS


class Outcome(StrEnum):
    """The three words of the judge."""

    PASS = "pass"
    FAIL = "fail"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Null:
    """A null's number for one quantity; kind: which null it is ("shuffled sites", ...), "" for the quantity's own."""

    side: Side
    kind: str = ""


@dataclass(frozen=True)
class Decision:
    """A rule's decision on a quantity: outcome, a code for programs, a sentence for readers, the null that decided."""

    outcome: Outcome
    code: str
    why: str
    null: Side | None = None


class Rule(Protocol):
    """How a quantity passes. judges: False where it never passes or fails."""

    judges: ClassVar[bool]

    def decide(self, measured: Measurement, nulls: Sequence[Null], reference: Side) -> Decision:
        """Compare the number with the nulls and the reference."""
        ...


@dataclass(frozen=True)
class CloserThanNulls:
    """Passes within half the null's distance of the reference for every null, fails outside of it for one.

    With value q, null n and reference r (errors s): it passes where |q - r| < |n - r| / 2 by more than 2 standard
    errors, s^2 = s_q^2 + s_n^2 / 4 + c^2 s_r^2 with c = 1/2 on the null's side of the reference and 3/2 beyond it,
    fails where |q - r| > |n - r| / 2 by as many, and cannot tell between: its errors are too large.
    A null that a second measurement of the reference would not beat by this rule, |n - r| <= 2 (s_n^2 + 5 s_r^2)^(1/2),
    cannot tell one from the other and is left out; where no null is left the quantity cannot tell. The null shown is
    the one hardest to beat. Where the reference itself does not lie above `below` and below `above`, the values that no
    RG step has, by 2 standard errors, nothing can pass or fail by it.

    log: compare orders of magnitude (ratios such as participation). one_sided: to lie beyond the reference, seen from a
    null, is as good as to lie at it. blind: the kinds of nulls that cannot change the quantity by construction.
    """

    judges: ClassVar[bool] = True
    log: bool = False
    one_sided: bool = False
    blind: tuple[str, ...] = ()

    def decide(self, measured: Measurement, nulls: Sequence[Null], reference: Side) -> Decision:
        """See the class."""
        if unfit := unfit_reference(measured, reference):
            return unfit
        usable = [null.side for null in nulls if null.kind not in self.blind or not null.kind]
        # a null without an error bar, such as the mean of a single unit, can be compared with nothing
        usable = [null for null in usable if math.isfinite(null.value) and math.isfinite(null.error)]
        usable += own_nulls(measured, reference)
        if not usable:
            return Decision(Outcome.CANNOT_TELL, "no null", "there is no null to compare with")
        if not math.isfinite(measured.error):
            return Decision(Outcome.CANNOT_TELL, "no error", "there is no error bar to compare with", usable[0])
        leads = [(*self._lead(measured, null, reference), null) for null in usable if self._apart(null, reference)]
        if not leads:
            why = f"the nulls cannot be distinguished from {reference.name}"
            return Decision(Outcome.CANNOT_TELL, "nulls like the reference", why, usable[0])
        failed = [one for one in leads if one[0] < -one[1]]
        lead, room, hardest = min(failed or leads, key=lambda one: one[0] - one[1])
        if failed:
            outcome, code, side = Outcome.FAIL, "not closer", "outside of"
        elif lead > room:
            outcome, code, side = Outcome.PASS, "closer", "within"
        else:
            outcome, code, side = Outcome.CANNOT_TELL, BLURRED, "by its errors neither within nor outside of"
        return Decision(outcome, code, f"{side} half the distance from {reference.name} to {hardest.name}", hardest)

    def _apart(self, null: Side, reference: Side) -> bool:
        (n, s_n), (r, s_r) = self._scaled(null), self._scaled(reference)
        blurred = math.sqrt(s_n**2 + 5 * s_r**2)  # q = r with s_q = s_r would not pass
        return abs(n - r) > max(blurred, 1e-9 * abs(r), sys.float_info.min)

    def _lead(self, measured: Measurement, null: Side, reference: Side) -> tuple[float, float]:
        """By how much the number is within half the distance to the null, and 2 errors of that, both over it."""
        q, s_q = self._scaled(Side.of("", measured))
        (n, s_n), (r, s_r) = self._scaled(null), self._scaled(reference)
        beyond = (q - r) * (n - r) < 0
        c = 1.5 if beyond and not self.one_sided else 0.5
        away = 0.0 if beyond and self.one_sided else abs(q - r)
        room = math.sqrt(s_q**2 + s_n**2 / 4 + (c * s_r) ** 2)
        return (abs(n - r) / 2 - away) / abs(n - r), room / abs(n - r)

    def _scaled(self, one: Side) -> tuple[float, float]:
        """The value and 2 of its errors, of orders of magnitude where these are compared."""
        room = one.half_width(SIGMAS)
        return (math.log(one.value), room / one.value) if self.log and one.value > 0 else (one.value, room)


@dataclass(frozen=True)
class Agrees:
    """Passes where the number agrees with the reference within 2 standard errors, or lies below it."""

    judges: ClassVar[bool] = True

    def decide(self, measured: Measurement, nulls: Sequence[Null], reference: Side) -> Decision:
        """See the class; nulls do not count."""
        room = _room(measured, reference)
        agrees = max(measured.value - reference.value, 0.0) <= room
        outcome, code = (Outcome.PASS, "agrees") if agrees else (Outcome.FAIL, "does not agree")
        return Decision(outcome, code, f"{code} with {reference.name} within {SIGMAS:g} standard errors")


@dataclass(frozen=True)
class Exceeds:
    """Passes where the number exceeds the quantity's own null, `below`, by 2 standard errors of both: more is better.

    Where the reference itself does not exceed it, nothing can pass or fail.
    """

    judges: ClassVar[bool] = True

    def decide(self, measured: Measurement, nulls: Sequence[Null], reference: Side) -> Decision:
        """See the class; the nulls of the map's make are block rules too and do not count."""
        if unfit := unfit_reference(measured, reference):
            return unfit
        null = measured.below
        if null is None:
            return Decision(Outcome.CANNOT_TELL, "no null", "there is no null to compare with")
        exceeds = measured.value - null.value > _room(measured, null)
        outcome, code = (Outcome.PASS, "exceeds") if exceeds else (Outcome.FAIL, "does not exceed")
        why = f"{code} {null.name} by {SIGMAS:g} standard errors"
        return Decision(outcome, code, f"{why}; {measured.why}" if measured.why else why, null)


@dataclass(frozen=True)
class LiesBelow:
    """Passes where the number lies below the quantity's own null, `above`, by 2 errors of both, fails above by as many.

    Without errors the null's very value fails. Where the reference does not lie below, nothing can pass or fail.
    """

    judges: ClassVar[bool] = True

    def decide(self, measured: Measurement, nulls: Sequence[Null], reference: Side) -> Decision:
        """See the class; nulls of the map's make do not count."""
        if unfit := unfit_reference(measured, reference):
            return unfit
        null = measured.above
        if null is None:
            return Decision(Outcome.CANNOT_TELL, "no null", "there is no null to compare with")
        lead, room = null.value - measured.value, _room(measured, null)
        if lead > room:
            return Decision(Outcome.PASS, "below", f"below {null.name} by {SIGMAS:g} standard errors", null)
        if lead <= -room:
            return Decision(Outcome.FAIL, "not below", f"not below {null.name}", null)
        return Decision(Outcome.CANNOT_TELL, BLURRED, f"by its errors neither below nor above {null.name}", null)


@dataclass(frozen=True)
class Described:
    """Shown, not judged: its nulls decide nothing."""

    judges: ClassVar[bool] = False

    def decide(self, measured: Measurement, nulls: Sequence[Null], reference: Side) -> Decision:
        """Cannot tell, by definition."""
        return Decision(Outcome.CANNOT_TELL, "described", measured.why or "described, not judged")


def _room(measured: Measurement, other: Side) -> float:
    """2 standard errors of a number and of what it is compared with, as decisions count them."""
    return math.hypot(Side.of("", measured).half_width(SIGMAS), other.half_width(SIGMAS))


def own_nulls(measured: Measurement, reference: Side) -> list[Side]:
    """The values that no RG step has on the number's side of the reference: the other side's bounds nothing here."""
    sides = [one for one in (measured.below, measured.above) if one is not None]
    return [one for one in sides if (one.value - reference.value) * (measured.value - reference.value) >= 0]


def unfit_reference(measured: Measurement, reference: Side) -> Decision | None:
    """Cannot tell, where the reference itself is not clearly an RG step's: outside the quantity's bounds.

    On samples without correlations, say, the majority rule's own y_h is d/2, that of uncorrelated spins.
    """
    for null, sign in ((measured.below, 1), (measured.above, -1)):
        if null is None:
            continue
        if sign * (reference.value - null.value) <= math.hypot(*(one.half_width(SIGMAS) for one in (reference, null))):
            why = f"{reference.name} itself does not differ from {null.name}: these samples cannot tell"
            return Decision(Outcome.CANNOT_TELL, "unfit reference", why, null)
    return None
