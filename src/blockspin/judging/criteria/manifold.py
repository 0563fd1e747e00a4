"""Manifold: do the covariances of coarse with fine functions have one row, the normal of the critical manifold?

The rows of `rg.tangent`: of even operators of the coarse lattice where the units have positions, elsewhere of sums over
units of the product with the k-th most correlated partner. The control is the fine lattice itself, "identity", with
the like functions. Nulls of the map's make do not count: what sees the long waves alone, as sites in disorder do,
comes near the row too. So the criterion is necessary, not enough: read locality first. Errors: jackknife over chains.
"""

import numpy as np
from numpy.typing import NDArray

from blockspin.alphabet import SPINS
from blockspin.judging.criteria.coarse_couplings import spins_needed
from blockspin.judging.criteria.criterion import Criterion, Quantity
from blockspin.judging.critical import critical_needed
from blockspin.judging.evidence import Evidence, Subject
from blockspin.judging.measurement import NotDefined, Reading, Side
from blockspin.judging.rules import LiesBelow
from blockspin.rg.normal import critical_normal
from blockspin.rg.operators import EVEN
from blockspin.rg.tangent import LEAST_UNITS, PARTNERS, Tangent, partners, tangent, values
from blockspin.samples import by_chain
from blockspin.statistics import Estimate

DISTANCE, SPREAD = "distance from the exact row", "spread of rows"


def _rows(subject: Subject) -> tuple[Tangent, Tangent]:
    """Of the map, and of the fine lattice itself."""
    spins_needed(subject)
    evidence, columns = subject.evidence, EVEN[subject.lattice.kind]
    if evidence.alphabet != SPINS or subject.alphabet != SPINS:
        raise NotDefined("other letters", "rows of the critical manifold are of spins -1/+1")
    critical = critical_needed(evidence)
    if not LEAST_UNITS <= subject.n_units < subject.lattice.n_sites:
        raise NotDefined("not coarse", f"rows need {LEAST_UNITS} units, and fewer than sites; got {subject.n_units}")
    fine = evidence.once(_fine)
    if subject.embedding is not None and subject.embedding.defined:
        found = values(subject.placed("critical"), subject.embedding.lattice, columns)
        control, same = fine, fine
    else:
        _, found = partners(by_chain(subject.letters("critical"), critical), evidence.seed)
        found = found[..., :-PARTNERS]  # pairs at random have no short range
        control, same = evidence.once(_neighbours), fine[-len(found) :]
    moving = np.ptp(found, axis=(0, 1)) > 0
    if moving.sum() < 2:
        raise NotDefined("no rows", "fewer than two functions of the coarse layer vary")
    normal = tuple(critical_normal(columns)) if subject.lattice.kind == "square" else ()
    pairs = ((found[..., moving], same), (control, fine))
    rows, identity = (tangent([str(k) for k in range(O.shape[-1])], O, columns, S, normal) for O, S in pairs)
    return rows, identity


def _fine(evidence: Evidence) -> NDArray[np.float64]:
    """Values of the even operators of the critical samples."""
    return values(critical_needed(evidence).values, evidence.lattice, EVEN[evidence.lattice.kind])


def _neighbours(evidence: Evidence) -> NDArray[np.float64]:
    """Sums of products of neighbours along each direction, (chain, draw, direction)."""
    spins = critical_needed(evidence).values
    axes = tuple(range(2, spins.ndim))
    pairs = [spins * np.roll(spins, [-x for x in step], axes) for step in evidence.lattice.steps]
    return np.stack([one.sum(axis=axes, dtype=float) for one in pairs], axis=-1)


def _distance(subject: Subject) -> Reading:
    found, control = subject.once(_rows)
    if found.distance is None or control.distance is None:
        raise NotDefined("no exact row", f"the exact row of the {subject.lattice.kind} lattice is not known")
    return _reading(found.distance, control.distance)


def _spread(subject: Subject) -> Reading:
    found, control = subject.once(_rows)
    return _reading(found.spread, control.spread)


def _reading(found: Estimate, control: Estimate) -> Reading:
    return Reading(found.value, found.error, above=Side.of("identity", control), exact=Side("exact", 0.0))


MANIFOLD = Criterion(
    __doc__,
    (Quantity(DISTANCE, _distance, LiesBelow()), Quantity(SPREAD, _spread, LiesBelow())),
    headline=(DISTANCE,),
    group="critical manifold",
    denies=True,
)
