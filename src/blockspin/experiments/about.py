"""What the page of every experiment says of its run: claims, settings, where the numbers come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from blockspin.files import Damaged, parsed, read_json
from blockspin.judging import CRITERIA
from blockspin.judging.files import read_cards
from blockspin.report import tables
from blockspin.report.page import Section, Table
from blockspin.runs import provenance
from blockspin.runs import settings as settings_file
from blockspin.runs.store import Store

HEADLINES = {name: criterion.headline for name, criterion in CRITERIA.items()}
"""The quantities that stand for a criterion in the summary of scorecards; the details have all of them."""
CLAIM = ("id", "text", "status", "why")


def claims(folder: Path) -> list[dict[str, Any]]:
    """The entries of a folder's claims.json; raises `Damaged` where they are none."""
    path = folder / "claims.json"
    return _complete(path, read_json(path, claims=list)["claims"], dict.fromkeys(CLAIM, str))


def scorecards(folder: Path) -> list[dict[str, Any]]:
    """The entries of a folder's scorecards.json, in the present schema; raises `Damaged` where they are none."""
    path = folder / "scorecards.json"
    kinds = {"map": str, "verdict": str, "decisive": dict, "rows": list}
    with parsed(path):
        return _complete(path, read_cards(path), kinds)


def _complete(path: Path, entries: list[Any], kinds: Mapping[str, type]) -> list[dict[str, Any]]:
    for entry in entries:
        lacks = [
            key for key, kind in kinds.items() if not isinstance(entry, dict) or not isinstance(entry.get(key), kind)
        ]
        if lacks:
            raise Damaged(f"{path} is damaged: an entry lacks {', '.join(lacks)}")
    return entries


class Folder:
    """What every finished run's folder holds, read once; the `Run` of each experiment's page adds its own."""

    def __init__(self, folder: Path) -> None:
        self.stored: dict[str, Any] = settings_file.read(folder)
        self.claims: list[dict[str, Any]] = claims(folder)
        self.provenance: dict[str, Any] = provenance.read(folder)
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


def provenance_table(stored: dict[str, Any]) -> Table:
    """Command, time, seed, commit, versions and machine of a run's last session, from its provenance.json."""
    session = stored["sessions"][-1]
    commit = session["commit"] or {}
    facts = {
        "command": session["command"],
        "started": session["start"],
        "task seconds in all": round(sum(stored["tasks"].values()), 1),
        "workers": session["workers"],
        "seed": stored["seed"],
        "commit": f"{commit.get('hash', 'not in a checkout')}{' (with changes)' if commit.get('modified') else ''}",
        **session["versions"],
        "machine": session["machine"],
    }
    return tables.key_value_table(facts, title="Provenance")
