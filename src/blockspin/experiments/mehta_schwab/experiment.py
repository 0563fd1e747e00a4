"""The experiment as the runner sees it: tasks, scorecards and claims, page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel

from blockspin.experiments.mehta_schwab.plan import Map, Plan, plan
from blockspin.experiments.mehta_schwab.settings import PRESETS, Settings, check_memory
from blockspin.runs.store import Store
from blockspin.runs.task import Task

if TYPE_CHECKING:
    from blockspin.judging import Scorecard


class MehtaSchwab:
    """Stacked RBMs on the 2D Ising model, variant by variant, beside block rules and nulls."""

    name = "mehta-schwab"
    summary = "do stacked RBMs coarse-grain the 2D Ising model as the renormalization group does?"
    Settings: type[BaseModel] = Settings
    presets: Mapping[str, Mapping[str, Any]] = PRESETS

    def check(self, settings: Any, seed: int) -> None:
        """Raises ValueError for what the memory does not hold."""
        check_memory(settings)

    def tasks(self, settings: Any, seed: int) -> list[Task]:
        """Samples, layers and measurements."""
        return plan(settings, seed).tasks()

    def conclude(self, settings: Any, seed: int, store: Store) -> dict[str, Any]:
        """Scorecards of every map and layer, and the claims."""
        from blockspin.experiments.mehta_schwab.claims import claims
        from blockspin.experiments.mehta_schwab.conditions import findings

        planned = plan(settings, seed)
        cards = scorecards(planned, store)
        paths = trajectories(planned, store)
        told = claims(cards, paths, settings.layers, findings(planned.conditions, store))
        return {
            "scorecards": [card.to_dict() for card in cards.values()],
            "claims": [claim.to_dict() for claim in told],
        }

    def page(self, folder: Path) -> str:
        """The report, from the files of the folder alone."""
        from blockspin.experiments.mehta_schwab.page import page

        return page(folder)


def scorecards(planned: Plan, store: Store) -> dict[tuple[str, int], Scorecard]:
    """One card a map and layer: learned maps and nulls against their variant's nulls, all against majority."""
    from blockspin.judging import Measured, scorecard

    measured = {key: Measured.from_dict(store.load(task).meta["measured"]) for key, task in planned.measured.items()}
    cards = {}
    for item in planned.maps:
        for layer in range(1, 1 + max(level for _, level in measured)):
            nulls = [measured[(null.name, layer)] for null in _nulls_of(item, planned.maps)]
            cards[(item.name, layer)] = scorecard(measured[(item.name, layer)], nulls, measured[("majority", layer)])
    return cards


def trajectories(planned: Plan, store: Store) -> dict[tuple[str, int], dict[str, np.ndarray[Any, Any]]]:
    """Training trajectories of the learned maps by name and layer, where the machine keeps one."""
    found = {}
    for item in planned.maps:
        if item.kind != "learned":
            continue
        for layer, task in enumerate(item.trained, start=1):
            arrays = store.load(task).arrays
            path = {name.removeprefix("trajectory_"): a for name, a in arrays.items() if name.startswith("trajectory_")}
            if path:
                found[(item.name, layer)] = path
    return found


def _nulls_of(item: Map, maps: tuple[Map, ...]) -> list[Map]:
    # a reference is set against every null of the run; a null against the other nulls of its variant
    return [
        null
        for null in maps
        if null.kind == "null" and null.name != item.name and (item.kind == "reference" or null.variant == item.variant)
    ]


EXPERIMENT = MehtaSchwab()
