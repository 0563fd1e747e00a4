"""The judge: one map, its nulls and the physical references, on the same samples and the same criteria."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, TypedDict, Unpack, overload

import numpy as np
import xarray as xr
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from blockspin import checks
from blockspin.alphabet import SPINS
from blockspin.blas import one_thread
from blockspin.coarse import MAPS
from blockspin.coarse import rule as block_rule
from blockspin.coarse.fitting import learns, seeded
from blockspin.coarse.maps import taken
from blockspin.judging import nulls as null_maps
from blockspin.judging.card import Comparison, Note, Scorecard, scorecard
from blockspin.judging.criteria import CRITERIA
from blockspin.judging.evidence import SAME, Evidence, Subject
from blockspin.judging.measurement import Measured
from blockspin.judging.notes import of_all, warnings
from blockspin.judging.trainings import check_distinct, difference, mean
from blockspin.progress import Report, Wish, part, reporting
from blockspin.samples import described, positions, to_matrix


def measure_subject(
    subject: Subject,
    criteria: Sequence[str] | None = None,
    *,
    kind: str = "",
    step: Callable[[str], object] = lambda _: None,
) -> Measured:
    """Measure one map, criterion by criterion, comparing with nothing yet.

    kind: which null it is; step is called before each criterion. Raises ValueError for an unknown criterion.
    """
    rows = []
    for criterion in chosen(criteria):
        step(f"{subject.name}: {criterion}")
        rows += CRITERIA[criterion].measure(criterion, subject)
    return Measured(subject.name, subject.layer, subject.b, tuple(rows), kind)


def chosen(criteria: Sequence[str] | None) -> list[str]:
    """The criteria of these names in the table's order, all unless given.

    Raises ValueError for an unknown name, and for no names.
    """
    wanted = [*CRITERIA] if criteria is None else checks.words("criteria", criteria)
    if not wanted:
        raise ValueError(f"criteria must name at least one of {', '.join(CRITERIA)}, or be None for all; got none")
    for one in wanted:
        checks.choice("every one of criteria", one, CRITERIA)
    return [name for name in CRITERIA if name in wanted]


def reference(
    evidence: Evidence,
    b: float,
    layer: int = 1,
    seed: int = 0,
    criteria: Sequence[str] | None = None,
    rule: str = "majority",
) -> Measured | None:
    """The physical block rule of side b on the same samples; None where no block has that side.

    Raises ValueError for an unknown rule.
    """
    checks.choice("rule", rule, MAPS)
    side = round(b)
    flat = positions(evidence.samples) not in ("", "open edges")  # blocks of units without positions are none
    if flat or abs(b - side) > 1e-9 or side < 2 or any(L % side or L // side < 2 for L in evidence.lattice.shape):
        return None
    block = seeded(block_rule(rule)(evidence.lattice, side), seed).fit(to_matrix(evidence.few))
    return measure_subject(Subject(block, evidence, name=rule, layer=layer), criteria)


class _Options(TypedDict, total=False):
    model: Any | None
    critical: xr.DataArray | Sequence[xr.DataArray] | None
    train: xr.DataArray | None
    nulls: Mapping[str, Any] | None
    criteria: Sequence[str] | None
    reference: str | None
    name: str | None
    seed: int
    progress: Wish


@overload
def judge(transformer: Mapping[str, Any], samples: xr.DataArray, **options: Unpack[_Options]) -> Comparison: ...
@overload
def judge(transformer: Any, samples: xr.DataArray, **options: Unpack[_Options]) -> Scorecard: ...
@one_thread()
def judge(
    transformer: Any,
    samples: xr.DataArray,
    *,
    model: Any | None = None,
    critical: xr.DataArray | Sequence[xr.DataArray] | None = None,
    train: xr.DataArray | None = None,
    nulls: Mapping[str, Any] | None = None,
    criteria: Sequence[str] | None = None,
    reference: str | None = None,
    name: str | None = None,
    seed: int = 0,
    progress: Wish = False,
) -> Scorecard | Comparison:
    """Does this coarse-graining renormalize? A scorecard for any scikit-learn transformer of spins to M variables.

    The rules behind each outcome are those of `blockspin.judging.rules`, the criteria are in docs/judge.md.

    Parameters
    ----------
    transformer : map, list of maps, or dict of names to these
        Fitted, X (n, N) of the samples' values to (n, M); it is fitted on `train` where it is not. Your own class needs
        transform(X); `blockspin.coarse.maps` lists what else it may offer (docs/how-to/own-network.md). A list holds
        trainings of one map: the card has means of them and of their nulls, with errors of samples and of trainings.
    samples, critical, train : DataArray, DataArray or two or None, DataArray or None
        Held-out samples; samples at the critical coupling, for the exponents (their values are checked:
        `blockspin.judging.critical`), or these and a second set, of another critical Hamiltonian, for flow; the
        training samples, with which clones are retrained on noise and on permuted sites as nulls. Without them only the
        cheap nulls are used: untrained, shuffled sites.
    model, nulls : model or None, dict of names to fitted maps or None
        What the samples were drawn from, for fidelity and generalization; your own null maps instead.
    criteria, reference : list of str or None, str or None
        Names of `blockspin.judging.CRITERIA`, all unless given. The block rule to compare with, a name of
        `blockspin.coarse.MAPS`: "majority", or "plurality", which keeps the alphabet, where samples are no spins.
    name, seed : str or None, int
        The map's name on the card, that of the class unless given; the seed of coins and nulls.
    progress : bool or callable
        True shows the progress on standard error; a function is called with (fraction of the criteria done, text).

    Returns
    -------
    Scorecard, or Comparison of a dictionary's maps

    Raises
    ------
    ValueError, TypeError
        Where lattices differ, where the map's outputs have the wrong shape, for unknown criteria and references, for a
        dictionary of no maps; for trainings that differ in class, in units or layers, or in parameters other than
        seeds, and for one given twice; for what is no map or no samples.

    Examples
    --------
    >>> lattice = bs.Lattice.square(8)
    >>> samples = bs.sample(bs.Ising(lattice, K=0.4), 400, seed=1)
    >>> card = bs.judge(bs.Majority(lattice), samples, criteria=["locality", "tiling"])
    >>> str(card.outcome("locality")), str(card.outcome("tiling"))
    ('pass', 'pass')
    """
    names = chosen(criteria)
    if reference is not None:
        checks.choice("reference", reference, MAPS)
    checks.whole("seed", seed, 0, checks.MOST_SEED)
    maps = _named(transformer, name)
    _check_nulls(nulls)
    first, second = _starts(critical)
    evidence = Evidence(samples, critical=first, train=train, model=model, seed=seed, second=second)
    rule = reference or ("majority" if evidence.alphabet == SPINS else "plurality")
    with reporting(progress, ", ".join(maps)) as report:
        cards = Comparison()
        for n, (label, one) in enumerate(maps.items()):
            own = part(report, n / len(maps), (n + 1) / len(maps))
            cards[label] = _card(one, label, evidence, names, nulls, rule, own)
    return cards if isinstance(transformer, Mapping) else cards[label]


def _card(
    given: Any, name: str, evidence: Evidence, names: list[str], nulls: Any, rule: str, report: Report
) -> Scorecard:
    trainings = [taken(_fitted(seeded(one, evidence.seed), evidence), name) for one in _trainings(given)]
    subjects = [Subject(one, evidence, name=name, layer=one.depth) for one in trainings]
    if len({(one.b, one.layer) for one in subjects}) > 1:
        sizes = ", ".join(f"b = {one.b:.3g} in layer {one.layer}" for one in subjects)
        raise ValueError(f"{name}, trainings of one map, must have equally many units and layers; got {sizes}")
    check_distinct(name, subjects)
    subject = subjects[0]
    made, missing = zip(*(_nulls(one) if nulls is None else (nulls, []) for one in subjects), strict=True)
    notes = of_all([[*warnings(one), *lacks] for one, lacks in zip(subjects, missing, strict=True)])
    alike = [label for label in made[0] if all(label in one for one in made)]
    several = 1 if nulls is not None else len(subjects)
    done, steps = count(), len(names) * (len(subjects) + several * len(alike)) + 1  # maps, nulls and the reference

    def step(text: str) -> None:
        report(next(done) / steps, text)

    measured = mean([measure_subject(one, names, step=step) for one in subjects])
    step(rule)
    beside = evidence.once(reference, subject.b, subject.layer, evidence.seed, tuple(names), rule)
    if beside is None:
        text = f"no block rule has b = {subject.b:.3g} on {evidence.lattice}: no physical reference"
        notes.append(Note("no reference", text))
    # nulls of one's own, whatever their names, are not the kinds that rules know
    compared = [
        mean(
            [
                measure_subject(
                    Subject(one[label], evidence, name=label, layer=subject.layer),
                    names,
                    kind=label if nulls is None else "",
                    step=step,
                )
                for one in made[:several]
            ]
        )
        for label in alike
    ]
    report(1.0, "")
    card = scorecard(measured, compared, beside, notes)
    return replace(card, samples=described(evidence.samples))


def _named(transformer: Any, name: Any) -> Mapping[str, Any]:
    """The maps to judge by their names."""
    several = isinstance(transformer, Mapping)
    own = (
        type(next(iter(_trainings(transformer)), None)).__name__
        if name is None
        else checks.instance("name", name, str, "a string")
    )
    if several and (not transformer or name is not None):
        raise ValueError(f"transformer, maps by name, must hold one, and name be None; got {checks.shown(transformer)}")
    maps: Mapping[str, Any] = transformer if several else {own: transformer}
    for label, given in maps.items():
        checks.instance("every name in transformer", label, str, "a string")
        of = f"transformer[{label!r}]" if several else "transformer"
        for one in _trainings(given):
            checks.transformer(of, one)
        if len(classes := dict.fromkeys(type(one).__name__ for one in _trainings(given))) > 1:
            raise ValueError(f"{of}, a list of trainings of one map, must hold one class; got {', '.join(classes)}")
        if not (trainings := _trainings(given)):
            raise ValueError(f"{of}, a list of trainings of one map, must hold at least one; got none")
        if found := next(filter(None, (difference(trainings[0], one) for one in trainings[1:])), ""):
            raise ValueError(f"{of}, a list of trainings of one map, must have one recipe but for seeds; got {found}")
    return maps


def _trainings(given: Any) -> Sequence[Any]:
    return given if isinstance(given, list | tuple) else [given]


def _starts(critical: Any) -> tuple[Any, Any]:
    """The critical samples, and the second set where two are given."""
    sets = tuple(critical) if isinstance(critical, (list, tuple)) else (critical, None)
    if len(sets) != 2:
        raise ValueError(f"critical must be samples, or two sets of samples; got {len(sets)} sets")
    return sets


def _check_nulls(nulls: Any) -> None:
    if nulls is not None:
        checks.instance("nulls", nulls, Mapping, "a mapping of names to fitted maps")
        for label, one in nulls.items():
            checks.transformer(f"nulls[{label!r}]", one)


def _nulls(subject: Subject) -> tuple[dict[str, Any], list[Note]]:
    """The null maps of a fitted map, and a note for each that cannot be made: what the map lacks."""
    fitted, evidence = subject.map, subject.evidence
    train, seed = evidence.train, evidence.seed
    nulls = null_maps.cheap(fitted, to_matrix(train) if train is not None else to_matrix(evidence.few), seed)
    if not learns(fitted.given):  # a rule that learns nothing has no other nulls
        return nulls, []
    notes = []
    if lack := null_maps.lacking(fitted):
        notes.append(Note("null untrained", f"there is no untrained null: give the map {lack}"))
    if train is None or not hasattr(fitted.given, "get_params"):
        why = "no training samples were given" if train is None else "the map lacks get_params"
        text = f"{why}: the nulls are not retrained on noise or on permuted sites"
        return nulls, [*notes, Note("nulls retrained", text)]
    trained = null_maps.retrained(fitted, to_matrix(train), seed)
    changed = {label: null for label, null in trained.items() if not _same(fitted, null, evidence.X)}
    if len(changed) < len(trained):
        text = "training on noise or on permuted sites does not change the map: these are no nulls of it"
        notes.append(Note("nulls retrained", text))
    return {**changed, **nulls}, notes


def _fitted(transformer: Any, evidence: Evidence) -> Any:
    """The map itself where it transforms, else a clone fitted on `train`, or on anything where nothing is learned."""
    try:
        taken(transformer).given.transform(evidence.X[:2].copy())
    except (NotFittedError, AttributeError) as error:
        if not isinstance(error, NotFittedError) and _looks_fitted(transformer):
            raise
        if evidence.train is not None:
            return clone(transformer).fit(to_matrix(evidence.train).copy())
        if not learns(transformer):
            return clone(transformer).fit(to_matrix(evidence.few).copy())
        raise ValueError("transformer must be fitted, or training samples given with train=") from None
    return transformer


def _looks_fitted(transformer: Any) -> bool:
    # own estimators that are not fitted fail on what fit would have set; a fitted one has a fault of its own
    set_by_fit = [name for name in vars(transformer) if name.endswith("_") and not name.startswith("_")]
    return not hasattr(transformer, "fit") or bool(set_by_fit)


def _same(one: Any, other: Any, X: Any) -> bool:
    # a map that learns nothing is its own retrained clone
    rows = X[:SAME]
    return np.array_equal(np.asarray(one.transform(rows.copy())), np.asarray(other.transform(rows.copy())))
