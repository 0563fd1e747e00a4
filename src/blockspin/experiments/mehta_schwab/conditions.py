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
from blockspin.experiments.mehta_schwab.machines import build, stored_samples
from blockspin.experiments.mehta_schwab.plan import Condition
from blockspin.judging import Evidence, Measured, Scorecard, Subject, measure_subject, reference, scorecard
from blockspin.judging.nulls import shuffled
from blockspin.runs.store import Store
from blockspin.runs.task import Progress, Result
from blockspin.samples import features, split


@dataclass(frozen=True)
class Finding:
    """What a machine of the study turned out to be: its scorecard, and the free-energy gap in nats a sample."""

    variant: str
    n_samples: int
    a_unit: float
    card: Scorecard
    free_energy_gap: float


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
    judged = measure_subject(Subject(trained, evidence, name=settings["variant"]), ["locality"])
    compared = [
        measure_subject(Subject(null, evidence, name=name), ["locality"], kind=name).to_dict()
        for name, null in nulls.items()
    ]
    majority = reference(evidence, judged.b, seed=settings["seed"], criteria=["locality"])
    return Result(
        {"fields": machine.components_},
        {
            "measured": judged.to_dict(),
            "nulls": compared,
            "reference": majority.to_dict() if majority is not None else None,
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
            Measured.from_dict(meta["reference"]) if meta["reference"] is not None else None,
        )
        a_unit = condition.n_samples / len(result.arrays["fields"])
        found.append(Finding(condition.variant, condition.n_samples, a_unit, card, meta["free_energy_gap"]))
    return found
