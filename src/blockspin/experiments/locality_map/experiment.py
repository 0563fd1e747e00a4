"""The experiment as the runner sees it: tasks, claims, results, page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from blockspin.experiments.locality_map.plan import Plan
from blockspin.experiments.locality_map.settings import PRESETS, Settings, check_memory
from blockspin.runs.store import Store
from blockspin.runs.sweep import Sweep
from blockspin.runs.task import Task

if TYPE_CHECKING:
    import xarray as xr


class LocalityMap:
    """Phase maps of locality, fidelity and y_t over penalty, coupling, samples a weight, and how a layer is trained."""

    name = "locality-map"
    summary = (
        "where does an RBM learn local blocks, and where do they renormalize? maps over penalty, coupling, samples"
    )
    Settings: type[BaseModel] = Settings
    presets: Mapping[str, Mapping[str, Any]] = PRESETS
    growing = ("planes",)

    def swept(self, sweep: Sweep) -> dict[str, Any]:
        """The settings that make a sweep: one map in place of the preset's."""
        return {"planes": {"-".join(sweep.names) or "seeds": sweep.model_dump()}}

    def check(self, settings: Any, seed: int) -> None:
        """Raises ValueError for what the memory does not hold."""
        check_memory(settings)

    def tasks(self, settings: Any, seed: int) -> list[Task]:
        """Samples and layers."""
        return Plan(settings, seed).tasks

    def results(self, settings: Any, seed: int, store: Store) -> dict[str, xr.Dataset]:
        """The numbers of every map, a group each of results.nc."""
        from blockspin.experiments.locality_map.numbers import plane_numbers

        planned = Plan(settings, seed)
        return {
            name: plane_numbers(settings.planes[name], seed, cells, store) for name, cells in planned.planes.items()
        }

    def conclude(self, settings: Any, seed: int, store: Store) -> dict[str, Any]:
        """The claims; a layer's scorecard is in its task's file, and its numbers are in results.nc."""
        from blockspin.experiments.locality_map.claims import claims

        found = self.results(settings, seed, store)
        return {"scorecards": [], "claims": [claim.to_dict() for claim in claims(found, settings)]}

    def page(self, folder: Path) -> str:
        """The report, from the files of the folder alone."""
        from blockspin.experiments.locality_map.page import page

        return page(folder)


EXPERIMENT = LocalityMap()
