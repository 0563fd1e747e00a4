"""The tasks of the experiment: samples a coupling and seed, layers trained together, and each of them measured."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

import blockspin as bs
from blockspin import judging
from blockspin.experiments.locality_map.settings import TOGETHER, Layer, Settings
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
OWN = {"K", "l1", "learning_rate", "init_scale", "momentum"}  # what layers of one program need not share


class Divergence(Stored):
    """KL(model, RBM) in nats a site, nan where ln Z was refused; why, or how it was found."""

    value: Real
    error: Real
    why: str


class Trained(Stored):
    """Layers of one seed that were trained together, and their weights (layer, M, N)."""

    layers: list[Layer]
    weights: Array

    def machine(self, layer: Layer, seed: int) -> bs.RBM:
        """The RBM of one of the layers."""
        return bs.RBM.from_weights(self.weights[self.layers.index(layer)], **_recipe(layer, seed))


class Found(Stored):
    """A layer measured, with its nulls and the majority rule as `judging.Measured`."""

    measured: dict[str, Any]
    nulls: list[dict[str, Any]]
    reference: dict[str, Any] | None
    divergence: Divergence


def plan(settings: Settings, seed: int) -> dict[str, Tree]:
    """The layers of every map, in the order of its points."""
    maps = {name: layers(settings, name, seed) for name in settings.planes}
    trained = _trained(settings, {(point.seed, layer) for points in maps.values() for point, layer in points})
    return {"planes": {name: [_layer(settings, trained, *one) for one in points] for name, points in maps.items()}}


def layers(settings: Settings, plane: str, seed: int) -> list[tuple[Point, Layer]]:
    """The points of a map with their layers. Raises SettingsError where a layer does not fit."""
    found = []
    for point in settings.planes[plane].points(seed):
        try:
            found.append((point, build(Layer, settings.layer.model_dump(), values=point.values)))
        except SettingsError as error:
            raise SettingsError(f"planes.{plane}: at the point {point}: {error}") from error
    return found


def _trained(settings: Settings, wanted: Iterable[tuple[int, Layer]]) -> dict[tuple[int, Layer], Task]:
    """The training of every layer, together with others of its seed that can share its program."""
    alike: dict[Any, list[Layer]] = defaultdict(list)
    for seed, layer in sorted(wanted, key=lambda one: (one[0], one[1].K, *one[1].model_dump().values())):
        alike[seed, layer.model_dump_json(exclude=OWN)].append(layer)
    found: dict[tuple[int, Layer], Task] = {}
    for (seed, _), some in alike.items():
        number = max(1, len(some) // TOGETHER)
        for first, end in pairwise(len(some) * part // number for part in range(number + 1)):
            company = some[first:end]
            pools = {layer.K: _pool(settings, layer, seed) for layer in company}
            dumped = [layer.model_dump(mode="json") for layer in company]
            one = train(pools, layers=dumped, held_out=settings.held_out, seed=seed)
            found |= {(seed, layer): one for layer in company}
    return found


def _layer(settings: Settings, trained: dict[tuple[int, Layer], Task], point: Point, layer: Layer) -> Task:
    s, seed = settings, point.seed
    critical = _samples(layer.L, KC_SQUARE, s.n_critical, s.chains, seed, "critical")
    one = measured_layer(trained[seed, layer], _pool(s, layer, seed), critical, layer, s.held_out, seed)
    return replace(one, label=f"layer at {point}")


def _pool(s: Settings, layer: Layer, seed: int) -> Task:
    # two chains' worth more than requested, since sets are split by chains
    n = math.ceil((s.pool + s.held_out) * (1 + 2 / s.chains))
    return _samples(layer.L, layer.K, n, s.chains, seed, "train")


def _samples(L: int, K: float, n: int, chains: int, seed: int, use: str) -> Task:
    drawn = ising_samples(L, K, n, chains, integer(seed, use, L, f"{K:.12g}"))
    return replace(drawn, label=f"{use} samples at K = {K:.4g}, seed {seed}", weight=L**2 * n * 2e-7 + 0.1)


def _seconds(layers: list[dict[str, Any]], **_: Any) -> float:
    one = layers[0]  # five products a mini-batch, at 70 GFLOP/s
    products = 10 * one["batch_size"] * one["L"] ** 2 * one["units"] * one["updates"] * one["k"]
    return float(len(layers) * products / 7e10)


def _recipe(layer: Layer, seed: int) -> dict[str, Any]:
    """The parameters of a layer's RBM. All of one seed draw the same numbers."""
    n_iter = max(1, round(layer.updates * layer.batch_size / layer.n_samples))
    chosen = layer.model_dump(include={"learning_rate", "l1", "init_scale", "momentum", "batch_size", "k"})
    return chosen | {"units": "spin", "biases": False, "n_iter": n_iter, "random_state": integer(seed, "train")}


def _divided(pool: Samples, layer: Layer, held_out: int, seed: int) -> tuple[Any, Samples]:
    """The rows that a layer is trained on, and the samples that it is judged on."""
    train, rest = bs.split(pool, 1 - held_out / (pool.sizes["chain"] * pool.sizes["draw"]), seed=seed)
    X = bs.to_matrix(train)
    return X[np.linspace(0, len(X) - 1, layer.n_samples).round().astype(int)], rest  # of all chains alike


@task(label=lambda layers, seed, **_: f"train {len(layers)} layers, seed {seed}", weight=_seconds)
def train(
    pools: dict[float, Samples], /, layers: list[Layer], held_out: int, seed: int, *, progress: Progress
) -> Trained:
    """Train layers in one program, each on samples of its coupling; whom a layer is trained with may round its bits."""
    rows = {K: _divided(pool, layers[0], held_out, seed)[0] for K, pool in pools.items()}
    machines = [bs.RBM(layer.units, verbose=progress, **_recipe(layer, seed)) for layer in layers]
    bs.RBM.fit_many(machines, [rows[layer.K] for layer in layers])
    return Trained(layers=layers, weights=np.stack([one.components_ for one in machines]))


@task(kind="layer", version=5, label="layer", weight=0.8)
def measured_layer(
    trained: Trained, pool: Samples, critical: Samples, /, layer: Layer, held_out: int, seed: int, *, progress: Progress
) -> Found:
    """Measure one layer, its nulls and the majority rule."""
    from blockspin.judging.nulls import cheap

    X, rest = _divided(pool, layer, held_out, seed)
    machine = trained.machine(layer, seed)
    model = bs.Ising(bs.Lattice.square(layer.L), layer.K)
    evidence = judging.Evidence(rest, critical=critical, model=model, seed=seed)
    subject = judging.Subject(machine, evidence, name="rbm")
    measured = judging.measure_subject(subject, CRITERIA)
    nulls = cheap(machine, X, seed)
    compared = [
        judging.measure_subject(judging.Subject(nulls[name], evidence, name=name), CRITERIA, kind=name)
        for name in ("untrained", "shuffled sites")
    ]
    majority = judging.reference(evidence, measured.b, seed=seed, criteria=CRITERIA)
    progress(0.5, "ln Z")
    return Found(
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
