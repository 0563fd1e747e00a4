"""Repeated coarse-graining of samples, and Monte Carlo RG along it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from blockspin import checks
from blockspin.alphabet import SPINS, Alphabet
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
    given. seed: of the coins of rules, and of the fits of machines, that come with random_state=None; a rule with a
    random_state of its own keeps it.
    Raises ValueError where steps is missing, below 1 or more than the transformers or the lattice allow, M fits no
    lattice, a machine's units have no places (`bs.Placed`), or an output is no spin (no state); TypeError where samples
    are no DataArray or rule is none of these.
    """
    levels = [check_any(samples)]
    build, steps = steps_of(rule, steps, seed)
    for step in range(steps):
        fine = levels[-1]
        lattice = lattice_of(fine)
        X = np.ascontiguousarray(fine.values.reshape(-1, lattice.n_sites))
        made = build(step, lattice, X)
        _check_places(made)
        try:
            given = made.transform(X.copy())  # a map may work in place
            blocks = checks.outputs(type(made).__name__, given, len(X))
            coarse = _coarse(lattice, blocks)
        except ValueError as error:
            if step == 0:
                raise
            raise ValueError(
                f"{step} of {steps} steps fit a {lattice_of(samples)} lattice; on the {lattice} that is left: {error}"
            ) from error
        values, alphabet = by_chain(blocks, fine), coarse_alphabet(made, alphabet_of(fine), blocks)
        source = provenance(samples)
        told: dict[str, Any] = {"blocked": step + 1, "fine": source}
        if alphabet.labels and source.get("letters_alike") is False:
            told["letters_alike"] = False
        try:
            levels.append(make(values, coarse, alphabet=alphabet, **told))
        except ValueError as error:
            hint = "" if alphabet.labels else ". bs.Placed makes spins of a map's outputs and puts its units in places"
            raise ValueError(f"{error}{hint}") from error
    return tuple(levels)


def coarse_alphabet(transformer: Any, fine: Alphabet, outputs: NDArray[Any]) -> Alphabet:
    """What a map's outputs are letters of: the fine alphabet for labels and rules that keep it, spins where all are.

    A rule that keeps its alphabet says so by an attribute `keeps_alphabet`, as `bs.Plurality` does.
    """
    if fine.labels or getattr(transformer, "keeps_alphabet", False) or not (np.abs(outputs) == 1).all():
        return fine
    return SPINS


Build = Callable[[int, Lattice, NDArray[np.int8]], Any]


def steps_of(rule: Rule, steps: int | None, seed: int = 0) -> tuple[Build, int]:
    """What gives the transformer of a step for a lattice and its spins, and the number of steps; raises as `block`."""
    checks.whole("seed", seed, 0)
    build, count = _steps_of(rule, steps)

    def settled(step: int, lattice: Lattice, X: NDArray[np.int8]) -> Any:
        made = checks.transformer("what rule gives", build(step, lattice))
        made = seeded(made, np.random.RandomState(_stream(seed, step)))
        return ready(made, X) if _builds(rule) else made

    return settled, count


def _builds(rule: Rule) -> bool:
    """Whether the rule makes transformers, and is not one itself or several."""
    return isinstance(rule, type) or not (hasattr(rule, "transform") or isinstance(rule, (list, tuple)))


def _stream(seed: int, step: int) -> int:
    return int(np.random.SeedSequence((seed, step)).generate_state(1)[0])


def _steps_of(rule: Any, steps: int | None) -> tuple[Callable[[int, Lattice], Any], int]:
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


def seeded(transformer: Any, random: np.random.RandomState) -> Any:
    """The transformer, or where it would toss new coins at every call its like that draws them from `random`.

    That is one with random_state=None that learns nothing or is not fitted; in a Pipeline, each such step.
    """
    if isinstance(transformer, Pipeline):
        return Pipeline([(name, seeded(step, random)) for name, step in transformer.steps])
    if not hasattr(transformer, "get_params") or transformer.get_params(deep=False).get("random_state", 0) is not None:
        return transformer
    if get_tags(transformer).requires_fit and _is_fitted(transformer):
        return transformer
    return clone(transformer).set_params(random_state=random)


def _is_fitted(transformer: Any) -> bool:
    try:
        check_is_fitted(transformer)
    except NotFittedError:
        return False
    return True


def ready(transformer: Any, X: NDArray[np.int8]) -> Any:
    """The transformer fitted to X, or as it is where it comes fitted or there is nothing to fit."""
    return transformer if not hasattr(transformer, "fit") or _is_fitted(transformer) else transformer.fit(X.copy())


def _check_places(transformer: Any) -> None:
    """Raise ValueError for a machine whose units come in any order: weights, and no lattice to put them on."""
    last = transformer.steps[-1][1] if hasattr(transformer, "steps") else transformer
    if hasattr(last, "components_") and not hasattr(last, "lattice"):
        raise ValueError(
            f"the units of {type(last).__name__} have no places on the lattice, so that their order would be taken for "
            f"one; bs.Placed(map, lattice).fit(X) finds the places"
        )


def _on(transformer: Any, lattice: Lattice) -> Any:
    """The transformer on a lattice: itself, or where it is of another lattice and can, its like on this one."""
    own = getattr(transformer, "lattice", lattice)
    if own == lattice:
        return transformer
    if hasattr(transformer, "on"):
        return transformer.on(lattice)
    if hasattr(transformer, "__sklearn_tags__") and not transformer.__sklearn_tags__().requires_fit:
        return type(transformer)(**(transformer.get_params(deep=False) | {"lattice": lattice}))
    return transformer  # which says what it misses


def mcrg(
    samples: xr.DataArray,
    rule: Rule,
    steps: int | None = None,
    operators: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> tuple[kernel.Spectrum, ...]:
    """Exponents y_t and y_h of every step of repeated coarse-graining, by Monte Carlo RG with any rule or learned maps.

    samples: (chain, draw, *sites) at a critical point without a field, spins, other numbers that may change their sign,
    or Potts states; rule, steps and seed as in `block`; operators: names (`rg.operators`, `rg.orbits`, `rg.sectors`),
    of both sectors together in the order in which the sets grow, default the table's. A step between different
    alphabets, as the majority rule takes from -1/0/+1 to -1/+1, has no exponents, and says so.
    Returns a `Spectrum` a step: estimates by the first 1, 2, ... operators, jackknife errors over chains, and nan with
    the reason where an exponent is not defined. Raises ValueError as `block` and `rg.mcrg.spectrum`, for samples of
    dimers, and where the steps' ratios of lattice spacings differ.
    Source: R. H. Swendsen, Phys. Rev. Lett. 42, 859 (1979).
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
    return tuple(found)


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
