"""How far an RBM's distribution is from the model's, in nats a site: ln Z of both is known."""

import math

from blockspin.exact import chain, enumeration, ising2d
from blockspin.judging.evidence import Subject
from blockspin.judging.measurement import NotDefined, Reading, Side
from blockspin.models.ising import Ising, nearest
from blockspin.samples import by_chain
from blockspin.statistics import mean_over_chains

MOST_SITES = 20  # of a lattice that is summed over


def log_partition(model: Ising) -> float | None:
    """ln Z of the model in nats, exact: the ring, the square torus without a field, at most 20 sites; else None."""
    if model.lattice.kind == "chain":
        return chain.log_partition(model)
    if model.lattice.kind == "square" and model.h == 0 and model.K >= 0:
        return ising2d.log_partition(model.lattice, model.K)
    return enumeration.log_partition(model) if model.lattice.n_sites <= MOST_SITES else None


def divergence(subject: Subject) -> Reading | None:
    """KL(model || map) = <F(v) - H(v)> + ln Z_map - ln Z_model over the samples, in nats a site.

    F is the map's free energy and H the model's; 0 for an exact map. The error joins that of the mean over
    chains with that of the map's ln Z (an RBM's is summed up to 20 units in the smaller layer and annealed beyond).
    Nothing is measured where ln Z of the model is not exact or the map has none, as a stack of several RBMs. Not
    defined where the map's ln Z is refused.
    """
    model, samples, X = subject.evidence.model, subject.evidence.samples, subject.evidence.X
    if not nearest(model) or (known := log_partition(model)) is None:
        return None
    try:
        found = subject.map.log_partition(X, seed=subject.evidence.seed)
    except RuntimeError as refused:
        raise NotDefined("ln Z refused", str(refused)) from None
    energy = None if found is None else subject.map.free_energy(X)
    if found is None or energy is None:
        return None
    mean = mean_over_chains(by_chain(energy - model.energy(samples.values.reshape(len(X), -1)), samples))
    N = subject.lattice.n_sites
    value, error = mean.value + found.value - known, math.hypot(mean.error, found.error)
    return Reading(value / N, error / N, target=Side("exact", 0.0))
