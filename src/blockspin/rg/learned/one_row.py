"""A kernel that is learned by asking for one row of the critical manifold, whichever it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from blockspin.arrays import FloatArray
from blockspin.lattice import Lattice
from blockspin.rg.learned.learner import FEATURES, Learner
from blockspin.rg.learned.moments import Moments
from blockspin.rg.learned.rows import Rows, near, per_site
from blockspin.rg.operators import EVEN, named

MOST = 30  # tries: the spread falls slowly along directions that hardly change it
SHORT = {"square": 2.3, "triangular": 2.1, "cubic": 1.8, "chain": 3.0}  # reach of the coarse layer's operators


@dataclass(eq=False, repr=False)
class OneRow(Learner):
    """A `Kernel` whose coarse layer sees the critical manifold by one row, learned without exponents or the exact row.

    After enough steps of a proper rule r_b(O) = <O S_b>_c / <O S_nn>_c is one row for every short-ranged even function
    O of the coarse layer (`rg.manifold`). The sum over b and O of (r_b(O) / mean_O r_b - 1)^2 is made least, with S_b
    the first even operators of the kind's table. Long waves see one row as well, so that it favours smooth layers.

    Parameters
    ----------
    lattice, b, features, n_rows, random_state : as in `SelfSimilar`
    operators : sequence of str, or None
        O, even, by name. By default all of up to four spins within a small reach.

    Attributes
    ----------
    theta_ : array (k,)
        The weights.
    spread_ : float
        The root mean square of r_b(O) / mean_O r_b - 1, noise included.
    kernel_ : rules.Kernel

    References
    ----------
    The rows: Y. Wu and R. Car, Phys. Rev. E 100, 022138 (2019). The objective is this package's.

    Examples
    --------
    >>> lattice = bs.Lattice.square(16)
    >>> rows = bs.to_matrix(bs.sample(bs.Ising(lattice, K=0.44068679), 2000, seed=1))
    >>> rule = bs.rg.OneRow(lattice, 2, ["block", "ring 1"], ["nn", "nnn"], n_rows=500, random_state=1).fit(rows)
    >>> rule.theta_.shape, rule.transform(rows[:2]).shape
    ((2,), (2, 64))
    """

    lattice: Lattice
    b: int = 2
    features: Sequence[str] = FEATURES
    operators: Sequence[str] | None = None
    n_rows: int = 10_000
    random_state: int | np.random.RandomState | None = None

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the weights from rows X (n, N) of -1/+1 of a model at a critical point.

        Raises ValueError as `rules.Kernel` does, for odd operators, those that do not fit the coarse lattice, fewer
        residuals, (operators - 1) times 3, than features, and rows whose covariances with S_b are 0.
        """
        self._check_settings()
        rows = Rows(self.lattice, self._rows(X), self.n_rows)
        coarse, kind = self.lattice.coarse(self.b), self.lattice.kind
        given = self.operators
        operators = self._fitting(near(coarse, SHORT[kind]) if given is None else named(coarse, given))
        if odd := [one.name for one in operators if not one.even]:
            raise ValueError(f"operators must be even; {', '.join(odd)} are odd")
        columns = named(self.lattice, EVEN[kind])
        if (len(operators) - 1) * (len(columns) - 1) < len(self.features):
            raise ValueError(f"operators must be more for {len(self.features)} features; got {len(operators)}")
        apart = per_site(columns, self.lattice, rows.kept)
        apart -= rows.weights @ apart / len(apart)
        spread = Spread(self._moments(operators, rows, rows.weights[:, None] * apart))
        if not np.isfinite(spread.residuals(start := self._start())).all():
            found = spread.moments(start)[0].round(6).tolist()
            raise ValueError(
                f"X must have {', '.join(one.name for one in columns)} that covary with {operators[0].name} and others "
                f"of the coarse layer; got covariances {found}"
            )
        self._learn(spread, MOST)
        self.spread_ = float(np.sqrt((spread.residuals(self.theta_) ** 2).mean()))
        return self


class Spread:
    """r_b(O) / mean_O r_b - 1 as residuals, from covariances of S_b, the first of which is that of neighbours."""

    def __init__(self, moments: Moments) -> None:
        self.moments = moments

    def residuals(self, theta: FloatArray) -> FloatArray:
        """Not finite where covariances are 0, as with theta = 0: least squares then tries a shorter step."""
        with np.errstate(divide="ignore", invalid="ignore"):
            rows = self._rows(theta)[0]
            return np.asarray(rows / rows.mean(axis=1, keepdims=True) - 1).ravel()

    def jacobian(self, theta: FloatArray) -> FloatArray:
        rows, slopes = self._rows(theta)
        mean = rows.mean(axis=1)[:, None, None]
        found = slopes / mean - rows[..., None] / mean**2 * slopes.mean(axis=1, keepdims=True)
        return np.asarray(found.reshape(-1, len(theta)))

    def _rows(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """r (b, O) and its derivatives (b, O, k), without the first row, which is 1."""
        value, slopes = self.moments(theta)
        first = value[0][:, None]
        return value[1:] / value[0], (slopes[1:] - value[1:, :, None] * slopes[0] / first) / first
