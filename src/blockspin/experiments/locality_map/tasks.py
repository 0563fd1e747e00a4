"""The tasks of the experiment locality-map: samples a coupling and seed, and a layer a point and seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone

from blockspin.coarse.rbm import RBM
from blockspin.experiments.locality_map.settings import Layer
from blockspin.experiments.mehta_schwab.machines import stored_samples
from blockspin.judging import Evidence, Measured, NotDefined, Scorecard, Subject, measure_subject, reference, scorecard
from blockspin.judging.criteria.divergence import divergence
from blockspin.judging.nulls import shuffled
from blockspin.lattice import Lattice
from blockspin.models.ising import Ising
from blockspin.randomness import integer
from blockspin.runs.task import Progress, Result
from blockspin.samples import features, provenance, split
from blockspin.sampling.sample import sample

CRITERIA = ["locality", "tiling", "spectrum"]


def run_sample(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Draw Ising samples by the algorithm that `bs.sample` finds cheapest; arrays: spins (chain, draw, x, y)."""
    model = Ising(Lattice.square(settings["L"]), settings["K"])
    drawn = sample(model, settings["n"], seed=settings["seed"], chains=settings["chains"], progress=progress)
    return Result({"spins": drawn.values}, {"provenance": provenance(drawn)})


def run_layer(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Train one layer and measure it, its nulls and the majority rule; arrays: weights (float16, for pictures)."""
    layer, seed = Layer.model_validate(settings["layer"]), settings["seed"]
    pool, critical = (stored_samples(parent) for parent in parents)
    n_pool = pool.sizes["chain"] * pool.sizes["draw"]
    train, held_out = split(pool, 1 - settings["held_out"] / n_pool, seed=seed)
    X = features(train)
    X = X[np.linspace(0, len(X) - 1, layer.n_samples).round().astype(int)]  # of all chains alike
    machine = RBM(
        layer.units,
        units="spin",
        biases=False,
        learning_rate=layer.learning_rate,
        l1=layer.l1,
        init_scale=layer.init_scale,
        momentum=layer.momentum,
        batch_size=layer.batch_size,
        k=layer.k,
        n_iter=max(1, round(layer.updates * layer.batch_size / layer.n_samples)),
        random_state=integer(seed, "train"),
        verbose=lambda fraction, words: progress(0.6 * fraction, words),
    ).fit(X)
    progress(0.6, "measuring")
    model = Ising(Lattice.square(layer.L), layer.K)
    evidence = Evidence(held_out, critical=critical, model=model, seed=seed)
    subject = Subject(machine, evidence, name="rbm")
    measured = measure_subject(subject, CRITERIA)
    nulls = {
        "untrained": clone(machine).set_params(n_iter=0, verbose=0).fit(X),
        "shuffled sites": shuffled(machine, X.shape[1], seed),
    }
    compared = [
        measure_subject(Subject(null, evidence, name=name), CRITERIA, kind=name).to_dict()
        for name, null in nulls.items()
    ]
    majority = reference(evidence, measured.b, seed=seed, criteria=CRITERIA)
    progress(0.8, "ln Z")
    return Result(
        {"weights": machine.components_.astype(np.float16)},
        {
            "measured": measured.to_dict(),
            "nulls": compared,
            "reference": majority.to_dict() if majority is not None else None,
            "divergence": _divergence(subject),
        },
    )


def _divergence(subject: Subject) -> dict[str, Any]:
    try:
        found = divergence(subject)
    except NotDefined as refused:
        return {"value": None, "error": None, "why": refused.why}
    assert found is not None  # an RBM on a lattice whose ln Z is known
    return {"value": found.value, "error": found.error, "why": found.note}


def card(meta: dict[str, Any]) -> Scorecard:
    """The scorecard of a layer, from what its task stored."""
    nulls = [Measured.from_dict(null) for null in meta["nulls"]]
    reference = None if meta["reference"] is None else Measured.from_dict(meta["reference"])
    return scorecard(Measured.from_dict(meta["measured"]), nulls, reference)
