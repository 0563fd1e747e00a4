"""scorecards.json: its schema, and old files brought to it.

Schema 2: {"schema": 2, "scorecards": [card, ...]} with the entries of `Scorecard.to_dict`. Its first files had the
outcomes of the decisive criteria alone. Schema 1 had no state and no outcome: whether a number counts was the first
words of a sentence, which only `_upgraded` still reads.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from blockspin.judging.card import Scorecard
from blockspin.judging.measurement import State
from blockspin.judging.rules import Outcome
from blockspin.judging.verdict import outcomes

SCHEMA = 2


def document(cards: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The content of scorecards.json."""
    return {"schema": SCHEMA, "scorecards": list(cards)}


def read_cards(path: Path) -> list[dict[str, Any]]:
    """The entries of a scorecards.json in schema 2, whatever schema the file has.

    Raises ValueError, with the file's name, where the file is no scorecards.json of a schema known here.
    """
    stored = json.loads(path.read_text())
    if not isinstance(stored, dict) or stored.get("schema") not in (1, SCHEMA):
        raise ValueError(f"{path.name} must be a file of scorecards of schema 1 or {SCHEMA}")
    cards: list[dict[str, Any]] = stored["scorecards"]
    cards = cards if stored["schema"] == SCHEMA else [_upgraded(card) for card in cards]
    return [card if "outcomes" in card else card | outcomes(Scorecard.from_dict(card).rows) for card in cards]


_OUTCOMES = {True: Outcome.PASS, False: Outcome.FAIL, None: Outcome.CANNOT_TELL}
_RENAMED = {"share of w^2 in the best": "share of w^2 in the best window", "G(": "G(L/4)"}


def _upgraded(card: dict[str, Any]) -> dict[str, Any]:
    """An entry of schema 1 in schema 2."""
    rows = [_upgraded_row(row) for row in card["criteria"]]
    old = {key: value for key, value in card.items() if key not in ("criteria", "notes", "verdict")}
    notes = [{"code": "", "text": text} for text in card.get("notes", ())]
    return old | {"rows": rows, "notes": notes, "verdict": card["verdict"].partition(" (")[0]}


def _upgraded_row(row: dict[str, Any]) -> dict[str, Any]:
    words = str(row["why"])
    if row["value"] is None:
        state = State.UNDEFINED
    else:
        state = State.FORCED if words.startswith("not defined") else State.MEASURED
    quantity = next((new for old, new in _RENAMED.items() if row["quantity"].startswith(old)), row["quantity"])
    kept = {key: row[key] for key in ("value", "error", "null", "reference", "why")}
    names = {"criterion": row["name"], "quantity": quantity}
    return names | kept | {"state": str(state), "outcome": str(_OUTCOMES[row["passed"]]), "code": "", "exact": None}
