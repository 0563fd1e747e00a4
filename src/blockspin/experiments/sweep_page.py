"""The page of an experiment that was run at many points: a table of verdicts, and one of numbers a criterion."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from blockspin.experiments.about import claims, provenance_table, scorecards
from blockspin.experiments.core import card_name
from blockspin.report import tables
from blockspin.report.page import Page, Section, render
from blockspin.runs import provenance
from blockspin.runs import settings as settings_file

MOST = 400  # rows of a table: results.csv has them all


def page(folder: Path) -> str:
    """The report of a sweep, from the files of its folder."""
    stored = settings_file.read(folder)
    cards, found = scorecards(folder), claims(folder)
    names = list(dict.fromkeys(name for one in [*cards, *found] for name in one["point"]))
    title = f"{stored['experiment']} over {', '.join(name for name in names if name != 'seed')}"
    n_points = len({json.dumps(one["point"]) for one in [*cards, *found]})
    answer = []
    for what, key, some in (("scorecards", "verdict", cards), ("claims", "status", found)):
        counts = Counter(one[key] for one in some)
        if counts:
            answer.append(f"Of {len(some)} {what}: {', '.join(f'{n} {word}' for word, n in sorted(counts.items()))}.")
    sections = []
    if cards:
        rows = [[*_place(card, names), card_name(card), card["verdict"]] for card in cards[:MOST]]
        verdicts = tables.table([*names, "map", "verdict"], rows, title="Verdict at each point")
        sections.append(Section("Verdicts", [replace(verdicts, open=True)]))
    if found:
        rows = [[*_place(claim, names), claim["id"], claim["status"], claim["why"]] for claim in found[:MOST]]
        statuses = tables.table([*names, "claim", "status", "why"], rows, title="Claims at each point", wide=True)
        sections.append(Section("Claims", [replace(statuses, open=not cards)]))
    criteria = list(dict.fromkeys(row["criterion"] for card in cards for row in card["rows"]))
    for criterion in criteria:
        rows = [
            [*_place(card, names), card_name(card), row["quantity"], tables.number(row["value"], row["error"])]
            for card in cards
            for row in card["rows"]
            if row["criterion"] == criterion
        ]
        more = f"The first {MOST} of {len(rows)} rows; results.csv has all." if len(rows) > MOST else ""
        header = [*names, "map", "quantity", "value"]
        sections.append(Section(criterion, [tables.table(header, rows[:MOST], title="Numbers", caption=more)]))
    sections.append(Section("Provenance", [provenance_table(provenance.read(folder))]))
    facts = {"points": str(n_points), "seed": str(stored["seed"])}
    question = "All numbers are in results.nc (a dimension for each swept key) and results.csv (a row for each number)."
    question = question if cards else "All claims with their numbers are in claims.json, point by point."
    return render(Page(title, question, answer, sections=sections, facts=facts))


def _place(card: Mapping[str, Any], names: list[str]) -> list[str]:
    return [f"{value:.4g}" if isinstance(value, float) else str(value) for value in map(card["point"].get, names)]
