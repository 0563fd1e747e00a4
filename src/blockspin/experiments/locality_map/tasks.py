"""The tasks of the experiment: samples a coupling and seed, and a layer a point and seed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

import blockspin as bs
from blockspin import judging
from blockspin.experiments.locality_map.settings import Layer, Settings
from blockspin.experiments.shared_tasks import ising_samples
from blockspin.experiments.stored import Array, Real, Samples, Stored
from blockspin.experiments.task import task
from blockspin.experiments.tree import Tree
from blockspin.models.ising import KC_SQUARE
from blockspin.randomness import integer
from blockspin.runs.settings import SettingsError, build
from blockspin.runs.sweep import Point
from blockspin.runs.task import Progress, Task

CRITERIA = ["locality", "tiling", "spectrum"]


class Divergence(Stored):
    """KL(model, RBM) in nats a site, nan where ln Z was refused; why, or how it was found."""

    value: Real
    error: Real
    why: str


class Found(Stored):
    """A layer measured, with its nulls and the majority rule as `judging.Measured`; weights are float16."""

    weights: Array
    measured: dict[str, Any]
    nulls: list[dict[str, Any]]
    reference: dict[str, Any] | None
    divergence: Divergence


def plan(settings: Settings, seed: int) -> dict[str, Tree]:
    """The layers of every map, in the order of its points."""
    planes = {name: [_layer(settings, *one) for one in layers(settings, name, seed)] for name in settings.planes}
    return {"planes": planes}


def layers(settings: Settings, plane: str, seed: int) -> list[tuple[Point, Layer]]:
    """The points of a map with their layers. Raises SettingsError where a layer does not fit."""
    found = []
    for point in settings.planes[plane].points(seed):
        try:
            found.append((point, build(Layer, settings.layer.model_dump(), values=point.values)))
        except SettingsError as error:
            raise SettingsError(f"planes.{plane}: at the point {point}: {error}") from error
    return found


def _layer(settings: Settings, point: Point, layer: Layer) -> Task:
    s = settings
    # two chains' worth more than requested, since sets are split by chains
    n = math.ceil((s.pool + s.held_out) * (1 + 2 / s.chains))
    pool = _samples(layer.L, layer.K, n, s.chains, point.seed, "train")
    critical = _samples(layer.L, KC_SQUARE, s.n_critical, s.chains, point.seed, "critical")
    one = measured_layer(pool, critical, layer, s.held_out, point.seed)
    return replace(one, label=f"layer at {point}")


def _samples(L: int, K: float, n: int, chains: int, seed: int, use: str) -> Task:
    drawn = ising_samples(L, K, n, chains, integer(seed, use, L, f"{K:.12g}"))
    return replace(drawn, label=f"{use} samples at K = {K:.4g}, seed {seed}", weight=L**2 * n * 2e-7 + 0.1)


def _seconds(layer: Layer, **_: Any) -> float:
    # five products a mini-batch, at 33 GFLOP/s; then 0.8 s of annealing and measuring
    return 10 * layer.batch_size * layer.L**2 * layer.units * layer.updates * layer.k / 3.3e10 + 0.8


@task(kind="layer", version=2, label="layer", weight=_seconds)
def measured_layer(
    pool: Samples, critical: Samples, /, layer: Layer, held_out: int, seed: int, *, progress: Progress
) -> Found:
    """Train one layer and measure it, its nulls and the majority rule."""
    from blockspin.judging.nulls import cheap

    train, rest = bs.split(pool, 1 - held_out / (pool.sizes["chain"] * pool.sizes["draw"]), seed=seed)
    X = bs.to_matrix(train)
    X = X[np.linspace(0, len(X) - 1, layer.n_samples).round().astype(int)]  # of all chains alike
    machine = bs.RBM(
        layer.units,
        units="spin",
        biases=False,
        n_iter=max(1, round(layer.updates * layer.batch_size / layer.n_samples)),
        random_state=integer(seed, "train"),
        verbose=lambda fraction, words: progress(0.6 * fraction, words),
        **layer.model_dump(include={"learning_rate", "l1", "init_scale", "momentum", "batch_size", "k"}),
    ).fit(X)
    progress(0.6, "measuring")
    model = bs.Ising(bs.Lattice.square(layer.L), layer.K)
    evidence = judging.Evidence(rest, critical=critical, model=model, seed=seed)
    subject = judging.Subject(machine, evidence, name="rbm")
    measured = judging.measure_subject(subject, CRITERIA)
    nulls = cheap(machine.set_params(verbose=0), X, seed)
    compared = [
        judging.measure_subject(judging.Subject(nulls[name], evidence, name=name), CRITERIA, kind=name)
        for name in ("untrained", "shuffled sites")
    ]
    majority = judging.reference(evidence, measured.b, seed=seed, criteria=CRITERIA)
    progress(0.8, "ln Z")
    return Found(
        weights=machine.components_.astype(np.float16),
        measured=measured.to_dict(),
        nulls=[null.to_dict() for null in compared],
        reference=None if majority is None else majority.to_dict(),
        divergence=_divergence(subject),
    )


def _divergence(subject: judging.Subject) -> Divergence:
    from blockspin.judging.criteria.divergence import divergence

    try:
        found = divergence(subject)
    except judging.NotDefined as refused:
        return Divergence(value=math.nan, error=math.nan, why=refused.why)
    assert found is not None  # an RBM on a lattice whose ln Z is known
    return Divergence(value=found.value, error=found.error, why=found.note)


def card(found: Found) -> judging.Scorecard:
    """The scorecard of a layer."""
    read = judging.Measured.from_dict
    reference = None if found.reference is None else read(found.reference)
    return judging.scorecard(read(found.measured), [read(null) for null in found.nulls], reference)
