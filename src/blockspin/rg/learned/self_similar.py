"""A kernel that is learned by asking for self-similarity: the coarse layer of a model shall be the model itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares
from sklearn.utils.validation import check_is_fitted

from blockspin import checks
from blockspin.coarse import features as seen
from blockspin.coarse.blocks import BlockRule, FloatArray, Spins
from blockspin.coarse.kernel import Kernel
from blockspin.lattice import Lattice
from blockspin.rg.learned.misfit import Misfit, calibrated, error_of_regression, per_site
from blockspin.rg.learned.moments import Moments, kernel_means
from blockspin.rg.operators import Operator, named
from blockspin.rg.orbits import orbits

FEATURES = ("block", *(f"ring {n}" for n in range(1, 6)), *(f"tie ring {n}" for n in range(1, 5)))
REACH = {"square": 2.9, "triangular": 2.1, "cubic": 2.05, "chain": 4.0}  # of the default operators, up to four spins
START = 3.0  # weight of the block where training begins, shared by its sites; all others begin at 0
FAR_PAIRS = 2  # of the default operators, the last ones
TOLERANCE = 1e-3  # of D: a step that gains less, where the linear model serves, is the last


class SelfSimilar(BlockRule):
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

    ties = "random"

    def __init__(
        self,
        lattice: Lattice,
        b: int = 2,
        features: Sequence[str] = FEATURES,
        own: ArrayLike | None = None,
        operators: Sequence[str] | None = None,
        free: Sequence[str] = (),
        n_rows: int = 10_000,
        random_state: int | np.random.RandomState | None = None,
        q: int | None = None,
    ) -> None:
        self.lattice = lattice
        self.b = b
        self.features = features
        self.own = own
        self.operators = operators
        self.free = free
        self.n_rows = n_rows
        self.random_state = random_state
        self.q = q

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the weights from rows X (n, N) of -1/+1 of a model, as `own` are on the coarse lattice.

        Raises ValueError as `rules.Kernel` does, for fewer rows of `own` than operators, fewer operators than features,
        and operators that do not fit the coarse lattice.
        """
        self._check_settings()
        X, operators = self._spins(X, reset=True), self._operators()
        if len(X) < 2:
            raise ValueError("X must have at least 2 rows; got 1 sample")
        own, fine, coarse = self._own(len(operators)), self._fine_operators(), self.lattice.coarse(self.b)
        kept = X[:: max(1, len(X) // self.n_rows)]
        of_all, of_kept = (per_site(fine, self.lattice, rows, self.q) for rows in (X, kept))
        known = seen.features(self.features, self.lattice, self.b, kept, self.q)
        weights = calibrated(of_kept, of_all.mean(axis=0))
        misfit = Misfit(
            Moments(operators, coarse, kernel_means, known, weights[:, None]),
            per_site(operators, coarse, own, self.q),
            len(self.free),
            FAR_PAIRS if self.operators is None else 0,
        )
        start = np.zeros(len(self.features))
        start[0] = START / self.b**self.lattice.dimension
        found = least_squares(misfit.residuals, start, misfit.jacobian, x_scale="jac", ftol=TOLERANCE)
        self.theta_ = found.x
        self.divergence_ = misfit.divergence(found.x)
        self.differences_ = dict(zip([one.name for one in operators], misfit.differences(found.x), strict=True))
        drawn = per_site(operators, coarse, self.kernel_.transform(kept), self.q)
        noise = np.linalg.cholesky(error_of_regression(drawn, of_kept, of_all) + misfit.covariance / len(own))
        by_noise = np.linalg.pinv(found.jac) @ misfit.stacked(np.asarray(noise, float))
        self.theta_error_ = np.sqrt((by_noise**2).sum(axis=1))
        self._n_features_out = coarse.n_sites
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags

    @property
    def kernel_(self) -> Kernel:
        """The rule that was learned."""
        check_is_fitted(self, "theta_")
        return Kernel(self.lattice, self.b, self.features, self.theta_, self.random_state, self.q)

    def on(self, lattice: Lattice) -> Kernel:
        """The rule on another lattice of the kind."""
        return Kernel(lattice, self.b, self.features, self.kernel_.theta, self.random_state, self.q)

    def transform(self, X: ArrayLike) -> Spins:
        """Block spins of X (n, N), drawn by `chance`, shape (n, N / b^d)."""
        return self.kernel_.transform(self._spins(X))

    def chance(self, X: ArrayLike) -> FloatArray:
        """P(+1 | row) of every block spin of X (n, N), shape (n, N / b^d), without a draw; of every label (..., q)."""
        return self.kernel_.chance(self._spins(X))

    @property
    def fields_(self) -> FloatArray | None:
        """The linear field of each block spin, as `rules.Kernel.fields_`."""
        return self.kernel_.fields_

    def _operators(self) -> tuple[Operator, ...]:
        """Of the coarse lattice, free ones first."""
        coarse = self.lattice.coarse(self.b)
        found = self._all(coarse, (4, 2)) if self.operators is None else named(coarse, self.operators)
        free = named(coarse, self.free)
        found = (*free, *(one for one in found if one.name not in self.free))
        for one in found:
            for shape in one.images:
                if len({tuple(np.mod(site, coarse.shape)) for site in shape}) < len(shape):
                    raise ValueError(f"operators must fit the coarse lattice, {coarse}; {one.name!r} does not")
        if len(found) - len(free) < len(self.features):
            raise ValueError(
                f"operators must be as many as features, {len(self.features)}, without the free ones; "
                f"got {len(found) - len(free)}"
            )
        return found

    def _fine_operators(self) -> tuple[Operator, ...]:
        """Of the fine lattice, whose means take off the noise of the rows: pairs and plaquettes of all distances."""
        return self._all(self.lattice, tuple(part for part in (8, 4, 2) if min(self.lattice.shape) > 2 * part))

    def _all(self, lattice: Lattice, parts: tuple[int, ...]) -> tuple[Operator, ...]:
        """Every one within reach, then the far pairs, none twice: on a small lattice they are not far."""
        far = [_pair(lattice, part) for part in parts]
        near = orbits(lattice, 4, REACH[lattice.kind])
        kept = [one for one in near if (one.even if self.q is None else len(one.sites) > 1)]
        return (*(one for one in kept if one.images not in [pair.images for pair in far]), *far)

    def _own(self, operators: int) -> NDArray[np.int8]:
        if self.own is None:
            raise ValueError("own must be given, rows of the model itself on the coarse lattice; got None")
        own = Kernel(self.lattice.coarse(self.b), q=self.q)._spins(self.own)
        if len(own) <= operators:
            raise ValueError(f"own must have more rows than there are operators, {operators}; got {len(own)}")
        return own

    def _check_settings(self) -> None:
        super()._check_settings()
        Kernel(self.lattice, self.b, self.features, np.zeros(len(self.features)), q=self.q)._check_settings()
        checks.whole("n_rows", self.n_rows, 1)


def _pair(lattice: Lattice, part: int) -> Operator:
    """Pairs at a distance of a part of the extents: along an axis for a quarter, along the diagonal for a half."""
    far = tuple(L // part for L in lattice.shape)
    if part == 4:
        far = (far[0], *(0 for _ in far[1:]))
    return Operator(f"1/{part} of the extents", (tuple(0 for _ in far), far), lattice.kind)
