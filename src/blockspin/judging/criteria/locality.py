"""Locality: does the field of each unit cover a block, and not the whole lattice?

With p_i = w_i^2 / sum w^2 of a unit's effective field: the participation ratio 1 / sum p_i^2 (1 for one site, N for
all, b^d for a block), the share of p in the best window of side b + 1 (an even block has no site at its centre, and a
field that has one reaches one site further), and the radius of gyration about the centre on the torus. Described, not
judged: the field as a blob of one sign on a background (`blob`), by background over peak, smoothed over round(b) sites
a side, and by the blob's sites. Each is the mean over the units that live, with the standard error over units.
"""

import numpy as np

from blockspin.arrays import FloatArray
from blockspin.coarse.embedding import radius_of_gyration
from blockspin.coarse.sparse_fields import Fields, best_windows
from blockspin.judging.criteria.blob import blobs
from blockspin.judging.criteria.criterion import Criterion, Quantity
from blockspin.judging.evidence import Subject
from blockspin.judging.measurement import NotDefined, Reading
from blockspin.judging.nulls import PERMUTATIONS
from blockspin.judging.rules import CloserThanNulls, Described
from blockspin.lattice import Lattice, windows_at
from blockspin.statistics import mean_over_seeds


def participation(fields: Fields) -> FloatArray:
    """Participation ratio of the squared weights, (sum w^2)^2 / sum w^4, shape (M,); nan for a zero field."""
    weight = fields**2
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: FloatArray = weight.sum(axis=1) ** 2 / (weight**2).sum(axis=1)
    return ratio


def window_share(fields: Fields, lattice: Lattice, side: int, *, periodic: bool = True) -> FloatArray:
    """Share of the squared weight in the best window of `side` sites an axis, shape (M,); nan for a zero field.

    periodic=False: the sites are an open plane, as the pixels of an image are, and no window crosses its edge. Raises
    ValueError where a window is wider than the plane.
    """
    if not periodic and side > min(lattice.shape):
        raise ValueError(f"a window must fit into the open plane {lattice.shape}; got side {side}")
    weight, windows = fields**2, windows_at(lattice, side)
    if not periodic:  # windows that would go round the torus are left out
        windows = windows[(lattice.coordinates + side <= lattice.shape).all(axis=1)]
    _, most = best_windows(weight, windows)
    with np.errstate(invalid="ignore", divide="ignore"):
        share: FloatArray = most / weight.sum(axis=1)
    return share


def _participation(subject: Subject) -> Reading:
    return mean_over_units(participation(_living(subject)))


def _window(subject: Subject) -> Reading:
    side = min(round(subject.b) + 1, min(subject.lattice.shape))
    return mean_over_units(window_share(_living(subject), subject.lattice, side))


def _radius(subject: Subject) -> Reading:
    return mean_over_units(radius_of_gyration(_living(subject), subject.lattice))


def _background(subject: Subject) -> Reading:
    return mean_over_units(subject.once(_blobs)[0])


def _size(subject: Subject) -> Reading:
    return mean_over_units(subject.once(_blobs)[1])


def _blobs(subject: Subject) -> tuple[FloatArray, FloatArray]:
    found = blobs(_living(subject), subject.lattice, min(max(round(subject.b), 1), *subject.lattice.shape))
    if np.isnan(found).any():
        raise NotDefined("no blob", "some field has no window whose weights do not add up to 0")
    return found


def _living(subject: Subject) -> Fields:
    if subject.living.shape[0] == 0:
        raise NotDefined("no fields", "every field is zero")
    return subject.living


def mean_over_units(values: FloatArray) -> Reading:
    """The mean over units, with the standard error over them."""
    found = mean_over_seeds(values)
    return Reading(found.value, found.error)


LOCALITY = Criterion(
    __doc__,
    (
        Quantity(
            "participation ratio", _participation, CloserThanNulls(log=True, blind=PERMUTATIONS), True, True, own=True
        ),
        Quantity("share of w^2 in the best window", _window, CloserThanNulls(), of_fields=True, own=True),
        Quantity("radius of gyration", _radius, CloserThanNulls(), of_fields=True, own=True),
        Quantity("background over peak", _background, Described(), of_fields=True, own=True),
        Quantity("sites of the blob", _size, Described(), of_fields=True, own=True),
    ),
    headline=("participation ratio",),
    group="block structure",
    decides=True,
)
