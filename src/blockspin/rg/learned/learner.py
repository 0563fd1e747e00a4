"""What rules that are learned from rows of a model share: the family of kernels, operators that fit, least squares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares
from sklearn.utils.validation import check_is_fitted

from blockspin import checks
from blockspin.arrays import FloatArray, Spins
from blockspin.coarse import features as seen
from blockspin.coarse.blocks import ChanceRule
from blockspin.coarse.kernel import Kernel
from blockspin.lattice import Lattice
from blockspin.rg.learned.moments import Means, Moments, kernel_means
from blockspin.rg.learned.rows import Rows
from blockspin.rg.operators import Operator

FEATURES = ("block", *(f"ring {n}" for n in range(1, 6)), *(f"tie ring {n}" for n in range(1, 5)))
START = 3.0  # weight of the block where training begins, shared by its sites; all others begin at 0
TOLERANCE = 1e-3  # of the objective: a step that gains less, where the linear model serves, is the last


class Learner(ChanceRule):
    """A rule whose parameters theta_ are learned by least squares of moments that are exact in the coins.

    A kernel, unless a subclass has another family: where it starts, what it sees of a block, and the means it makes of
    that.
    """

    _learns = True
    features: Sequence[str]
    n_rows: int
    theta_: FloatArray

    @property
    def kernel_(self) -> Kernel:
        """The rule that was learned."""
        check_is_fitted(self, "theta_")
        theta = self.theta_[: len(self.features)]
        return Kernel(self.lattice, self.b, self.features, theta, self.random_state, self.q)

    def on(self, lattice: Lattice) -> Any:
        """The rule on another lattice of the kind."""
        return self.kernel_.set_params(lattice=lattice)

    @property
    def fields_(self) -> FloatArray | None:
        """The linear field of each block spin, as `rules.Kernel.fields_`."""
        return self.kernel_.fields_

    def _start(self) -> FloatArray:
        return np.array([START / self.b**self.lattice.dimension] + [0.0] * (len(self.features) - 1))

    def _seen(self, spins: Spins) -> NDArray[Any]:
        """What `_means` takes of every block of some rows, (n, M, p)."""
        return seen.features(self.features, self.lattice, self.b, spins, self.q)

    @property
    def _means(self) -> Means:
        return kernel_means

    def _chance(self, spins: Spins) -> FloatArray:
        return self.kernel_._chance(spins)

    def _rows(self, X: ArrayLike, *, reset: bool = True) -> Spins:
        X = self._spins(X, reset=reset)
        if len(X) < 2:
            raise ValueError(f"X must have at least 2 rows; got {len(X)} sample")
        self._n_features_out = self.lattice.coarse(self.b).n_sites
        return X

    def _moments(self, operators: Sequence[Operator], rows: Rows, weights: FloatArray) -> Moments:
        return Moments(operators, self.lattice.coarse(self.b), self._means, self._seen(rows.kept), weights)

    def _learn(self, objective: Any, most: int | None = None) -> Any:
        """Sets theta_ to where the objective's residuals are least; gives what least squares found in `most` tries."""
        residuals, slopes = objective.residuals, objective.jacobian
        found = least_squares(residuals, self._start(), slopes, x_scale="jac", ftol=TOLERANCE, max_nfev=most)
        self.theta_ = found.x
        return found

    def _fitting(self, found: Sequence[Operator]) -> tuple[Operator, ...]:
        """The operators; raises ValueError where one does not fit the coarse lattice."""
        coarse = self.lattice.coarse(self.b)
        if wrong := [one.name for one in found if not one.fits(coarse)]:
            raise ValueError(f"operators must fit the coarse lattice, {coarse}; {wrong[0]!r} does not")
        return tuple(found)

    def _check_settings(self) -> None:
        super()._check_settings()
        seen.check(self.features, self.lattice, self.b, self.q)
        checks.whole("n_rows", self.n_rows, 1)
