"""The tasks of the experiment: images, RBMs of all penalties trained together, and a measurement of them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

import blockspin as bs
from blockspin.experiments.ho_2013.data import CUT, restored, rows
from blockspin.experiments.ho_2013.settings import IMAGES, Settings
from blockspin.experiments.task import task
from blockspin.experiments.tree import Tree
from blockspin.randomness import generator, integer
from blockspin.runs.task import Progress, Result, Task

UNITS = {"natural": "gaussian", "digits": "binary"}
FITTED = {"weights": "components_", "visible": "intercept_visible_", "hidden": "intercept_hidden_"}
SHOWN = 6  # test images whose reconstructions are kept
Recipe = dict[str, Any]
Machines = list[dict[str, Any]]  # penalty and strength of every RBM


def plan(settings: Settings, seed: int) -> dict[str, Tree]:
    """Images by kind, RBMs and measurements by kind and control, one a repetition."""
    tree: dict[str, dict[str, Any]] = {"images": {}, "trained": {}, "measured": {}}
    recipe = settings.model_dump(include={"hidden", "learning_rate", "momentum", "batch_size", "updates"})
    for data in settings.data:
        kind = getattr(settings, data)
        seeds = [integer(seed, data, repetition) for repetition in range(1, settings.seeds + 1)]
        cut = _numbered(images(data=data, seed=own, **kind.model_dump(exclude={"scan"})) for own in seeds)
        tree["images"][data], tree["trained"][data], tree["measured"][data] = cut, {}, {}
        for control in (IMAGES, *settings.controls):
            about = {"data": data, "control": control, "machines": kind.scan.machines(control)}
            pairs = zip(cut, seeds, strict=True)
            trained = _numbered(train(one, **about, seed=own, recipe=recipe) for one, own in pairs)
            triples = zip(cut, trained, seeds, strict=True)
            measured = (measure(*two, **about, seed=own, annealing=settings.annealing) for *two, own in triples)
            tree["trained"][data][control], tree["measured"][data][control] = trained, _numbered(measured)
    return tree


def _numbered(tasks: Iterable[Task]) -> list[Task]:
    return [replace(one, label=f"{one.label} {number}") for number, one in enumerate(tasks, start=1)]


def _updates(machines: Machines, recipe: Recipe, **_: Any) -> float:
    return float(recipe["updates"] * len(machines) * (recipe["hidden"] * recipe["batch_size"] + 500) * 4e-8)


def _annealing(machines: Machines, annealing: int, **_: Any) -> float:
    return annealing * 1e-3 * len(machines)


@task(label="{data} images", weight=0.5)
def images(data: str, seed: int, **chosen: Any) -> Result:
    """Read and cut the images; arrays: train and test (n, rows, columns)."""
    train, test = CUT[data](seed, **chosen)
    return Result({"train": train, "test": test})


@task(label="train {data}, {control}, seed", version=2, weight=_updates)
def train(
    images: Result, /, data: str, control: str, seed: int, machines: Machines, recipe: Recipe, *, progress: Progress
) -> Result:
    """Train an RBM a penalty, all in one program; arrays: weights (K, M, N), visible (K, N), hidden (K, M)."""
    train, _ = rows(images.arrays, control, seed)
    batches = -(-len(train) // min(recipe["batch_size"], len(train)))
    some = [
        bs.RBM(
            recipe["hidden"],
            units=UNITS[data],
            n_iter=-(-recipe["updates"] // batches),
            **{name: recipe[name] for name in ("learning_rate", "momentum", "batch_size")},
            l1=one["strength"] if one["penalty"] == "l1" else 0.0,
            l2=one["strength"] if one["penalty"] == "l2" else 0.0,
            init="data-mean",
            random_state=integer(seed, "train"),
            verbose=progress,
        )
        for one in machines
    ]
    bs.RBM.fit_many(some, train)
    arrays = {name: np.stack([getattr(one, fitted) for one in some]) for name, fitted in FITTED.items()}
    return Result(arrays, {"weight_change": [float(one.trajectory_["weight_change"][-1]) for one in some]})


@task(label="measure {data}, {control}, seed", version=2, weight=_annealing)
def measure(
    images: Result,
    trained: Result,
    /,
    data: str,
    control: str,
    seed: int,
    machines: Machines,
    annealing: int,
    *,
    progress: Progress,
) -> Result:
    """Locality and held-out quality of every RBM, and of what they are compared with; a few reconstructions."""
    from blockspin.experiments.ho_2013.measure import independent, living, locality, quality, window

    train, test = rows(images.arrays, control, seed)
    plane = bs.Lattice.square(*images.arrays["train"].shape[1:])
    weights, state = trained.arrays["weights"], integer(seed, "measure")
    found, made = [], []
    for index, (one, alive) in enumerate(zip(machines, living(weights), strict=True)):
        parts = (trained.arrays[name][index] for name in FITTED)
        rbm = bs.RBM.from_weights(*parts, units=UNITS[data], random_state=state)
        shuffled = generator(seed, "shuffled", index).permuted(alive, axis=1)
        numbers = {
            "living": len(alive),
            "shuffled": locality(shuffled, plane),
            "restored": locality(restored(alive, control, seed), plane),
            "zeros": float((weights[index] == 0).mean()),
            "largest": float(np.abs(weights[index]).max()),
            "weight_change": trained.meta["weight_change"][index],
        }
        found.append(one | numbers | locality(alive, plane) | quality(rbm, train, test, annealing))
        made.append(rbm.reconstruct(test[:SHOWN]).astype(np.float32))
        progress((index + 1) / len(machines), f"{one['penalty']} {one['strength']:g}")
    common = {
        "data": data,
        "control": control,
        "shape": list(plane.shape),
        "window": window(plane),
        "n": [len(train), len(test)],
        "independent": independent(train, test),
        "flat_error": float(((test - train.mean(axis=0)) ** 2).mean()),
        "untrained": locality(generator(seed, "untrained").standard_normal(weights[0].shape), plane),
    }
    arrays = {"originals": test[:SHOWN].astype(np.float32), "reconstructions": np.stack(made)}
    return Result(arrays, common | {"machines": found})
