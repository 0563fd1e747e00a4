"""Scorecards as text, the verdict, a table, and what a reader must know; as HTML and as columns."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from blockspin.judging.criteria import CRITERIA
from blockspin.judging.measurement import Side, State
from blockspin.judging.rules import Outcome
from blockspin.judging.verdict import Row, outcomes, verdict
from blockspin.report.tabular import aligned
from blockspin.statistics import Estimate, brackets

MARKS = {Outcome.PASS: "pass", Outcome.FAIL: "FAIL", Outcome.CANNOT_TELL: "-"}
HEADER = ("criterion", "quantity", "value", "null", "reference", "outcome", "from exact")


def text(title: str, rows: Sequence[Row], notes: Sequence[str] = ()) -> str:
    """Title and verdict, then a table with the reason of every quantity that has no number, and the notes."""
    lines = aligned([HEADER, *map(_cells, rows)])
    lines += [f"{label}: {why}" for label, why in reasons(rows).items()]
    lines += sources({row.quantity: row.exact for row in rows})
    return "\n".join([f"{title}: {summary(rows)}", *lines, *(f"note: {note}" for note in notes)])


def summary(rows: Sequence[Row]) -> str:
    """The verdict with the decisive criteria that pass, those that cannot tell, and what else limits it."""
    from blockspin.report.tables import named

    whole, more = str(verdict(rows)), named(outcomes(rows))
    return f"{whole} ({more})" if more else whole


def reasons(rows: Sequence[Row]) -> dict[str, str]:
    """Why quantities have no number, or none that counts: those of one reason together."""
    by_why: dict[tuple[str, State, str], list[str]] = {}
    for row in rows:
        if not row.defined:
            by_why.setdefault((row.criterion, row.state, row.why), []).append(row.quantity)
    return {f"{criterion} ({', '.join(names)}) {state}": why for (criterion, state, why), names in by_why.items()}


def sources(exact: Mapping[str, Side | None]) -> list[str]:
    """The exact values of quantities with the DOIs of their sources, a line each where there is one."""
    return [f"{name}: {_side(side)}, doi:{side.doi}" for name, side in exact.items() if side and side.doi]


def distance(row: Row) -> str:
    """The distance from the exact value with its error, and its ratio to the reference's where that is a yardstick."""
    if row.distance is None:
        return "-"
    ratio = "" if row.ratio is None or row.reference is None else f" ({row.ratio:.2g} x {row.reference.name})"
    return f"{brackets(row.distance.value, row.distance.error)}{ratio}"


def _cells(row: Row) -> tuple[str, ...]:
    number = brackets(row.value, row.error)
    value = {State.MEASURED: number, State.FORCED: f"none ({number} if forced)"}.get(row.state, str(row.state))
    null, reference = map(_side, (row.null, row.reference))
    return row.criterion, row.quantity, value, null, reference, MARKS[row.outcome], distance(row)


def _side(side: Side | None) -> str:
    return "-" if side is None else f"{side.name} {brackets(side.value, side.error)}"


def html(cards: Sequence[Mapping[str, Any]]) -> str:
    """The pages' table of scorecards: a row a map, then all criteria and all quantities, folded."""
    from blockspin.report.tables import scorecard_table

    return str(scorecard_table(cards, headlines={name: one.headline for name, one in CRITERIA.items()}).body)


def columns(row: Row) -> dict[str, Any]:
    """A quantity, how it was judged, and what it was compared with."""
    found = {"criterion": row.criterion, "quantity": row.quantity, "value": Estimate(row.value, row.error)}
    found |= {"state": str(row.state), "outcome": str(row.outcome), "why": row.why}
    for name, side in (("null", row.null), ("reference", row.reference), ("exact", row.exact)):
        value, error = (math.nan, math.nan) if side is None else (side.value, side.error)
        found |= {name: "" if side is None else side.name, f"{name}_value": value, f"{name}_error": error}
    several = row.trainings
    found |= {"exact_doi": "" if row.exact is None else row.exact.doi}
    found |= {"trainings": 1 if several is None else len(several.values)}
    found |= {"sampling_error": row.error if several is None else several.sampling}
    return found | {"training_error": math.nan if several is None else several.between}
