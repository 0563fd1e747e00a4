"""How far a machine's distribution is from the model's, in nats a site: ln Z of both is known."""

from __future__ import annotations

import math

from blockspin.coarse.stack import as_rbm, layers, units_of
from blockspin.exact import chain, enumeration, ising2d
from blockspin.judging.evidence import Subject
from blockspin.judging.measurement import NotDefined, Reading, Side
from blockspin.models.ising import Ising, nearest
from blockspin.samples import by_chain
from blockspin.statistics import mean_over_chains

CHAINS, STEPS = 64, 1000  # of annealing
MOST_SITES = 20  # of a lattice that is summed over


def log_partition(model: Ising) -> float | None:
    """ln Z of the model in nats, exact: the ring, the square torus without a field, at most 20 sites; else None."""
    if model.lattice.kind == "chain":
        return chain.log_partition(model)
    if model.lattice.kind == "square" and model.h == 0 and model.K >= 0:
        return ising2d.log_partition(model.lattice, model.K)
    return enumeration.log_partition(model) if model.lattice.n_sites <= MOST_SITES else None


def divergence(subject: Subject) -> Reading | None:
    """KL(model || machine) = <F(v) - H(v)> + ln Z_machine - ln Z_model over the samples, in nats a site.

    F is the machine's free energy and H the model's; 0 is a machine that is the model. The error joins that of the
    mean over chains with that of the machine's ln Z, which is summed up to 20 units in the smaller layer and annealed
    beyond. Nothing is measured where the model has no exact ln Z, or for a stack of several machines, whose
    likelihood is a sum over the layers between. Not defined where annealing is refused.
    """
    model, samples, lattice = subject.evidence.model, subject.evidence.samples, subject.lattice
    if not nearest(model):
        return None
    try:
        machines = layers(subject.transformer)
    except ValueError:
        return None
    known = log_partition(model)
    if len(machines) != 1 or units_of(machines[0]) == "gaussian" or known is None:
        return None
    machine, X = as_rbm(machines[0]), subject.evidence.X
    rows = X if units_of(machine) == "spin" else (X + 1) // 2
    found = machine.partition(rows, n_chains=CHAINS, n_steps=STEPS, random_state=subject.evidence.seed)
    if found.trouble:
        raise NotDefined("ln Z refused", found.trouble)
    excess = machine.free_energy(rows) - model.energy(samples.values.reshape(len(X), -1))
    mean = mean_over_chains(by_chain(excess, samples))
    N = lattice.n_sites
    value, error = mean.value + found.value.value - known, math.hypot(mean.error, found.value.error)
    return Reading(value / N, error / N, target=Side("exact", 0.0))
