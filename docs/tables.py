"""Print a run as Markdown, for docs/results.md: ./run python docs/tables.py runs/mehta-schwab-local"""

import json
import sys
from pathlib import Path
from typing import Any

from blockspin.judging.files import read_cards
from blockspin.report.tables import number

COLUMNS = (
    ("participation", "locality", "participation ratio"),
    ("residual / b", "tiling", "residual of the embedding / b"),
    ("y_t", "spectrum", "y_t"),
    ("y_h", "spectrum", "y_h"),
    ("effective K", "fidelity", "effective K"),
    ("sites back", "fidelity", "reconstructed sites"),
    ("gap, nats", "generalization", "free-energy gap"),
)


def cell(card: dict[str, Any], criterion: str, quantity: str) -> str:
    """A quantity of a card with its error and whether it passed, or a dash."""
    row = next((row for row in card["rows"] if (row["criterion"], row["quantity"]) == (criterion, quantity)), None)
    if row is None:
        return "–"
    if row["state"] != "measured":
        return "not defined"
    return number(row["value"], row["error"]) + {"pass": " ✓", "fail": " ✗", "cannot tell": ""}[row["outcome"]]


def main(folder: Path) -> None:
    """The tables of one run: maps that are not nulls, then a line on the nulls, then the claims."""
    cards = read_cards(folder / "scorecards.json")
    own = [card for card in cards if "," not in card["map"]]
    print(f"| map | layer | verdict | {' | '.join(name for name, *_ in COLUMNS)} |")
    print("|---" * (3 + len(COLUMNS)) + "|")
    for card in own:
        cells = [cell(card, criterion, quantity) for _, criterion, quantity in COLUMNS]
        print(f"| {card['map']} | {card['layer']} | {card['verdict']} | {' | '.join(cells)} |")
    nulls = [card for card in cards if "," in card["map"]]
    passing = [
        f"{card['map']} layer {card['layer']}"
        for card in nulls
        if any(row["criterion"] == "spectrum" and row["outcome"] == "pass" for row in card["rows"])
    ]
    forced = sum(any(r["state"] == "forced" for r in c["rows"] if r["criterion"] == "spectrum") for c in nulls)
    print(
        f"\nNulls: {len(nulls)} scorecards, {forced} of them with units that have no lattice positions; a quantity "
        f"of the spectrum passes in: {', '.join(passing) or 'none'}.\n"
    )
    print("| claim | status | why |")
    print("|---|---|---|")
    for claim in json.loads((folder / "claims.json").read_text())["claims"]:
        print(f"| {claim['id']}: {claim['text']} | {claim['status']} | {claim['why']} |")
    provenance = json.loads((folder / "provenance.json").read_text())
    last = provenance["sessions"][-1]
    print(f"\n`{last['command']}`, commit {(last['commit'] or {}).get('hash')}, {last['seconds']} s, {last['machine']}")
    print(f"task seconds in all: {sum(provenance['tasks'].values()):.0f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
