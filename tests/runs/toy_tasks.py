"""A small made-up experiment: independent "sample" tasks, a "train" task on each, a "score" task on all."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from blockspin import randomness
from blockspin.runs.task import Progress, Result, Task

Settings = dict[str, Any]


def sample(settings: Settings, parents: list[Result], progress: Progress) -> Result:
    random = randomness.generator(settings["seed"], "toy", settings["index"])
    steps = settings.get("steps", 1)
    spins = np.empty((steps, 50, 8, 8), np.int8)
    for step in range(steps):
        time.sleep(settings.get("pause", 0.0))
        spins[step] = 2 * random.integers(0, 2, (50, 8, 8), dtype=np.int8) - 1
        progress((step + 1) / steps, f"step {step + 1} of {steps}")
    return Result({"spins": spins, "noise": random.normal(size=(3, 5))}, {"index": settings["index"]})


def train(settings: Settings, parents: list[Result], progress: Progress) -> Result:
    (data,) = parents
    time.sleep(settings.get("pause", 0.0))
    mean = data.arrays["spins"].astype(float).mean(axis=(0, 1))
    return Result({"weights": mean + data.arrays["noise"].sum()}, {"from": data.meta["index"]})


def score(settings: Settings, parents: list[Result], progress: Progress) -> Result:
    return Result({"total": np.sum([parent.arrays["weights"] for parent in parents], axis=0)})


def fail(settings: Settings, parents: list[Result], progress: Progress) -> Result:
    raise ValueError("no [bold]such[/] luck")


def die(settings: Settings, parents: list[Result], progress: Progress) -> Result:
    os._exit(7)


def interrupt_once(settings: Settings, parents: list[Result], progress: Progress) -> Result:
    mark = Path(settings["mark"])
    if not mark.exists():
        mark.touch()
        raise KeyboardInterrupt
    return Result({"n": np.arange(3)})


def graph(n: int = 3, seed: int = 1, **settings: Any) -> list[Task]:
    samples = [
        Task("sample", f"sample {i}", sample, {"seed": seed, "index": i, **settings}, weight=2.0) for i in range(n)
    ]
    trained = [
        Task("train", f"train {i}", train, {"pause": settings.get("pause", 0.0)}, parents=(parent,))
        for i, parent in enumerate(samples)
    ]
    return [Task("score", "score", score, {}, parents=tuple(trained))]
