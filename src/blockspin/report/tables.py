"""Tables: the scorecards, the claims, settings and provenance, as HTML from the dictionaries of a run's files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from blockspin.report.page import Table, minus, template
from blockspin.statistics import brackets

HEADLINES = {  # the quantities that stand for a criterion in the summary; the details have all of them
    "locality": ("participation ratio",),
    "tiling": ("residual of the embedding / b",),
    "fidelity": ("reconstructed sites",),
    "spectrum": ("y_t", "y_h"),
    "information": ("I(H:E), nats",),
    "generalization": ("free-energy gap",),
}
MARKS = {True: ("✓", "pass", "passes"), False: ("✗", "fail", "fails"), None: ("–", "open", "cannot tell")}


@dataclass(frozen=True)
class Mark:
    """A finding as a sign, a style class and words."""

    sign: str
    kind: str
    words: str


def number(value: float | None, error: float | None = None) -> str:
    """A value with its error in brackets, a true minus, and "not defined" where there is no number."""
    return minus(brackets(_float(value), _float(error)))


def scorecard_table(
    cards: Sequence[Mapping[str, Any]],
    *,
    title: str = "Scorecard",
    caption: str = (
        "One row a map and layer. Each cell gives the criterion's finding (✓ passes, ✗ fails, – cannot tell), how many "
        "of the quantities that can tell pass, and the leading quantity with the standard error on its last digits. "
        "Every quantity, with its null and its reference, stands in the details below."
    ),
    headlines: Mapping[str, Sequence[str]] | None = None,
) -> Table:
    """The summary of all scorecards (entries of scorecards.json) and a fold of details for each.

    Columns are the criteria in the order they first appear; headlines names the quantities shown for a criterion
    (HEADLINES unless given, else its first). Raises ValueError where a card lacks a field of the schema.
    """
    chosen = HEADLINES if headlines is None else headlines
    names = list(dict.fromkeys(row["name"] for card in _checked(cards) for row in card["criteria"]))
    columns = {name: _headlines(cards, name, chosen) for name in names}
    rows = [
        {
            "map": card["map"],
            "layer": card["layer"],
            "verdict": card["verdict"],
            "grade": card["verdict"].partition(" (")[0],
            "named": card["verdict"].partition(" (")[2].rstrip(")"),
            "b": card.get("b"),
            "notes": card.get("notes", ()),
            "cells": [_cell(card, name, columns[name]) for name in names],
            "criteria": [_detail(row) for row in card["criteria"]],
        }
        for card in cards
    ]
    return Table(_markup("scorecard.html", columns=columns, rows=rows), title, caption)


def claims_table(
    claims: Sequence[Mapping[str, Any]],
    *,
    title: str = "Claims",
    caption: str = "What was claimed, where, and what came out here; the numbers it rests on are folded under it.",
) -> Table:
    """The claims of claims.json, each with its status, the reason, and its evidence in a fold.

    Raises ValueError where a claim lacks id, source, text, status or why.
    """
    for claim in claims:
        missing = [key for key in ("id", "source", "text", "status", "why") if key not in claim]
        if missing:
            raise ValueError(f"a claim must have {', '.join(missing)}; got {sorted(claim)}")
    rows = [{**claim, "evidence": [_evidence(item) for item in claim.get("evidence", ())]} for claim in claims]
    return Table(_markup("claims.html", claims=rows), title, caption)


def key_value_table(values: Mapping[str, Any], *, title: str = "", caption: str = "") -> Table:
    """Settings or provenance, a row a name; a nested mapping's names are joined by dots."""
    return Table(_markup("key_value.html", rows=list(flat(values))), title, caption)


def flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as (name, text) rows, names joined by dots."""
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            rows += flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", _text(value)))
    return rows


def table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str = "", caption: str = "", wide: bool = False
) -> Table:
    """A plain table; the first cell of a row names it. A (value, error) pair is written with its error in brackets.

    Raises ValueError where a row does not have a cell a column.
    """
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"a row must have {len(columns)} cells ({', '.join(columns)}); got {len(row)}")
    cells = [[_text(cell) for cell in row] for row in rows]
    return Table(_markup("table.html", columns=columns, rows=cells, wide=wide), title, caption)


def _headlines(cards: Sequence[Mapping[str, Any]], name: str, chosen: Mapping[str, Sequence[str]]) -> list[str]:
    measured = dict.fromkeys(row["quantity"] for card in cards for row in card["criteria"] if row["name"] == name)
    return [quantity for quantity in chosen.get(name, ()) if quantity in measured] or list(measured)[:1]


def _cell(card: Mapping[str, Any], name: str, headlines: Sequence[str]) -> dict[str, Any] | None:
    rows = [row for row in card["criteria"] if row["name"] == name]
    if not rows:
        return None
    told = [row["passed"] for row in rows if row["passed"] is not None]
    found = {row["quantity"]: row for row in rows}
    if all(not _defined(found[name]) for name in headlines if name in found):
        headlines = headlines[:1]  # "not defined" once is enough
    return {
        "mark": _mark(all(told) if told else None),
        "count": f"{sum(told)} of {len(told)}" if told else "",
        "quantities": [
            {"name": name, "number": _number(found[name]), "why": found[name]["why"]}
            if name in found
            else {"name": name, "number": "–", "why": "not measured"}
            for name in headlines
        ],
    }


def _detail(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "number": _number(row),
        "forced": "" if _defined(row) or row["value"] is None else number(row["value"], row["error"]),
        "null": _side(row["null"]),
        "reference": _side(row["reference"]),
        "mark": _mark(row["passed"]),
    }


def _defined(row: Mapping[str, Any]) -> bool:
    # the judge keeps a number that a map has no right to, as a null for others, and says so in `why`
    return math.isfinite(_float(row["value"])) and not str(row["why"]).startswith("not defined")


def _number(row: Mapping[str, Any]) -> str:
    return number(row["value"], row["error"]) if _defined(row) else "not defined"


def _side(side: Mapping[str, Any] | None) -> tuple[str, str] | None:
    return None if side is None else (str(side["name"]), number(side["value"], side["error"]))


def _mark(passed: bool | None) -> Mark:
    return Mark(*MARKS[passed])


def _evidence(item: Any) -> str:
    if not isinstance(item, Mapping):
        return str(item)
    where = f"{item['map']}, layer {item['layer']}: " if "map" in item and "layer" in item else ""
    if "quantity" in item:
        return f"{where}{item['quantity']} {number(item.get('value'), item.get('error'))}"
    return where + ", ".join(f"{key} {_text(value)}" for key, value in item.items() if key not in ("map", "layer"))


def _checked(cards: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    fields = ("name", "quantity", "value", "error", "null", "reference", "passed", "why")
    for card in cards:
        missing = [key for key in ("map", "layer", "verdict", "criteria") if key not in card]
        if missing:
            raise ValueError(f"a scorecard must have {', '.join(missing)}; got {sorted(card)}")
        for row in card["criteria"]:
            missing = [key for key in fields if key not in row]
            if missing:
                raise ValueError(f"a criterion of {card['map']} must have {', '.join(missing)}; got {sorted(row)}")
    return cards


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(item, float) for item in value):
        return number(*value)
    if isinstance(value, float):
        return minus(f"{value:.6g}")
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    return str(value)


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _markup(name: str, **values: Any) -> Markup:
    return Markup(template(name).render(**values))
