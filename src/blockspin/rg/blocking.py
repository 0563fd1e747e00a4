"""Repeated coarse-graining of samples, and Monte Carlo RG along it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from blockspin.lattice import Lattice
from blockspin.rg import mcrg as kernel
from blockspin.rg import potts
from blockspin.rg.operators import EVEN, ODD, named
from blockspin.samples import by_chain, check_any, lattice_of, make, provenance, states_of

Rule = Callable[[Lattice], Any] | Sequence[Any]


def block(samples: xr.DataArray, rule: Rule, steps: int | None = None) -> tuple[xr.DataArray, ...]:
    """The samples and what repeated coarse-graining makes of them, finest first, each in the sample schema.

    rule: what builds a transformer for a lattice, `bs.Majority` or `lambda lattice: bs.Majority(lattice, 3)`, which is
    then fitted to the level's samples; or fitted transformers, one a step. A transformer maps spins (n, N) to spins
    -1/+1 (n, M), Potts states to Potts states, in the order of the sites of the lattice with the proportions of the
    fine one and M sites. steps: number of steps; may be left out where transformers are given. Raises ValueError where
    steps is missing or below 1 or more than the transformers, M fits no lattice, or an output is no spin (no state);
    TypeError where samples are no DataArray.
    """
    levels = [check_any(samples)]
    if not callable(rule) and steps is None:
        steps = len(rule)
    if steps is None or steps < 1 or (not callable(rule) and steps > len(rule)):
        given = "a rule" if callable(rule) else f"{len(rule)} transformers"
        raise ValueError(
            f"the number of steps must be at least 1 and no more than the transformers; got {steps}, {given}"
        )
    for step in range(steps):
        fine = levels[-1]
        X = np.ascontiguousarray(fine.values.reshape(-1, lattice_of(fine).n_sites))
        transformer = rule(lattice_of(fine)).fit(X) if callable(rule) else rule[step]
        blocks = np.asarray(transformer.transform(X))
        coarse = _coarse(lattice_of(fine), blocks)
        values = by_chain(blocks, fine)
        levels.append(make(values, coarse, states=states_of(samples), blocked=step + 1, fine=provenance(samples)))
    return tuple(levels)


def mcrg(
    samples: xr.DataArray, rule: Rule, steps: int | None = None, operators: Sequence[str] | None = None
) -> tuple[kernel.Spectrum, ...]:
    """Exponents y_t and y_h of every step of repeated coarse-graining, by Monte Carlo RG with any rule or learned maps.

    samples: (chain, draw, *sites) at a critical point without a field, spins or Potts states; rule and steps as in
    `block`; operators: names (`rg.operators`, `rg.orbits`; of Potts states `rg.potts`), even and odd ones together in
    the order in which the sets grow, default the table's.
    Returns a `Spectrum` a step: estimates by the first 1, 2, ... operators, jackknife errors over chains, and nan with
    the reason where an exponent is not defined. Raises ValueError as `block` and `rg.mcrg.spectrum`, and where the
    steps' ratios of lattice spacings differ. Source: R. H. Swendsen, Phys. Rev. Lett. 42, 859 (1979).
    """
    levels = block(samples, rule, steps)
    lattices = [lattice_of(level) for level in levels]
    ratios = [fine.shape[0] / coarse.shape[0] for fine, coarse in pairwise(lattices)]
    if len(set(ratios)) != 1:
        raise ValueError(f"all steps must have one ratio of lattice spacings; got {', '.join(map(str, ratios))}")
    q = states_of(samples)
    if q is not None:
        return potts.mcrg([level.values for level in levels], lattices, q, ratios[0], operators)
    even, odd = sectors(lattices[0], operators)
    return kernel.mcrg([level.values for level in levels], ratios[0], lattice=lattices[0], even=even, odd=odd)


def sectors(lattice: Lattice, operators: Sequence[str] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the even and of the odd operators, each in the given order; the table's defaults for None."""
    if operators is None:
        return EVEN[lattice.kind], ODD[lattice.kind]
    parity = [one.even for one in named(lattice, operators)]
    even = tuple(name for name, one in zip(operators, parity, strict=True) if one)
    odd = tuple(name for name, one in zip(operators, parity, strict=True) if not one)
    # a sector of which nothing was asked is still needed to fill a spectrum: its first operator serves
    return even or EVEN[lattice.kind][:1], odd or ODD[lattice.kind][:1]


def _coarse(fine: Lattice, blocks: np.ndarray[Any, Any]) -> Lattice:
    """The lattice of the blocks (n, M), with the proportions of the fine one."""
    units = blocks.shape[1] if blocks.ndim == 2 else 0
    b = (fine.n_sites / units) ** (1 / fine.dimension) if units else math.nan
    shape = tuple(round(extent / b) for extent in fine.shape) if units else ()
    exact = (
        all(abs(extent / b - length) < 1e-9 for extent, length in zip(fine.shape, shape, strict=True)) if shape else 0
    )
    if not exact or units >= fine.n_sites or min(shape) < 2:
        raise ValueError(
            f"a step on a {fine} lattice must give (n, M) spins that fill a coarser lattice of its proportions; "
            f"got shape {blocks.shape}"
        )
    return Lattice(fine.kind, shape)
