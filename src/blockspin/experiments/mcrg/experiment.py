"""The experiment as the runner sees it: tasks, scorecards and claims, page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from blockspin.experiments.mcrg.plan import plan
from blockspin.experiments.mcrg.settings import PRESETS, Settings, check_memory
from blockspin.runs.store import Store
from blockspin.runs.task import Task

WIDE = (
    "few draws for fields",
    "the map has no weights: its fields are a regression on few draws a site, and locality is too wide",
)

if TYPE_CHECKING:
    from blockspin.judging import Scorecard


class MonteCarloRG:
    """Block rules and learned maps through Monte Carlo RG: exponents, couplings and flow of the 2D Ising model."""

    name = "mcrg"
    summary = "exponents, couplings and flow of block rules and learned maps, side by side"
    Settings: type[BaseModel] = Settings
    presets: Mapping[str, Mapping[str, Any]] = PRESETS

    def check(self, settings: Any, seed: int) -> None:
        """Raises ValueError for what the memory does not hold."""
        check_memory(settings)

    def tasks(self, settings: Any, seed: int) -> list[Task]:
        """Samples at each coupling, machines, a measurement a map, and what block rules keep exactly."""
        return plan(settings, seed).tasks()

    def conclude(self, settings: Any, seed: int, store: Store) -> dict[str, Any]:
        """A scorecard for the first layer of each map, and the claims."""
        from blockspin.experiments.mcrg.claims import claims

        planned = plan(settings, seed)
        found = {name: store.load(task).meta for name, task in planned.measured.items()}
        information = store.load(planned.information).meta
        cards = scorecards(found)
        return {
            "scorecards": [card.to_dict() for card in cards.values()],
            "claims": [claim.to_dict() for claim in claims(found, cards, information)],
        }

    def page(self, folder: Path) -> str:
        """The report, from the files of the folder alone."""
        from blockspin.experiments.mcrg.page import page

        return page(folder)


def scorecards(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Scorecard]:
    """One card a map: against its own null, and majority as the reference."""
    from blockspin.judging import Measured, Note, scorecard

    majority = Measured.from_dict(found["majority"]["measured"])
    return {
        name: scorecard(
            Measured.from_dict(meta["measured"]),
            [Measured.from_dict(null) for null in meta["nulls"]],
            majority,
            [Note(*WIDE)] if meta["fields"] == "regression" else [],
        )
        for name, meta in found.items()
    }


EXPERIMENT = MonteCarloRG()
