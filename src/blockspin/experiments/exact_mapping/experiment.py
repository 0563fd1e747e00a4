"""The experiment as the runner sees it: tasks, claims, page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from blockspin.experiments.exact_mapping.plan import plan
from blockspin.experiments.exact_mapping.settings import PRESETS, Settings, check_memory
from blockspin.runs.store import Store
from blockspin.runs.task import Task


class ExactMapping:
    """Machines and block rules on models small enough to enumerate, with no sampling error anywhere."""

    name = "exact-mapping"
    summary = "is variational RG the same as an RBM? the mapping of Mehta and Schwab, evaluated exactly"
    Settings: type[BaseModel] = Settings
    presets: Mapping[str, Mapping[str, Any]] = PRESETS

    def check(self, settings: Any, seed: int) -> None:
        """Raises ValueError for what the memory does not hold."""
        check_memory(settings)

    def tasks(self, settings: Any, seed: int) -> list[Task]:
        """A task a case and a flow."""
        return plan(settings, seed).tasks()

    def conclude(self, settings: Any, seed: int, store: Store) -> dict[str, Any]:
        """The claims; no map is put before the judge here, so there are no scorecards."""
        from blockspin.experiments.exact_mapping.claims import claims

        planned = plan(settings, seed)
        found = {name: store.load(task).meta for name, task in planned.cases.items()}
        return {"scorecards": [], "claims": [claim.to_dict() for claim in claims(found)]}

    def page(self, folder: Path) -> str:
        """The report, from the files of the folder alone."""
        from blockspin.experiments.exact_mapping.page import page

        return page(folder)


EXPERIMENT = ExactMapping()
