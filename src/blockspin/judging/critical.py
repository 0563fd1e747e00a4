"""Whether samples given as critical are critical: judged by their values, not by their label.

Exponents belong to a critical point without a field, in equilibrium, on a torus. Each check below is one way in which
samples are not of one; the first that applies is the reason why exponents are not defined.
"""

from __future__ import annotations

import math

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import fdtrc

from blockspin.alphabet import SPINS
from blockspin.exact import ising2d
from blockspin.judging.evidence import Evidence
from blockspin.judging.measurement import NotDefined, NotRequested, Side
from blockspin.judging.thresholds import (
    CERTAIN,
    CORRELATED,
    FEW_CHAINS,
    FEW_DRAWS,
    LONG,
    MIXED,
    OFF_ERRORS,
    OFF_KC,
    SOME,
    SPREAD,
)
from blockspin.lattice import Lattice
from blockspin.models.critical import KC_ISING
from blockspin.rg.pseudolikelihood import in_field, of_spins
from blockspin.rg.sectors import neighbours
from blockspin.samples import alphabet_of, lattice_of
from blockspin.statistics import GROUPS, autocorrelation_time, certain, effective_sample_size, jackknife

FloatArray = NDArray[np.float64]

TWO = {"y_t": Side("exact", 1.0), "y_h": Side("exact", 15 / 8)}
EXACT: dict[str, dict[str, Side]] = {
    "square": TWO,
    "triangular": TWO,
    # Kos, Poland, Simmons-Duffin and Vichi, JHEP 08 (2016) 036: 3 - Delta_epsilon and 3 - Delta_sigma
    "cubic": {"y_t": Side("bootstrap", 1.587375, 1e-5), "y_h": Side("bootstrap", 2.4818511, 1e-6)},
}
"""The exponents of the Ising model's critical point by the kind of lattice."""


def critical_needed(evidence: Evidence) -> xr.DataArray:
    """The evidence's critical samples; raises NotRequested without any, NotDefined where they are not critical."""
    if evidence.critical is None:
        raise NotRequested(
            "no critical samples", "no critical samples were given: exponents belong to the critical point"
        )
    reason = evidence.once(refusal)
    if reason is not None:
        raise NotDefined(*reason)
    return evidence.critical


def refusal(evidence: Evidence) -> tuple[str, str] | None:
    """Code and sentence of the first reason why the critical samples are not of a critical point, or None."""
    assert evidence.critical is not None
    try:
        _check(evidence.critical)
    except NotDefined as reason:
        return reason.code, reason.why
    return None


def _check(samples: xr.DataArray) -> None:
    spins, lattice = samples.values, lattice_of(samples)
    if lattice.kind not in KC_ISING:
        raise NotDefined("no critical point", f"a {lattice.kind} has no critical point")
    if len(spins) < FEW_CHAINS:
        why = f"errors are computed over chains, and {len(spins)} critical ones are fewer than {FEW_CHAINS}"
        raise NotDefined("few chains", f"{why}: cut them into pieces much longer than their correlations")
    if np.ptp(_energy(spins, lattice)) == 0:
        raise NotDefined("frozen", "all critical samples have one energy: nothing fluctuates")
    if in_field(spins):
        why = f"the mean spin of the critical samples is {spins.mean(dtype=float):.3g}, not 0"
        raise NotDefined("field", f"{why}: they are in a field, or ordered")
    _mixed(spins, lattice)
    _seam(spins, lattice)
    if alphabet_of(samples) == SPINS:  # of whose critical point coupling and energy are known
        _off_critical(spins, lattice)
        _spread(spins, lattice)
    if in_order(samples):
        why = "successive critical draws are correlated, but each is counted as a chain of its own"
        raise NotDefined("not independent", f"{why}: give the chains as (chain, draw, ...)")


def few(samples: xr.DataArray) -> tuple[tuple[str, str], ...]:
    """Code and sentence for draws that are few: compared with the sites, and as independent ones."""
    chains, draws = samples.sizes["chain"], samples.sizes["draw"]
    n, sites = chains * draws, lattice_of(samples).n_sites
    found = []
    try:
        independent = effective_sample_size(_energy(samples.values, lattice_of(samples)))
    except ValueError:  # chains too short, or too few, to see their correlations: each counts once
        independent = float(chains)
    if independent < FEW_DRAWS:
        found.append(("few independent draws", f"{n} draws hold about {independent:.0f} independent ones"))
    if n < sites:
        found.append(("fewer draws than sites", f"there are {n} draws of {sites} sites"))
    return tuple(found)


def in_order(samples: xr.DataArray) -> bool:
    """Whether one draw a chain is in truth one long chain: energies that follow each other are correlated."""
    energy = _energy(samples.values, lattice_of(samples)).ravel()
    if samples.sizes["draw"] > 1 or len(energy) < FEW_DRAWS or np.ptp(energy) == 0:
        return False
    # of n independent numbers the correlation has a spread of 1 / sqrt n
    return bool(np.corrcoef(energy[:-1], energy[1:])[0, 1] > max(CORRELATED, CERTAIN / math.sqrt(len(energy))))


def _energy(spins: NDArray[np.int8], lattice: Lattice) -> FloatArray:
    """-sum_<ij> s_i s_j, (chain, draw)."""
    return -neighbours(spins, lattice)


def _mixed(spins: NDArray[np.int8], lattice: Lattice) -> None:
    """Chains' mean energies against the spread within chains, by an F test with the autocorrelation in it."""
    energy = _energy(spins, lattice)
    chains, draws = energy.shape
    within = energy - energy.mean(axis=1, keepdims=True)
    if draws < 2 or np.ptp(within) == 0:
        return  # one draw a chain tells nothing of itself; `_spread` looks at these
    try:
        found = autocorrelation_time(within)
    except ValueError:
        return
    # means of their own take from the correlations: Wolff's correction (2004), eq. 49
    tau = found.tau * (1 + (2 * found.window + 1) / draws) + 2 * found.error
    independent = draws / (2 * tau)
    if independent < LONG:
        return
    variance = (within**2).sum() / (chains * (draws - 1)) * (1 + 1 / independent) / independent
    ratio = energy.mean(axis=1).var(ddof=1) / variance
    if fdtrc(chains - 1, chains * (independent - 1), ratio) >= MIXED:
        return
    why = "their mean energies differ beyond their errors: a mixture of temperatures, or not in equilibrium"
    raise NotDefined("mixed chains", f"the critical samples' chains do not have one distribution; {why}")


def _spread(spins: NDArray[np.int8], lattice: Lattice) -> None:
    """The variance of the energy against the exact one at Kc, d^2 ln Z / dK^2, on the square torus."""
    energy = _energy(spins, lattice)
    if lattice.kind != "square" or energy.size < SOME:
        return
    Kc, step = KC_ISING["square"], 1e-4
    e = [ising2d.energy_per_site(lattice, Kc + side * step) for side in (-1, 1)]
    exact = -lattice.n_sites * (e[1] - e[0]) / (2 * step)
    moments = np.stack([energy, energy**2], axis=-1).mean(axis=1)
    variance, error = map(float, jackknife(moments, lambda mean: mean[1] - mean[0] ** 2))
    expected = error * max(1.0, exact / variance)  # the error of a variance is in proportion to it
    if abs(variance / exact - 1) < SPREAD or not certain(variance - exact, expected, len(spins), CERTAIN):
        return
    more = "a mixture of temperatures" if variance > exact else "not the critical point, or not in equilibrium"
    why = f"the energy's variance is {variance / exact:.2f} of that at Kc: {more}"
    raise NotDefined("energy variance", f"the critical samples are not of one critical distribution; {why}")


def _seam(spins: NDArray[np.int8], lattice: Lattice) -> None:
    """Bonds that cross the edge of the array against all others, kind by kind."""
    for step in lattice.steps:
        bonds = spins * np.roll(spins, [-x for x in step], range(2, spins.ndim))
        crossing = (lattice.coordinates + step >= lattice.shape).any(axis=1)
        if crossing.all():
            continue
        flat = bonds.reshape(*spins.shape[:2], -1)
        seam, bulk = (flat[..., part].mean(axis=(1, 2)) for part in (crossing, ~crossing))
        difference, error = jackknife(seam - bulk)
        if certain(float(difference), float(error), len(spins), CERTAIN):
            why = f"bonds across the edges have a mean of {seam.mean():.2g}, the others {bulk.mean():.2g}"
            raise NotDefined("open edges", f"the critical samples are no periodic lattice: {why}")


def _off_critical(spins: NDArray[np.int8], lattice: Lattice) -> None:
    """The nearest-neighbour coupling that fits best against Kc of the lattice."""
    found = of_spins(spins, lattice, ("nn",))
    K, Kc, n = found["nn"], KC_ISING[lattice.kind], min(len(spins), GROUPS)
    if found.why:
        raise NotDefined("no coupling", f"no coupling fits the critical samples: {found.why}")
    if K.value < 0 and certain(K.value, K.error, n, OFF_ERRORS):
        why = "the critical samples are antiferromagnetic, which blocks destroy; their nearest-neighbour coupling"
        raise NotDefined("antiferromagnet", f"{why} is {K}: flip the spins of one sublattice first")
    away = abs(K.value - Kc)
    if away > OFF_KC and certain(away, K.error, n, OFF_ERRORS):
        raise NotDefined("off critical", f"the coupling that fits the critical samples is {K}, not Kc = {Kc:.6g}")
