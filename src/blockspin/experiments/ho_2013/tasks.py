"""The tasks of the experiment ho-2013: images, machines of all penalties side by side, and a measurement of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from blockspin.coarse.rbm import RBM, fit_ensemble
from blockspin.experiments.ho_2013 import data
from blockspin.experiments.ho_2013.measure import measured, reconstructed
from blockspin.randomness import integer
from blockspin.runs.task import Progress, Result


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
