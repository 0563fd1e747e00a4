"""The experiment as the runner sees it: tasks, claims, page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from blockspin.experiments.koch_janusz_ringel.plan import plan
from blockspin.experiments.koch_janusz_ringel.settings import PRESETS, Settings, check_memory
from blockspin.runs.store import Store
from blockspin.runs.task import Task


class KochJanuszRingel:
    """Koch-Janusz and Ringel (2018) and its sequels on the Ising model, against exact mutual information."""

    name = "koch-janusz-ringel"
    summary = "block spins of the most mutual information with their surroundings, against exact sums (Ising)"
    Settings: type[BaseModel] = Settings
    presets: Mapping[str, Mapping[str, Any]] = PRESETS

    def check(self, settings: Any, seed: int) -> None:
        """Raises ValueError for what the memory does not hold."""
        check_memory(settings)

    def tasks(self, settings: Any, seed: int) -> list[Task]:
        """Samples, filters of small and large blocks, information by temperature and buffer, flow, the chain."""
        return plan(settings, seed).tasks()

    def conclude(self, settings: Any, seed: int, store: Store) -> dict[str, Any]:
        """The claims; no scorecards."""
        from blockspin.experiments.koch_janusz_ringel.claims import claims
        from blockspin.experiments.koch_janusz_ringel.readings import Found

        found = Found.load(plan(settings, seed), store)
        return {"scorecards": [], "claims": [claim.to_dict() for claim in claims(found)]}

    def page(self, folder: Path) -> str:
        """The report, from the files of the folder alone."""
        from blockspin.experiments.koch_janusz_ringel.page import page

        return page(folder)


EXPERIMENT = KochJanuszRingel()
