"""Under which conditions are fields local? One layer on a small lattice, trained on more and more samples.

Every machine makes the same number of updates, so that what differs is the penalty and the number of different samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline, make_pipeline

from blockspin.coarse.fields import ToBinary
from blockspin.experiments.mehta_schwab.machines import build, recipe_of, sample_task, stored_samples
from blockspin.experiments.mehta_schwab.settings import OWN, Settings
from blockspin.judging import Evidence, Measured, Scorecard, measure, references, scorecard
from blockspin.judging.nulls import shuffled
from blockspin.runs.store import Store
from blockspin.runs.task import Progress, Result, Task
from blockspin.samples import features, split


@dataclass(frozen=True)
class Condition:
    """A machine of the study: its variant, its number of training samples, and its task."""

    variant: str
    n_samples: int
    task: Task


@dataclass(frozen=True)
class Finding:
    """What a machine of the study turned out to be: its scorecard, and the free-energy gap in nats a sample."""

    variant: str
    n_samples: int
    a_unit: float
    card: Scorecard
    free_energy_gap: float


def plan_conditions(settings: Settings, seed: int) -> tuple[Condition, ...]:
    """The machines of the study; none where no numbers of samples are asked for."""
    study = settings.conditions
    if not study.n_samples:
        return ()
    samples = sample_task("small-lattice samples", study.L, settings.K, study.n_drawn, study.chains, seed)
    return tuple(
        Condition(variant, n, _task(variant, n, settings, seed, samples))
        for variant in OWN
        if variant in settings.variants
        for n in study.n_samples
    )


def _task(variant: str, n: int, settings: Settings, seed: int, samples: Task) -> Task:
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
    return Task("condition", label, run_condition, chosen, version=4, parents=(samples,), weight=weight)


def run_condition(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Train one machine and measure its locality, its nulls' and the majority rule's; arrays: its fields."""
    train, held_out = split(stored_samples(parents[0]), 1 - settings["held_out"], seed=settings["seed"])
    X = features(train)
    X = X[np.linspace(0, len(X) - 1, settings["n"]).round().astype(int)]  # of all chains alike
    before = ToBinary() if settings["recipe"]["units"] == "binary" else None

    def fitted(machine: Any) -> Pipeline:
        steps = (before or "passthrough", machine)
        inputs = [before.transform(part) if before else part for part in (X, features(held_out))]
        machine.fit(inputs[0], validation=inputs[1])
        return make_pipeline(*steps)

    machine = build(settings["variant"], settings["units"], settings["recipe"], 1, settings["seed"])
    untrained = fitted(clone(machine).set_params(n_iter=0))
    trained = fitted(machine.set_params(verbose=progress))
    nulls = {"untrained": untrained, "shuffled sites": shuffled(trained, X.shape[1], settings["seed"])}
    evidence = Evidence(held_out, seed=settings["seed"])
    judged = measure(trained, evidence, name=settings["variant"], criteria=["locality"])
    compared = [measure(null, evidence, name=name, criteria=["locality"]).to_dict() for name, null in nulls.items()]
    majority = references(evidence, judged.b, seed=settings["seed"], criteria=["locality"])[0]
    return Result(
        {"fields": machine.components_},
        {
            "measured": judged.to_dict(),
            "nulls": compared,
            "reference": majority.to_dict(),
            "free_energy_gap": float(machine.trajectory_["free_energy_gap"][-1]),
        },
    )


def findings(conditions: tuple[Condition, ...], store: Store) -> list[Finding]:
    """The study's results from the stored files, in the order of the plan."""
    found = []
    for condition in conditions:
        result = store.load(condition.task)
        meta = result.meta
        card = scorecard(
            Measured.from_dict(meta["measured"]),
            [Measured.from_dict(null) for null in meta["nulls"]],
            Measured.from_dict(meta["reference"]),
        )
        a_unit = condition.n_samples / len(result.arrays["fields"])
        found.append(Finding(condition.variant, condition.n_samples, a_unit, card, meta["free_energy_gap"]))
    return found
