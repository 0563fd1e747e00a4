"""Where a run's numbers come from, as the table that ends every page."""

from __future__ import annotations

from typing import Any

from blockspin.report import tables
from blockspin.report.page import Table


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
