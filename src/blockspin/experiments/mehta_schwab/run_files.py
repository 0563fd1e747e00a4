"""What a finished run of the experiment left in its folder, read once and asked by map, layer and quantity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.experiments.about import Folder, scorecards
from blockspin.experiments.mehta_schwab.plan import Plan, plan
from blockspin.experiments.mehta_schwab.settings import Settings
from blockspin.report import tables
from blockspin.runs import settings as settings_file
from blockspin.runs.task import Result

Card = dict[str, Any]


class Run(Folder):
    """What a finished run's folder holds, read once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.settings = settings_file.restore(Settings, self.stored)
        self.plan: Plan = plan(self.settings, self.stored["seed"])
        self.cards: list[Card] = scorecards(folder)
        self.samples = self.store.load(self.plan.samples)
        self.critical = self.store.load(self.plan.critical)
        self.kinds = {item.name: item.kind for item in self.plan.maps}
        self.variants = [item.name for item in self.plan.maps if item.kind == "learned"]
        self.n_layers = len(self.settings.layers)
        self.measured: dict[tuple[str, int], Result] = {
            key: self.store.load(task) for key, task in self.plan.measured.items() if self.kinds[key[0]] == "learned"
        }

    def card(self, name: str, layer: int) -> Card:
        """The scorecard of a map and layer."""
        return next(card for card in self.cards if (card["map"], card["layer"]) == (name, layer))

    def row(self, name: str, layer: int, criterion: str, quantity: str) -> Card | None:
        """One line of a scorecard, if it is there."""
        rows = self.card(name, layer)["rows"]
        return next((row for row in rows if (row["criterion"], row["quantity"]) == (criterion, quantity)), None)

    def number(self, name: str, layer: int, criterion: str, quantity: str) -> str:
        """A line's value with its error, or "not defined"."""
        row = self.row(name, layer, criterion, quantity)
        if row is None:
            return "not measured"
        if row["state"] == "forced":
            return f"not defined ({tables.number(row['value'], row['error'])} if forced)"
        return tables.number(row["value"], row["error"])

    def pictures(self, name: str, layer: int) -> NDArray[np.float64]:
        """The effective fields of a learned map's layer, (M, L, L)."""
        L = self.settings.L
        return self.measured[(name, layer)].arrays["fields"].reshape(-1, L, L).astype(float)
