"""Repeated coarse-graining of samples, and Monte Carlo RG along it."""

from collections.abc import Callable, Sequence
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import xarray as xr

from blockspin import checks
from blockspin.coarse.embedding import coarse_lattice
from blockspin.coarse.fitting import learns, ready, seeded
from blockspin.coarse.maps import Taken, taken
from blockspin.lattice import Lattice
from blockspin.rg import mcrg as kernel
from blockspin.rg.sectors import readable, split
from blockspin.samples import alphabet_of, by_chain, check_any, check_numbers, lattice_of, make, provenance

Rule = Callable[[Lattice], Any] | Sequence[Any] | Any
"""What builds a transformer for a lattice; transformers, one a step; or one transformer."""


def block(samples: xr.DataArray, rule: Rule, steps: int | None = None, *, seed: int = 0) -> tuple[xr.DataArray, ...]:
    """The samples and what repeated coarse-graining makes of them, finest first, each in the sample schema.

    rule: what builds a transformer for a lattice, `bs.Majority` or `lambda lattice: bs.Majority(lattice, 3)`, which is
    then fitted to the level's samples unless it comes fitted; or fitted transformers, one a step; or one transformer,
    which takes one step, or more where it serves other lattices too (a block rule, a fitted `bs.RSMI`). A transformer
    maps spins (n, N) to spins -1/+1 (n, M), Potts states to Potts states, in the order of the sites of the lattice
    with the proportions of the fine one and M sites. steps: number of steps; may be left out where transformers are
    given. seed: of the coins of rules, and of the fits of RBMs, that come with random_state=None; a rule with a
    random_state of its own keeps it.
    Raises ValueError where steps is missing, below 1 or more than the transformers or the lattice allow, M fits no
    lattice, an RBM's units have no positions (`bs.Placed`), or an output is no spin (no state); TypeError where samples
    are no DataArray or rule is none of these.
    """
    levels = [check_any(samples)]
    checks.whole("seed", seed, 0)
    build, steps = _steps_of(rule, steps)
    for step in range(steps):
        fine = levels[-1]
        lattice = lattice_of(fine)
        X = np.ascontiguousarray(fine.values.reshape(-1, lattice.n_sites))
        given = checks.transformer("what rule gives", build(step, lattice))
        coins = np.random.RandomState(np.random.SeedSequence((seed, step)).generate_state(1)[0])
        own = seeded(given, coins, fits=True)
        made = taken(ready(own, X) if _builds(rule) else own)
        _check_places(made)
        try:
            blocks = made.transform(X)
            coarse = _coarse(lattice, blocks)
        except ValueError as error:
            if step == 0:
                raise
            raise ValueError(
                f"{step} of {steps} steps fit a {lattice_of(samples)} lattice; on the {lattice} that is left: {error}"
            ) from error
        values, alphabet = by_chain(blocks, fine), made.alphabet(alphabet_of(fine), blocks)
        try:
            kept = {name: value for name, value in provenance(fine).items() if name == "letters_alike"}
            levels.append(make(values, coarse, alphabet=alphabet, blocked=step + 1, fine=provenance(samples), **kept))
        except ValueError as error:
            hint = "" if alphabet.labels else ". bs.Placed makes spins of a map's outputs and gives its units positions"
            raise ValueError(f"{error}{hint}") from error
    return tuple(levels)


def _builds(rule: Rule) -> bool:
    """Whether the rule makes transformers, and is not one itself or several."""
    return isinstance(rule, type) or not (hasattr(rule, "transform") or isinstance(rule, (list, tuple)))


def _steps_of(rule: Any, steps: int | None) -> tuple[Callable[[int, Lattice], Any], int]:
    """What gives the transformer of a step for a lattice, and the number of steps; raises as `block`."""
    if steps is not None:
        checks.whole("steps", steps, 1)
    if isinstance(rule, (list, tuple)):
        for one in rule:
            checks.transformer("every entry of rule", one)
        count = len(rule) if steps is None else int(steps)
        if not 1 <= count <= len(rule):
            raise ValueError(f"rule must hold a transformer for each of {max(count, 1)} steps; got {len(rule)}")
        return lambda step, lattice: rule[step], count
    if not _builds(rule):
        return lambda step, lattice: _on(rule, lattice), 1 if steps is None else int(steps)
    checks.function(
        "rule",
        rule,
        "what builds a transformer for a lattice, such as bs.Majority, a transformer, or a list of transformers, one a "
        "step",
    )
    if steps is None:
        raise ValueError("steps must be given, how often a rule that builds transformers is applied; got None")
    return lambda step, lattice: rule(lattice), int(steps)


def _check_places(given: Taken) -> None:
    """Raise ValueError for an RBM whose units come in any order: weights, and no lattice to put them on."""
    if not given.placed:
        raise ValueError(
            f"the units of {given.name} have no positions on the lattice, so that their order would be taken for one; "
            f"bs.Placed(map, lattice).fit(X) finds the positions"
        )


def _on(transformer: Any, lattice: Lattice) -> Any:
    """The transformer on a lattice: itself, or where it is of another lattice and can, its like on this one."""
    own = getattr(transformer, "lattice", lattice)
    if own == lattice:
        return transformer
    if hasattr(transformer, "on"):
        return transformer.on(lattice)
    if not learns(transformer):
        return type(transformer)(**(transformer.get_params(deep=False) | {"lattice": lattice}))
    return transformer  # which says what it misses


def exponents(
    samples: xr.DataArray,
    rule: Rule,
    steps: int | None = None,
    operators: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> kernel.Spectra:
    """Exponents y_t and y_h of every step of repeated coarse-graining, by Monte Carlo RG with any rule or learned maps.

    A step between different alphabets, as the majority rule takes from -1/0/+1 to -1/+1, has no exponents, and says so.

    Parameters
    ----------
    samples : DataArray
        At a critical point without a field, spins, other numbers that may change their sign, or Potts states.
    rule, steps, seed : rule, int or None, int
        A rule's class or what builds one for a lattice, or fitted transformers, one a step: as in `rg.blocking.block`.
    operators : sequence of str or None
        Names (`rg.operators`, `rg.orbits`, `rg.sectors`), of both sectors together in the order in which the sets grow,
        default the table's.

    Returns
    -------
    Spectra
        A `Spectrum` a step: estimates by the first 1, 2, ... operators, jackknife errors over chains, and nan with the
        reason where an exponent is not defined. Raises ValueError as `block` and `rg.mcrg.mcrg`, for samples of dimers,
        and where the steps' ratios of lattice spacings differ.

    References
    ----------
    R. H. Swendsen, Phys. Rev. Lett. 42, 859 (1979).

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(16), K=0.44068679), 2000, seed=1)
    >>> (step,) = bs.rg.exponents(samples, lambda lattice: bs.Majority(lattice, 2, random_state=1), 1)
    >>> abs(step.y_t.value - 1) < 0.2, abs(step.y_h.value - 15 / 8) < 0.05
    (True, True)
    """
    field = provenance(readable(samples)).get("model", {}).get("h", 0)
    if field:
        raise ValueError(f"exponents belong to a critical point without a field; these samples have h = {field:g}")
    if not alphabet_of(samples).labels:
        check_numbers(samples)
    if samples.sizes["chain"] < 2:
        raise ValueError(f"samples must have at least 2 chains; got {samples.sizes['chain']}")
    levels = block(samples, rule, steps, seed=seed)
    lattices = [lattice_of(level) for level in levels]
    ratios = [fine.shape[0] / coarse.shape[0] for fine, coarse in pairwise(lattices)]
    if len(set(ratios)) != 1:
        raise ValueError(f"all steps must have one ratio of lattice spacings; got {', '.join(map(str, ratios))}")
    found: list[kernel.Spectrum] = []
    for alphabet, alike in groupby(levels, alphabet_of):
        same = list(alike)
        names = split(lattices[0], alphabet, operators)
        if same[0] is not levels[0]:
            before = alphabet_of(levels[len(found)])
            why = f"the step leads from {before} to {alphabet}: exponents are of steps between equal alphabets"
            found.append(kernel.undefined(*names, why))
        if len(same) > 1:
            lattice = lattice_of(same[0])
            arrays = [level.values for level in same]
            found += kernel.mcrg(arrays, ratios[0], lattice=lattice, even=names[0], odd=names[1], alphabet=alphabet)
    return kernel.Spectra(found)


def _coarse(fine: Lattice, blocks: np.ndarray[Any, Any]) -> Lattice:
    """The lattice of the blocks (n, M), with the proportions of the fine one."""
    units = blocks.shape[1] if blocks.ndim == 2 else 0
    coarse = coarse_lattice(fine, units) if units else None
    if coarse is None or units >= fine.n_sites:
        raise ValueError(
            f"a step on a {fine} lattice must give (n, M) spins that fill a coarser lattice of its proportions; "
            f"got shape {blocks.shape}"
        )
    return coarse
