"""Tables: the scorecards, the claims, settings and provenance, as HTML from the dictionaries of a run's files."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from blockspin.report.page import Table, filled, minus
from blockspin.statistics import brackets

ROW = ("criterion", "quantity", "value", "error", "state", "outcome", "null", "reference", "exact", "why")
EXPONENTS = ("y_t", "y_h")
WHERE = ("map", "layer", "training")
NO_NUMBER = {"forced": "not defined", "undefined": "not defined", "not requested": "not requested"}


def number(value: float | None, error: float | None = None) -> str:
    """A value with its error in brackets, a true minus, and "not defined" where there is no number."""
    return minus(brackets(_float(value), _float(error)))


def scorecard_table(
    cards: Sequence[Mapping[str, Any]], open: bool = True, *, headlines: Mapping[str, Sequence[str]]
) -> Table:
    """The scorecards (entries of scorecards.json): a row a map, then all criteria and all quantities, folded.

    Columns of the criteria are in the order they first appear; headlines names the quantities shown for a criterion.
    open: not folded.
    Raises ValueError where a card lacks a field of the schema.
    """
    for card in cards:
        _check("a scorecard", card, ("map", "layer", "verdict", "decisive", "outcomes", "rows"))
        for row in card["rows"]:
            _check(f"a criterion of {card['map']}", row, ROW)
    names = list(dict.fromkeys(row["criterion"] for card in cards for row in card["rows"]))
    columns = {name: _headlines(cards, name, headlines) for name in names}
    measured = {row["quantity"] for card in cards for row in card["rows"] if row["exact"] is not None}
    exponents = [name for name in EXPONENTS if name in measured]
    several = any(card["layer"] > 1 for card in cards)
    rows = [
        {
            "name": f"{card['map']}, layer {card['layer']}" if several else card["map"],
            "verdict": card["verdict"],
            "named": named(card),
            "b": card.get("b"),
            "notes": [note["text"] for note in card.get("notes", ())],
            "exponents": [_exponent(card, name) for name in exponents],
            "cells": [_cell(card, name, columns[name]) for name in names],
            "details": [_detail(row) for row in card["rows"]],
        }
        for card in cards
    ]
    body = filled("scorecard.html", columns=columns, exponents=exponents, rows=rows)
    caption = "One row a map: the judge's verdict, and how far its exponents lie from the exact ones."
    return Table(body, caption=caption, open=open)


def claim_cards(claims: Sequence[Mapping[str, Any]]) -> Table:
    """The claims of claims.json, a card each: status, text, the reason; rule and evidence are folded.

    Raises ValueError where a claim lacks id, source, text, status or why.
    """
    for claim in claims:
        _check("a claim", claim, ("id", "source", "text", "status", "why"))
    cards = [
        {"rule": "", **claim, "evidence": [_evidence(item) for item in claim.get("evidence", ())]} for claim in claims
    ]
    return Table(filled("claims.html", claims=cards), open=True)


def key_value_table(rows: Iterable[tuple[str, Any]], *, title: str) -> Table:
    """Settings or provenance: (name, value), a row each."""
    return Table(filled("key_value.html", rows=[(name, _text(value)) for name, value in rows]), title)


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
    return Table(filled("table.html", columns=columns, rows=cells, wide=wide), title, caption)


def named(card: Mapping[str, Any]) -> str:
    """The decisive criteria that pass, those that cannot tell, and what else limits the verdict of a card."""
    decisive = card["decisive"]
    said = {say: [name for name in decisive if decisive[name] == say] for say in ("pass", "cannot tell")}
    if len(said["pass"]) == len(decisive):  # cards of earlier versions have neither
        said = {"fails": card.get("denied", ()), "far from exact": card.get("rough", ())}
    elif len(said["cannot tell"]) == len(decisive):
        return ""
    return "; ".join(f"{', '.join(names)} {say}" for say, names in said.items() if names)


def _exponent(card: Mapping[str, Any], name: str) -> dict[str, str]:
    """The distance of an exponent from its exact value, and its ratio to the reference's own where there is one."""
    row = next((row for row in card["rows"] if row["quantity"] == name and row["exact"] is not None), None)
    if row is None:
        return {"distance": "–", "ratio": ""}
    ratio, other = row.get("ratio"), (row["reference"] or {}).get("name") != card["map"]
    return {"distance": _from_exact(row), "ratio": "" if ratio is None or not other else f"{ratio:.2g}"}


def _headlines(cards: Sequence[Mapping[str, Any]], name: str, chosen: Mapping[str, Sequence[str]]) -> list[str]:
    measured = dict.fromkeys(row["quantity"] for card in cards for row in card["rows"] if row["criterion"] == name)
    return [quantity for quantity in chosen.get(name, ()) if quantity in measured] or list(measured)[:1]


def _cell(card: Mapping[str, Any], name: str, headlines: Sequence[str]) -> dict[str, Any] | None:
    rows = {row["quantity"]: row for row in card["rows"] if row["criterion"] == name}
    if not rows:
        return None
    decided = [row["outcome"] for row in rows.values() if row["outcome"] != "cannot tell"]
    deciding = _deciding(rows, card["outcomes"][name])
    named = not set(headlines) & set(deciding) and bool(deciding)  # the column's head names the headlines alone
    headlines = deciding[:1] if named else headlines
    if all(not _defined(rows[one]) for one in headlines if one in rows):
        headlines = headlines[:1]  # "not defined" once is enough
    return {
        "outcome": card["outcomes"][name],
        "count": f"{decided.count('pass')} of {len(decided)}" if decided else "",
        "named": named,
        "quantities": [
            {"name": one, "number": _number(rows[one]), "why": rows[one]["why"]}
            if one in rows
            else {"name": one, "number": "–", "why": "not measured"}
            for one in headlines
        ],
    }


def _deciding(rows: Mapping[str, Mapping[str, Any]], outcome: str) -> list[str]:
    """The quantities that a criterion has its outcome by: those with the same one, which the judge does judge."""
    alike = [name for name, row in rows.items() if row["outcome"] == outcome and row.get("code") != "described"]
    blurred = [name for name in alike if rows[name].get("code") == "within errors"]
    return blurred if outcome == "cannot tell" and blurred else alike


def _detail(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "number": _number(row),
        "forced": number(row["value"], row["error"]) if row["state"] == "forced" else "",
        "null": _side(row["null"]),
        "reference": _side(row["reference"]),
        "from_exact": _from_exact(row),
        "source": _source(row["exact"]),
        "errors": _errors(row.get("trainings")),
    }


def _from_exact(row: Mapping[str, Any]) -> str:
    exact = row["exact"]
    if exact is None or not _defined(row):
        return "–"
    return number(row["value"] - exact["value"], math.hypot(_float(row["error"]), _float(exact["error"])))


def _defined(row: Mapping[str, Any]) -> bool:
    # the judge keeps a number that a map has no right to, as a null for others
    return bool(row["state"] == "measured")


def _number(row: Mapping[str, Any]) -> str:
    return number(row["value"], row["error"]) if _defined(row) else NO_NUMBER[row["state"]]


def _side(side: Mapping[str, Any] | None) -> tuple[str, str] | None:
    return None if side is None else (str(side["name"]), number(side["value"], side["error"]))


def _errors(trainings: Mapping[str, Any] | None) -> str:
    """The errors that a mean over trainings has of its samples and of its trainings; "" for one training."""
    if trainings is None:
        return ""
    values = ", ".join(_text(value and float(f"{value:.4g}")) for value in trainings["values"])
    sampling, between = (_text(trainings[key] and float(f"{trainings[key]:.2g}")) for key in ("sampling", "between"))
    holds = " (holds the first)" if trainings.get("own") else ""
    return f"trainings {values}; errors: sampling {sampling}, training {between}{holds}"


def _source(side: Mapping[str, Any] | None) -> str:
    """The value and its DOI; "" where there is none, as in cards of before DOIs were stored."""
    return f"{number(side['value'], side['error'])}, doi:{side['doi']}" if side and side.get("doi") else ""


def _evidence(item: Any) -> str:
    if not isinstance(item, Mapping):
        return str(item)
    where = [f"layer {item[key]}" if key == "layer" else str(item[key]) for key in ("map", "layer") if key in item]
    where += [f"training {item['training']}"] if "training" in item else []
    if "quantity" in item:
        words = f"{item['quantity']} {number(item.get('value'), item.get('error'))}"
        # a number that the map has no right to is not shown as its own
        words += f" ({item['state']})" if "state" in item and item.get("value") is not None else ""
    else:
        words = ", ".join(f"{key} {_text(value)}" for key, value in item.items() if key not in WHERE)
    return ": ".join(part for part in (", ".join(where), words) if part)


def _check(what: str, entry: Mapping[str, Any], fields: Sequence[str]) -> None:
    missing = [key for key in fields if key not in entry]
    if missing:
        raise ValueError(f"{what} must have {', '.join(missing)}; got {sorted(entry)}")


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
