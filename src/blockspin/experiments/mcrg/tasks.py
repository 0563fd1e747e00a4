"""The tasks of the experiment: samples at several couplings, trained RBMs, and a measurement of every map."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import Field

import blockspin as bs
from blockspin import judging
from blockspin.experiments.core import Run
from blockspin.experiments.mcrg.maps import MAPS, climb
from blockspin.experiments.mcrg.published import EVEN, ODD
from blockspin.experiments.mcrg.settings import Settings
from blockspin.experiments.shared_tasks import again, ising_samples
from blockspin.experiments.stored import Number, Samples, Stored
from blockspin.experiments.task import task
from blockspin.experiments.tree import Tree
from blockspin.models.ising import KC_SQUARE
from blockspin.progress import part
from blockspin.randomness import integer
from blockspin.runs.task import Progress, Result

CRITERIA = ("locality", "tiling", "spectrum", "manifold", "flow", "range")
FEW_DRAWS = "the map has no weights: its fields are a regression on few draws a site, and locality is too wide"


class Step(Stored):
    """Exponents of one step from all operators, and from the first n."""

    y_t: Number
    y_h: Number
    y_t_by_operators: list[Number] = Field(alias="by_even")
    y_h_by_operators: list[Number] = Field(alias="by_odd")
    why_t: str
    why_h: str


class Level(Stored):
    """Couplings that fit the spins of one level, from all operators and from the first n."""

    K: list[Number]
    nested: list[list[Number]]
    why: str


class Path(Stored):
    """Couplings of one set of samples level by level; nearest: the one that alone fits best."""

    K: float
    operators: list[str]
    levels: list[list[Number]]
    nearest: list[Number]


class Fixed(Stored):
    """The fixed point as one step sees it."""

    K: list[Number] | None = None
    why: str = ""


class Found(Stored):
    """A map measured: the judge on its first layer, and its steps as far as its units have positions."""

    map: str
    about: str
    why: str
    layers: int
    fields: str
    measured: dict[str, Any]
    nulls: list[dict[str, Any]]
    spectrum: tuple[Step, ...] = ()
    couplings: tuple[Level, ...] = ()
    flow: tuple[Path, ...] = ()
    fixed: tuple[Fixed, ...] = ()


class Information(Stored):
    """The share of I(V:E) that each block rule keeps, and the best of all binary rules."""

    kept: dict[str, float]
    best: float


def plan(settings: Settings, seed: int, n: int = 1) -> dict[str, Tree]:
    """Samples by K, in ascending order; training samples, trained RBMs and measurements by map; exact information.

    Training n differs in what is trained.
    """
    s, own = settings, again(seed, n)

    def drawn(K: float, n: int, use: str) -> Any:
        return ising_samples(s.L, K, n, s.chains, integer(seed, use, f"{K:.12g}"))

    couplings = sorted([KC_SQUARE, *(KC_SQUARE + distance for distance in s.distances)])
    samples = {K: drawn(K, s.n_samples, "measure") for K in couplings}
    training = drawn(s.training.K, s.training.n_samples, "train")
    training = replace(training, label=f"{training.label} for training")
    recipe = s.training.model_dump() | {"n_iter": s.training.n_iter[: s.steps]}
    trained = {
        name: train(training, name, s.steps, own, {key: recipe[key] for key in MAPS[name].training})
        for name in s.maps
        if MAPS[name].training
    }
    measured = {
        name: measure(samples, None, None, name, s.steps, seed)
        if MAPS[name].rule
        else measure(samples, training, trained.get(name), name, s.steps, own)
        for name in s.maps
    }
    rules = information([name for name in s.maps if MAPS[name].rule])
    return {"information": rules, "samples": samples, "trained": trained, "measured": measured}


@task(label="what block rules keep, exactly", weight=2.0)
def information(rules: list[str]) -> Information:
    """I(H:E)/I(V:E) of each block rule at Kc, exactly: a 2 x 2 block of the 6 x 6 torus beyond a ring of 12 spins."""
    from blockspin.exact import surroundings
    from blockspin.exact.information import block_states

    joint = surroundings.torus(bs.Ising(bs.Lattice.square(6), KC_SQUARE))
    lattice = bs.Lattice.square(8)
    X = np.ones((16, lattice.n_sites), np.int8)
    X[:, lattice.blocks(2)[0][[0, 1, 3, 2]]] = block_states(4)  # the joint's patterns go around the square
    kept = {name: joint.kept(MAPS[name].make(lattice, 1).chance(X)[:, 0]) / joint.information() for name in rules}
    return Information(kept=kept, best=joint.best_binary()[0] / joint.information())


def _training_seconds(samples: Any, training: dict[str, Any], **_: Any) -> float:
    return float(samples.settings["L"] ** 4 / 4 * samples.settings["n"] * max(training["n_iter"][0], 1) * 1e-10)


@task(label="train {map}", version=2, weight=_training_seconds)
def train(
    samples: Samples, /, map: str, steps: int, seed: int, training: dict[str, Any], *, progress: Progress
) -> Result:
    """Train an RBM layer by layer; arrays: weights_1, weights_2, ... of the layers that were trained."""
    of = len(training["n_iter"])
    layers = [
        training | {"n_iter": n_iter, "verbose": part(progress, layer / of, (layer + 1) / of)}
        for layer, n_iter in enumerate(training["n_iter"])
    ]
    found = climb(map, samples, steps, seed, training=layers)
    weights = {f"weights_{layer}": np.asarray(one.components_) for layer, one in enumerate(found.fitted, start=1)}
    return Result(weights, {"why": found.why})


def _measuring_seconds(samples: dict[float, Any], **_: Any) -> float:
    drawn = samples[KC_SQUARE].settings
    return float(drawn["L"] ** 2 * drawn["n"] * len(samples) * 2e-7)


@task(label="measure {map}", version=6, weight=_measuring_seconds)
def measure(
    samples: dict[float, Samples],
    training: Samples | None,
    trained: Result | None,
    /,
    map: str,
    steps: int,
    seed: int,
    *,
    progress: Progress,
) -> Found:
    """Exponents, couplings and flow of one map, from samples by K."""
    from blockspin.rg.blocking import block

    smallest, critical = next(iter(samples.values())), samples[KC_SQUARE]
    weights = [trained.arrays[f"weights_{n}"] for n in range(1, len(trained.arrays) + 1)] if trained else []
    found = climb(map, smallest if training is None else training, steps, seed, weights=weights)
    progress(0.2, "scorecard")
    about = {"map": map, "about": MAPS[map].about, "why": found.why, "layers": len(found.placed)}
    about |= _judged(map, found.fitted[0], smallest, critical, seed)
    if not found.placed:
        return Found.model_validate(about)
    progress(0.4, "exponents")
    spectra = bs.rg.exponents(critical, found.placed, len(found.placed), EVEN + ODD)
    progress(0.6, "couplings")
    coarse = [bs.rg.couplings(level, EVEN) for level in block(critical, found.placed)]
    progress(0.8, "flow")
    paths = bs.rg.flow([*samples.values()], found.placed, len(found.placed))
    fixed = [_fixed(paths, step) for step in range(len(found.placed))]
    flow = [_path(path) for path in paths]
    return Found.model_validate(about | {"spectrum": spectra, "couplings": coarse, "flow": flow, "fixed": fixed})


def _judged(name: str, first: Any, samples: Samples, critical: Samples, seed: int) -> dict[str, Any]:
    """The judge on the first layer, on samples of the smallest K, and its null: permuted sites before it."""
    from blockspin.judging.nulls import cheap

    evidence = judging.Evidence(samples, critical=critical, seed=seed)
    subject = judging.Subject(first, evidence, name=name)
    measured = judging.measure_subject(subject, CRITERIA)
    label = "shuffled sites"
    null = judging.Subject(cheap(first, evidence.X[:100], seed)[label], evidence, name=f"{name}, {label}")
    other = judging.measure_subject(null, CRITERIA, kind=label)
    return {"fields": subject.fields_from, "measured": measured.to_dict(), "nulls": [other.to_dict()]}


def _path(path: Any) -> Path:
    nearest = [level.nested[0][0] for level in path.levels]
    levels = [level.K for level in path.levels]
    return Path(K=path.K, operators=list(path.operators), levels=levels, nearest=nearest)


def _fixed(paths: Any, step: int) -> Fixed:
    from blockspin.rg.trajectories import fixed_point

    try:
        return Fixed(K=list(fixed_point(paths, step)))
    except ValueError as error:
        return Fixed(why=str(error))


def cards(run: Run) -> dict[str, judging.Scorecard]:
    """One card a map: compared with its own nulls, means like the map, and with the majority rule as the reference."""
    read = judging.Measured.from_dict
    each = [one["measured"] for one in run.each]
    majority = read(each[0]["majority"].measured)
    found = {}
    for name in each[0]:
        some = [one[name] for one in each]
        few = any(one.fields == "regression" for one in some)
        nulls = [judging.mean([*map(read, same)]) for same in zip(*(one.nulls for one in some), strict=True)]
        measured = judging.mean([read(one.measured) for one in some])
        notes = [judging.Note("few draws for fields", FEW_DRAWS)] * few
        found[name] = judging.scorecard(measured, nulls, majority, notes)
    return found
