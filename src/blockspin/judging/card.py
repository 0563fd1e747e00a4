"""The scorecard: a map's measurements compared with its nulls and the reference, row by row; and several compared."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from pydantic import TypeAdapter

from blockspin import checks
from blockspin.judging.criteria import CRITERIA
from blockspin.judging.measurement import Measured, Measurement, Real, Side, single, valid
from blockspin.judging.rules import Null, Outcome
from blockspin.judging.text import columns, html, sources, text
from blockspin.judging.thresholds import SIGMAS
from blockspin.judging.verdict import Row, Verdict, decide, outcome, outcomes, verdict
from blockspin.report.tabular import Tabular, aligned
from blockspin.statistics import Estimate, student

EXPONENTS = ("y_t", "y_h")


@dataclass(frozen=True)
class Note:
    """Something that a reader of the whole card must know: a code for programs, a sentence for readers."""

    code: str
    text: str


@dataclass(frozen=True, repr=False)
class Scorecard(Tabular):
    """The judge's findings on one map: a row a quantity, notes, and the verdict. samples: what was read.

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(8), 0.4), 400, seed=1)
    >>> card = bs.judge(bs.Majority(bs.Lattice.square(8), 2, random_state=1), samples, criteria=["tiling"])
    >>> str(card.outcome("tiling")), [*card.to_dataframe()["quantity"]][0]
    ('pass', 'spacing of centres / b')
    """

    map: str
    layer: int
    b: Real
    rows: tuple[Row, ...]
    notes: tuple[Note, ...] = ()
    samples: str = ""

    @property
    def verdict(self) -> Verdict:
        """Renormalizes, renormalizes roughly, coarse-grains, does not, or cannot tell (docs/judge.md)."""
        return verdict(self.rows)

    @property
    def trainings(self) -> int:
        """How many trainings the card's means are over; 1 where there are none."""
        return max((row.trainings.of for row in self.rows if row.trainings is not None), default=1)

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
        stored: dict[str, Any] = single(
            _CARD.dump_python(self, mode="json", exclude=None if self.samples else {"samples"})
        )
        for entry, row in zip(stored["rows"], self.rows, strict=True):
            entry["ratio"] = row.ratio
        return stored | {"verdict": str(self.verdict), **outcomes(self.rows)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Scorecard:
        """The scorecard of an entry of schema 2; raises ValueError for what is none."""
        return valid(_CARD, stored)

    def __str__(self) -> str:
        several = f", mean of {self.trainings} trainings" if self.trainings > 1 else ""
        title = f"{self.map}, layer {self.layer} (b = {self.b:g}){several}"
        read = f"{self.samples}\n" if self.samples else ""
        return read + text(title, self.rows, [note.text for note in self.notes])

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.samples)}</p>{html([self.to_dict()])}" if self.samples else html([self.to_dict()])

    def plot(self, ax: Any = None) -> Any:
        """y_t and y_h of the map, of the reference and of the null, less the exact ones, as `Comparison.plot`."""
        return _forest({self.map: self}, ax, beside=True)

    def _rows(self) -> list[dict[str, Any]]:
        return [{"map": self.map, "layer": self.layer} | columns(row) for row in self.rows]


_CARD = TypeAdapter(Scorecard)


class Comparison(Tabular, dict[str, Scorecard]):
    """What `bs.judge` finds of several maps: a dictionary of names to `Scorecard`, which prints as a row a map.

    The columns are the verdict and the distances of y_t and y_h from their exact values, with their errors and in
    units of these; a reason is given below for each that has no number.

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(8), 0.4), 400, seed=1)
    >>> maps = {f"b = {b}": bs.Majority(bs.Lattice.square(8), b, random_state=1) for b in (2, 4)}
    >>> {name: str(card.outcome("tiling")) for name, card in bs.judge(maps, samples, criteria=["tiling"]).items()}
    {'b = 2': 'pass', 'b = 4': 'pass'}
    """

    def to_dict(self) -> dict[str, Any]:
        """The entry of scorecards.json of each map, by its name."""
        return {name: card.to_dict() for name, card in self.items()}

    def plot(self, ax: Any = None) -> Any:
        """y_t and y_h of every map less the exact ones, as `Tabular.plot`; ValueError where the spectrum is missing."""
        return _forest(self, ax)

    def __str__(self) -> str:
        without: dict[str, list[str]] = {}
        for name, card in self.items():
            for exponent in EXPONENTS:
                row = card.row("spectrum", exponent)
                if row is not None and not row.defined:
                    without.setdefault(row.why, []).append(f"{exponent} of {name}")
        exact = {row.quantity: row.exact for card in self.values() for row in card.rows if row.exact}
        why = [f"{', '.join(names)}: {reason}" for reason, names in without.items()]
        return "\n".join([self.table(), *why, *sources(exact)])

    def table(self) -> str:
        """The rows alone, as text: name, verdict, distances of y_t and y_h from the exact values ("-": no number)."""
        lines: list[Sequence[Any]] = [("map", "verdict", "y_t - exact", "in errors", "y_h - exact", "in errors")]
        for name, card in self.items():
            rows = [card.row("spectrum", exponent) for exponent in EXPONENTS]
            away = [None if row is None else row.distance for row in rows]
            cells = [cell for one in away for cell in (("-", "-") if one is None else (one, f"{one.z(0):+.1f}"))]
            several = f" ({card.trainings} trainings)" if card.trainings > 1 else ""
            lines.append([f"{name}{several}", card.verdict, *cells])
        return "\n".join(aligned(lines))

    def _repr_html_(self) -> str:
        return html([*self.to_dict().values()])

    def _rows(self) -> list[dict[str, Any]]:
        return [row for card in self.values() for row in card._rows()]


def _forest(cards: Mapping[str, Scorecard], ax: Any, *, beside: bool = False) -> Any:
    from blockspin.report.drawn import forest

    lines = []
    for exponent in EXPONENTS:
        for name, card in cards.items():
            row = card.row("spectrum", exponent)
            if row is None:
                raise ValueError('a plot shows y_t and y_h: judge with "spectrum" among the criteria')
            lines.append((name, f"{exponent} of {name}: {row.distance or row.state}", row.distance))
            for kind, side in (("reference", row.reference), ("null", row.null)):
                if beside and side is not None and row.exact is not None:
                    away = Estimate(side.value - row.exact.value, side.error)
                    lines.append((side.name, f"{exponent} of the {kind}, {side.name}", away))
    return forest(lines, ax, "exponent - exact")


def scorecard(
    subject: Measured, nulls: Sequence[Measured], reference: Measured | None, notes: Sequence[Note] = ()
) -> Scorecard:
    """Compare a map's measurements with those of its nulls and of the reference."""
    rows = tuple(_compared(measurement, nulls, reference) for measurement in subject.measurements)
    return Scorecard(subject.name, subject.layer, subject.b, rows, (*notes, *_of_trainings(rows)))


def _of_trainings(rows: Sequence[Row]) -> list[Note]:
    """What a card of means must say: how many trainings there are, and which rows are of some of them."""
    several = [row for row in rows if row.trainings is not None]
    if not several:
        return []
    n = max(row.trainings.of for row in several if row.trainings)
    text = (
        f"numbers are means over {n} trainings: errors join those of samples with the spread between random starts, on "
        f"the same training samples unless yours differ; decisions widen the spread {student(n, SIGMAS):.2g} times "
        f"(Student's t)"
    )
    fewer = [(row.quantity, len(row.trainings.values)) for row in several if row.trainings]
    some = [f"{quantity}: a mean over {k} of {n} trainings" for quantity, k in fewer if k < n]
    return [Note("trainings", text), *(Note("some trainings", one) for one in some)]


def _compared(measured: Measurement, nulls: Sequence[Measured], block_rule: Measured | None) -> Row:
    key = (measured.criterion, measured.quantity)
    reference = measured.target
    if reference is None and block_rule is not None:
        of_rule = block_rule.find(*key)
        if of_rule is not None and of_rule.defined:
            reference = Side.of(block_rule.name, of_rule)
    found = [(null, null.find(*key)) for null in nulls]
    # a forced number serves as a null
    numbers = [Null(Side.of(null.name, one), null.kind) for null, one in found if one is not None]
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
        measured.trainings,
    )
