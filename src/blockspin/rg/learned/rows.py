"""The rows that a rule is learned from, with weights that take off the noise of their fine operators."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blockspin.alphabet import SPINS, labels
from blockspin.arrays import FloatArray
from blockspin.lattice import Lattice
from blockspin.rg import sectors
from blockspin.rg.operators import Operator
from blockspin.rg.orbits import orbits

REACH = {"square": 2.9, "triangular": 2.1, "cubic": 2.05, "chain": 4.0}  # of operators of up to four spins


class Rows:
    """About n rows of X, evenly spaced, with weights that give their fine operators the means of all rows.

    kept: the rows; weights: (n,), of mean 1; of_kept, of_all: operators a site of these rows and of all, (n, a).
    """

    def __init__(self, lattice: Lattice, X: NDArray[np.int8], n: int, q: int | None = None) -> None:
        operators = near_and_far(lattice, [part for part in (8, 4, 2) if min(lattice.shape) > 2 * part], q)
        self.kept = X[:: max(1, len(X) // n)]
        self.of_all, self.of_kept = (per_site(operators, lattice, rows, q) for rows in (X, self.kept))
        self.weights = calibrated(self.of_kept, self.of_all.mean(axis=0))


def near(lattice: Lattice, reach: float | None = None, q: int | None = None) -> list[Operator]:
    """All even operators of up to four spins within a reach, that of the kind unless given; of labels all of sites."""
    found = orbits(lattice, 4, REACH[lattice.kind] if reach is None else reach)
    return [one for one in found if (one.even if q is None else len(one.sites) > 1)]


def near_and_far(lattice: Lattice, parts: Sequence[int], q: int | None = None) -> list[Operator]:
    """The near operators, then pairs at these parts of the extents, none twice: on a small lattice these are near."""
    far = [pair(lattice, part) for part in parts]
    return [*(one for one in near(lattice, q=q) if one.images not in [two.images for two in far]), *far]


def pair(lattice: Lattice, part: int) -> Operator:
    """Pairs at a distance of a part of the extents: along an axis for a quarter, along the diagonal for a half."""
    far = tuple(L // part for L in lattice.shape)
    if part == 4:
        far = (far[0], *(0 for _ in far[1:]))
    return Operator(f"1/{part} of the extents", (tuple(0 for _ in far), far), lattice.kind)


def per_site(
    operators: Sequence[Operator], lattice: Lattice, rows: NDArray[np.int8], q: int | None = None
) -> FloatArray:
    """The operators a site, (n, a), of rows (n, N) of spins, or of labels, whose shapes are all alike or not."""
    alphabet = SPINS if q is None else labels(q)
    found = sectors.values(rows.reshape(1, -1, *lattice.shape), alphabet, operators)[0][0]
    return np.asarray(found / lattice.n_sites)


def calibrated(values: FloatArray, means: FloatArray) -> FloatArray:
    """Weights of rows, of mean 1, that give their values (n, a) these means: those nearest to 1.

    A mean with these weights is that of a regression on the values: the noise that they explain is gone. Source:
    J.-C. Deville and C.-E. Sarndal, J. Am. Stat. Assoc. 87, 376 (1992).
    """
    apart = values - values.mean(axis=0)
    slope = np.linalg.lstsq(apart.T @ apart / len(apart), means - values.mean(axis=0), rcond=None)[0]
    return np.asarray(1 + apart @ slope)


def error_of_regression(drawn: FloatArray, of_kept: FloatArray, of_all: FloatArray) -> FloatArray:
    """The covariance of means of drawn (n, a) with calibrated weights: of what the values leave, and of their means."""
    apart, values = drawn - drawn.mean(axis=0), of_kept - of_kept.mean(axis=0)
    slope = np.linalg.lstsq(values, apart, rcond=None)[0]
    left = np.atleast_2d(np.cov(apart - values @ slope, rowvar=False)) / len(drawn)
    return np.asarray(left + slope.T @ np.atleast_2d(np.cov(of_all, rowvar=False)) @ slope / len(of_all))
