"""Whether samples given as critical are critical: judged by their values, not by their label.

Exponents belong to a critical point without a field, in equilibrium, on a torus. Each check below is one way in which
samples are not of one; the first that applies is the reason why exponents are not defined.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import fdtrc

from blockspin import memory
from blockspin.alphabet import SPINS
from blockspin.arrays import FloatArray
from blockspin.exact import ising2d
from blockspin.judging.evidence import Evidence
from blockspin.judging.measurement import UNPLACED, NotDefined, NotRequested, Side
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
from blockspin.models.critical import KC_ISING
from blockspin.models.references import reference
from blockspin.rg.pseudolikelihood import in_field, of_spins
from blockspin.rg.sectors import neighbours
from blockspin.samples import alphabet_of, lattice_of, positions
from blockspin.statistics import GROUPS, autocorrelation_time, certain, effective_sample_size, jackknife

CLASSES = {"square": "ising-2d", "triangular": "ising-2d", "cubic": "ising-3d"}


def _recommended(name: str) -> dict[str, Side]:
    known = {"y_t": reference(name).y_t, "y_h": reference(name).y_h}
    return {y: Side(one.method, one.value, one.error, one.doi) for y, one in known.items()}


EXACT: dict[str, dict[str, Side]] = {kind: _recommended(name) for kind, name in CLASSES.items()}
"""The exponents of the Ising model's critical point by the kind of lattice."""

OF_KC = ("off critical", "energy variance")  # codes of checks that are of nearest neighbours at Kc alone


def critical_needed(evidence: Evidence) -> xr.DataArray:
    """The evidence's critical samples; raises NotRequested without any, NotDefined where they are not critical."""
    if evidence.critical is None:
        raise NotRequested(
            "no critical samples", "no critical samples were given: exponents belong to the critical point"
        )
    reason = evidence.once(refusal)
    if reason is not None:
        raise NotDefined(reason[0], f"critical samples: {reason[1]}")
    return evidence.critical


def refusal(evidence: Evidence) -> tuple[str, str] | None:
    """Code and sentence of the first reason why the critical samples are not of a critical point, or None."""
    assert evidence.critical is not None
    return next(reasons(evidence.critical), None)


def reasons(samples: xr.DataArray) -> Iterator[tuple[str, str]]:
    """Codes and sentences of all reasons why samples of numbers are not of a critical point."""
    for check in (_able, _field, _mixed, _seam, _off_critical, _spread, _independent):
        try:
            check(samples)
        except NotDefined as reason:
            yield reason.code, reason.why
            if check is _able:
                return  # the others need what is missing


def _able(samples: xr.DataArray) -> None:
    lattice, chains = lattice_of(samples), samples.sizes["chain"]
    if code := positions(samples):
        raise NotDefined(code, f"{UNPLACED[code]}: there is no torus")
    if lattice.kind not in KC_ISING:
        raise NotDefined("no critical point", f"a {lattice.kind} has no critical point")
    if chains < FEW_CHAINS:
        why = f"errors are computed over chains, and {chains} are fewer than {FEW_CHAINS}"
        raise NotDefined("few chains", f"{why}: cut them into pieces much longer than their correlations")
    if np.ptp(series(samples)) == 0:
        raise NotDefined("frozen", "all have one energy: nothing fluctuates")


def _field(samples: xr.DataArray) -> None:
    if in_field(samples.values):
        why = f"their mean spin is {samples.values.mean(dtype=float):.3g}, not 0"
        raise NotDefined("field", f"{why}: they are in a field, or ordered")


def _independent(samples: xr.DataArray) -> None:
    if in_order(samples):
        why = "successive draws are correlated, but each is counted as a chain of its own"
        raise NotDefined("not independent", f"{why}: give the chains as (chain, draw, ...)")


def few(samples: xr.DataArray) -> tuple[tuple[str, str], ...]:
    """Code and sentence for draws that are few: compared with the sites, and as independent ones."""
    chains, draws = samples.sizes["chain"], samples.sizes["draw"]
    n, sites = chains * draws, lattice_of(samples).n_sites
    found = []
    try:
        independent = effective_sample_size(series(samples))
    except ValueError:  # chains too short, or too few, to see their correlations: each counts once
        independent = float(chains)
    if independent < FEW_DRAWS:
        found.append(("few independent draws", f"{n} draws hold about {independent:.0f} independent ones"))
    if n < sites:
        found.append(("fewer draws than sites", f"there are {n} draws of {sites} sites"))
    return tuple(found)


def mixed(samples: xr.DataArray) -> tuple[tuple[str, str], ...]:
    """Code and sentence where chains on a torus do not have one distribution, at whatever coupling."""
    try:
        if not positions(samples):
            _mixed(samples)
    except NotDefined as reason:
        return ((reason.code, reason.why),)
    return ()


def in_order(samples: xr.DataArray) -> bool:
    """Whether one draw a chain is in truth one long chain: energies that follow each other are correlated."""
    energy = series(samples).ravel()
    if samples.sizes["draw"] > 1 or len(energy) < FEW_DRAWS or np.ptp(energy) == 0:
        return False
    # of n independent numbers the correlation has a spread of 1 / sqrt n
    return bool(np.corrcoef(energy[:-1], energy[1:])[0, 1] > max(CORRELATED, CERTAIN / math.sqrt(len(energy))))


def series(samples: xr.DataArray) -> FloatArray:
    """-sum_<ij> s_i s_j, (chain, draw); the sum of the values where they have no torus."""
    if positions(samples):
        return np.asarray(samples.values.sum(axis=tuple(range(2, samples.ndim)), dtype=float))
    return -neighbours(samples.values, lattice_of(samples))


def _mixed(samples: xr.DataArray) -> None:
    """Chains' mean energies against the spread within chains, by an F test with the autocorrelation in it."""
    energy = series(samples)
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
    raise NotDefined("mixed chains", f"the chains do not have one distribution; {why}")


def _spread(samples: xr.DataArray) -> None:
    """The variance of the energy against the exact one at Kc, d^2 ln Z / dK^2, on the square torus."""
    energy, lattice = series(samples), lattice_of(samples)
    if lattice.kind != "square" or energy.size < SOME or alphabet_of(samples) != SPINS:
        return
    Kc, step = KC_ISING["square"], 1e-4
    e = [ising2d.energy_per_site(lattice, Kc + side * step) for side in (-1, 1)]
    exact = -lattice.n_sites * (e[1] - e[0]) / (2 * step)
    moments = np.stack([energy, energy**2], axis=-1).mean(axis=1)
    variance, error = map(float, jackknife(moments, lambda mean: mean[1] - mean[0] ** 2))
    expected = error * max(1.0, exact / variance)  # the error of a variance is in proportion to it
    if abs(variance / exact - 1) < SPREAD or not certain(variance - exact, expected, len(energy), CERTAIN):
        return
    more = "a mixture of temperatures" if variance > exact else "not the critical point, or not in equilibrium"
    why = f"the energy's variance is {variance / exact:.2f} of that at Kc: {more}"
    raise NotDefined("energy variance", f"they are not of one critical distribution; {why}")


def edges(samples: xr.DataArray) -> Iterator[tuple[FloatArray, FloatArray]]:
    """The mean of the bonds across the edge of the array, and of the others, by chain, for each kind of bond."""
    lattice, labels = lattice_of(samples), alphabet_of(samples).labels
    for step in lattice.steps:
        crossing = (lattice.coordinates + step >= lattice.shape).any(axis=1)
        if crossing.all():
            continue

        def means(spins: NDArray[np.int8], step: Any = step, crossing: Any = crossing) -> FloatArray:
            moved = np.roll(spins, [-x for x in step], range(1, spins.ndim))
            bonds = (spins == moved if labels else spins * moved).reshape(len(spins), -1)
            return np.stack([bonds[:, crossing].mean(axis=1), bonds[:, ~crossing].mean(axis=1)], axis=1)

        found = memory.by_rows(means, samples.values.reshape(-1, *lattice.shape))
        seam, bulk = found.reshape(*samples.shape[:2], 2).mean(axis=1).T
        yield seam, bulk


def _seam(samples: xr.DataArray) -> None:
    for seam, bulk in edges(samples):
        difference, error = jackknife(seam - bulk)
        if certain(float(difference), float(error), len(seam), CERTAIN):
            why = f"bonds across the edges have a mean of {seam.mean():.2g}, the others {bulk.mean():.2g}"
            raise NotDefined("open edges", f"they are no periodic lattice: {why}")


def _off_critical(samples: xr.DataArray) -> None:
    """The nearest-neighbour coupling that fits best against Kc of the lattice."""
    if alphabet_of(samples) != SPINS:  # of others the critical point is not known
        return
    spins, lattice = samples.values, lattice_of(samples)
    found = of_spins(spins, lattice, ("nn",))
    K, Kc, n = found["nn"], KC_ISING[lattice.kind], min(len(spins), GROUPS)
    if found.why:
        raise NotDefined("no coupling", f"no coupling fits: {found.why}")
    if K.value < 0 and certain(K.value, K.error, n, OFF_ERRORS):
        why = "they are antiferromagnetic, which blocks destroy; their nearest-neighbour coupling"
        raise NotDefined("antiferromagnet", f"{why} is {K}: flip the spins of one sublattice first")
    away = abs(K.value - Kc)
    if away > OFF_KC and certain(away, K.error, n, OFF_ERRORS):
        raise NotDefined("off critical", f"the coupling that fits is {K}, not Kc = {Kc:.6g}")
