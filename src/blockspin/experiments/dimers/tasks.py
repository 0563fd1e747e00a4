"""The tasks of the experiment dimers: samples, filters, correlators, machines, and a torus summed over."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.coarse import dimer_patterns as patterns
from blockspin.coarse.rbm import RBM
from blockspin.coarse.rsmi import RSMI
from blockspin.coarse.rsmi.windows import windows
from blockspin.exact import dimers as exact
from blockspin.exact.dimer_surroundings import dimer_joint
from blockspin.experiments.dimers.readings import correlator, dimension, overlaps, stiffness, winding_factor
from blockspin.experiments.dimers.settings import Settings
from blockspin.experiments.mehta_schwab.machines import stored_samples
from blockspin.lattice import Lattice
from blockspin.models.dimers import Dimers, winding
from blockspin.randomness import generator, integer
from blockspin.runs.task import Progress, Result, Task
from blockspin.samples import features, provenance
from blockspin.sampling.sample import sample
from blockspin.statistics import Estimate

BLOCK = 4  # cells a side of the block, 2 x 2 vertices, on the torus that is summed over
STARTS = ("canonical", "random", "random", "random")  # few sites: random starts arrive too
DRAWS = 10_000  # coverings drawn from the torus that is summed over


@dataclass(frozen=True)
class Plan:
    """Every task by what it is for: samples by T ("noise" for those with noise spins), filters by T and components."""

    samples: dict[float | str, Task]
    filters: dict[tuple[float | str, int], Task]
    decays: dict[float, Task]
    machines: Task
    exact: dict[float, Task]

    def tasks(self) -> list[Task]:
        """All tasks, parents before children."""
        groups = (self.samples, self.filters, self.decays, self.exact)
        return [task for group in groups for task in group.values()] + [self.machines]


def plan(settings: Settings, seed: int) -> Plan:
    """Lay out the tasks; nothing is run."""
    order = sorted(settings.temperatures)
    ends = (order[0], math.inf)
    samples: dict[float | str, Task] = {T: _sample_task(settings, T, None, seed) for T in order}
    samples["noise"] = _sample_task(settings, math.inf, settings.noise, seed)
    window = {"block": settings.block, "buffer": settings.buffer, "environment": settings.environment}
    learning = settings.learning.model_dump(mode="json")
    filters: dict[tuple[float | str, int], Task] = {}
    for T, parent in samples.items():
        for n in settings.components if T in ends else (2,):
            seeds = settings.seeds if T in (*ends, "noise") else 1
            chosen = window | {"n_components": n, "seeds": seeds, "seed": seed, "learning": learning}
            weight = seeds * (0.5 + 10.0 * settings.learning.n_iter * settings.learning.batch_size / 800_000)
            label = f"{n} filters, {'with noise' if T == 'noise' else f'T = {T:g}'}"
            filters[T, n] = Task("filters", label, run_filters, chosen, parents=(parent,), weight=weight)
    cold = filters[order[0], 2]
    cells, layers = settings.L**2 * settings.n_samples, settings.machines
    decays = {
        T: Task(
            "decay", f"decay at T = {T:g}", run_decay, {}, version=3, parents=(samples[T], cold), weight=cells * 2e-6
        )
        for T in order
    }
    machines = Task(
        "machines",
        "RBMs on blocks with noise",
        run_machines,
        {"block": settings.block, "seeds": settings.seeds, "seed": seed} | settings.machines.model_dump(mode="json"),
        parents=(samples["noise"],),
        weight=0.5 + settings.seeds * layers.n_iter * layers.n_samples * sum(layers.hidden) * 7e-8,
    )
    summed = {
        T: Task(
            "exact",
            f"{settings.torus}x{settings.torus} torus, T = {T:g}",
            run_exact,
            {"L": settings.torus, "T": _stored(T), "seeds": settings.seeds, "seed": seed},
            weight=7.0 * settings.seeds,
        )
        for T in (1.0, math.inf)
    }
    return Plan(samples, filters, decays, machines, summed)


def _sample_task(settings: Settings, T: float, noise: float | None, seed: int) -> Task:
    chosen = {"L": settings.L, "T": _stored(T), "noise": noise, "n": settings.n_samples, "chains": settings.chains}
    name = f"samples at T = {T:g}" + ("" if noise is None else " with noise")
    own = integer(seed, "samples", f"{T:g}", str(noise))
    weight = settings.L**2 * settings.n_samples * 2e-6
    return Task("sample", name, run_sample, chosen | {"seed": own}, weight=weight)


def _stored(T: float) -> float | None:
    return T if math.isfinite(T) else None  # JSON has no infinity


def run_sample(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Draw dimers by the worm; arrays: spins (chain, draw, x, y) of cells."""
    T = math.inf if settings["T"] is None else settings["T"]
    model = Dimers(Lattice.square(settings["L"]), T, settings["noise"])
    drawn = sample(model, settings["n"], seed=settings["seed"], chains=settings["chains"], progress=progress)
    return Result({"spins": drawn.values}, {"provenance": provenance(drawn)})


def run_filters(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Learn filters from several seeds; arrays: filters (seed, component, cells); meta: a reading of each seed."""
    drawn = stored_samples(parents[0])
    lattice = Lattice.square(drawn.sizes["x"])
    b, buffer, environment = (2 * settings[name] for name in ("block", "buffer", "environment"))
    n, learning = settings["n_components"], settings["learning"]
    found, told = [], []
    for number in range(settings["seeds"]):
        progress(number / settings["seeds"], f"seed {number + 1}")
        rsmi = RSMI(
            lattice,
            b,
            buffer,
            environment,
            n,
            center=True,
            starts=("canonical",),
            project=learning["project"],
            n_iter=learning["n_iter"],
            batch_size=learning["batch_size"],
            learning_rate=learning["learning_rate"],
            annealing=tuple(learning["annealing"]),
            random_state=integer(settings["seed"], "filters", n, number),
        ).fit(features(drawn), chains=drawn.sizes["chain"])
        found.append(rsmi.filters_)
        told.append(
            {
                "bounds": {name: _bound(bound) for name, bound in rsmi.bounds_.items()},
                "reads": overlaps(rsmi.filters_),
                "noise": patterns.noise_share(rsmi.filters_).tolist(),
            }
        )
    return Result({"filters": np.stack(found)}, {"seeds": told})


def run_decay(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """How correlations of the coldest plaquette filter, and of the exact pattern, decay in these samples."""
    drawn = stored_samples(parents[0])
    cells, L = drawn.values, drawn.sizes["x"] // 2
    cold = parents[1].arrays["filters"].reshape(-1, parents[1].arrays["filters"].shape[-1])
    b = math.isqrt(cold.shape[1])
    best = int(np.argmax(patterns.overlap(cold, patterns.PLAQUETTE)))
    model = Dimers(Lattice.square(L))
    windings = winding(model, cells_without_noise(cells))
    factor = winding_factor(windings, L)
    told: dict[str, Any] = {"overlap": float(patterns.overlap(cold, patterns.PLAQUETTE)[best])}
    for name, weights in (("learned", cold[best]), ("exact pattern", patterns.pattern("P_1", b))):
        G = correlator(cells, weights)
        found, distances = dimension(G, factor, weights)
        mean = G.mean(axis=0)
        told[name] = {
            "dimension": _pair(found),
            "G": (mean / mean[0]).tolist(),
            "errors": (G.std(axis=0, ddof=1) / math.sqrt(len(G)) / mean[0]).tolist(),
            "R": list(range(0, 2 * len(mean), 2)),
            "fitted": distances,
        }
        progress(0.5, "correlations")
    told["g"] = _pair(stiffness(windings))
    told["factor"] = factor.mean(axis=0)[0, : L // 2 + 1 : 2].tolist()
    return Result(meta=told)


def cells_without_noise(cells: NDArray[np.int8]) -> NDArray[np.int8]:
    """The same coverings with vertices and faces at -1, as a model without noise has them."""
    bare = cells.copy()
    bare[..., ::2, ::2] = bare[..., 1::2, 1::2] = -1
    return bare


def run_machines(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """RBMs of several sizes on single blocks with noise spins; meta: readings by hidden units and seed."""
    drawn = stored_samples(parents[0])
    b = 2 * settings["block"]
    X = features(drawn)[:, Lattice.square(drawn.sizes["x"]).blocks(b)].reshape(-1, b * b)
    told: list[dict[str, Any]] = []
    kept: dict[str, NDArray[np.float32]] = {}
    for M in settings["hidden"]:
        for number in range(settings["seeds"]):
            progress(len(told) / len(settings["hidden"]) / settings["seeds"], f"{M} hidden units, seed {number + 1}")
            random = generator(settings["seed"], "machines", M, number)
            rows = X[random.choice(len(X), min(settings["n_samples"], len(X)), replace=False)]
            machine = RBM(
                M,
                units="spin",
                centered=True,
                init="data-mean",
                learning_rate=settings["learning_rate"],
                n_iter=settings["n_iter"],
                random_state=integer(settings["seed"], "machines", M, number),
            ).fit(rows)
            W = np.asarray(machine.components_, float)
            strength = np.linalg.norm(W, axis=1)
            first = np.argsort(-strength)
            told.append(
                {
                    "hidden": M,
                    "noise": patterns.noise_share(W)[first].tolist(),
                    "strength": strength[first].tolist(),
                    "total": _total_noise(W),
                    "staggered": float((patterns.overlap(W, patterns.STAGGERED) ** 2).mean()),
                    "columnar": float((patterns.overlap(W, patterns.COLUMNAR) ** 2).mean()),
                }
            )
            if number == 0:
                kept[f"weights_{M}"] = W[first[:12]].astype(np.float32)
    return Result(kept, {"machines": told})


def _total_noise(W: NDArray[np.float64]) -> float:
    """The share of all squared weights of a layer that lies on noise spins, beside what is readable on bonds."""
    noise = (W * ~patterns.bond_cells(math.isqrt(W.shape[1]))) ** 2
    return float(noise.sum() / (noise.sum() + (patterns.readable(W) ** 2).sum()))


def run_exact(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Every covering of a small torus: I(V:E), the best rules, and what filters learned from draws keep, exactly."""
    vertices, T = Lattice.square(settings["L"]), math.inf if settings["T"] is None else settings["T"]
    lattice = Dimers(vertices).lattice
    buffer = 2 if settings["L"] > 4 else 1  # cells; the environment is what is left
    around = settings["L"] - BLOCK // 2 - buffer
    places = windows(lattice, BLOCK, buffer, around)
    joint = dimer_joint(vertices, T, places.blocks[0], places.environments[0])
    known = exact.coverings(vertices)
    chance = exact.probabilities(vertices, T, known)
    best = {"filter": joint.best_filter()[0], "2 states": joint.best(2)[0], "4 states": joint.best(4)[0]}
    told = []
    for number in range(settings["seeds"]):
        progress(number / settings["seeds"], f"seed {number + 1}")
        random = generator(settings["seed"], "exact", number)
        X = known[random.choice(len(known), DRAWS, p=chance)]
        for n in (1, 2):
            rsmi = RSMI(
                lattice,
                BLOCK,
                buffer,
                around,
                n,
                center=True,
                starts=STARTS,
                random_state=integer(settings["seed"], "exact", n, number),
            ).fit(X)
            kept = joint.kept(joint.by_signs(rsmi.filters_, rsmi.means_))
            bounds = {name: _bound(bound) for name, bound in rsmi.bounds_.items()}
            told.append({"components": n, "kept": kept, "bounds": bounds})
    return Result(meta={"information": joint.information(), "best": best, "learned": told})


def _bound(bound: Any) -> dict[str, Any]:
    return {"measured": _pair(bound.measured), "training": _pair(bound.training), "why": bound.why}


def _pair(one: Estimate) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in (one.value, one.error)]
