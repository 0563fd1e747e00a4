"""The tasks of the experiment mehta-schwab, laid out without importing what runs them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from blockspin.experiments.mehta_schwab.settings import OWN, Settings
from blockspin.models.ising import KC_SQUARE
from blockspin.randomness import integer
from blockspin.runs.task import Task

TASKS = "blockspin.experiments.mehta_schwab.tasks:"


def sample_task(label: str, L: int, K: float, n: int, chains: int, seed: int) -> Task:
    """The task of drawing n Ising samples on the L x L torus at coupling K."""
    chosen = {"L": L, "K": K, "n": n, "chains": chains, "seed": integer(seed, "sample", label)}
    return Task(
        "sample",
        label,
        "blockspin.experiments.mehta_schwab.machines:run_sample",
        chosen,
        version=2,
        weight=L**2 * n * 2e-7,
    )


def recipe_of(variant: str, recipe: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a variant's machine: the recipe less the penalties that the variant does not have.

    What a variant does not use is not among its task's settings, so changing it does not train the variant again.
    """
    if variant == "sklearn-default":
        return {}
    if variant == "sklearn-matched":
        return {name: recipe[name] for name in ("learning_rate", "batch_size", "n_iter")}
    others = {"l1": ("l2",), "l2": ("l1", "l1_method"), "none": ("l1", "l1_method", "l2")}[variant]
    return {name: value for name, value in recipe.items() if name not in others}


@dataclass(frozen=True)
class Condition:
    """A machine of the study: its variant, its number of training samples, and its task."""

    variant: str
    n_samples: int
    task: Task


def plan_conditions(settings: Settings, seed: int) -> tuple[Condition, ...]:
    """The machines of the study; none where no numbers of samples are asked for."""
    study = settings.conditions
    if not study.n_samples:
        return ()
    samples = sample_task("small-lattice samples", study.L, settings.K, study.n_drawn, study.chains, seed)
    return tuple(
        Condition(variant, n, _condition_task(variant, n, settings, seed, samples))
        for variant in OWN
        if variant in settings.variants
        for n in study.n_samples
    )


def _condition_task(variant: str, n: int, settings: Settings, seed: int, samples: Task) -> Task:
    study = settings.conditions
    n_iter = max(1, round(study.updates * settings.recipe.batch_size / n))
    chosen = {
        "variant": variant,
        "n": n,
        "units": study.units,
        "held_out": study.held_out,
        "recipe": recipe_of(variant, {**settings.recipe.model_dump(mode="json"), "n_iter": n_iter}),
        "seed": seed,
    }
    label = f"train {variant} on {n} small samples"
    weight = max(study.L**2 * study.units * n * n_iter * settings.recipe.k * 4e-10, 1.0)
    return Task(
        "condition",
        label,
        "blockspin.experiments.mehta_schwab.conditions:run_condition",
        chosen,
        version=5,
        parents=(samples,),
        weight=weight,
    )


REFERENCES = ("majority", "decimation")
NULL_DATA = {"K=0 data": "noise", "permuted data": "permuted"}


@dataclass(frozen=True)
class Map:
    """A map of the experiment: what it is called, its kind, and the tasks that train its layers."""

    name: str
    kind: str  # learned, null or reference
    variant: str  # the variant it is, or is a null of
    trained: tuple[Task, ...] = ()
    null: str = ""  # which null it is


@dataclass(frozen=True)
class Plan:
    """Every task by what it is for."""

    samples: Task
    critical: Task
    maps: tuple[Map, ...]
    measured: dict[tuple[str, int], Task]
    conditions: tuple[Condition, ...]

    def tasks(self) -> list[Task]:
        """All tasks, parents before children."""
        trained = [task for item in self.maps for task in item.trained]
        studied = [condition.task for condition in self.conditions]
        return [self.samples, self.critical, *trained, *studied, *self.measured.values()]


def plan(settings: Settings, seed: int) -> Plan:
    """The tasks for the settings; nothing is run."""
    samples = sample_task("samples", settings.L, settings.K, settings.n_samples, settings.chains, seed)
    critical = sample_task("critical samples", settings.L, KC_SQUARE, settings.n_critical, settings.chains, seed)
    maps = list(_maps(settings, seed, samples))
    measured = {
        (item.name, layer): _measure_task(item, layer, settings, seed, samples, critical)
        for item in maps
        for layer in range(1, len(settings.layers) + 1)
    }
    return Plan(samples, critical, tuple(maps), measured, plan_conditions(settings, seed))


def _maps(settings: Settings, seed: int, samples: Task) -> Iterator[Map]:
    for name in REFERENCES:
        yield Map(name, "reference", name)
    for variant in settings.variants:
        trained = _train_tasks(variant, "ising", settings, seed, samples)
        yield Map(variant, "learned", variant, trained)
        untrained = _train_tasks(variant, "untrained", settings, seed, samples)
        yield Map(f"{variant}, untrained", "null", variant, untrained, "untrained")
        yield Map(f"{variant}, shuffled sites", "null", variant, trained, "shuffled sites")
        if variant in settings.null_variants:
            for label, data in NULL_DATA.items():
                yield Map(
                    f"{variant}, {label}", "null", variant, _train_tasks(variant, data, settings, seed, samples), label
                )


def _train_tasks(variant: str, data: str, settings: Settings, seed: int, samples: Task) -> tuple[Task, ...]:
    tasks: list[Task] = []
    inputs = settings.L**2
    for layer, units in enumerate(settings.layers, start=1):
        epochs = settings.recipe.n_iter[layer - 1]
        chosen = {
            "variant": variant,
            "data": data,
            "layer": layer,
            "units": units,
            "held_out": settings.held_out,
            "recipe": recipe_of(variant, {**settings.recipe.model_dump(mode="json"), "n_iter": epochs}),
            "seed": seed,
        }
        label = f"train {variant}, layer {layer}" + ("" if data == "ising" else f" ({data})")
        visits = settings.n_samples * {"sklearn-default": 30, "sklearn-matched": 2 * epochs}.get(variant, epochs)
        cost = inputs * units * visits * settings.recipe.k * 1e-10 if data != "untrained" else 0.1
        tasks.append(
            Task("train", label, f"{TASKS}run_train", chosen, parents=(samples, *tasks), weight=max(cost, 0.1))
        )
        inputs = units
    return tuple(tasks)


def _measure_task(item: Map, layer: int, settings: Settings, seed: int, samples: Task, critical: Task) -> Task:
    chosen = {
        "map": item.name,
        "kind": item.kind,
        "null": item.null,
        "variant": item.variant,
        "layer": layer,
        "units": settings.recipe.units,
        "K": settings.K,
        "held_out": settings.held_out,
        "b": round((settings.L**2 / settings.layers[layer - 1]) ** 0.5),
        "seed": seed,
    }
    parents = (samples, critical, *item.trained[:layer])
    weight = settings.L**2 * settings.n_critical * 3e-7
    label = f"judge {item.name}, layer {layer}"
    return Task("measure", label, f"{TASKS}run_measure", chosen, version=8, parents=parents, weight=weight)
