"""Generalization: does the model know held-out chains as well as those it was trained on?

Of the map's last RBM: the free-energy gap <F>_held-out - <F>_train in nats a sample, in which ln Z cancels, so that it
is the log-likelihood that unseen chains lose against the training chains; 0 where nothing was learned by heart. And the
pseudo-likelihood (1/N) sum_i ln p(v_i | the others) in nats a site, over all sites, against that of the training
chains. At most `MOST` samples a side are used. Errors: jackknife over chains.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from blockspin.coarse.stack import as_rbm, layers, units_of
from blockspin.judging.criteria.criterion import Criterion, Quantity
from blockspin.judging.evidence import Subject
from blockspin.judging.measurement import NotDefined, NotRequested, Reading, Side
from blockspin.judging.questions import QUESTIONS
from blockspin.judging.rules import Agrees, Described
from blockspin.samples import by_chain, features
from blockspin.statistics import Estimate, jackknife

FloatArray = NDArray[np.float64]
MOST = 4000
Pair = tuple[Estimate, Estimate]  # of held-out chains, of training chains


def _both(subject: Subject) -> tuple[Pair, Pair] | None:
    """Free energy and pseudo-likelihood, each of held-out and of training chains; None for what is no RBM."""
    try:
        machine = as_rbm(layers(subject.transformer)[-1])
    except ValueError:
        return None
    train = subject.evidence.train
    if train is None:
        raise NotRequested("no training samples", "no training samples were given")
    if units_of(machine) == "binary" and _inputs(subject.transformer, subject.evidence.X[:1]).min() < 0:
        raise NotDefined("binary units", "the RBM has 0/1 units and gets -1/+1: put a ToBinary before it")
    held_out, trained = (_measured(subject.transformer, machine, one) for one in (subject.evidence.samples, train))
    return (held_out[0], trained[0]), (held_out[1], trained[1])


def _measured(transformer: Any, machine: Any, samples: xr.DataArray) -> Pair:
    thin = samples.isel(draw=slice(None, None, max(1, samples.sizes["chain"] * samples.sizes["draw"] // MOST)))
    inputs = _inputs(transformer, features(thin))
    free = by_chain(machine.free_energy(inputs), thin).mean(axis=1)
    pseudo = by_chain(machine.pseudo_log_likelihood(inputs), thin).mean(axis=1) / inputs.shape[1]
    return _mean(free), _mean(pseudo)


def _gap(subject: Subject) -> Reading | None:
    found = subject.once(_both)
    if found is None:
        return None
    held_out, trained = found[0]
    error = math.hypot(held_out.error, trained.error)
    return Reading(held_out.value - trained.value, error, target=Side("no gap", 0.0))


def _pseudo_likelihood(subject: Subject) -> Reading | None:
    if subject.evidence.train is None:
        return None  # the gap says why
    found = subject.once(_both)
    if found is None:
        return None
    held_out, trained = found[1]
    return Reading(held_out.value, held_out.error, target=Side.of("training chains", trained))


def _inputs(transformer: Any, X: NDArray[Any]) -> NDArray[Any]:
    # what the last machine of a stack sees
    if isinstance(transformer, Pipeline) and len(transformer.steps) > 1:
        return np.asarray(transformer[:-1].transform(X.copy()))
    return X


def _mean(chains: FloatArray) -> Estimate:
    value, error = jackknife(chains)
    return Estimate(float(value), float(error))


GENERALIZATION = Criterion(
    QUESTIONS["generalization"],
    (
        Quantity("free-energy gap", _gap, Agrees(one_sided=True)),
        Quantity("pseudo-likelihood", _pseudo_likelihood, Described()),
    ),
    headline=("free-energy gap",),
)
