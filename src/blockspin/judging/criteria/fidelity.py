"""Fidelity: do free samples of the RBM agree with the model that it learned from?"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from blockspin import memory
from blockspin.arrays import FloatArray
from blockspin.exact import ising2d
from blockspin.judging.criteria.coarse_couplings import spins_needed
from blockspin.judging.criteria.criterion import Criterion, Quantity
from blockspin.judging.criteria.divergence import divergence
from blockspin.judging.evidence import Evidence, Subject
from blockspin.judging.measurement import NotDefined, Reading, Side
from blockspin.judging.nulls import PERMUTATIONS
from blockspin.judging.rules import CloserThanNulls, Described
from blockspin.lattice import Lattice
from blockspin.models.ising import Ising, nearest
from blockspin.rg.sectors import neighbours
from blockspin.samples import by_chain
from blockspin.statistics import UNDEFINED, Estimate, mean_over_chains

Observable = Callable[[NDArray[np.int8], Lattice], FloatArray]  # of (chain, draw, *sites), by chain and draw


def energy_per_site(spins: NDArray[np.int8], lattice: Lattice) -> FloatArray:
    """Energy a site in units of J, -1/N sum_<ij> s_i s_j, shape (chain, draw)."""
    return -neighbours(spins, lattice) / lattice.n_sites


def absolute_magnetisation(spins: NDArray[np.int8], lattice: Lattice) -> FloatArray:
    """|m| a site, shape (chain, draw)."""
    rows = spins.reshape(-1, lattice.n_sites)
    total = memory.by_rows(lambda part: part.sum(axis=1, dtype=np.int64), rows).reshape(spins.shape[:2])
    return np.asarray(np.abs(total) / lattice.n_sites)


def correlation(spins: NDArray[np.int8]) -> FloatArray:
    """G(r) = <s_0 s_r> along the axes, averaged over sites, axes and draws; shape (chain, r = 0 ... L/2)."""
    axes = tuple(range(1, spins.ndim))
    reach = min(spins.shape[2:]) // 2
    return np.stack(
        [
            np.mean([(spins * np.roll(spins, -r, axis)).mean(axis=axes) for axis in range(2, spins.ndim)], axis=0)
            for r in range(reach + 1)
        ],
        axis=1,
    )


def far_correlation(spins: NDArray[np.int8], lattice: Lattice) -> FloatArray:
    """G(L/4), shape (chain, 1)."""
    return correlation(spins)[:, [min(lattice.shape) // 4]]


def effective_coupling(energy: Estimate, lattice: Lattice) -> Estimate:
    """The coupling K whose exact energy a site on this torus is the one given (Kaufman); nan outside 0 <= K <= 2."""

    def gap(K: float) -> float:
        return ising2d.energy_per_site(lattice, K) - energy.value

    if lattice.kind != "square" or not gap(1e-6) > 0 > gap(2.0):
        return UNDEFINED
    K = float(brentq(gap, 1e-6, 2.0, xtol=1e-10))
    slope = (gap(K + 1e-4) - gap(K - 1e-4)) / 2e-4
    return Estimate(K, abs(energy.error / slope))


def reconstruction(subject: Subject) -> Reading:
    """Share of held-out sites whose spin is reconstructed from the coarse variables, jackknife over chains.

    A stack passes its means down; a map without `reconstruct` is read back through its fields, sign(sum_a r_ai c_a). A
    site that no output determines counts one half. The sign of the magnetisation alone reconstructs (1 + <|m|>)/2 of
    the sites: that is a null of the quantity's own.
    """
    outputs = subject.outputs
    centre = 0 if outputs.min() < 0 else outputs.mean(axis=0, dtype=np.float32)

    def share(X: NDArray[Any], coarse: NDArray[Any]) -> FloatArray:
        back = subject.map.reconstruct(X)
        if back is None:
            back = (coarse.astype(np.float32) - centre) @ subject.fields.astype(np.float32)
        return np.asarray((1 + np.sign(back) * X).mean(axis=1) / 2)

    right = mean_over_chains(by_chain(memory.by_rows(share, subject.evidence.X, outputs), subject.evidence.samples))
    size = mean_over_chains(absolute_magnetisation(subject.evidence.samples.values, subject.lattice))
    null = Side("the sign of m alone", (1 + size.value) / 2, size.error / 2)
    return Reading(right.value, right.error, below=null)


def _of_run(subject: Subject, observable: Observable) -> Reading | None:
    """The observable of free samples, against that of the data; None for maps that generate no spins.

    Where the halves from data and from noise differ by more than 4 errors, half of that is added to the error.
    """
    run, lattice = subject.free_run, subject.lattice
    if run is None:
        return None
    halves = [observable(spins, lattice) for spins in run]
    first, second, together = map(mean_over_chains, (*halves, np.concatenate(halves)))
    error, why, difference = together.error, "", abs(first.value - second.value)
    if difference > 4 * math.hypot(first.error, second.error):
        why = f"the run remembers its start: {first} from data, {second} from noise"
        error += difference / 2
    data = mean_over_chains(observable(subject.evidence.samples.values, lattice))
    return Reading(together.value, error, why, target=Side.of("data", data))


def _energy(subject: Subject) -> Reading | None:
    spins_needed(subject)
    found, model = subject.once(_of_run, energy_per_site), _solved(subject.evidence)
    if found is None or model is None:
        return found
    return replace(found, target=Side("exact", ising2d.energy_per_site(model.lattice, model.K)))


def _effective_K(subject: Subject) -> Reading | None:
    model = _solved(subject.evidence)
    found = None if model is None else _energy(subject)
    if model is None or found is None:
        return None
    coupling = effective_coupling(Estimate(found.value, found.error), subject.lattice)
    if not math.isfinite(coupling.value):
        raise NotDefined("no such energy", "no Ising model on this lattice has such an energy")
    return Reading(coupling.value, coupling.error, found.note, target=Side("model", model.K))


def _size(subject: Subject) -> Reading | None:
    spins_needed(subject)
    return _of_run(subject, absolute_magnetisation)


def _correlation(subject: Subject) -> Reading | None:
    return None if subject.evidence.not_spins else _of_run(subject, far_correlation)


def _solved(evidence: Evidence) -> Ising | None:
    """The model, if its energy is known: the Ising model of the square lattice without a field."""
    model = evidence.model
    return model if nearest(model) and model.h == 0 and evidence.lattice.kind == "square" else None


FIDELITY = Criterion(
    __doc__,
    (
        Quantity("reconstructed sites", reconstruction, CloserThanNulls(one_sided=True), True, True),
        Quantity("KL a site", divergence, Described()),
        Quantity("energy a site", _energy, CloserThanNulls()),
        Quantity("effective K", _effective_K, Described()),
        Quantity("|m|", _size, CloserThanNulls(blind=PERMUTATIONS), anywhere=True),
        Quantity("G(L/4)", _correlation, CloserThanNulls()),
    ),
    headline=("reconstructed sites",),
)
