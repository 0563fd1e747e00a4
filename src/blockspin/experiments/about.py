"""What the page of every experiment says of its run: claims, settings, where the numbers come from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from blockspin.judging import CRITERIA
from blockspin.report import tables
from blockspin.report.page import Section, Table
from blockspin.runs import settings as settings_file
from blockspin.runs.store import Store

HEADLINES = {name: criterion.headline for name, criterion in CRITERIA.items()}
"""The quantities that stand for a criterion in the summary of scorecards; the details have all of them."""


class Folder:
    """What every finished run's folder holds, read once; the `Run` of each experiment's page adds its own."""

    def __init__(self, folder: Path) -> None:
        self.stored: dict[str, Any] = settings_file.read(folder)
        self.claims: list[dict[str, Any]] = json.loads((folder / "claims.json").read_text())["claims"]
        self.provenance: dict[str, Any] = json.loads((folder / "provenance.json").read_text())
        self.store = Store(folder)

    @property
    def statuses(self) -> list[tuple[str, str]]:
        """Each claim with its status."""
        return [(claim["id"], claim["status"]) for claim in self.claims]

    def claims_section(self, lead: str, **table: str) -> Section:
        """The claims and what came of them, after a sentence; table: title and caption of their table."""
        return Section("Claims", [lead], [tables.claims_table(self.claims, **table)])

    def about_section(
        self, title: str = "Settings and provenance", lead: Sequence[str] = (), blocks: Sequence[Table] = ()
    ) -> Section:
        """Settings and provenance, after what else there is to tell."""
        settings = tables.key_value_table(self.stored["settings"], title="Settings")
        return Section(title, list(lead), [*blocks, settings, provenance_table(self.provenance)])


def provenance_table(provenance: dict[str, Any]) -> Table:
    """Command, time, seed, commit, versions and machine of a run's last session, from its provenance.json."""
    session = provenance["sessions"][-1]
    commit = session["commit"] or {}
    facts = {
        "command": session["command"],
        "started": session["start"],
        "task seconds in all": round(sum(provenance["tasks"].values()), 1),
        "workers": session["workers"],
        "seed": provenance["seed"],
        "commit": f"{commit.get('hash', 'not in a checkout')}{' (with changes)' if commit.get('modified') else ''}",
        **session["versions"],
        "machine": session["machine"],
    }
    return tables.key_value_table(facts, title="Provenance")
