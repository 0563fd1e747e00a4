"""The judge: one map, its nulls and the physical references, on the same samples and the same criteria."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags

from blockspin.coarse.blocks import Decimation, Majority
from blockspin.coarse.fields import weight_fields
from blockspin.coarse.stack import layers
from blockspin.judging import nulls as null_maps
from blockspin.judging.card import Measured, Measurement, Scorecard, scorecard
from blockspin.judging.evidence import Evidence, Subject
from blockspin.judging.fidelity import fidelity
from blockspin.judging.flow import flow
from blockspin.judging.generalization import generalization
from blockspin.judging.information import information
from blockspin.judging.locality import locality
from blockspin.judging.reach import reach
from blockspin.judging.spectrum import spectrum
from blockspin.judging.symmetry import symmetry
from blockspin.judging.tiling import tiling
from blockspin.models import known, not_critical
from blockspin.samples import features, provenance

SAME = 200  # rows on which a retrained clone must differ somewhere to be a null
ENOUGH = 16  # draws a site for the fields of a map without weights: they then cover 6 % too many sites

TABLE: dict[str, Callable[[Subject], list[Measurement]]] = {
    "locality": locality,
    "tiling": tiling,
    "symmetry": symmetry,
    "fidelity": fidelity,
    "spectrum": spectrum,
    "flow": flow,
    "range": reach,
    "information": information,
    "generalization": generalization,
}


def measure(
    transformer: Any, evidence: Evidence, *, name: str, layer: int = 1, criteria: Sequence[str] | None = None
) -> Measured:
    """Measure one fitted map on the evidence, criterion by criterion, comparing with nothing yet.

    Raises ValueError for an unknown criterion.
    """
    return measure_subject(Subject(transformer, evidence, name=name, layer=layer), criteria)


def measure_subject(subject: Subject, criteria: Sequence[str] | None = None) -> Measured:
    """`measure` for a subject already before the judge."""
    chosen = list(TABLE) if criteria is None else list(criteria)
    for criterion in chosen:
        if criterion not in TABLE:
            raise ValueError(f"criterion must be one of {', '.join(TABLE)}; got {criterion!r}")
    rows = [row for criterion in chosen for row in TABLE[criterion](subject)]
    return Measured(subject.name, subject.layer, subject.b, tuple(rows))


def references(
    evidence: Evidence,
    b: float,
    *,
    layer: int = 1,
    seed: int = 0,
    criteria: Sequence[str] | None = None,
    rules: Sequence[str] = ("majority", "decimation"),
) -> list[Measured]:
    """The physical block rules of side b on the same samples, in order; none where b is not a whole number."""
    side = round(b)
    if abs(b - side) > 1e-9 or side < 2 or any(L % side or L // side < 2 for L in evidence.lattice.shape):
        return []
    known = {
        "majority": Majority(evidence.lattice, side, random_state=seed),
        "decimation": Decimation(evidence.lattice, side),
    }
    return [measure(known[name].fit(evidence.X), evidence, name=name, layer=layer, criteria=criteria) for name in rules]


def judge(
    transformer: Any,
    samples: xr.DataArray,
    *,
    model: Any | None = None,
    critical: xr.DataArray | None = None,
    train: xr.DataArray | None = None,
    nulls: Mapping[str, Any] | None = None,
    name: str = "map",
    seed: int = 0,
) -> Scorecard:
    """Does this coarse-graining renormalize? A scorecard for any scikit-learn transformer of spins to M variables.

    transformer: fitted, X (n, N) of spins -1/+1 to (n, M); it is fitted on `train` where it is not.
    samples: held-out samples; critical: samples at the critical coupling, for the exponents; train: the training
    samples, with which clones are retrained on noise and on permuted sites as nulls (without it the cheap nulls
    serve: untrained, shuffled sites); nulls: fitted null maps of one's own, name to transformer, instead.
    The rule behind each pass is that of `blockspin.judging.card.decide`, the criteria are in docs/judge.md.
    Raises ValueError where lattices differ or where the map's outputs have the wrong shape.
    """
    evidence = Evidence(samples, critical=critical, train=train, model=model, seed=seed)
    fitted = _fitted(transformer, evidence, train)
    subject = Subject(fitted, evidence, name=name, layer=_depth(fitted))
    notes = _warnings(subject)
    if nulls is None:
        nulls = null_maps.cheap(fitted, features(train if train is not None else samples), seed)
        if train is not None and hasattr(fitted, "get_params"):
            trained = null_maps.retrained(fitted, features(train), seed)
            changed = {label: null for label, null in trained.items() if not _same(fitted, null, evidence.X)}
            if len(changed) < len(trained):
                notes.append("trained on noise or on permuted sites the map is what it was: these are no nulls of it")
            nulls = {**changed, **nulls}
        else:
            why = "no training samples were given" if train is None else "the map has no get_params to clone it by"
            notes.append(f"{why}: the nulls are not retrained on noise or on permuted sites")
    measured = measure_subject(subject)
    beside = references(evidence, subject.b, layer=subject.layer, seed=seed, rules=("majority",))
    if not beside:
        notes.append(f"no block rule has b = {subject.b:.3g} on {evidence.lattice}: no physical reference")
    compared = [measure(null, evidence, name=label, layer=subject.layer) for label, null in nulls.items()]
    return scorecard(measured, compared, beside[0] if beside else None, notes)


def _fitted(transformer: Any, evidence: Evidence, train: xr.DataArray | None) -> Any:
    """The map itself where it transforms, else a clone fitted on `train`, or on anything where nothing is learned."""
    if not hasattr(transformer, "transform"):
        raise TypeError(f"a map must have transform(X), as scikit-learn's transformers; got {transformer!r}")
    try:
        transformer.transform(evidence.X[:2])
    except NotFittedError:
        if train is not None:
            return clone(transformer).fit(features(train))
        if not get_tags(transformer).requires_fit:
            return clone(transformer).fit(evidence.X)
        raise ValueError("the map must be fitted, or training samples given with train=") from None
    return transformer


def _same(one: Any, other: Any, X: Any) -> bool:
    # a map that learns nothing is its own retrained clone
    rows = X[:SAME]
    return np.array_equal(np.asarray(one.transform(rows)), np.asarray(other.transform(rows)))


def _depth(transformer: Any) -> int:
    try:
        return max(1, len(layers(transformer)))
    except ValueError:
        return 1


def _warnings(subject: Subject) -> list[str]:
    evidence, notes = subject.evidence, []
    draws, sites = evidence.X.shape
    if subject.fields_from == "regression" and draws < ENOUGH * sites:
        notes.append(
            f"the map has no weights, and a regression of its outputs on {sites} sites from {draws} draws spreads its "
            f"fields: locality and tiling come out too wide. Give at least {ENOUGH * sites} draws"
        )
    if subject.fields_from == "regression" and weight_fields(subject.transformer, sites) is not None:
        notes.append("the outputs do not follow the map's weights: its fields are a regression of outputs on spins")
    if evidence.critical is not None and (off := not_critical(known(provenance(evidence.critical).get("model")))):
        notes.append(f"critical: {off}")
    return notes
