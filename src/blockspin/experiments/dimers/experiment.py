"""The experiment as the runner sees it: tasks, claims, page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from blockspin.experiments.dimers.plan import plan
from blockspin.experiments.dimers.settings import PRESETS, Settings, check_memory
from blockspin.runs.store import Store
from blockspin.runs.task import Task

if TYPE_CHECKING:
    from blockspin.experiments.dimers.claims import Found


class Dimers:
    """Filters that keep the most information about dimers far away, beside machines trained on the same blocks."""

    name = "dimers"
    summary = "electric fields, plaquettes and noise: what mutual information and an RBM learn of dimers"
    Settings: type[BaseModel] = Settings
    presets: Mapping[str, Mapping[str, Any]] = PRESETS

    def check(self, settings: Any, seed: int) -> None:
        """Raises ValueError for what the memory does not hold."""
        check_memory(settings)

    def tasks(self, settings: Any, seed: int) -> list[Task]:
        """Samples, filters, correlators, machines, and the torus summed over."""
        return plan(settings, seed).tasks()

    def conclude(self, settings: Any, seed: int, store: Store) -> dict[str, Any]:
        """The claims; no scorecards, since the judge's exponents are the Ising model's."""
        from blockspin.experiments.dimers.claims import claims

        return {"scorecards": [], "claims": [claim.to_dict() for claim in claims(read(settings, seed, store))]}

    def page(self, folder: Path) -> str:
        """The report, from the files of the folder alone."""
        from blockspin.experiments.dimers.page import page

        return page(folder)


def read(settings: Settings, seed: int, store: Store) -> Found:
    """The readings that a finished run has stored."""
    from blockspin.experiments.dimers.claims import Found

    planned = plan(settings, seed)
    return Found(
        {key: store.load(task).meta for key, task in planned.filters.items()},
        {T: store.load(task).meta for T, task in planned.decays.items()},
        store.load(planned.machines).meta,
        {T: store.load(task).meta for T, task in planned.exact.items()},
        settings.block,
    )


EXPERIMENT = Dimers()
