"""The experiment as the runner sees it: tasks, claims, page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from blockspin.experiments.ho_2013.plan import Plan, plan
from blockspin.experiments.ho_2013.settings import PRESETS, Settings, check_sources
from blockspin.runs.store import Store
from blockspin.runs.task import Task

if TYPE_CHECKING:
    from blockspin.experiments.ho_2013.readings import Findings


class Ho2013:
    """L1, L2 and no penalty on natural patches and digits, beside permuted pixels and noise."""

    name = "ho-2013"
    summary = "is it the penalty that makes filters local? L1, L2 and none on images, permuted images and noise"
    Settings: type[BaseModel] = Settings
    presets: Mapping[str, Mapping[str, Any]] = PRESETS

    def check(self, settings: Any, seed: int) -> None:
        """Raises ValueError for what the memory does not hold, and for images that cannot be had or are too few."""
        from blockspin.experiments.ho_2013.data import check_images

        check_sources(settings)
        check_images(settings, seed)

    def tasks(self, settings: Any, seed: int) -> list[Task]:
        """Images, machines and measurements, a task a kind of image, control and repetition."""
        return plan(settings, seed).tasks()

    def conclude(self, settings: Any, seed: int, store: Store) -> dict[str, Any]:
        """The claims; images are no lattice of spins for the judge, so there are no scorecards."""
        from blockspin.experiments.ho_2013.claims import claims

        return {
            "scorecards": [],
            "claims": [claim.to_dict() for claim in claims(findings(plan(settings, seed), store))],
        }

    def page(self, folder: Path) -> str:
        """The report, from the files of the folder alone."""
        from blockspin.experiments.ho_2013.page import page

        return page(folder)


def findings(planned: Plan, store: Store) -> dict[tuple[str, str], Findings]:
    """The measurements by kind of image and control, seeds together."""
    from blockspin.experiments.ho_2013.readings import Findings

    metas: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for (name, control, _), task in planned.measured.items():
        metas.setdefault((name, control), []).append(store.load(task).meta)
    return {key: Findings(some) for key, some in metas.items()}


EXPERIMENT = Ho2013()
