"""A kernel that is learned by asking for self-similarity: the coarse layer of a model shall be the model itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from blockspin import checks
from blockspin.arrays import FloatArray
from blockspin.coarse.kernel import Kernel
from blockspin.lattice import Lattice
from blockspin.rg.learned.learner import FEATURES, Learner
from blockspin.rg.learned.misfit import Misfit
from blockspin.rg.learned.rows import Rows, error_of_regression, near_and_far, per_site
from blockspin.rg.operators import Operator, named

FAR_PARTS = (4, 2)  # of the extents: the last of the default operators are pairs that far apart


@dataclass(eq=False, repr=False)
class SelfSimilar(Learner):
    """A `Kernel` whose coarse layer is the model itself on the smaller lattice, learned without any exponent.

    At a fixed point of the renormalization group a model is its own coarse layer. With operators O, d = <O>_coarse -
    <O>_model and C their covariance in the model, the divergence of the two is, to second order,

        D(theta) = d^T C^-1 d / 2   (nats a configuration).

    <O>_coarse is exact in the coins, and the rows are weighted so that their fine operators have the means of all
    rows, which takes off most of their noise. What is left of D is local, and dies out under further steps. The
    amplitude of correlations over half of the lattice never changes any more, and carries y_h, yet weighs little in D:
    (10 d/deviation)^2 / 2 of far pairs are added. `transform` maps X (n, N) of -1/+1 to (n, N / b^d) int8.

    Parameters
    ----------
    lattice, b, features, random_state, q : as in `rules.Kernel`
        The features are chosen for blocks of even side, which can be tied.
    own : array (n', N / b^d)
        Rows of the same model on the coarse lattice: the more the better, they only give means.
    operators : sequence of str, or None
        Of the coarse lattice, by name. By default all even ones of up to four spins within a small reach, and pairs at
        a quarter and half of the extents.
    free : sequence of str
        Operators whose coupling is free: with ("nn",) the coarse layer shall be the model at any coupling, not at that
        of `own`. For rows off the critical point, or in a field with ("nn", "magnetisation") among the operators.
    n_rows : int
        Rows that the weights are fitted to, evenly spaced; the others serve the means of fine operators.

    Attributes
    ----------
    theta_, theta_error_ : array (k,)
        The weights and their standard errors, coins of one draw included.
    divergence_ : float
        D at theta_. Noise alone makes it about (operators - weights) / 2 n_rows or less.
    differences_ : dict of str to float
        d in units of the operator's standard deviation in the model, by operator.
    kernel_ : rules.Kernel

    References
    ----------
    The objective is this package's (docs/explanation/renormalization.md). Rules tuned otherwise: R. H. Swendsen, Phys.
    Rev. Lett. 52, 2321 (1984); H. W. J. Bloete et al., J. Phys. A 29, 6257 (1996).

    Examples
    --------
    >>> fine, coarse = bs.Lattice.square(16), bs.Lattice.square(8)
    >>> rows, own = (bs.to_matrix(bs.sample(bs.Ising(one, K=0.44068679), 2000, seed=1)) for one in (fine, coarse))
    >>> rule = bs.SelfSimilar(fine, features=["block", "ring 1"], own=own, operators=["nn", "nnn"]).fit(rows)
    >>> rule.theta_.shape, rule.transform(rows[:2]).shape
    ((2,), (2, 64))
    """

    lattice: Lattice
    b: int = 2
    features: Sequence[str] = FEATURES
    own: ArrayLike | None = None
    operators: Sequence[str] | None = None
    free: Sequence[str] = ()
    n_rows: int = 10_000
    random_state: int | np.random.RandomState | None = None
    q: int | None = None

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the weights from rows X (n, N) of -1/+1 of a model, as `own` are on the coarse lattice.

        Raises ValueError as `rules.Kernel` does, for fewer rows of `own` than operators, fewer operators than features,
        and operators that do not fit the coarse lattice.
        """
        self._check_settings()
        rows = Rows(self.lattice, self._rows(X), self.n_rows, self.q)
        misfit = self._misfit(rows)
        found = self._learn(misfit)
        self.divergence_ = misfit.divergence(self.theta_)
        names = [one.name for one in misfit.moments.operators]
        self.differences_ = dict(zip(names, misfit.differences(self.theta_), strict=True))
        self._set_errors(misfit, rows, found.jac)
        return self

    def score(self, X: ArrayLike, y: object = None) -> float:
        """-D of rows X (n, N), n_rows of them, weighted as by fit: the nearer to 0 the better.

        Rows that fit has not seen show what it learned of noise. Raises ValueError as fit.
        """
        check_is_fitted(self, "theta_")
        self._check_settings()
        return -self._misfit(Rows(self.lattice, self._rows(X, reset=False), self.n_rows, self.q)).divergence(
            self.theta_
        )

    def _misfit(self, rows: Rows) -> Misfit:
        operators = self._operators()
        own = per_site(operators, self.lattice.coarse(self.b), self._own(len(operators)), self.q)
        moments = self._moments(operators, rows, rows.weights[:, None])
        return Misfit(moments, own, len(self.free), len(FAR_PARTS) if self.operators is None else 0)

    def _set_errors(self, misfit: Misfit, rows: Rows, slopes: FloatArray) -> None:
        drawn = per_site(misfit.moments.operators, misfit.moments.lattice, self.kernel_.transform(rows.kept), self.q)
        of_coins = error_of_regression(drawn, rows.of_kept, rows.of_all)
        noise = np.linalg.cholesky(of_coins + misfit.covariance / misfit.n_own)
        by_noise = np.linalg.pinv(slopes) @ misfit.stacked(np.asarray(noise, float))
        self.theta_error_ = np.sqrt((by_noise**2).sum(axis=1))

    def _operators(self) -> tuple[Operator, ...]:
        """Of the coarse lattice, free ones first."""
        coarse = self.lattice.coarse(self.b)
        found = near_and_far(coarse, FAR_PARTS, self.q) if self.operators is None else [*named(coarse, self.operators)]
        free = named(coarse, checks.words("free", self.free))
        found = [*free, *(one for one in found if one.name not in self.free)]
        if len(found) - len(free) < len(self.features):
            raise ValueError(
                f"operators must be as many as features, {len(self.features)}, without the free ones; "
                f"got {len(found) - len(free)}"
            )
        return self._fitting(found)

    def _own(self, operators: int) -> NDArray[np.int8]:
        if self.own is None:
            raise ValueError("own must be given, rows of the model itself on the coarse lattice; got None")
        own = Kernel(self.lattice.coarse(self.b), q=self.q)._spins(self.own)
        if len(own) <= operators:
            raise ValueError(f"own must have more rows than there are operators, {operators}; got {len(own)}")
        return own
