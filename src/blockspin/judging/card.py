"""The scorecard: a map's measurements compared with its nulls and the reference, row by row, with notes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from blockspin import checks
from blockspin.judging.criteria import CRITERIA
from blockspin.judging.measurement import Measured, Measurement, Real, Side, valid
from blockspin.judging.rules import Null, Outcome
from blockspin.judging.text import text
from blockspin.judging.verdict import Row, Verdict, decide, outcome, outcomes, verdict


@dataclass(frozen=True)
class Note:
    """Something that a reader of the whole card must know: a code for programs, a sentence for readers."""

    code: str
    text: str


@dataclass(frozen=True)
class Scorecard:
    """The judge's findings on one map: a row a quantity, notes, and the verdict."""

    map: str
    layer: int
    b: Real
    rows: tuple[Row, ...]
    notes: tuple[Note, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Renormalizes, coarse-grains, does not, or cannot tell: decided by the decisive criteria alone."""
        return verdict(self.rows)

    def outcome(self, criterion: str) -> Outcome:
        """The outcome of a criterion. Raises ValueError for what is no criterion."""
        return outcome(self.rows, checks.choice("criterion", criterion, CRITERIA))

    def passes(self, criterion: str) -> bool:
        """Whether a criterion passes. Raises ValueError for what is no criterion."""
        return self.outcome(criterion) is Outcome.PASS

    def row(self, criterion: str, quantity: str) -> Row | None:
        """The row of a quantity, if it is on the card."""
        return next((row for row in self.rows if (row.criterion, row.quantity) == (criterion, quantity)), None)

    def to_dict(self) -> dict[str, Any]:
        """The entry of scorecards.json (schema 2); numbers that do not exist are null."""
        stored: dict[str, Any] = _CARD.dump_python(self, mode="json")
        for entry, row in zip(stored["rows"], self.rows, strict=True):
            entry["ratio"] = row.ratio
        return stored | {"verdict": str(self.verdict), **outcomes(self.rows)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Scorecard:
        """The scorecard of an entry of schema 2; raises ValueError for what is none."""
        return valid(_CARD, stored)

    def __str__(self) -> str:
        return text(f"{self.map}, layer {self.layer} (b = {self.b:g})", self.rows, [note.text for note in self.notes])

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


_CARD = TypeAdapter(Scorecard)


def scorecard(
    subject: Measured, nulls: Sequence[Measured], reference: Measured | None, notes: Sequence[Note] = ()
) -> Scorecard:
    """Compare a map's measurements with those of its nulls and of the reference."""
    rows = tuple(_compared(measurement, nulls, reference) for measurement in subject.measurements)
    return Scorecard(subject.name, subject.layer, subject.b, rows, tuple(notes))


def _compared(measured: Measurement, nulls: Sequence[Measured], block_rule: Measured | None) -> Row:
    key = (measured.criterion, measured.quantity)
    reference = measured.target
    if reference is None and block_rule is not None:
        of_rule = block_rule.find(*key)
        if of_rule is not None and of_rule.defined:
            reference = Side(block_rule.name, of_rule.value, of_rule.error)
    found = [(null, null.find(*key)) for null in nulls]
    # a forced number serves as a null
    numbers = [Null(Side(null.name, one.value, one.error), null.kind) for null, one in found if one is not None]
    decision = decide(measured, [null for null in numbers if math.isfinite(null.side.value)], reference)
    return Row(
        *key,
        measured.value,
        measured.error,
        measured.state,
        decision.outcome,
        decision.code,
        decision.why,
        decision.null,
        reference,
        measured.exact,
    )
