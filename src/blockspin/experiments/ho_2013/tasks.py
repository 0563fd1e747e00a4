"""The tasks of the experiment ho-2013: images, machines of all penalties side by side, and a measurement of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from blockspin.coarse.rbm import RBM, fit_ensemble
from blockspin.experiments.ho_2013 import data
from blockspin.experiments.ho_2013.measure import measured, reconstructed
from blockspin.experiments.ho_2013.settings import Scan, Settings
from blockspin.images import OPENML, ImagesError
from blockspin.randomness import integer
from blockspin.runs.settings import SettingsError
from blockspin.runs.task import Progress, Result, Task

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
            images[name, repetition] = Task("images", f"{name} images {repetition}", run_images, chosen, weight=0.5)
            for control in (IMAGES, *settings.controls):
                key = (name, control, repetition)
                label = f"{name}, {control}, seed {repetition}"
                some = machines(kind.scan, control)
                common = {"data": name, "control": control, "seed": own, "machines": some}
                trained[key] = Task(
                    "train",
                    f"train {label}",
                    run_train,
                    common | {"recipe": recipe},
                    parents=(images[name, repetition],),
                    weight=settings.updates * len(some) * (settings.hidden * settings.batch_size + 500) * 4e-8,
                )
                judged[key] = Task(
                    "measure",
                    f"measure {label}",
                    run_measure,
                    common | {"annealing": settings.annealing},
                    parents=(images[name, repetition], trained[key]),
                    weight=settings.annealing * 1e-3 * len(some),
                )
    return Plan(images, trained, judged)


def check_images(settings: Settings, seed: int) -> None:
    """Cut the images of every repetition, but for those of OpenML; raises SettingsError where they do not suffice."""
    for name in settings.data:
        kind = settings.natural if name == "natural" else settings.digits
        if kind.source.startswith(OPENML):
            continue
        for repetition in range(1, settings.seeds + 1):
            own = integer(seed, name, repetition)
            try:
                run_images({"data": name, "seed": own, **kind.model_dump(mode="json")}, [], lambda *_: None)
            except ImagesError as error:
                keys = ", ".join(f"{name}.{key}" for key in type(kind).model_fields if key != "scan")
                raise SettingsError(f"{keys} do not fit: {error}") from error


def machines(scan: Scan, control: str) -> list[dict[str, Any]]:
    """Penalty and strength of every machine: the whole scan on images, one strength of each on controls."""
    l1, l2 = (scan.l1, scan.l2) if control == IMAGES else ((scan.control_l1,), (scan.control_l2,))
    return [
        {"penalty": "none", "strength": 0.0},
        *({"penalty": "l2", "strength": strength} for strength in l2),
        *({"penalty": "l1", "strength": strength} for strength in l1),
    ]


def run_images(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Read and cut the images; arrays: train and test (n, rows, columns)."""
    make = data.natural if settings["data"] == "natural" else data.digits
    train, test = make(settings, settings["seed"])
    return Result({"train": train, "test": test})


def run_train(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Train a machine a penalty, all in one program; arrays: weights (K, M, N), visible (K, N), hidden (K, M)."""
    recipe, images = settings["recipe"], parents[0].arrays
    train, _ = data.rows(images["train"], images["test"], settings["control"], settings["seed"])
    batches = -(-len(train) // min(recipe["batch_size"], len(train)))
    some = [
        RBM(
            recipe["hidden"],
            units=data.UNITS[settings["data"]],
            learning_rate=recipe["learning_rate"],
            momentum=recipe["momentum"],
            batch_size=recipe["batch_size"],
            n_iter=-(-recipe["updates"] // batches),
            l1=one["strength"] if one["penalty"] == "l1" else 0.0,
            l2=one["strength"] if one["penalty"] == "l2" else 0.0,
            init="data-mean",
            random_state=integer(settings["seed"], "train"),
            verbose=progress,
        )
        for one in settings["machines"]
    ]
    fit_ensemble(some, train)
    return Result(
        {
            "weights": np.stack([machine.components_ for machine in some]),
            "visible": np.stack([machine.intercept_visible_ for machine in some]),
            "hidden": np.stack([machine.intercept_hidden_ for machine in some]),
        },
        {"weight_change": [float(machine.trajectory_["weight_change"][-1]) for machine in some]},
    )


def run_measure(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Locality and held-out quality of every machine; meta: numbers, arrays: a few reconstructions."""
    images, fitted = parents[0].arrays, parents[1].arrays
    train, test = data.rows(images["train"], images["test"], settings["control"], settings["seed"])
    units, parts = data.UNITS[settings["data"]], (fitted[name] for name in ("weights", "visible", "hidden"))
    some = [
        RBM.from_weights(*part, units=units, random_state=integer(settings["seed"], "measure"))
        for part in zip(*parts, strict=True)
    ]
    meta = measured(
        some, settings["machines"], train, test, images["train"].shape[1:],
        control=settings["control"], seed=settings["seed"], annealing=settings["annealing"], progress=progress,
    )  # fmt: skip
    for row, change in zip(meta["machines"], parents[1].meta["weight_change"], strict=True):
        row["weight_change"] = change
    return Result(reconstructed(some, test), meta | {"data": settings["data"], "control": settings["control"]})
