"""The tasks of the experiment: samples, a thermometer that is learned, flows of RBMs, and layers of stacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import blockspin as bs
from blockspin.experiments.rbm_flows import thermometers
from blockspin.experiments.rbm_flows.data import DATA, KINDS, STARTS, configurations, training_rows
from blockspin.experiments.rbm_flows.settings import KNOWN, TEMPERATURES, TESTED, Learning, Settings, Stack
from blockspin.experiments.rbm_flows.thermometers import Network
from blockspin.experiments.shared_tasks import ising_samples
from blockspin.experiments.stored import Array, Samples, Stored
from blockspin.experiments.task import task
from blockspin.experiments.tree import Tree
from blockspin.models.ising import KC_SQUARE
from blockspin.progress import part
from blockspin.randomness import integer
from blockspin.runs.task import Progress
from blockspin.statistics import GROUPS, jackknife, mean_over_chains


class Flow(Stored):
    """Temperatures with both errors of `thermometers.read`, (trainings, starts, steps, thermometers, 3)."""

    T: Array


class Data(Stored):
    """The readings of what each training learned, without any RBM, (trainings, thermometers, 3)."""

    T: Array


class Known(Stored):
    """What the thermometers read of samples at temperatures that are `KNOWN`, and `TESTED`, (..., thermometers, 3)."""

    T: Array
    tested: Array


class Layers(Stored):
    """Of the majority rule, then of each training's stack, numbers with errors.

    profile (maps, distances, 2): <v h> of a first layer's unit and a site; points (maps, layers, 2, 2): means over
    pairs and fours of units.
    """

    profile: Array
    points: Array


def plan(settings: Settings, seed: int) -> dict[str, Tree]:
    """Flows by L, data and N_h, and layers by L1; fewer hidden units for Ising data of all temperatures alone."""
    s, flows, rows, tests = settings, {}, {}, {}
    for L in s.L:
        thermometer = network(L, s.n_labelled, integer(seed, "network", L))
        tests[L] = known(thermometer, L=L, T=[*KNOWN, *TESTED], n=s.n_labelled, seed=integer(seed, "known", L))
        seeds = {data: [integer(seed, "flow", L, data, n) for n in range(s.trainings)] for data in DATA}
        rows[L] = {
            data: training_data(thermometer, L=L, data=data, n=s.learning.n_samples, seeds=seeds[data]) for data in DATA
        }
        flows[L] = {
            data: {
                h: flow(
                    thermometer, L=L, data=data, units=round(h * L**2), learning=s.learning, chains=s.chains,
                    steps=[*s.steps], seeds=seeds[data],
                )
                for h in (s.hidden if data == DATA[0] else s.hidden[:1])
            }
            for data in DATA
        }  # fmt: skip
    critical = [
        ising_samples(s.stack.L, KC_SQUARE, s.stack.n_samples, 200, integer(seed, use)) for use in ("fit", "test")
    ]
    random = [integer(seed, "stack", n) for n in range(s.trainings)]
    stacks = {l1: layers(*critical, stack=s.stack, l1=l1, seeds=random) for l1 in s.stack.l1}
    return {"flows": flows, "data": rows, "known": tests, "layers": stacks}


@task(label="the network of {L} x {L}", version=2, weight=lambda L, n, **_: 2 + n * L**2 * 6e-5)
def network(L: int, n: int, seed: int) -> Network:
    """The third thermometer, from n configurations at each temperature that train it and as many that calibrate it."""
    rows = [configurations(L, T, 2 * n, integer(seed, "rows", k)) for k, T in enumerate(TEMPERATURES)]
    return thermometers.learned(np.stack(rows), seed)


@task(label="samples of known temperature, {L} x {L}", version=2, weight=lambda L, n, **_: 5 + n * L**2 * 2e-6)
def known(network: Network, /, L: int, T: list[float], n: int, seed: int) -> Known:
    """The readings of n configurations at each known temperature, which no thermometer has seen."""
    found = [thermometers.read(configurations(L, one, n, integer(seed, k)), network) for k, one in enumerate(T)]
    return Known(T=np.array(found[: len(KNOWN)]), tested=np.array(found[len(KNOWN) :]))


def _cost(L: int, units: int, learning: Learning, seeds: list[int], **_: Any) -> float:
    return 4 + learning.n_samples * learning.n_iter * len(seeds) * L**2 * (units + 50) * 4e-9


@task(label="flow of {data}, {L} x {L}, {units} units", version=3, weight=_cost)
def flow(
    network: Network, /, L: int, data: str, units: int, learning: Learning, chains: int, steps: list[int],
    seeds: list[int], *, progress: Progress,
) -> Flow:  # fmt: skip
    """Temperatures along reconstructions v -> h -> v, from both starts, of RBMs of 0/1 units without biases.

    Each training draws rows of its own.
    """
    rows = [training_rows(data, L, learning.n_samples, integer(seed, "rows")) for seed in seeds]
    how: dict[str, Any] = learning.model_dump(exclude={"n_samples"}) | {"verbose": part(progress, 0, 0.8)}
    how["learning_rate"] *= min(1, 100 / L**2)
    how |= {"units": "binary", "biases": False, "init": "hinton-salakhutdinov"}
    rbms = bs.RBM.fit_many(
        [bs.RBM(units, random_state=seed, **how) for seed in seeds], [(one + 1) // 2 for one in rows]
    )
    T = np.empty((len(seeds), len(STARTS), len(steps), len(thermometers.NAMES), 3))
    for n, (rbm, seed) in enumerate(zip(rbms, seeds, strict=True)):
        progress(0.8 + 0.2 * n / len(seeds), f"training {n + 1}")
        for k, start in enumerate(STARTS):
            now = configurations(L, start, chains, integer(seed, k))
            for at, (before, step) in enumerate(zip([0, *steps], steps, strict=False)):
                now = 2 * rbm.gibbs_chain((now + 1) // 2, step - before, random_state=integer(seed, k, step)) - 1
                T[n, k, at] = thermometers.read(now, network)
    return Flow(T=T)


@task(label="{data} data, {L} x {L}", version=1, weight=lambda L, n, seeds, **_: 1 + n * len(seeds) * L**2 * 2e-6)
def training_data(network: Network, /, L: int, data: str, n: int, seeds: list[int]) -> Data:
    """The thermometers' readings of the rows that RBMs with these seeds learn, n a temperature.

    All temperatures in turn: the coupling's error is from parts of rows, each of which must have the mixture.
    """
    rows = (in_turn(training_rows(data, L, n, integer(seed, "rows")), len(KINDS[data])) for seed in seeds)
    return Data(T=np.array([thermometers.read(one, network) for one in rows]))


def in_turn(rows: Array, parts: int) -> Array:
    """Rows that follow one another in so many parts, now one of each part in turn."""
    places = [np.arange(len(part)) / len(part) for part in np.array_split(np.empty(len(rows)), parts)]
    return np.asarray(rows[np.argsort(np.concatenate(places), kind="stable")])


def _stack_cost(stack: Stack, seeds: list[int], **_: Any) -> float:
    return 4 + stack.L**4 * stack.n_samples * stack.n_iter * len(seeds) * 1.5e-10


@task(label="layers with L1 = {l1}", version=2, weight=_stack_cost)
def layers(fit: Samples, test: Samples, /, stack: Stack, l1: float, seeds: list[int], *, progress: Progress) -> Layers:
    """Two layers of each training's stack and of the majority rule, measured on other critical samples."""
    X, how = np.asarray(bs.to_matrix(fit)), stack.model_dump(include={"learning_rate", "n_iter"})
    how |= {"units": "spin", "biases": False, "output": "sample", "l1": l1}
    below: list[Array] = [X] * (1 + len(seeds))
    levels: list[list[Any]] = []
    for depth in range(2):
        units, verbose = X.shape[1] // 4 ** (1 + depth), part(progress, depth / 2, (depth + 1) / 2)
        rbms = [bs.RBM(units, random_state=integer(seed, depth), verbose=verbose, **how) for seed in seeds]
        rule = bs.Majority(bs.Lattice.square(stack.L // 2**depth), 2, random_state=depth).fit(below[0])
        levels.append([rule, *bs.RBM.fit_many(rbms, below[1:])])
        below = [one.transform(rows) for one, rows in zip(levels[-1], below, strict=True)]
    profile, points = zip(*(measure(test, both) for both in zip(*levels, strict=True)), strict=True)
    return Layers(profile=np.stack(profile), points=np.stack(points))


def measure(samples: Any, stack: Sequence[Any]) -> tuple[Array, Array]:
    """The profile and points of `Layers` of one map of two layers."""
    from blockspin.coarse.embedding import centres
    from blockspin.coarse.fields import weight_fields

    V, chains, lattice = np.asarray(bs.to_matrix(samples)), samples.sizes["chain"], bs.Lattice.square(len(samples.x))
    h, layers = V, []
    for layer in stack:
        h = layer.transform(h)
        layers.append(h * np.where(V.sum(axis=1) @ h < 0, -1, 1).astype(np.int8))  # units follow the magnetisation
    means = [[mean_over_chains(mean.reshape(chains, -1)) for mean in moments(signed)] for signed in layers]
    fields: Any = weight_fields(stack[0], V.shape[1])
    middle = centres(np.asarray(fields @ np.eye(V.shape[1])), lattice)  # fields may be sparse
    far = lattice.distance(middle[:, None], lattice.coordinates[None]).astype(int)
    profile = by_distance(V, layers[0], np.minimum(far, lattice.shape[0] // 2), chains)
    return profile, np.array([[(one.value, one.error) for one in both] for both in means])


def by_distance(V: Array, h: Array, bins: Array, chains: int) -> Array:
    """<v_i h_a> averaged over pairs by their bin (M, N), with errors over groups of chains, (bins, 2)."""
    found = []
    for group in np.array_split(np.arange(len(V)).reshape(chains, -1), min(chains, GROUPS)):
        rows = group.ravel()
        found.append(np.bincount(bins.ravel(), (h[rows].T.astype(float) @ V[rows]).ravel() / len(rows)))
    return np.stack(jackknife(np.array(found) / np.bincount(bins.ravel())), axis=1)


def moments(h: Array) -> tuple[Array, Array]:
    """The mean of h_a h_b over pairs of different units, and of h_a h_b h_c h_d over fours, of each row of spins."""
    N, M2 = h.shape[1], h.sum(axis=1).astype(float) ** 2
    fours = (M2**2 - (6 * N - 8) * M2 + 3 * N**2 - 6 * N) / (N * (N - 1) * (N - 2) * (N - 3))
    return (M2 - N) / (N * (N - 1)), fours
