"""Spectrum: which exponents y_t and y_h does the map give at the critical point?"""

import math

from blockspin.alphabet import SPINS
from blockspin.judging.criteria.coarse_couplings import placed_units, same_letters, spins_needed
from blockspin.judging.criteria.criterion import Criterion, Quantity
from blockspin.judging.critical import EXACT, critical_needed
from blockspin.judging.evidence import Subject
from blockspin.judging.measurement import BLURRED, NotDefined, Reading, Side
from blockspin.judging.rules import CloserThanNulls
from blockspin.judging.thresholds import SIGMAS
from blockspin.rg import mcrg
from blockspin.statistics import Estimate


def exponents(subject: Subject) -> mcrg.Spectrum:
    """y_t (even operators) and y_h (odd ones) of the step from the fine to the coarse spins, jackknife errors.

    By `rg.mcrg`. Raises NotDefined where the units have no positions on a coarse lattice, or the samples are not those
    of a critical point, or fine and coarse letters differ.
    """
    spins_needed(subject)
    critical, alphabet = critical_needed(subject.evidence), same_letters(subject)
    embedding, _ = placed_units(subject)
    levels = [critical.values, subject.placed("critical")]
    (found,) = mcrg.mcrg(levels, embedding.b, lattice=subject.lattice, alphabet=alphabet)
    return found


def _y_t(subject: Subject) -> Reading:
    # nothing grows; a first-order jump (Nienhuis and Nauenberg, Phys. Rev. Lett. 35, 477 (1975))
    return _exponent(subject, "y_t", Side("nothing relevant", 0.0), "a first-order jump, d")


def _y_h(subject: Subject) -> Reading:
    # sums of uncorrelated spins; spins of the fine lattice just as they are, which take no dimension of their own
    half = Side("uncorrelated spins, d/2", subject.lattice.dimension / 2)
    return _exponent(subject, "y_h", half, "one spin a block, d")


def _exponent(subject: Subject, name: str, below: Side, above: str) -> Reading:
    spectrum = subject.once(exponents)
    y, why = (spectrum.y_t, spectrum.why_t) if name == "y_t" else (spectrum.y_h, spectrum.why_h)
    embedding, forced = placed_units(subject)
    if why:
        raise NotDefined(BLURRED if not forced and _may_exceed(y, below.value, embedding.b) else "no exponent", why)
    if not forced and subject.alphabet != SPINS:
        forced = f"where a model of {subject.alphabet} is critical is not known here: its exponents decide nothing"
    return Reading(
        y.value,
        y.error,
        forced=forced,
        below=below,
        above=Side(above, float(subject.lattice.dimension)),
        exact=EXACT.get(subject.lattice.kind, {}).get(name) if subject.alphabet == SPINS else None,
    )


def _may_exceed(y: Estimate, least: float, b: float) -> bool:
    """Whether an exponent was refused for an error that leaves open that its eigenvalue b^y is above b^least."""
    if y.warned is None or math.isnan(y.warned.value):
        return y.warned is not None
    ln_b = math.log(b)
    # an unknown error leaves it open
    return not (y.warned.value - least) * ln_b + math.log1p(SIGMAS * y.warned.error * ln_b) <= 0


SPECTRUM = Criterion(
    __doc__,
    (Quantity("y_t", _y_t, CloserThanNulls()), Quantity("y_h", _y_h, CloserThanNulls())),
    headline=("y_t", "y_h"),
    group="exponents",
    decides=True,
    whole=True,
)
