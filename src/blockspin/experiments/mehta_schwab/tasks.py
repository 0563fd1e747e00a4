"""The tasks of the Mehta-Schwab experiment: sample, train layer by layer, measure every layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.coarse.blocks import Decimation, Majority
from blockspin.coarse.rbm import RBM
from blockspin.coarse.sparse_fields import dense
from blockspin.coarse.stack import reconstruct
from blockspin.experiments.mehta_schwab.machines import build, stack_of, stored_samples
from blockspin.judging import Evidence, Subject, measure_subject
from blockspin.judging.criteria.fidelity import correlation
from blockspin.judging.nulls import noise, permuted, shuffled
from blockspin.lattice import Lattice
from blockspin.models.ising import Ising
from blockspin.randomness import integer
from blockspin.runs.task import Progress, Result
from blockspin.samples import features, split
from blockspin.statistics import jackknife

SHOWN = 4  # held-out samples whose reconstructions are kept for the page


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
        machine.fit(inputs)
    arrays = {
        "components": np.asarray(machine.components_),
        "intercept_hidden": np.asarray(machine.intercept_hidden_),
        "intercept_visible": np.asarray(machine.intercept_visible_),
    }
    trajectory = getattr(machine, "trajectory_", {})
    arrays |= {f"trajectory_{name}": np.asarray(values) for name, values in trajectory.items()}
    return Result(arrays, {"output": settings["recipe"].get("output", "mean")})


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
    measured = measure_subject(subject, criteria, kind=settings["null"])
    arrays: dict[str, np.ndarray[Any, Any]] = {"fields": dense(subject.fields).astype(np.float32)}
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
    if settings["null"] == "shuffled sites":
        return shuffled(stack, lattice.n_sites, settings["seed"])
    return stack
