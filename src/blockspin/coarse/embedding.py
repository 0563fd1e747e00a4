"""A learned hidden layer has no lattice: put each unit at its field's centre, as well as that goes.

The units are matched to the sites of the coarse lattice so that the sum of squared distances between centres
and sites is least (optimal assignment); the coarse lattice may shift as a whole. How good a match is, only a
comparison with centres thrown at random can say.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from blockspin.arrays import FloatArray, IntArray
from blockspin.coarse.matching import match, random_residual
from blockspin.coarse.sparse_fields import Fields, pieces
from blockspin.lattice import Lattice

ROUNDING = 1e-9  # lattice spacings: a radius below is that of one site

PLACED = 3.0  # standard deviations of its logarithm by which a residual must lie below centres at random
DEAD = 0.05  # a unit is dead where its field's norm is below this share of the layer's largest


def coarse_lattice(lattice: Lattice, n_units: int) -> Lattice | None:
    """The lattice of n_units sites with the proportions of `lattice`, or None where there is none or it is finer.

    Each extent is L / b with b = (N / M)^(1/d); b need not be an integer, the extents must be.
    """
    b = (lattice.n_sites / n_units) ** (1 / lattice.dimension)
    shape = tuple(round(extent / b) for extent in lattice.shape)
    if math.prod(shape) != n_units or min(shape) < 2 or n_units > lattice.n_sites:
        return None
    if any(abs(extent / b - coarse) > 1e-9 for extent, coarse in zip(lattice.shape, shape, strict=True)):
        return None
    return Lattice(lattice.kind, shape)


def alive(fields: Fields) -> NDArray[np.bool_]:
    """Which units have a field at all: a norm of at least `DEAD` of the layer's largest, shape (M,)."""
    norms = np.sqrt((fields**2).sum(axis=1))
    return np.asarray((norms > 0) & (norms >= DEAD * norms.max(initial=0.0)))


def centres(fields: Fields, lattice: Lattice, *, periodic: bool = True) -> FloatArray:
    """Centre of each field's squared weight on the torus, shape (M, d), each component in [0, L).

    Per axis the circular mean, (L / 2 pi) arg sum_i w_i^2 exp(2 pi i x_i / L). It is arbitrary
    where that sum is 0, as a dead field's is: rounding decides.
    periodic=False: the plain mean, sum_i w_i^2 x_i / sum_i w_i^2, on an open plane; nan where dead.
    """
    weight = fields**2
    if not periodic:
        with np.errstate(invalid="ignore", divide="ignore"):
            mean: FloatArray = weight @ lattice.coordinates / weight.sum(axis=1)[:, None]
        return mean
    extent = np.asarray(lattice.shape, float)
    phase = np.exp(2j * np.pi * lattice.coordinates / extent)
    position: FloatArray = np.angle(weight @ phase) / (2 * np.pi) * extent % extent
    return position


def radius_of_gyration(fields: Fields, lattice: Lattice, *, periodic: bool = True) -> FloatArray:
    """Root of the mean squared distance of w^2 from its centre, shape (M,), in lattice spacings; nan where dead.

    periodic=False: distances on an open plane, as between the pixels of an image.
    """
    radius = np.empty(fields.shape[0])
    for piece in pieces(*fields.shape):
        weight = coo_array(fields[piece] ** 2)
        start = centres(fields[piece], lattice, periodic=periodic)[weight.row]
        end = lattice.coordinates[weight.col]
        squared = (lattice.distance(start, end) if periodic else lattice.length(end - start)) ** 2
        moment = np.bincount(weight.row, weight.data * squared, weight.shape[0])
        with np.errstate(invalid="ignore", divide="ignore"):
            radius[piece] = np.sqrt(moment / weight.sum(axis=1))
    return np.where(radius < ROUNDING, 0.0, radius)


@dataclass(frozen=True)
class Embedding:
    """Units placed on a coarse lattice.

    site[a] is the coarse site of unit a (a permutation of the M sites), sign[a] = -1 where the unit counts
    magnetisation backwards; residual is the root-mean-square distance from centres to sites over the units that
    live, in lattice spacings; poisson and poisson_spread are mean and standard deviation of the residual of as
    many centres thrown at random.
    """

    lattice: Lattice
    b: float
    centres: FloatArray
    alive: NDArray[np.bool_]
    site: IntArray
    sign: FloatArray
    residual: float
    poisson: float
    poisson_spread: float

    @property
    def defined(self) -> bool:
        """Whether the residual lies more than `PLACED` standard deviations of its logarithm below centres at random.

        Never for a single living unit: it can be put anywhere.
        """
        return self.poisson > 0 and bool(
            self.residual < self.poisson * math.exp(-PLACED * self.poisson_spread / self.poisson)
        )

    def place(self, values: NDArray[Any]) -> NDArray[Any]:
        """Outputs (n, M) in units' order as pictures of the coarse lattice (n, *coarse shape), signs set right."""
        placed = np.empty_like(values)
        placed[:, self.site] = values * self.sign.astype(values.dtype)
        return placed.reshape(-1, *self.lattice.shape)


def embed(fields: Fields, lattice: Lattice) -> Embedding | None:
    """Embed a layer by the centres of its fields (M, N); None where M fits no coarse lattice or nothing lives.

    Dead units take the sites that are left over.
    """
    coarse = coarse_lattice(lattice, fields.shape[0])
    living = alive(fields)
    if coarse is None or not living.any():
        return None
    where = centres(fields, lattice)
    site, residual = match(where, living, lattice, coarse)
    poisson, spread = random_residual(lattice, coarse, int(living.sum()))
    total = fields.sum(axis=1)
    return Embedding(
        lattice=coarse,
        b=(lattice.n_sites / fields.shape[0]) ** (1 / lattice.dimension),
        centres=where,
        alive=living,
        site=site,
        sign=np.where(total < 0, -1.0, 1.0),
        residual=residual,
        poisson=poisson,
        poisson_spread=spread,
    )
