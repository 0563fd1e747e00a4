"""Generalization: does the machine know held-out chains as well as those it was trained on?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from blockspin.coarse.stack import as_rbm, layers, units_of
from blockspin.judging.card import Measurement
from blockspin.judging.evidence import Subject
from blockspin.samples import by_chain, features
from blockspin.statistics import Estimate, jackknife

FloatArray = NDArray[np.float64]


def generalization(subject: Subject, most: int = 4000) -> list[Measurement]:
    """Free-energy gap and held-out pseudo-likelihood of the map's last machine.

    gap = <F>_held-out - <F>_train in nats a sample, F the free energy of the machine: ln Z cancels, so this is the
    log-likelihood that unseen chains lose against the training chains; 0 where nothing was learned by heart.
    Pseudo-likelihood: (1/N) sum_i ln p(v_i | the others) in nats a site, over all sites, against that of the training
    chains. At most `most` samples a side are used. Errors: jackknife over chains.
    """
    train = subject.evidence.train
    try:
        machine = as_rbm(layers(subject.transformer)[-1])
    except ValueError:
        return []
    if train is None:
        why = "no training samples were given"
        return [Measurement("generalization", "free-energy gap", math.nan, math.nan, why, asked=False)]
    if units_of(machine) == "binary" and _inputs(subject.transformer, subject.evidence.X[:1]).min() < 0:
        why = "the machine has 0/1 units and was given -1/+1: put a ToBinary before it"
        return [Measurement("generalization", "free-energy gap", math.nan, math.nan, why)]
    sides = []
    for samples in (subject.evidence.samples, train):
        thin = samples.isel(draw=slice(None, None, max(1, samples.sizes["chain"] * samples.sizes["draw"] // most)))
        inputs = _inputs(subject.transformer, features(thin))
        free = by_chain(machine.free_energy(inputs), thin).mean(axis=1)
        pseudo = by_chain(machine.pseudo_log_likelihood(inputs), thin).mean(axis=1) / inputs.shape[1]
        sides.append((_mean(free), _mean(pseudo)))
    (free_out, pseudo_out), (free_in, pseudo_in) = sides
    gap_error = math.hypot(free_out.error, free_in.error)
    none = {"name": "no gap", "value": 0.0, "error": 0.0}
    known = {"name": "training chains", "value": pseudo_in.value, "error": pseudo_in.error}
    gap = free_out.value - free_in.value
    return [
        Measurement("generalization", "free-energy gap", gap, gap_error, target=none, rule="agrees", one_sided=True),
        Measurement(
            "generalization", "pseudo-likelihood", pseudo_out.value, pseudo_out.error, target=known, rule="described"
        ),
    ]


def _inputs(transformer: Any, X: NDArray[Any]) -> NDArray[Any]:
    # what the last machine of a stack sees
    if isinstance(transformer, Pipeline) and len(transformer.steps) > 1:
        return np.asarray(transformer[:-1].transform(X))
    return X


def _mean(chains: FloatArray) -> Estimate:
    value, error = jackknife(chains)
    return Estimate(float(value), float(error))
