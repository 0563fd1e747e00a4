"""Tiling: do the fields' centres tile the lattice as blocks do?"""

import math

import numpy as np
from scipy.sparse import diags_array

from blockspin.arrays import FloatArray
from blockspin.coarse.embedding import centres
from blockspin.coarse.sparse_fields import Fields, pieces
from blockspin.judging.criteria.criterion import Criterion, Quantity
from blockspin.judging.criteria.locality import mean_over_units
from blockspin.judging.evidence import Subject
from blockspin.judging.measurement import NotDefined, Reading
from blockspin.judging.rules import CloserThanNulls, Described
from blockspin.judging.thresholds import DUPLICATE
from blockspin.lattice import Lattice
from blockspin.statistics import jackknife_error


def nearest_neighbour_spacing(positions: FloatArray, lattice: Lattice) -> FloatArray:
    """Distance of each centre to the nearest other, shape (M,); a grid gives b, Poisson points b / 2 in 2D."""
    n = len(positions)
    nearest = np.empty(n)
    for piece in pieces(n, n):
        distance = lattice.distance(positions[piece, None, :], positions[None, :, :])
        distance[np.arange(len(distance)), np.arange(n)[piece]] = np.inf  # of each to itself
        nearest[piece] = distance.min(axis=1)
    return nearest


def coverage(fields: Fields) -> float:
    """Evenness with which the fields cover the sites, 1 where all alike.

    With c_i the sum over units of their normalised squared weight at site i: (sum c_i)^2 / (N sum c_i^2).
    """
    weight = fields**2
    load = (1 / weight.sum(axis=1)) @ weight
    return float(load.sum() ** 2 / (len(load) * (load**2).sum()))


def duplicates(fields: Fields) -> float:
    """Share of units whose field is that of another, up to sign: cosine above `DUPLICATE`."""
    unit = diags_array(1 / np.sqrt((fields**2).sum(axis=1))) @ fields
    alike = abs(unit @ unit.T) > DUPLICATE
    return float((alike.sum(axis=1) > 1).mean())  # each is like itself


def _spacing(subject: Subject) -> Reading:
    fields = _two_living(subject)
    spacing = nearest_neighbour_spacing(centres(fields, subject.lattice), subject.lattice)
    return mean_over_units(spacing / subject.b)


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
    n = subject.n_units
    return _share(1 - _two_living(subject).shape[0] / n, n)


def _duplicate(subject: Subject) -> Reading:
    fields = _two_living(subject)
    return _share(duplicates(fields), fields.shape[0])


def _two_living(subject: Subject) -> Fields:
    if subject.living.shape[0] < 2:
        raise NotDefined("no fields", "fewer than two units live")
    return subject.living


def _share(p: float, n: int) -> Reading:
    return Reading(p, math.sqrt(p * (1 - p) / n))


def _leave_one_out(fields: Fields) -> float:
    weight = fields**2
    scale = 1 / weight.sum(axis=1)
    load = scale @ weight
    # sums over the sites of the load without that of one unit, scale[a] * weight[a], and of its square, for all units
    total = load.sum() - 1
    squares = (load**2).sum() - 2 * scale * (weight @ load) + scale**2 * (weight**2).sum(axis=1)
    return float(jackknife_error(total**2 / (len(load) * squares)))


TILING = Criterion(
    __doc__,
    (
        Quantity("spacing of centres / b", _spacing, CloserThanNulls(), of_fields=True, own=True),
        Quantity("residual of the embedding / b", _residual, CloserThanNulls(), of_fields=True, own=True),
        Quantity("coverage of sites", _coverage, Described(), anywhere=True, own=True),
        Quantity("dead units", _dead, Described(), anywhere=True, own=True),
        Quantity("duplicate units", _duplicate, Described(), anywhere=True, own=True),
    ),
    headline=("residual of the embedding / b",),
    group="block structure",
    decides=True,
)
