"""The tasks of the experiment: samples, a thermometer that is learned, flows of RBMs, and layers of stacks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import blockspin as bs
from blockspin.experiments.rbm_flows import thermometers
from blockspin.experiments.rbm_flows.data import DATA, STARTS, configurations, training_rows
from blockspin.experiments.rbm_flows.settings import TEMPERATURES, Learning, Settings, Stack
from blockspin.experiments.rbm_flows.thermometers import Network
from blockspin.experiments.shared_tasks import ising_samples
from blockspin.experiments.stored import Array, Samples, Stored
from blockspin.experiments.task import task
from blockspin.experiments.tree import Tree
from blockspin.models.ising import KC_SQUARE
from blockspin.progress import part
from blockspin.randomness import integer
from blockspin.runs.task import Progress
from blockspin.statistics import mean_over_chains


class Drawn(Stored):
    """Independent configurations at each of TEMPERATURES, (labels, n, N)."""

    spins: Array


class Flow(Stored):
    """Temperatures with errors: of flows (trainings, starts, steps from 0, thermometers, 2) and of data (., 2)."""

    T: Array
    data: Array


class Layers(Stored):
    """Of the majority rule, then of each training's stack, numbers with errors.

    profile (maps, distances, 2): <v h> of a first layer's unit and a site; points (maps, layers, 2, 2): means over
    pairs and fours of units; K (maps, layers, 2): the coupling of neighbours, nan where units have no positions.
    """

    profile: Array
    points: Array
    K: Array


def plan(settings: Settings, seed: int) -> dict[str, Tree]:
    """Flows by L, data and N_h, and layers by L1; fewer hidden units for Ising data of all temperatures alone."""
    s, flows = settings, {}
    for L in s.L:
        rows, labelled = (draw(L, n, integer(seed, L, n)) for n in (3 * s.learning.n_samples, 2 * s.n_labelled))
        thermometer = network(labelled, L=L, n=s.n_labelled, seed=integer(seed, "network", L))
        flows[L] = {
            data: {
                h: flow(
                    rows, thermometer, L=L, data=data, units=round(h * L**2), learning=s.learning, chains=s.chains,
                    steps=[*s.steps], seeds=[integer(seed, "flow", L, data, n) for n in range(s.trainings)],
                )
                for h in (s.hidden if data == DATA[0] else s.hidden[:1])
            }
            for data in DATA
        }  # fmt: skip
    critical = [
        ising_samples(s.stack.L, KC_SQUARE, s.stack.n_samples, 200, integer(seed, use)) for use in ("fit", "test")
    ]
    seeds = [integer(seed, "stack", n) for n in range(s.trainings)]
    return {"flows": flows, "layers": {l1: layers(*critical, stack=s.stack, l1=l1, seeds=seeds) for l1 in s.stack.l1}}


@task(label="samples of {L} x {L} at all temperatures", weight=lambda L, n, **_: 1 + L**2 * n * 3e-6)
def draw(L: int, n: int, seed: int) -> Drawn:
    """n independent configurations of the Ising model at each temperature."""
    return Drawn(spins=np.stack([configurations(L, T, n, integer(seed, k)) for k, T in enumerate(TEMPERATURES)]))


@task(label="the network of {L} x {L}", weight=lambda L, n, **_: 1 + n * L**2 * 5e-5)
def network(drawn: Drawn, /, L: int, n: int, seed: int) -> Network:
    """The third thermometer."""
    return thermometers.learned(drawn.spins, seed)


def _cost(L: int, units: int, learning: Learning, seeds: list[int], **_: Any) -> float:
    return 4 + learning.n_samples * learning.n_iter * len(seeds) * L**2 * (units + 50) * 4e-9


@task(label="flow of {data}, {L} x {L}, {units} units", weight=_cost)
def flow(
    drawn: Drawn, network: Network, /, L: int, data: str, units: int, learning: Learning, chains: int,
    steps: list[int], seeds: list[int], *, progress: Progress,
) -> Flow:  # fmt: skip
    """Temperatures along reconstructions v -> h -> v, from both starts, of RBMs of 0/1 units without biases."""
    rows = training_rows(data, drawn.spins, learning.n_samples, seeds[0])
    how: dict[str, Any] = learning.model_dump(exclude={"n_samples"}) | {"verbose": part(progress, 0, 0.8)}
    how |= {"units": "binary", "biases": False, "init": "hinton-salakhutdinov"}
    rbms = bs.RBM.fit_many([bs.RBM(units, random_state=seed, **how) for seed in seeds], (rows + 1) // 2)
    T = np.empty((len(seeds), len(STARTS), 1 + len(steps), len(thermometers.NAMES), 2))
    for n, (rbm, seed) in enumerate(zip(rbms, seeds, strict=True)):
        progress(0.8 + 0.2 * n / len(seeds), f"training {n + 1}")
        for k, start in enumerate(STARTS):
            now = configurations(L, start, chains, integer(seed, k))
            T[n, k, 0] = thermometers.read(now, network)
            for at, (before, step) in enumerate(zip([0, *steps], steps, strict=False), start=1):
                now = 2 * rbm.gibbs_chain((now + 1) // 2, step - before, random_state=integer(seed, k, step)) - 1
                T[n, k, at] = thermometers.read(now, network)
    return Flow(T=T, data=np.array(thermometers.read(rows, network)))


def _stack_cost(stack: Stack, seeds: list[int], **_: Any) -> float:
    return 4 + stack.L**4 * stack.n_samples * stack.n_iter * len(seeds) * 1.5e-10


@task(label="layers with L1 = {l1}", weight=_stack_cost)
def layers(fit: Samples, test: Samples, /, stack: Stack, l1: float, seeds: list[int], *, progress: Progress) -> Layers:
    """Two layers of each training's stack and of the majority rule, measured on other critical samples."""
    X, how = np.asarray(bs.to_matrix(fit)), stack.model_dump(include={"learning_rate", "n_iter"})
    how |= {"units": "spin", "biases": False, "output": "sample", "l1": l1}
    stacks: list[list[Any]] = [[] for _ in seeds]
    below = [X] * len(seeds)
    for depth, units in enumerate((X.shape[1] // 4, X.shape[1] // 16)):
        verbose = part(progress, depth / 2, (depth + 1) / 2)
        rbms = bs.RBM.fit_many([bs.RBM(units, random_state=seed, verbose=verbose, **how) for seed in seeds], below)
        below = [rbm.transform(rows) for rbm, rows in zip(rbms, below, strict=True)]
        for one, rbm in zip(stacks, rbms, strict=True):
            one.append(rbm)
    rule = [bs.Majority(bs.Lattice.square(stack.L // b), 2, random_state=b) for b in (1, 2)]
    for one, rows in zip(rule, (X[:1], X[:1, : X.shape[1] // 4]), strict=True):
        one.fit(rows)
    profile, points, K = zip(*(measure(test, both) for both in (rule, *stacks)), strict=True)
    return Layers(profile=np.stack(profile), points=np.stack(points), K=np.stack(K))


def measure(samples: Any, stack: list[Any]) -> tuple[Array, Array, Array]:
    """The profile, points and K of `Layers` of one map of two layers."""
    from blockspin.coarse.embedding import centres, embed
    from blockspin.coarse.fields import weight_fields
    from blockspin.rg.pseudolikelihood import of_spins

    V, chains, lattice = np.asarray(bs.to_matrix(samples)), samples.sizes["chain"], bs.Lattice.square(len(samples.x))
    points, K, profile = np.empty((2, 2, 2)), np.full((2, 2), math.nan), np.empty(0)
    h, fields = V, np.eye(V.shape[1])
    for depth, layer in enumerate(stack):
        own: Any = weight_fields(layer, h.shape[1])
        h, fields = layer.transform(h), np.asarray(own @ fields)
        signed = h * np.where(V.sum(axis=1) @ h < 0, -1, 1).astype(np.int8)  # units follow the magnetisation
        for order, mean in enumerate(moments(signed)):
            points[depth, order] = _pair(mean_over_chains(mean.reshape(chains, -1)))
        where = embed(fields, lattice)
        if where is not None and where.defined:
            placed = where.place(h).reshape(chains, -1, *where.lattice.shape)
            K[depth] = _pair(of_spins(placed, where.lattice, ["nn"])["nn"])
        if not depth:
            at = lattice.distance(centres(fields, lattice)[:, None], lattice.coordinates[None]).astype(int)
            profile = by_distance(V, signed, np.minimum(at, lattice.shape[0] // 2), chains)
    return profile, points, K


def _pair(one: bs.Estimate) -> tuple[float, float]:
    return one.value, one.error


def by_distance(V: Array, h: Array, bins: Array, chains: int) -> Array:
    """<v_i h_a> averaged over pairs by their bin (M, N), with errors over chains, (bins, 2)."""
    found = []
    for part_of in np.array_split(np.arange(len(V)).reshape(chains, -1), min(chains, 50)):
        rows = part_of.ravel()
        found.append(np.bincount(bins.ravel(), (h[rows].T.astype(float) @ V[rows]).ravel() / len(rows)))
    means = np.array(found) / np.bincount(bins.ravel())
    return np.stack([means.mean(axis=0), means.std(axis=0, ddof=1) / math.sqrt(len(means))], axis=1)


def moments(h: Array) -> tuple[Array, Array]:
    """The mean of h_a h_b over pairs of different units, and of h_a h_b h_c h_d over fours, of each row of spins."""
    N, M2 = h.shape[1], h.sum(axis=1).astype(float) ** 2
    fours = (M2**2 - (6 * N - 8) * M2 + 3 * N**2 - 6 * N) / (N * (N - 1) * (N - 2) * (N - 3))
    return (M2 - N) / (N * (N - 1)), fours
