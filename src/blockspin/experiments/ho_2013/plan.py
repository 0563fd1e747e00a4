"""The tasks of the experiment ho-2013, laid out without importing what runs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from blockspin.experiments.ho_2013.settings import Scan, Settings
from blockspin.randomness import integer
from blockspin.runs.task import Task

TASKS = "blockspin.experiments.ho_2013.tasks:"
IMAGES = "images"
Key = tuple[str, str, int]
"""Kind of image, control ("images" for none), number of the repetition from 1."""


@dataclass(frozen=True)
class Plan:
    """Every task by what it is for."""

    images: dict[tuple[str, int], Task]
    trained: dict[Key, Task]
    measured: dict[Key, Task]

    def tasks(self) -> list[Task]:
        """All tasks, parents before children."""
        return [*self.images.values(), *self.trained.values(), *self.measured.values()]


def plan(settings: Settings, seed: int) -> Plan:
    """Lay out the tasks; nothing is run. A task's settings hold what it uses and no more."""
    images: dict[tuple[str, int], Task] = {}
    trained: dict[Key, Task] = {}
    judged: dict[Key, Task] = {}
    recipe = settings.model_dump(mode="json", include={"hidden", "learning_rate", "momentum", "batch_size", "updates"})
    for name in settings.data:
        kind = settings.natural if name == "natural" else settings.digits
        for repetition in range(1, settings.seeds + 1):
            own = integer(seed, name, repetition)
            chosen = {"data": name, "seed": own, **kind.model_dump(mode="json", exclude={"scan"})}
            images[name, repetition] = Task(
                "images", f"{name} images {repetition}", f"{TASKS}run_images", chosen, weight=0.5
            )
            for control in (IMAGES, *settings.controls):
                key = (name, control, repetition)
                label = f"{name}, {control}, seed {repetition}"
                some = machines(kind.scan, control)
                common = {"data": name, "control": control, "seed": own, "machines": some}
                trained[key] = Task(
                    "train",
                    f"train {label}",
                    f"{TASKS}run_train",
                    common | {"recipe": recipe},
                    parents=(images[name, repetition],),
                    weight=settings.updates * len(some) * (settings.hidden * settings.batch_size + 500) * 4e-8,
                )
                judged[key] = Task(
                    "measure",
                    f"measure {label}",
                    f"{TASKS}run_measure",
                    common | {"annealing": settings.annealing},
                    version=2,
                    parents=(images[name, repetition], trained[key]),
                    weight=settings.annealing * 1e-3 * len(some),
                )
    return Plan(images, trained, judged)


def machines(scan: Scan, control: str) -> list[dict[str, Any]]:
    """Penalty and strength of every machine: the whole scan on images, one strength of each on controls."""
    l1, l2 = (scan.l1, scan.l2) if control == IMAGES else ((scan.control_l1,), (scan.control_l2,))
    return [
        {"penalty": "none", "strength": 0.0},
        *({"penalty": "l2", "strength": strength} for strength in l2),
        *({"penalty": "l1", "strength": strength} for strength in l1),
    ]
