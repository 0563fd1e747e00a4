"""The tasks of the experiment dimers, laid out without importing what runs them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from blockspin.experiments.dimers.settings import Settings
from blockspin.randomness import integer
from blockspin.runs.task import Task

TASKS = "blockspin.experiments.dimers.tasks:"


@dataclass(frozen=True)
class Plan:
    """Every task by what it is for: samples by T ("noise" for those with noise spins), filters by T and components."""

    samples: dict[float | str, Task]
    filters: dict[tuple[float | str, int], Task]
    decays: dict[float, Task]
    machines: Task
    exact: dict[float, Task]

    def tasks(self) -> list[Task]:
        """All tasks, parents before children."""
        groups = (self.samples, self.filters, self.decays, self.exact)
        return [task for group in groups for task in group.values()] + [self.machines]


def plan(settings: Settings, seed: int) -> Plan:
    """Lay out the tasks; nothing is run."""
    order = sorted(settings.temperatures)
    ends = (order[0], math.inf)
    samples: dict[float | str, Task] = {T: _sample_task(settings, T, None, seed) for T in order}
    samples["noise"] = _sample_task(settings, math.inf, settings.noise, seed)
    window = {"block": settings.block, "buffer": settings.buffer, "environment": settings.environment}
    learning = settings.learning.model_dump(mode="json")
    filters: dict[tuple[float | str, int], Task] = {}
    for T, parent in samples.items():
        for n in settings.components if T in ends else (2,):
            seeds = settings.seeds if T in (*ends, "noise") else 1
            chosen = window | {"n_components": n, "seeds": seeds, "seed": seed, "learning": learning}
            weight = seeds * (0.5 + 10.0 * settings.learning.n_iter * settings.learning.batch_size / 800_000)
            label = f"{n} filters, {'with noise' if T == 'noise' else f'T = {T:g}'}"
            filters[T, n] = Task("filters", label, f"{TASKS}run_filters", chosen, parents=(parent,), weight=weight)
    cold = filters[order[0], 2]
    cells, layers = settings.L**2 * settings.n_samples, settings.machines
    decays = {
        T: Task(
            "decay",
            f"decay at T = {T:g}",
            f"{TASKS}run_decay",
            {},
            version=3,
            parents=(samples[T], cold),
            weight=cells * 2e-6,
        )
        for T in order
    }
    machines = Task(
        "machines",
        "RBMs on blocks with noise",
        f"{TASKS}run_machines",
        {"block": settings.block, "seeds": settings.seeds, "seed": seed} | settings.machines.model_dump(mode="json"),
        parents=(samples["noise"],),
        weight=0.5 + settings.seeds * layers.n_iter * layers.n_samples * sum(layers.hidden) * 7e-8,
    )
    summed = {
        T: Task(
            "exact",
            f"{settings.torus}x{settings.torus} torus, T = {T:g}",
            f"{TASKS}run_exact",
            {"L": settings.torus, "T": _stored(T), "seeds": settings.seeds, "seed": seed},
            weight=7.0 * settings.seeds,
        )
        for T in (1.0, math.inf)
    }
    return Plan(samples, filters, decays, machines, summed)


def _sample_task(settings: Settings, T: float, noise: float | None, seed: int) -> Task:
    chosen = {"L": settings.L, "T": _stored(T), "noise": noise, "n": settings.n_samples, "chains": settings.chains}
    name = f"samples at T = {T:g}" + ("" if noise is None else " with noise")
    own = integer(seed, "samples", f"{T:g}", str(noise))
    weight = settings.L**2 * settings.n_samples * 2e-6
    return Task("sample", name, f"{TASKS}run_sample", chosen | {"seed": own}, weight=weight)


def _stored(T: float) -> float | None:
    return T if math.isfinite(T) else None  # JSON has no infinity
