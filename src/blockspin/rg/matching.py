"""Two-lattice matching: the critical coupling from lattices of extents L and L/b.

At the critical point the large lattice blocked n + 1 times and the small one blocked n times have the same Hamiltonian
but for what is irrelevant, and the same size: so the same mean of every operator. Where the means differ at K,

    Kc = K - (<S>_large - <S>_small)/(d<S>_large/dK - d<S>_small/dK),   d<S>/dK = <S E>_c,

with E the sum of s s' (of Potts states, of equal neighbours) over the bonds of the lattice that was not yet blocked.
Source: K. G. Wilson, in Recent Developments in Gauge Theories (1980); G. S. Pawley, R. H. Swendsen, D. J. Wallace and
K. G. Wilson, Phys. Rev. B 29, 4030 (1984).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from blockspin import checks
from blockspin.arrays import FloatArray
from blockspin.rg.blocking import Rule, block
from blockspin.rg.operators import EVEN
from blockspin.rg.sectors import of_samples
from blockspin.samples import lattice_of, provenance
from blockspin.statistics import GROUPS, Estimate, jackknife_error


@dataclass(frozen=True)
class Matching:
    """The critical coupling from the small lattice blocked n times, by each operator and by all together.

    by_operator: one estimate an operator, in the order of `operators`; Kc: their mean weighted by 1/error^2, with the
    jackknife error. They agree where n is large enough for what is irrelevant to have gone.
    """

    n: int
    operators: tuple[str, ...]
    by_operator: tuple[Estimate, ...]
    Kc: Estimate


def critical_coupling(
    large: xr.DataArray,
    small: xr.DataArray,
    rule: Rule,
    steps: int,
    operators: Sequence[str] | None = None,
    *,
    K: float | None = None,
    seed: int = 0,
) -> tuple[Matching, ...]:
    """Kc by matching two lattices sampled at the same coupling near Kc, for n = 0, 1, ..., steps - 1 blockings.

    large: samples of extents L, blocked up to `steps` times; small: of extents L/b, blocked one time fewer; rule and
    seed as in `blocking.block`; operators: even ones, default the table's; K: the coupling of both, read from the
    samples' provenance unless given. Errors: jackknife over chains of both; what is irrelevant and the linear step in K
    are no part of them. Raises ValueError where the lattices do not match after one step, the couplings differ or are
    not known, an operator is odd, or there are fewer than two chains.
    """
    coupling = _coupling(large, small, K)
    checks.whole("steps", steps, 1)
    finer = block(large, rule, steps, seed=seed)
    coarser = block(small, rule, steps - 1, seed=seed) if steps > 1 else (small,)
    names = EVEN[lattice_of(large).kind] if operators is None else checks.words("operators", operators)
    found = []
    for n, (one, two) in enumerate(zip(finer[1:], coarser, strict=True)):
        lattice = lattice_of(one)
        if lattice != lattice_of(two):
            raise ValueError(f"after one step more the large lattice must match; got {lattice} and {lattice_of(two)}")
        sums = [_sums(names, blocked, fine) for blocked, fine in ((one, large), (two, small))]
        found.append(_match(n, names, sums, coupling))
    return tuple(found)


def _match(n: int, operators: tuple[str, ...], sums: list[FloatArray], K: float) -> Matching:
    totals = [part.sum(axis=0) for part in sums]
    value = _shifted(totals[0], totals[1], K)
    # one group left out at a time, of either lattice: the two are independent, so their variances add
    left = [np.stack([_shifted(totals[0] - part, totals[1], K) for part in sums[0]])]
    left.append(np.stack([_shifted(totals[0], totals[1] - part, K) for part in sums[1]]))
    error = np.sqrt(sum(jackknife_error(part) ** 2 for part in left))
    weight = 1 / error**2
    weight /= weight.sum()
    together = math.sqrt(sum(float(jackknife_error(part @ weight)) ** 2 for part in left))
    by_operator = tuple(map(Estimate, value.tolist(), error.tolist()))
    return Matching(n, operators, by_operator, Estimate(float(value @ weight), together))


def _shifted(large: FloatArray, small: FloatArray, K: float) -> FloatArray:
    """Kc by each operator from sums of 1, E, S and S E."""
    (S_large, slope_large), (S_small, slope_small) = _means(large), _means(small)
    return np.asarray(K - (S_large - S_small) / (slope_large - slope_small))


def _means(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    """<S> and d<S>/dK."""
    mean = sums / sums[0]
    n = (len(sums) - 2) // 2
    return mean[2 : 2 + n], mean[2 + n :] - mean[1] * mean[2 : 2 + n]


def _sums(operators: tuple[str, ...], blocked: xr.DataArray, fine: xr.DataArray) -> FloatArray:
    """Sums of 1, E, S (operators) and S E over the draws of each group of chains, (groups, 2 + 2 operators)."""
    S = of_samples(blocked, operators)
    E = of_samples(fine, ["nn"])
    E -= round(float(E.mean()))  # a shift that leaves connected moments as they are, and keeps their digits
    rows = np.concatenate([np.ones_like(E), E, S, S * E], axis=2).sum(axis=1)
    if len(rows) < 2:
        raise ValueError(f"a jackknife over chains needs at least 2 chains; got {len(rows)}")
    return np.stack([group.sum(axis=0) for group in np.array_split(rows, min(len(rows), GROUPS))])


def _coupling(large: xr.DataArray, small: xr.DataArray, K: float | None) -> float:
    if K is not None:
        return float(K)
    known = [provenance(samples).get("model", {}).get("K") for samples in (large, small)]
    if not isinstance(known[0], float) or known[0] != known[1]:
        raise ValueError(f"both lattices must be sampled at the same known coupling K; got {known[0]} and {known[1]}")
    return float(known[0])
