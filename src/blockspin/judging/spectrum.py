"""Spectrum: the exponents y_t and y_h that a map gives at the critical point, by Monte Carlo RG through the map."""

from __future__ import annotations

import math

from blockspin.judging.card import Measurement
from blockspin.judging.evidence import Subject
from blockspin.rg import mcrg

NAMES = ("y_t", "y_h")


def spectrum(subject: Subject) -> list[Measurement]:
    """y_t (even operators) and y_h (odd ones) of the step from the fine to the coarse spins, jackknife errors.

    lambda = b^y are the leading eigenvalues of B^-1 A with the connected moments A_ij = <S_i^coarse S_j^fine>
    and B_ij = <S_i^coarse S_j^coarse>.
    The units need places on a coarse lattice: where the embedding fails the exponents are not defined, and the
    numbers stand for nulls alone. Source: Swendsen, Phys. Rev. Lett. 42, 859 (1979).
    """
    if subject.evidence.not_spins:
        return _undefined(subject.evidence.not_spins, asked=False)
    critical = subject.evidence.critical
    if critical is None:
        return _undefined("no critical samples were given: exponents are measured at the critical point", asked=False)
    missing, why = places(subject)
    if missing:
        return _undefined(missing)
    embedding = subject.embedding
    assert embedding is not None
    found = mcrg.spectrum(
        critical.values,
        subject.placed("critical"),
        embedding.b,
        fine_lattice=subject.lattice,
        coarse_lattice=embedding.lattice,
    )
    sides = (("y_t", found.y_t, found.why_t), ("y_h", found.y_h, found.why_h))
    trivial = dict(zip(NAMES, _trivial(subject.lattice.dimension), strict=True))
    return [
        Measurement("spectrum", name, y.value, y.error, why or reason, forced=bool(why), trivial=trivial[name])
        for name, y, reason in sides
    ]


def places(subject: Subject) -> tuple[str, str]:
    """Why the units stand on no coarse lattice at all, and why the places they were given are forced; "" where not."""
    if subject.n_units >= subject.lattice.n_sites:
        return f"{subject.n_units} units for {subject.lattice.n_sites} sites: nothing is coarse-grained", ""
    embedding = subject.embedding
    if embedding is None:
        return f"the {subject.n_units} units have no places on a lattice", ""
    if embedding.defined:
        return "", ""
    return "", (
        f"not defined: the fields' centres lie {embedding.residual:.2f} from a grid of spacing {embedding.b:g}, "
        f"centres at random {embedding.poisson:.2f} +- {embedding.poisson_spread:.2f}"
    )


def _trivial(dimension: int) -> tuple[tuple[dict[str, object], ...], tuple[dict[str, object], ...]]:
    # what no step of this critical point gives, from below and from above. Even: nothing grows; a jump (Nienhuis and
    # Nauenberg, Phys. Rev. Lett. 35, 477 (1975)). Odd: sums of uncorrelated spins; spins of the fine lattice just as
    # they are, which take no dimension of their own (decimation, rules with noise)
    still = {"name": "nothing relevant", "value": 0.0, "error": 0.0}
    jump = {"name": "a first-order jump, d", "value": float(dimension), "error": 0.0}
    noise = {"name": "uncorrelated spins, d/2", "value": dimension / 2, "error": 0.0}
    single = {"name": "one spin a block, d", "value": float(dimension), "error": 0.0}
    return (still, jump), (noise, single)


def _undefined(why: str, *, asked: bool = True) -> list[Measurement]:
    return [Measurement("spectrum", name, math.nan, math.nan, why, asked=asked) for name in NAMES]
