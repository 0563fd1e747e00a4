"""What an experiment is: settings, tasks, conclusions and a page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from blockspin.runs.store import Store
from blockspin.runs.task import Task

STATUSES = ("reproduced", "partly", "not reproduced", "not tested")


class Experiment(Protocol):
    """One paper, or one question: everything that `blockspin run NAME` needs.

    name: "mehta-schwab"; summary: one line for `blockspin list`; Settings: a pydantic model with
    ``extra="forbid"``; presets: settings by name ("quick", "paper"), the first being the default.

    An experiment may have more: ``swept(sweep)`` gives the settings that make a sweep, where it sweeps by itself (any
    other is run whole at every point); ``results(settings, seed, store)`` gives datasets for results.nc by group;
    ``growing`` names settings that may change in a folder since they only add tasks; ``check(settings, seed)``
    raises ValueError before a run begins for what must be there (memory, images) and a stored run needs no longer.
    """

    name: str
    summary: str
    Settings: type[BaseModel]
    presets: Mapping[str, Mapping[str, Any]]

    def tasks(self, settings: Any, seed: int) -> list[Task]:
        """Every task to run; parents are reached through them. Raises ValueError for settings that do not fit."""
        ...

    def conclude(self, settings: Any, seed: int, store: Store) -> dict[str, Any]:
        """``{"scorecards": [...], "claims": [...]}`` from the stored results, as JSON (DESIGN: a run's folder)."""
        ...

    def page(self, folder: Path) -> str:
        """The HTML report, from the files of the run's folder alone, computing nothing."""
        ...
