"""How far the coarse layer's operators are from the model's, in nats, and the noise of that."""

from functools import lru_cache

import numpy as np
from scipy.linalg import solve_triangular

from blockspin.arrays import FloatArray
from blockspin.rg.learned.moments import Moments

FAR = 10.0  # weight of the differences of far pairs


class Misfit:
    """The differences d of operators' means from the model's as residuals, half of whose squares are D, and more.

    With C = R R^T they are the entries of R^-1 d. The first ones, of free operators, are what free couplings make good,
    d_f^T C_ff^-1 d_f, and are left out. The differences of the last `far` operators come once more, less what free
    couplings make good, in units of their deviations and FAR times as large.
    """

    def __init__(self, moments: Moments, own: FloatArray, free: int, far: int) -> None:
        self.moments, self.free, self.far, self.n_own = moments, free, far, len(own)
        self.target, self.covariance = own.mean(axis=0), np.atleast_2d(np.cov(own, rowvar=False))
        self.deviation = np.sqrt(np.diag(self.covariance))
        try:
            self.root = np.linalg.cholesky(self.covariance)
        except np.linalg.LinAlgError:
            raise ValueError("own: the operators of these rows depend on each other; give more rows") from None
        self.at = lru_cache(2)(self._at)  # least squares asks for the residuals, then for their derivatives

    def residuals(self, theta: FloatArray) -> FloatArray:
        return self.stacked(self.at(tuple(theta))[0])

    def jacobian(self, theta: FloatArray) -> FloatArray:
        return self.stacked(self.at(tuple(theta))[1])

    def differences(self, theta: FloatArray) -> FloatArray:
        """d in units of the operators' deviations."""
        return np.asarray(self.at(tuple(theta))[0] / self.deviation)

    def divergence(self, theta: FloatArray) -> float:
        """D without the part of free couplings, in nats a configuration."""
        return float((self.residuals(theta)[: len(self.target) - self.free] ** 2).sum() / 2)

    def stacked(self, values: FloatArray) -> FloatArray:
        """Differences, or their derivatives or errors along a second axis, as residuals."""
        last, whitened = len(values) - self.far, solve_triangular(self.root, values, lower=True)
        left = values[last:] - self.root[last:, : self.free] @ whitened[: self.free]
        return np.concatenate([whitened[self.free :], FAR * (left.T / self.deviation[last:]).T])

    def _at(self, theta: tuple[float, ...]) -> tuple[FloatArray, FloatArray]:
        mean, slopes = self.moments(np.array(theta))
        return mean[0] - self.target, slopes[0]
