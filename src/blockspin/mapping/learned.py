"""Cases of trained machines: the identity holds for all, and what they learned is read off every coupling."""

from __future__ import annotations

import math
from dataclasses import replace

from blockspin.coarse.embedding import Embedding, embed
from blockspin.mapping.couplings import Interactions, distances, nearest_neighbour
from blockspin.mapping.machine import Machine
from blockspin.mapping.mappings import MachineMapping
from blockspin.mapping.readings import Case, Outcome, read, zero
from blockspin.mapping.training import train_by_divergence, train_by_likelihood
from blockspin.models import Ising

PENALTIES = ("none", "l1", "l2")


def maximum_likelihood(model: Ising, n_hidden: int, seed: int, starts: int = 2) -> Case:
    """A machine of greatest likelihood: identity as ever, and as exact as its hidden units allow.

    With half as many units as sites on a ring, KL -> 0 and the hidden layer is the decimated ring: what training finds
    is `exact_machines.sublattice_machine`.
    """
    machine = train_by_likelihood(model, n_hidden, seed, starts=starts)
    about = f"{n_hidden} hidden units, exact gradient of KL, best of {starts} starts"
    case = trained(model, machine, f"maximum likelihood, {n_hidden} units", about)
    if model.lattice.kind != "chain" or 2 * n_hidden != model.lattice.n_sites:
        return case
    expected = (
        Outcome("KL", case.readings.KL, "<", 1e-6),
        Outcome(
            "K', as decimation's", case.K_coarse[0], "=", math.atanh(math.tanh(model.K) ** 2), tolerance=1e-3, unit=""
        ),
    )
    return _with(case, expected)


def contrastive_divergence(
    model: Ising, n_hidden: int, seed: int, *, penalty: str = "none", strength: float = 0.02, n_draws: int, n_iter: int
) -> Case:
    """A machine trained by CD-1 on exact draws, without a penalty or with L1 or L2: identity as ever, KL above 0.

    Raises ValueError for another penalty.
    """
    if penalty not in PENALTIES:
        raise ValueError(f"the penalty must be one of {', '.join(PENALTIES)}; got {penalty!r}")
    machine = train_by_divergence(
        model, n_hidden, seed, n_draws=n_draws, n_iter=n_iter, **({} if penalty == "none" else {penalty: strength})
    )
    name = "CD-1" if penalty == "none" else f"CD-1 with {penalty.upper()}"
    about = f"{n_hidden} hidden units, {n_draws} exact draws, {n_iter} epochs"
    about += "" if penalty == "none" else f", penalty {strength:g}"
    case = trained(model, machine, name, about)
    return _with(case, (Outcome("KL", case.readings.KL, ">", 1e-6),))


def trained(model: Ising, machine: Machine, name: str, about: str) -> Case:
    """The case of any machine: its units put on a lattice by their fields' centres, where that goes.

    `coarse.embedding` decides whether it goes; where it does not, ranges and K' are not defined.
    """
    machine, placed = arrange(model, machine)
    mapping = MachineMapping(model, machine)
    found = read(mapping)
    between = None if placed is None else distances(placed.lattice)
    couplings = mapping.interactions(between)
    outcomes = (
        zero("H_RG - H_RBM (eq. 18-20)", found.identity, mapping),
        Outcome("trace condition, but for a constant", found.trace_spread, ">", 1e-9),
    )
    where = (str(model.lattice), model.K, machine.n_hidden)
    return Case(name, about, *where, found, outcomes, couplings, _coarse(couplings, placed))


def arrange(model: Ising, machine: Machine) -> tuple[Machine, Embedding | None]:
    """The machine with its hidden units on the sites of a coarse lattice and turned to point along the fine spins.

    The embedding is None, and the machine as it was, where the fields' centres are no better than centres at random.
    """
    placed = embed(machine.weights, model.lattice)
    if placed is None or not placed.defined:
        return machine, None
    return machine.arranged(placed.site, placed.sign), placed


def _coarse(couplings: Interactions, placed: Embedding | None) -> tuple[float, float]:
    return (math.nan, math.nan) if placed is None else nearest_neighbour(couplings, placed.lattice)


def _with(case: Case, more: tuple[Outcome, ...]) -> Case:
    return replace(case, outcomes=case.outcomes + more)
