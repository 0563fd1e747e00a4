"""Generalization: does the model describe held-out chains as well as its training chains?

Of a generative map, of a stack its last RBM: the free-energy gap <F>_held-out - <F>_train in nats a sample, in which
ln Z cancels, so that it is the log-likelihood that unseen chains lose against the training chains; 0 without
overfitting. And the
pseudo-likelihood (1/N) sum_i ln p(v_i | the others) in nats a site, over all sites, against that of the training
chains. At most `MOST` samples a side are used. Errors: jackknife over chains.
"""

import math

import numpy as np
import xarray as xr

from blockspin.arrays import FloatArray
from blockspin.coarse.maps import Taken
from blockspin.judging.criteria.criterion import Criterion, Quantity
from blockspin.judging.evidence import Subject
from blockspin.judging.measurement import NotRequested, Reading, Side
from blockspin.judging.rules import Agrees, Described
from blockspin.samples import by_chain, to_matrix
from blockspin.statistics import Estimate, jackknife

MOST = 4000
Pair = tuple[Estimate, Estimate]  # of held-out chains, of training chains


def _both(subject: Subject) -> tuple[Pair, Pair | None] | None:
    """Free energy and pseudo-likelihood, each of held-out and of training chains; None for what has none."""
    if subject.map.free_energy(subject.evidence.X[:1]) is None:
        return None
    train = subject.evidence.train
    if train is None:
        raise NotRequested("no training samples", "no training samples were given")
    out, kept = (_measured(subject.map, one) for one in (subject.evidence.samples, train))
    return (out[0], kept[0]), None if out[1] is None or kept[1] is None else (out[1], kept[1])


def _measured(map: Taken, samples: xr.DataArray) -> tuple[Estimate, Estimate | None]:
    thin = samples.isel(draw=slice(None, None, max(1, samples.sizes["chain"] * samples.sizes["draw"] // MOST)))
    X = to_matrix(thin)
    free = _mean(by_chain(np.asarray(map.free_energy(X)), thin).mean(axis=1))
    if (found := map.pseudo_log_likelihood(X)) is None:
        return free, None
    pseudo, n_sites = found
    return free, _mean(by_chain(pseudo, thin).mean(axis=1) / n_sites)


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
    if found is None or found[1] is None:
        return None
    held_out, trained = found[1]
    return Reading(held_out.value, held_out.error, target=Side.of("training chains", trained))


def _mean(chains: FloatArray) -> Estimate:
    value, error = jackknife(chains)
    return Estimate(float(value), float(error))


GENERALIZATION = Criterion(
    __doc__,
    (
        Quantity("free-energy gap", _gap, Agrees(), anywhere=True),
        Quantity("pseudo-likelihood", _pseudo_likelihood, Described(), anywhere=True),
    ),
    headline=("free-energy gap",),
)
