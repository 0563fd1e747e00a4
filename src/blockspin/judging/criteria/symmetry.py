"""Symmetry: does the map respect spin flip, translation and the lattice's point group?"""

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from blockspin import memory
from blockspin.arrays import FloatArray
from blockspin.coarse.embedding import centres
from blockspin.coarse.sparse_fields import Fields, dense, pieces
from blockspin.judging.criteria.criterion import Criterion, Quantity
from blockspin.judging.criteria.locality import mean_over_units
from blockspin.judging.evidence import Subject
from blockspin.judging.measurement import NotDefined, Reading, Side
from blockspin.judging.nulls import PERMUTATIONS
from blockspin.judging.rules import CloserThanNulls, Described
from blockspin.lattice import Lattice
from blockspin.rg.operators import point_group as group_of
from blockspin.samples import by_chain
from blockspin.statistics import jackknife

SETTLED = 1e-14  # a template that turns by less has settled


def flip_equivariance(subject: Subject) -> Reading:
    """How exactly the outputs flip with the spins: minus the correlation of c(v) and c(-v) over samples.

    1 where c(-v) = const - c(v) for every unit; jackknife over chains. RBMs that pass on draws are used with
    their means, since the symmetry is one of probabilities.
    """
    if subject.evidence.not_spins:
        raise NotDefined("not spins", "a flipped covering of dimers is no covering")
    X = subject.evidence.X
    both = subject.map.means(X), memory.by_rows(lambda rows: subject.map.means(-rows), X)
    ends = []
    for side in both:
        ends.append((side.max(axis=0), side.min(axis=0), side.mean(axis=0, dtype=float)))
        memory.release(side)
    varying = np.maximum(ends[0][0], ends[1][0]) > np.minimum(ends[0][1], ends[1][1])  # the mean of many 0.1 is not 0.1
    centre = (ends[0][2] + ends[1][2])[varying] / 2

    def moments(*sides: NDArray[Any]) -> FloatArray:
        straight, turned = (side[:, varying].astype(float) - centre for side in sides)
        return np.stack([(straight * turned).sum(axis=1), (straight**2).sum(axis=1), (turned**2).sum(axis=1)], axis=1)

    chains = by_chain(memory.by_rows(moments, *both, most=memory.LARGE // 8), subject.evidence.samples).mean(axis=1)
    if not (chains[:, 1:].sum(axis=0) > 0).all():
        raise NotDefined("constant", "the outputs are constant")
    value, error = jackknife(chains, lambda m: -m[..., 0] / np.sqrt(m[..., 1] * m[..., 2]))
    return Reading(float(value), float(error), target=Side("equivariant", 1.0))


def translation(fields: Fields, lattice: Lattice, rounds: int = 4) -> tuple[FloatArray, FloatArray]:
    """One field for all: the template, and the share of each field's squared norm that it explains, shape (M,).

    Every field is moved (and turned over) to where it fits the template best, the template is the mean of the
    moved fields, and so on from the strongest field; the explained share is the squared cosine at the end.
    """
    n = fields.shape[0]
    # the strongest of equals must not hang on how the fields are held
    norms = np.concatenate([np.sqrt((dense(fields[piece]) ** 2).sum(axis=1)) for piece in pieces(*fields.shape)])
    template = dense(fields[[np.argmax(norms)]]).reshape(lattice.shape) / norms.max()
    share = np.zeros(n)
    for _ in range(rounds):
        spectrum, total = np.conj(np.fft.rfftn(template)), np.zeros(lattice.n_sites)
        for piece in pieces(*fields.shape):
            peak, shift = _best_fit(fields[piece], spectrum, lattice)
            share[piece] = (peak / (norms[piece] * np.linalg.norm(template))) ** 2
            part = coo_array(fields[piece])
            moved = (lattice.coordinates[part.col] - shift[part.row]) % lattice.shape
            np.add.at(total, np.ravel_multi_index(tuple(moved.T), lattice.shape), np.sign(peak)[part.row] * part.data)
        before, template = template, (total / n).reshape(lattice.shape)
        norm = np.linalg.norm(before) * np.linalg.norm(template)
        if abs((before * template).sum()) >= (1 - SETTLED) * norm:
            break
    return template, share


def _best_fit(
    fields: Fields, spectrum: NDArray[np.complex128], lattice: Lattice
) -> tuple[FloatArray, NDArray[np.intp]]:
    """Overlap of each field with the template of this (conjugate) spectrum where it is largest, and the shift there."""
    images = dense(fields).reshape(-1, *lattice.shape)
    axes = tuple(range(1, images.ndim))
    overlap = np.fft.irfftn(np.fft.rfftn(images, axes=axes) * spectrum, s=lattice.shape, axes=axes)
    flat = overlap.reshape(len(images), -1)
    best = np.argmax(np.abs(flat), axis=1)
    return flat[np.arange(len(flat)), best], lattice.coordinates[best]


def point_group(template: FloatArray, lattice: Lattice) -> float:
    """Share of the squared norm of a field that is even under the lattice's point group about its best centre.

    template: one field, of the lattice's shape. Sites, and the points halfway between them (bonds, plaquettes), near
    the centre of the squared weight are tried, each with the elements of the group that keep the torus and send sites
    to sites: 2 on the chain, 8 on the square, 12 on the triangular and 48 on the cubic lattice of equal extents about
    a site, fewer about other points and on unequal extents.
    """
    total = float((template**2).sum())
    if total == 0:
        return math.nan
    (middle,) = centres(template.reshape(1, -1), lattice)
    near = itertools.product(*[np.round(x) + np.arange(-1.5, 2.0, 0.5) for x in middle])
    return max(_even_share(template.ravel(), lattice, np.array(point)) for point in near) / total


def _even_share(field: FloatArray, lattice: Lattice, point: FloatArray) -> float:
    versions = []
    for element in group_of(lattice.kind):
        turned = (lattice.coordinates - point) @ element + point
        to = np.rint(turned).astype(int)
        if np.abs(turned - to).max() < 1e-9 and _keeps_the_torus(element, lattice):
            versions.append(field[np.ravel_multi_index(tuple((to % lattice.shape).T), lattice.shape)])
    return float((np.mean(versions, axis=0) ** 2).sum())


def _keeps_the_torus(element: NDArray[np.int64], lattice: Lattice) -> bool:
    # the periods go to combinations of periods
    periods = np.diag(lattice.shape) @ element
    return bool((periods % np.array(lattice.shape) == 0).all())


def _of_living(subject: Subject) -> tuple[FloatArray, FloatArray]:
    return translation(subject.living, subject.lattice)


def _translation(subject: Subject) -> Reading | None:
    if subject.living.shape[0] < 2:
        return None
    _, share = subject.once(_of_living)
    return mean_over_units(share)


def _point_group(subject: Subject) -> Reading | None:
    if subject.living.shape[0] < 2:
        return None
    template, _ = subject.once(_of_living)
    # one field made of many: it has no error of its own
    return Reading(point_group(template, subject.lattice), math.nan, "one field, no error")


SYMMETRY = Criterion(
    __doc__,
    (
        Quantity("spin flip", flip_equivariance, CloserThanNulls(blind=PERMUTATIONS), anywhere=True),
        Quantity("translation", _translation, CloserThanNulls(), of_fields=True, own=True),
        Quantity("point group", _point_group, Described()),
    ),
    headline=("spin flip",),
)
