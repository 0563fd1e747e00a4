"""The tasks of the experiment mcrg, laid out without importing what runs them."""

from __future__ import annotations

from dataclasses import dataclass

from blockspin.experiments.mcrg.settings import MACHINES, RULES, Settings
from blockspin.models.ising import KC_SQUARE
from blockspin.randomness import integer
from blockspin.runs.task import Task

TASKS = "blockspin.experiments.mcrg.tasks:"


@dataclass(frozen=True)
class Plan:
    """Every task by what it is for: samples by K, in ascending order; machines and measurements by map; information."""

    samples: dict[float, Task]
    training: Task | None
    trained: dict[str, Task]
    measured: dict[str, Task]
    information: Task

    def tasks(self) -> list[Task]:
        """All tasks, parents before children."""
        first = [self.information, *self.samples.values(), *([self.training] if self.training else [])]
        return [*first, *self.trained.values(), *self.measured.values()]


def plan(settings: Settings, seed: int) -> Plan:
    """Lay out the tasks; nothing is run. A task's settings hold what it uses and no more."""
    couplings = sorted([KC_SQUARE, *(KC_SQUARE + distance for distance in settings.distances)])
    samples = {K: _sample_task(settings, K, settings.n_samples, seed) for K in couplings}
    learned = [name for name in settings.maps if name not in RULES]
    training = (
        _sample_task(settings, settings.training.K, settings.training.n_samples, seed, "train") if learned else None
    )
    trained, measured = {}, {}
    for name in settings.maps:
        chosen = {"map": name, "steps": settings.steps, "seed": seed}
        parents = [*samples.values()]
        if name in learned:
            assert training is not None
            parents.append(training)
        if name in MACHINES:
            recipe = settings.training.model_dump(mode="json", exclude={"K", "n_samples"})
            recipe["n_iter"] = recipe["n_iter"][: settings.steps]
            if not MACHINES[name]:
                del recipe["l1"]
            weight = settings.L**4 / 4 * settings.training.n_samples * recipe["n_iter"][0] * 1e-10
            trained[name] = Task(
                "train",
                f"train {name}",
                f"{TASKS}run_train",
                chosen | {"training": recipe},
                version=2,
                parents=(parents[-1],),
                weight=weight,
            )
            parents.append(trained[name])
        weight = settings.L**2 * settings.n_samples * len(samples) * 2e-7
        measured[name] = Task(
            "measure",
            f"measure {name}",
            f"{TASKS}run_measure",
            chosen,
            version=3,
            parents=tuple(parents),
            weight=weight,
        )
    rules = [name for name in settings.maps if name in RULES]
    information = Task(
        "information", "what block rules keep, exactly", f"{TASKS}run_information", {"rules": rules}, weight=2.0
    )
    return Plan(samples, training, trained, measured, information)


def _sample_task(settings: Settings, K: float, n: int, seed: int, use: str = "measure") -> Task:
    chosen = {"L": settings.L, "K": K, "n": n, "chains": settings.chains, "seed": integer(seed, use, f"{K:.12g}")}
    label = f"samples at K = {K:.4f}" + (" for training" if use == "train" else "")
    return Task("sample", label, f"{TASKS}run_sample", chosen, weight=settings.L**2 * n * 4e-7)
