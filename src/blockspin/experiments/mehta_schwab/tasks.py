"""The tasks of the Mehta-Schwab experiment: sample, train layer by layer, measure every layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from blockspin.coarse.blocks import Decimation, Majority
from blockspin.coarse.rbm import RBM
from blockspin.coarse.stack import reconstruct
from blockspin.experiments.mehta_schwab.conditions import Condition, plan_conditions
from blockspin.experiments.mehta_schwab.machines import build, recipe_of, sample_task, stack_of, stored_samples
from blockspin.experiments.mehta_schwab.settings import Settings
from blockspin.judging import Evidence, Subject, measure_subject
from blockspin.judging.fidelity import correlation
from blockspin.judging.nulls import noise, permuted, shuffled
from blockspin.lattice import Lattice
from blockspin.models.ising import KC_SQUARE, Ising
from blockspin.randomness import integer
from blockspin.runs.task import Progress, Result, Task
from blockspin.samples import features, split
from blockspin.statistics import jackknife

REFERENCES = ("majority", "decimation")
SHOWN = 4  # held-out samples whose reconstructions are kept for the page
NULL_DATA = {"K=0 data": "noise", "permuted data": "permuted"}


@dataclass(frozen=True)
class Map:
    """A map of the experiment: what it is called, its kind, and the tasks that train its layers."""

    name: str
    kind: str  # learned, null or reference
    variant: str  # the variant it is, or is a null of
    trained: tuple[Task, ...] = ()


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
        yield Map(f"{variant}, untrained", "null", variant, untrained)
        yield Map(f"{variant}, shuffled sites", "null", variant, trained)
        if variant in settings.null_variants:
            for label, data in NULL_DATA.items():
                yield Map(f"{variant}, {label}", "null", variant, _train_tasks(variant, data, settings, seed, samples))


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
        tasks.append(Task("train", label, run_train, chosen, parents=(samples, *tasks), weight=max(cost, 0.1)))
        inputs = units
    return tuple(tasks)


def run_train(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Train one layer on what the layers below pass on; arrays: weights and trajectory."""
    train, held_out = split(stored_samples(parents[0]), 1 - settings["held_out"], seed=settings["seed"])
    X, validation = features(train), features(held_out)
    if settings["data"] == "noise":
        X = noise(X.shape, settings["seed"])
        validation = noise(validation.shape, settings["seed"] + 1)
    elif settings["data"] == "permuted":
        X, validation = permuted(X, settings["seed"]), permuted(validation, settings["seed"])
    below = stack_of(settings["variant"], settings["recipe"].get("units", "binary"), parents[1:], settings["seed"])
    inputs, held = below.transform(X), below.transform(validation)
    machine = build(settings["variant"], settings["units"], settings["recipe"], settings["layer"], settings["seed"])
    if settings["data"] == "untrained":
        machine.set_params(n_iter=0)
    if isinstance(machine, RBM):
        machine.set_params(verbose=progress).fit(inputs, validation=held)
    else:
        with threadpool_limits(1):  # products of 10 rows: threads of BLAS wait for each other longer than they work
            machine.fit(inputs)
    arrays = {
        "components": np.asarray(machine.components_),
        "intercept_hidden": np.asarray(machine.intercept_hidden_),
        "intercept_visible": np.asarray(machine.intercept_visible_),
    }
    trajectory = getattr(machine, "trajectory_", {})
    arrays |= {f"trajectory_{name}": np.asarray(values) for name, values in trajectory.items()}
    return Result(arrays, {"output": settings["recipe"].get("output", "mean")})


def _measure_task(item: Map, layer: int, settings: Settings, seed: int, samples: Task, critical: Task) -> Task:
    chosen = {
        "map": item.name,
        "kind": item.kind,
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
    return Task("measure", label, run_measure, chosen, version=7, parents=parents, weight=weight)


def run_measure(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Measure one layer of one map; arrays: fields, centres, free-run correlations, reconstructions."""
    train, held_out = split(stored_samples(parents[0]), 1 - settings["held_out"], seed=settings["seed"])
    model = Ising(Lattice.square(train.sizes["x"]), settings["K"])
    critical = stored_samples(parents[1])
    evidence = Evidence(held_out, critical=critical, train=train, model=model, seed=settings["seed"])
    transformer = _transformer(settings, parents[2:], model.lattice, evidence.X)
    subject = Subject(transformer, evidence, name=settings["map"], layer=settings["layer"])
    criteria = ["locality", "tiling", "symmetry", "fidelity", "spectrum"]
    if settings["kind"] == "learned":
        criteria.append("generalization")
    measured = measure_subject(subject, criteria)
    arrays: dict[str, np.ndarray[Any, Any]] = {"fields": subject.fields.astype(np.float32)}
    if subject.embedding is not None:
        arrays |= {"centres": subject.embedding.centres, "alive": subject.embedding.alive}
    if settings["kind"] == "learned":
        rows = np.linspace(0, len(evidence.X) - 1, SHOWN).astype(int)
        arrays["shown"] = evidence.X[rows]
        arrays["reconstructed"] = reconstruct(transformer, evidence.X[rows])
        if subject.free_run is not None:
            arrays["G"], arrays["G_error"] = jackknife(correlation(subject.free_run.all))
            arrays["G_data"], arrays["G_data_error"] = jackknife(correlation(evidence.samples.values))
            arrays["made"] = subject.free_run.all[::50, -1]
    return Result(arrays, {"measured": measured.to_dict(), "kind": settings["kind"], "variant": settings["variant"]})


def _transformer(settings: dict[str, Any], trained: list[Result], lattice: Lattice, X: NDArray[np.int8]) -> Any:
    if settings["map"] == "majority":
        return Majority(lattice, settings["b"], random_state=integer(settings["seed"], "ties")).fit(X)
    if settings["map"] == "decimation":
        return Decimation(lattice, settings["b"]).fit(X)
    stack = stack_of(settings["variant"], settings["units"], trained, settings["seed"])
    if settings["map"].endswith("shuffled sites"):
        return shuffled(stack, lattice.n_sites, settings["seed"])
    return stack
