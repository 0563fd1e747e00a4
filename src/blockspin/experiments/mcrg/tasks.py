"""The tasks of the experiment mcrg: samples at several couplings, machines, and a measurement of every map."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import xarray as xr

from blockspin.exact import surroundings
from blockspin.experiments.mcrg.maps import Climb, climb, rule, stored, trainer
from blockspin.experiments.mcrg.settings import EVEN, MACHINES, MAPS, ODD, RULES
from blockspin.experiments.mehta_schwab.machines import stored_samples
from blockspin.judging import Evidence, Subject, measure_subject
from blockspin.judging.nulls import cheap
from blockspin.lattice import Lattice
from blockspin.models.ising import KC_SQUARE, Ising
from blockspin.rg.blocking import block, mcrg
from blockspin.rg.couplings import Couplings, couplings
from blockspin.rg.flow import Trajectory, fixed_point, flow
from blockspin.rg.local_rule import local_rule
from blockspin.rg.mcrg import Spectrum
from blockspin.runs.task import Progress, Result
from blockspin.samples import features, provenance
from blockspin.sampling.sample import sample
from blockspin.statistics import Estimate

CRITERIA = ("locality", "tiling", "spectrum", "flow", "range")


def run_sample(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Draw Ising samples by the algorithm that `bs.sample` finds cheapest; arrays: spins (chain, draw, x, y)."""
    model = Ising(Lattice.square(settings["L"]), settings["K"])
    drawn = sample(model, settings["n"], seed=settings["seed"], chains=settings["chains"], progress=progress)
    return Result({"spins": drawn.values}, {"provenance": provenance(drawn)})


def run_information(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """I(H:E)/I(V:E) of each block rule at Kc, exactly: a 2 x 2 block of the 6 x 6 torus beyond a ring of 12 spins."""
    joint = surroundings.torus(Ising(Lattice.square(6), KC_SQUARE))
    lattice = Lattice.square(8)
    # the joint's patterns go around the square, those of a rule row by row
    spins = np.arange(16)[:, None] >> np.arange(4) & 1
    number = (spins[:, [0, 1, 3, 2]] << np.arange(4)).sum(axis=1)
    kept = {}
    for name in settings["rules"]:
        _, _, table = local_rule(rule(name, lattice, 1), lattice)
        kept[name] = joint.kept((table[number] + 1) / 2) / joint.information()
    return Result(meta={"kept": kept, "best": joint.best_binary()[0] / joint.information()})


def run_train(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Train a machine layer by layer; arrays: weights_1, weights_2, ... of the layers that were trained."""
    spins = stored_samples(parents[0])
    machine = trainer(settings["map"], settings["training"], settings["seed"], progress)
    lattice = Lattice.square(spins.sizes["x"])
    found = climb(settings["map"], lattice, features(spins), settings["steps"], machine, settings["seed"])
    weights = {f"weights_{layer}": np.asarray(one.components_) for layer, one in enumerate(found.fitted, start=1)}
    return Result(weights, {"why": found.why})


def run_measure(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Exponents, couplings and flow of one map; meta: numbers as [value, error], None where not defined."""
    name, seed = settings["map"], settings["seed"]
    samples = [stored_samples(parent) for parent in parents if "provenance" in parent.meta]
    trained_on = samples.pop() if name not in RULES else samples[0]
    critical = min(samples, key=lambda one: abs(_K(one) - KC_SQUARE))
    machine = None
    if name in MACHINES:
        arrays = parents[-1].arrays
        machine = stored([arrays[f"weights_{layer}"] for layer in range(1, len(arrays) + 1)])
    elif name not in RULES:
        machine = trainer(name, {}, seed, progress)
    lattice = Lattice.square(critical.sizes["x"])
    found = climb(name, lattice, features(trained_on), settings["steps"], machine, seed)
    progress(0.2, "scorecard")
    meta: dict[str, Any] = {"map": name, "about": MAPS[name], "why": found.why, "layers": len(found.placed)}
    meta |= _judged(name, found, samples[0], critical, seed)
    if not found.placed:
        return Result(meta=meta | {"spectrum": [], "couplings": [], "flow": [], "fixed": []})
    progress(0.4, "exponents")
    spectra = mcrg(critical, found.placed, len(found.placed), EVEN + ODD)
    progress(0.6, "couplings")
    coarse = [couplings(level, EVEN) for level in block(critical, found.placed)]
    progress(0.8, "flow")
    paths = flow(samples, found.placed, len(found.placed))
    meta |= {
        "spectrum": [_spectrum(one) for one in spectra],
        "couplings": [_couplings(one) for one in coarse],
        "flow": [_path(path) for path in paths],
        "fixed": [_fixed(paths, step) for step in range(len(found.placed))],
    }
    return Result(meta=meta)


def _judged(name: str, found: Climb, samples: xr.DataArray, critical: xr.DataArray, seed: int) -> dict[str, Any]:
    """The first layer before the judge, on samples of the smallest K, and its null behind permuted sites."""
    evidence = Evidence(samples, critical=critical, seed=seed)
    first = found.fitted[0]
    subject = Subject(first, evidence, name=name)
    measured = measure_subject(subject, CRITERIA)
    nulls = {"shuffled sites": cheap(first, evidence.X[:100], seed)["shuffled sites"]}
    return {
        "fields": subject.fields_from,
        "measured": measured.to_dict(),
        "nulls": [
            measure_subject(Subject(null, evidence, name=f"{name}, {label}"), CRITERIA, kind=label).to_dict()
            for label, null in nulls.items()
        ],
    }


def _spectrum(found: Spectrum) -> dict[str, Any]:
    return {
        "y_t": _pair(found.y_t),
        "y_h": _pair(found.y_h),
        "by_even": _pairs(found.y_t_by_operators),
        "by_odd": _pairs(found.y_h_by_operators),
        "why_t": found.why_t,
        "why_h": found.why_h,
    }


def _couplings(found: Couplings) -> dict[str, Any]:
    return {"K": _pairs(found.K), "nested": [_pairs(row) for row in found.nested], "why": found.why}


def _path(path: Trajectory) -> dict[str, Any]:
    return {
        "K": path.K,
        "operators": list(path.operators),
        "levels": [_pairs(level.K) for level in path.levels],
        "nearest": [_pair(level.nested[0][0]) for level in path.levels],
    }


def _fixed(paths: tuple[Trajectory, ...], step: int) -> dict[str, Any]:
    try:
        return {"K": _pairs(fixed_point(paths, step)), "why": ""}
    except ValueError as error:
        return {"K": None, "why": str(error)}


def _pair(one: Estimate) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in (one.value, one.error)]


def _pairs(many: Iterable[Estimate]) -> list[list[float | None]]:
    return [_pair(one) for one in many]


def _K(samples: xr.DataArray) -> float:
    return float(provenance(samples)["model"]["K"])
