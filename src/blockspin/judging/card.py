"""What the judge writes: measurements of a map, the rule that turns them into criteria, and the scorecard."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from blockspin.statistics import brackets

SIGMAS = 2.0  # how many standard errors a comparison must clear

CRITERIA = {
    "locality": "do the fields of the units cover a block, not the lattice",
    "tiling": "do the fields' centres tile the lattice as blocks do",
    "symmetry": "does the map respect spin flip, translation and the lattice's point group",
    "fidelity": "does the machine, run freely, make samples of the model it learned from",
    "spectrum": "which exponents y_t and y_h does the map give at the critical point",
    "flow": "do couplings leave the critical point, and does the critical point stay near itself",
    "range": "how far the coarse Hamiltonian's couplings reach, against the fine one's",
    "information": "what does a coarse spin tell about its environment beyond a buffer",
    "generalization": "does it know held-out chains as well as those it was trained on",
}
DECISIVE = ("locality", "tiling", "spectrum")  # what the verdict rests on
WHOLE = ("spectrum",)  # passes only where all its quantities are told: one exponent of two is no RG step's spectrum


@dataclass(frozen=True)
class Measurement:
    """One quantity of one map: value with standard error, or nan and the reason why it is not defined.

    A forced value is a number that the map has no right to (its embedding failed, say): it stands as a null for
    others and never passes. scale "log" compares orders of magnitude (for ratios such as participation).
    target is a reference of the quantity's own, {"name", "value", "error"}, such as an exact value; it takes the
    place of the physical block rule's. trivial holds nulls of the quantity's own, of the same form, such as the
    exponent of uncorrelated spins; each counts on its own side of the reference. blind names the nulls that cannot
    change the quantity by construction. one_sided: to lie beyond the reference, seen from a null, is as good as to lie
    at it (rule "agrees": to lie below the target). asked is False where the data for the quantity were not given: it
    then neither passes nor fails.
    rule is "closer" (to the reference than to the nulls), "agrees" (with the target, within errors), "exceeds" (the
    quantity's own nulls, on one side) or "described" (shown, not judged).
    """

    criterion: str
    quantity: str
    value: float
    error: float
    why: str = ""
    forced: bool = False
    scale: str = "linear"
    target: dict[str, Any] | None = None
    trivial: tuple[dict[str, Any], ...] = ()
    blind: tuple[str, ...] = ()
    one_sided: bool = False
    rule: str = "closer"
    asked: bool = True

    @property
    def defined(self) -> bool:
        """Whether there is a number that the data support."""
        return math.isfinite(self.value) and not self.forced

    def scaled(self) -> tuple[float, float]:
        """Value and error on the scale of comparison."""
        if self.scale == "log" and self.value > 0:
            return math.log(self.value), self.error / self.value
        return self.value, self.error


@dataclass(frozen=True)
class Measured:
    """Everything measured of one map; `b` is the block side its number of units stands for."""

    name: str
    layer: int
    b: float
    measurements: tuple[Measurement, ...]

    def find(self, criterion: str, quantity: str) -> Measurement | None:
        """The measurement of that name, if it was made."""
        for measurement in self.measurements:
            if (measurement.criterion, measurement.quantity) == (criterion, quantity):
                return measurement
        return None

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able copy; not-a-number becomes None."""
        stored: dict[str, Any] = _plain(asdict(self))
        return stored

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Measured:
        """The inverse of `to_dict`."""
        rows = tuple(
            Measurement(
                **row
                | {"value": _number(row["value"]), "error": _number(row["error"])}
                | {"blind": tuple(row["blind"]), "trivial": tuple(row["trivial"])}
            )
            for row in stored["measurements"]
        )
        return cls(stored["name"], stored["layer"], stored["b"], rows)


@dataclass(frozen=True)
class Criterion:
    """A measurement beside its null and its reference, and whether it passed (None: cannot tell)."""

    name: str
    quantity: str
    value: float
    error: float
    null: dict[str, Any] | None
    reference: dict[str, Any] | None
    passed: bool | None
    why: str


@dataclass(frozen=True)
class Scorecard:
    """The judge's findings on one map: criteria and verdict."""

    map: str
    layer: int
    b: float
    verdict: str
    criteria: tuple[Criterion, ...]
    notes: tuple[str, ...] = field(default=())

    def passed(self, name: str) -> bool | None:
        """Whether a criterion passed: every quantity of it that could tell; None where none could.

        The spectrum has passed only where both exponents could tell. Raises KeyError for what is no criterion.
        """
        if name not in CRITERIA:
            raise KeyError(f"a criterion must be one of {', '.join(CRITERIA)}; got {name!r}")
        return _answer(self.criteria, name)

    def to_dict(self) -> dict[str, Any]:
        """The entry of scorecards.json; numbers that do not exist are null."""
        stored: dict[str, Any] = _plain(asdict(self))
        return stored

    def __str__(self) -> str:
        mark = {True: "pass", False: "FAIL", None: "-"}
        rows = [("criterion", "quantity", "value", "null", "reference", "passed")]
        for row in self.criteria:
            rows.append(
                (
                    row.name,
                    row.quantity,
                    _number_shown(row),
                    _side(row.null),
                    _side(row.reference),
                    mark[row.passed],
                )
            )
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        table = "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(r, widths, strict=True)).rstrip() for r in rows
        )
        notes = "".join(f"\nnote: {note}" for note in self.notes)
        return f"{self.map}, layer {self.layer} (b = {self.b:g}): {self.verdict}\n{table}{notes}"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


def decide(
    subject: Measurement, nulls: Sequence[tuple[str, Measurement]], reference: tuple[str, Measurement] | None
) -> Criterion:
    """The rule behind `passed`.

    With value q, null n and reference r (errors s), a quantity passes where it lies within half the null's distance of
    the reference, for every null (rule "closer"): |q - r| < |n - r| / 2 by more than 2 standard errors,
    s^2 = s_q^2 + s_n^2 / 4 + c^2 s_r^2 with c = 1/2 on the null's side of the reference and 3/2 beyond it.
    A null that a second measurement of the reference would not beat by this rule, |n - r| <= 2 (s_n^2 + 5 s_r^2)^(1/2),
    cannot tell one from the other and is left out; where no null is left the quantity passes nothing and fails nothing
    (None). The null shown is the one hardest to beat.
    """
    if subject.rule == "exceeds":
        return _exceeds(subject, reference)
    if subject.rule != "closer":
        return _without_nulls(subject, reference)
    shown_null, beaten, margin = None, None, math.inf
    # a null without an error bar, such as the mean of a single unit, can be compared with nothing
    usable = [
        (name, null)
        for name, null in nulls
        if math.isfinite(null.value) and math.isfinite(null.error) and not name.endswith(subject.blind or "\0")
    ]
    if reference is not None and math.isfinite(reference[1].value):
        r, s_r = reference[1].scaled()
        q, s_q = subject.scaled()
        for name, null in usable:
            n, s_n = null.scaled()
            blurred = SIGMAS * math.sqrt(s_n**2 + 5 * s_r**2)  # q = r with s_q = s_r would not pass
            if abs(n - r) <= max(blurred, 1e-9 * max(abs(r), abs(q)), sys.float_info.min):
                continue
            beyond = (q - r) * (n - r) < 0
            c = 1.5 if beyond and not subject.one_sided else 0.5
            away = 0.0 if beyond and subject.one_sided else abs(q - r)
            lead = abs(n - r) / 2 - away - SIGMAS * math.sqrt(s_q**2 + s_n**2 / 4 + (c * s_r) ** 2)
            lead /= abs(n - r)
            if lead < margin or shown_null is None:
                shown_null, margin = (name, null), lead
        told = math.isfinite(q) and math.isfinite(s_q)
        beaten = margin > 0 if shown_null is not None and told else None
    passed, why = _explain(subject, beaten, shown_null, reference, usable)
    if shown_null is None and usable:
        shown_null = usable[0]
    return Criterion(
        subject.criterion,
        subject.quantity,
        subject.value,
        subject.error,
        _comparison(shown_null),
        _comparison(reference),
        passed,
        why,
    )


def _without_nulls(subject: Measurement, reference: tuple[str, Measurement] | None) -> Criterion:
    # "agrees": no null is needed where the target itself is what the number should be
    passed, why = None, subject.why or "described, not judged"
    if subject.rule == "agrees" and reference is not None and math.isfinite(subject.value):
        distance = subject.value - reference[1].value
        distance = max(distance, 0.0) if subject.one_sided else abs(distance)
        passed = distance <= SIGMAS * math.hypot(subject.error, reference[1].error)
        why = f"{'agrees' if passed else 'does not agree'} with {reference[0]} within {SIGMAS:g} standard errors"
    row = (subject.criterion, subject.quantity, subject.value, subject.error)
    return Criterion(*row, None, _comparison(reference), passed, why)


def _exceeds(subject: Measurement, reference: tuple[str, Measurement] | None) -> Criterion:
    # more is better: the reference is shown, but a value above it is no failure, and the nulls of the map's make,
    # which are block rules too, say nothing
    row = (subject.criterion, subject.quantity, subject.value, subject.error)
    if not math.isfinite(subject.value):
        return Criterion(*row, None, _comparison(reference), False if subject.asked else None, subject.why)
    nulls = [_own(subject, side) for side in subject.trivial]
    leads = [subject.value - null.value - SIGMAS * math.hypot(subject.error, null.error) for _, null in nulls]
    if not nulls:
        return Criterion(*row, None, _comparison(reference), None, "no null to compare with")
    hardest = nulls[leads.index(min(leads))]
    passed = min(leads) > 0
    why = f"{'exceeds' if passed else 'does not exceed'} {hardest[0]} by {SIGMAS:g} standard errors"
    why += f"; {subject.why}" if subject.why else ""
    return Criterion(*row, _comparison(hardest), _comparison(reference), passed, why)


def scorecard(
    subject: Measured, nulls: Sequence[Measured], reference: Measured | None, notes: Sequence[str] = ()
) -> Scorecard:
    """Compare a map's measurements with those of its nulls and of the reference, and give the verdict."""
    criteria = []
    for measurement in subject.measurements:
        key = (measurement.criterion, measurement.quantity)
        found = [(null.name, null.find(*key)) for null in nulls]
        usable = [(name, row) for name, row in found if row is not None]
        beside = _reference(measurement, reference)
        usable += _trivial(measurement, beside)
        criteria.append(decide(measurement, usable, beside))
    return Scorecard(subject.name, subject.layer, subject.b, verdict(criteria), tuple(criteria), tuple(notes))


def _reference(subject: Measurement, block_rule: Measured | None) -> tuple[str, Measurement] | None:
    if subject.target is not None:
        return _own(subject, subject.target)
    found = block_rule.find(subject.criterion, subject.quantity) if block_rule is not None else None
    return (block_rule.name, found) if block_rule is not None and found is not None else None


def _trivial(subject: Measurement, reference: tuple[str, Measurement] | None) -> list[tuple[str, Measurement]]:
    # one-sided: what lies beyond the reference bounds no value on this side of it
    own = [_own(subject, side) for side in subject.trivial]
    if reference is None:
        return own
    r = reference[1].value
    return [(name, row) for name, row in own if (row.value - r) * (subject.value - r) >= 0]


def _own(subject: Measurement, side: dict[str, Any]) -> tuple[str, Measurement]:
    row = Measurement(subject.criterion, subject.quantity, side["value"], side["error"], scale=subject.scale)
    return side["name"], row


def verdict(criteria: Sequence[Criterion]) -> str:
    """renormalizes (local, tiles, exponents of a block rule), coarse-grains (some of it, named), does not, cannot tell.

    A decisive criterion that could not tell is named beside those that pass; "does not" needs one that failed.
    """
    found = {name: _answer(criteria, name) for name in DECISIVE}
    passed = [name for name, answer in found.items() if answer is True]
    silent = [name for name, answer in found.items() if answer is None]
    if len(passed) == len(DECISIVE):
        return "renormalizes"
    if passed:
        return f"coarse-grains ({', '.join(passed)}{'; not told: ' + ', '.join(silent) if silent else ''})"
    return "cannot tell" if len(silent) == len(DECISIVE) else "does not"


def _answer(criteria: Sequence[Criterion], name: str) -> bool | None:
    rows = [row.passed for row in criteria if row.name == name]
    told = [answer for answer in rows if answer is not None]
    if name in WHOLE and None in rows and all(told):
        return None
    return all(told) if told else None


def _explain(
    subject: Measurement,
    beaten: bool | None,
    null: tuple[str, Measurement] | None,
    reference: tuple[str, Measurement] | None,
    usable: Sequence[tuple[str, Measurement]],
) -> tuple[bool | None, str]:
    if not subject.asked:
        return None, subject.why
    if not math.isfinite(subject.value):
        return (False if reference is not None and subject.why else None), subject.why or "not defined"
    if subject.forced:
        return False, subject.why
    if reference is None:
        return None, "no reference to compare with"
    if not usable:
        return None, "no null to compare with"
    if not math.isfinite(subject.error):
        return None, "there is no error bar to compare with"
    if beaten is None or null is None:
        return None, f"the nulls look like {reference[0]}: this quantity cannot tell them apart"
    side = "within" if beaten else "not clearly within"
    return beaten, f"{side} half of the null's distance from {reference[0]} (null: {null[0]})"


def _comparison(side: tuple[str, Measurement] | None) -> dict[str, Any] | None:
    return None if side is None else {"name": side[0], "value": side[1].value, "error": side[1].error}


def _side(comparison: dict[str, Any] | None) -> str:
    return "-" if comparison is None else f"{comparison['name']} {brackets(comparison['value'], comparison['error'])}"


def _number_shown(row: Criterion) -> str:
    # a forced number is not the map's own
    text = brackets(row.value, row.error)
    forced = math.isfinite(row.value) and row.why.startswith("not defined:")
    return f"not defined ({text} if forced)" if forced else text


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _plain(value: Any) -> Any:
    # JSON has no nan; tuples become lists
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
