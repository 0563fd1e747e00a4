"""Fidelity: run the machine freely and compare what it makes with the model it learned from."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from blockspin.coarse.stack import reconstruct
from blockspin.exact import ising2d
from blockspin.judging.card import Measurement
from blockspin.judging.divergence import divergence
from blockspin.judging.evidence import Evidence, Subject
from blockspin.lattice import Lattice
from blockspin.models.ising import Ising
from blockspin.samples import by_chain
from blockspin.statistics import Estimate, jackknife, mean_over_chains

FloatArray = NDArray[np.float64]

OF_SPINS = ("energy a site", "|m|")


def energy_per_site(spins: NDArray[np.int8], lattice: Lattice) -> FloatArray:
    """Energy a site in units of J, -1/N sum_<ij> s_i s_j, shape (chain, draw)."""
    return Ising(lattice, 1.0).energy(spins) / lattice.n_sites


def absolute_magnetisation(spins: NDArray[np.int8], lattice: Lattice) -> FloatArray:
    """|m| a site, shape (chain, draw)."""
    magnetisation: FloatArray = np.abs(spins.sum(axis=tuple(range(2, spins.ndim)), dtype=np.int64)) / lattice.n_sites
    return magnetisation


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


def effective_coupling(energy: Estimate, lattice: Lattice) -> Estimate:
    """The coupling K whose exact energy a site on this torus is the one given (Kaufman); nan outside 0 <= K <= 2."""

    def gap(K: float) -> float:
        return ising2d.energy_per_site(lattice, K) - energy.value

    if lattice.kind != "square" or not gap(1e-6) > 0 > gap(2.0):
        return Estimate(math.nan, math.nan)
    K = float(brentq(gap, 1e-6, 2.0, xtol=1e-10))
    slope = (gap(K + 1e-4) - gap(K - 1e-4)) / 2e-4
    return Estimate(K, abs(energy.error / slope))


def fidelity(subject: Subject) -> list[Measurement]:
    """The divergence from the model, and energy, |m|, G(L/4) and the effective coupling of a machine's own samples.

    Errors are those of the mean over chains; where chains from data and from noise disagree by more than 4 standard
    errors the run has not forgotten its start, and half the difference is added to the error.
    """
    rows = [reconstruction(subject), *divergence(subject)]
    if why := subject.evidence.not_spins:
        return rows + [Measurement("fidelity", name, math.nan, math.nan, why, asked=False) for name in OF_SPINS]
    run = subject.free_run
    if run is None:
        return rows
    lattice, evidence = subject.lattice, subject.evidence
    samples = evidence.samples.values
    quarter = min(lattice.shape) // 4
    energy, why = _both(energy_per_site(run.from_data, lattice), energy_per_site(run.from_noise, lattice))
    target = _exact_energy(evidence) or _target("data", mean_over_chains(energy_per_site(samples, lattice)))
    rows.append(Measurement("fidelity", "energy a site", energy.value, energy.error, why, target=target))
    coupling = effective_coupling(energy, lattice)
    if isinstance(evidence.model, Ising) and evidence.model.h == 0 and lattice.kind == "square":
        known = {"name": "model", "value": evidence.model.K, "error": 0.0}
        reason = why if math.isfinite(coupling.value) else "no Ising model on this lattice has such an energy"
        rows.append(
            Measurement(
                "fidelity", "effective K", coupling.value, coupling.error, reason, target=known, rule="described"
            )
        )
    size, why = _both(absolute_magnetisation(run.from_data, lattice), absolute_magnetisation(run.from_noise, lattice))
    target = _target("data", mean_over_chains(absolute_magnetisation(samples, lattice)))
    rows.append(Measurement("fidelity", "|m|", size.value, size.error, why, target=target))
    far, why = _both(correlation(run.from_data)[:, [quarter]], correlation(run.from_noise)[:, [quarter]])
    value, error = jackknife(correlation(samples)[:, quarter])
    target = {"name": "data", "value": float(value), "error": float(error)}
    rows.append(Measurement("fidelity", f"G({quarter})", far.value, far.error, why, target=target))
    return rows


def reconstruction(subject: Subject) -> Measurement:
    """Share of held-out sites whose spin comes back from the coarse variables, jackknife over chains.

    A stack passes its means down; any other map is read back through its own fields, sign(sum_a r_ai c_a). A site
    about which nothing is said counts one half. The sign of the magnetisation alone brings back (1 + <|m|>)/2 of the
    sites: that is a null of the quantity's own.
    """
    X = subject.evidence.X
    try:
        back = reconstruct(subject.transformer, X)
    except ValueError:
        outputs = subject.outputs.astype(np.float32)
        back = (outputs - (0 if outputs.min() < 0 else outputs.mean(axis=0))) @ subject.fields.astype(np.float32)
    right = by_chain((1 + np.sign(back) * X).mean(axis=1) / 2, subject.evidence.samples).mean(axis=1)
    value, error = jackknife(right)
    size = mean_over_chains(absolute_magnetisation(subject.evidence.samples.values, subject.lattice))
    trivial = {"name": "the sign of m alone", "value": (1 + size.value) / 2, "error": size.error / 2}
    row = ("fidelity", "reconstructed sites", float(value), float(error))
    return Measurement(*row, trivial=(trivial,), one_sided=True)


def _both(from_data: FloatArray, from_noise: FloatArray) -> tuple[Estimate, str]:
    first, second = mean_over_chains(from_data), mean_over_chains(from_noise)
    together = mean_over_chains(np.concatenate([from_data, from_noise]))
    difference = abs(first.value - second.value)
    if difference <= 4 * math.hypot(first.error, second.error):
        return together, ""
    why = f"the run remembers its start: {first} from data, {second} from noise"
    return Estimate(together.value, together.error + difference / 2), why


def _exact_energy(evidence: Evidence) -> dict[str, object] | None:
    model = evidence.model
    if not isinstance(model, Ising) or model.h != 0 or evidence.lattice.kind != "square":
        return None
    return {"name": "exact", "value": ising2d.energy_per_site(model.lattice, model.K), "error": 0.0}


def _target(name: str, estimate: Estimate) -> dict[str, object]:
    return {"name": name, "value": estimate.value, "error": estimate.error}
