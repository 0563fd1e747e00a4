"""Tiling: do the fields' centres cover the lattice once, as the blocks of a block rule do?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from blockspin.coarse.embedding import alive, centres
from blockspin.judging.criteria.criterion import Criterion, Quantity
from blockspin.judging.evidence import Subject
from blockspin.judging.measurement import NotDefined, Reading
from blockspin.judging.questions import QUESTIONS
from blockspin.judging.rules import CloserThanNulls, Described
from blockspin.judging.thresholds import DUPLICATE
from blockspin.lattice import Lattice
from blockspin.statistics import jackknife_error

FloatArray = NDArray[np.float64]
SPARSE = 0.1  # share of weights that are not 0 below which fields are multiplied as sparse matrices


def nearest_neighbour_spacing(positions: FloatArray, lattice: Lattice) -> FloatArray:
    """Distance of each centre to the nearest other, shape (M,); a grid gives b, Poisson points b / 2 in 2D."""
    distance = lattice.distance(positions[:, None, :], positions[None, :, :])
    np.fill_diagonal(distance, np.inf)
    nearest: FloatArray = distance.min(axis=1)
    return nearest


def coverage(fields: FloatArray) -> float:
    """Evenness with which the fields cover the sites, 1 where all alike.

    With c_i the sum over units of their normalised squared weight at site i: (sum c_i)^2 / (N sum c_i^2).
    """
    weight = fields**2
    load = (weight / weight.sum(axis=1, keepdims=True)).sum(axis=0)
    return float(load.sum() ** 2 / (len(load) * (load**2).sum()))


def duplicates(fields: FloatArray) -> float:
    """Share of units whose field is that of another, up to sign: cosine above `DUPLICATE`."""
    unit = fields / np.linalg.norm(fields, axis=1, keepdims=True)
    local = csr_array(unit) if np.count_nonzero(unit) < SPARSE * unit.size else unit  # of local fields most is 0
    alike = abs(local @ local.T) > DUPLICATE
    return float((alike.sum(axis=1) > 1).mean())  # each is like itself


def _spacing(subject: Subject) -> Reading:
    fields = _two_living(subject)
    spacing = nearest_neighbour_spacing(centres(fields, subject.lattice), subject.lattice) / subject.b
    return Reading(float(spacing.mean()), float(spacing.std(ddof=1) / math.sqrt(len(spacing))))


def _residual(subject: Subject) -> Reading:
    _two_living(subject)
    embedding = subject.embedding
    if embedding is None:
        why = f"{subject.n_units} units fill no lattice with the proportions of {subject.lattice}"
        raise NotDefined("no coarse lattice", why)
    # the error is the spread that random placements of as many centres have
    return Reading(embedding.residual / subject.b, embedding.poisson_spread / subject.b)


def _coverage(subject: Subject) -> Reading:
    fields = _two_living(subject)
    return Reading(coverage(fields), _leave_one_out(fields))


def _dead(subject: Subject) -> Reading:
    _two_living(subject)
    living = alive(subject.fields)
    return _share(float(1 - living.mean()), len(living))


def _duplicate(subject: Subject) -> Reading:
    fields = _two_living(subject)
    return _share(duplicates(fields), len(fields))


def _two_living(subject: Subject) -> FloatArray:
    living = alive(subject.fields)
    if living.sum() < 2:
        raise NotDefined("no fields", "fewer than two units live")
    return subject.fields[living]


def _share(p: float, n: int) -> Reading:
    return Reading(p, math.sqrt(p * (1 - p) / n))


def _leave_one_out(fields: FloatArray) -> float:
    weight = fields**2
    parts = weight / weight.sum(axis=1, keepdims=True)
    load = parts.sum(axis=0)
    # sums over the sites of load - parts[a] and of its square, for every unit a at once
    total, squares = load.sum() - parts.sum(axis=1), (load**2).sum() - 2 * parts @ load + (parts**2).sum(axis=1)
    return float(jackknife_error(total**2 / (len(load) * squares)))


TILING = Criterion(
    QUESTIONS["tiling"],
    (
        Quantity("spacing of centres / b", _spacing, CloserThanNulls(), of_fields=True),
        Quantity("residual of the embedding / b", _residual, CloserThanNulls(), of_fields=True),
        Quantity("coverage of sites", _coverage, Described()),
        Quantity("dead units", _dead, Described()),
        Quantity("duplicate units", _duplicate, Described()),
    ),
    headline=("residual of the embedding / b",),
    decides=True,
)
