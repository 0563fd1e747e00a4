"""Tasks of no experiment, at the top of a module as tasks must be."""

from __future__ import annotations

import numpy as np

from blockspin.experiments.stored import Array, Number, Real, Samples, Stored
from blockspin.experiments.task import task
from blockspin.runs.settings import Section
from blockspin.runs.task import Progress, Result
from blockspin.samples import make
from blockspin.statistics import Estimate


class Recipe(Section):
    rate: float = 0.1
    n_iter: tuple[int, ...] = (1, 2)


class Found(Stored):
    name: str
    rate: Real
    one: Number
    weights: Array


@task(label="numbers to {n}")
def numbers(n: int, start: int = 0) -> Result:
    return Result({"x": np.arange(start, n)})


@task(kind="draw", version=3, label=lambda L, **_: f"L = {L}", weight=lambda L, **_: L**2)
def drawn(L: int, *, progress: Progress) -> Samples:
    from blockspin import Lattice

    progress(0.5, "half way")
    return make(np.ones((2, 3, L, L), int), Lattice.square(L), seed=1)


@task(label="sums")
def sums(first: list[Result], second: dict[str, Result] | None, /, recipe: Recipe, weight: float = 0.0) -> Found:
    values = [one.arrays["x"].sum() for one in [*first, *(second or {}).values()]]
    weights = np.array(values) * (recipe.n_iter[-1] + weight)
    return Found(name="sums", rate=float("nan"), one=Estimate(1.5, float("nan")), weights=weights)


@task(label="spins")
def spins(samples: Samples, /) -> Result:
    return Result(meta={"dims": list(samples.dims), "sum": int(samples.sum())})


@task(label="wrong")
def wrong() -> int:
    return 3
