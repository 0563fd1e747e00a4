"""What a finished run of the experiment left in its folder."""

from __future__ import annotations

from pathlib import Path

from blockspin.experiments.about import Folder
from blockspin.experiments.dimers.claims import Found
from blockspin.experiments.dimers.experiment import read
from blockspin.experiments.dimers.plan import Plan, plan
from blockspin.experiments.dimers.settings import Settings
from blockspin.runs import settings as settings_file


class Run(Folder):
    """What a finished run's folder holds, read once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.settings = settings_file.restore(Settings, self.stored)
        self.plan: Plan = plan(self.settings, self.stored["seed"])
        self.found: Found = read(self.settings, self.stored["seed"], self.store)
        self.filters = {key: self.store.load(task).arrays["filters"] for key, task in self.plan.filters.items()}
        self.machines = self.store.load(self.plan.machines).arrays

    @property
    def temperatures(self) -> list[float]:
        """In rising order; the last is infinite."""
        return sorted(self.settings.temperatures)
