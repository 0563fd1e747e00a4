"""A learned map as a block rule: its outputs as spins, its units on the sites of the coarse lattice."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from blockspin import checks
from blockspin.coarse.embedding import embed
from blockspin.coarse.maps import taken
from blockspin.coarse.outputs import AsSpins
from blockspin.coarse.rows import Transformer, rows_on
from blockspin.lattice import Lattice


class Placed(Transformer):
    """A fitted map with its units on a coarse lattice: `bs.rg` accepts it in place of a block rule.

    A unit gets the site that the optimal assignment gives its field's centre, flipped where its field sums to
    a negative number. For a stack trained layer by layer on the spins of the layer below, give one `Placed` a layer.

    Parameters
    ----------
    transformer, lattice : fitted map of spins (n, N) to (n, M), the fine Lattice
        The outputs are read as spins by `coarse.outputs.AsSpins`.
    seed, strict : int, bool
        Of its draws and coins, which are functions of the row; refuse where the centres of the fields lie no nearer to
        a grid than random ones.

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(8), K=0.4), 500, seed=1)
    >>> rbm = bs.RBM.from_weights(4 * bs.Majority(bs.Lattice.square(8)).fields_[::-1], units="spin")
    >>> bs.Placed(rbm, bs.Lattice.square(8)).fit(bs.to_matrix(samples)).embedding_.lattice.shape
    (4, 4)
    """

    def __init__(self, transformer: Any, lattice: Lattice, seed: int = 0, strict: bool = True) -> None:
        self.transformer = transformer
        self.lattice = lattice
        self.seed = seed
        self.strict = strict

    def fit(self, X: ArrayLike, y: object = None) -> Placed:
        """Find the units' positions from the map's weights, or where it has none by regression on X (n, N).

        A map that is not fitted is cloned and fitted to X first. Sets transformer_, embedding_ and as_spins_. Raises
        ValueError where the units fill no coarse lattice, or (strict) have no positions.
        """
        checks.instance("lattice", self.lattice, Lattice, "a blockspin Lattice")
        checks.whole("seed", self.seed, 0)
        checks.flag("strict", self.strict)
        rows = rows_on(self, self.lattice, X, reset=True)
        try:
            self.transformer_ = taken(self.transformer)
            outputs = self.transformer_.transform(rows)
        except NotFittedError:
            self.transformer_ = taken(clone(self.transformer).fit(rows.copy()))
            outputs = self.transformer_.transform(rows)
        fields, _ = self.transformer_.fields(rows, outputs)
        found = embed(fields, self.lattice)
        if found is None:
            raise ValueError(f"the {fields.shape[0]} units of the map fill no coarse lattice of {self.lattice}")
        if self.strict and not found.defined:
            raise ValueError(
                f"the units of the map have no positions: their centres lie {found.residual:.2f} from a grid of "
                f"spacing {found.b:g}, centres at random {found.poisson:.2f} +- {found.poisson_spread:.2f}. "
                "strict=False goes on"
            )
        self.embedding_ = found
        self.as_spins_ = AsSpins.of(self.transformer_, rows, outputs, self.seed)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.int8]:
        """Coarse spins -1/+1, shape (n, M), in the order of the sites of the coarse lattice `embedding_.lattice`."""
        check_is_fitted(self)
        rows = rows_on(self, self.lattice, X, reset=False)
        spins = self.as_spins_(rows, self.transformer_.transform(rows))
        placed: NDArray[np.int8] = self.embedding_.place(spins).reshape(len(spins), -1)
        return placed

    def chance(self, X: ArrayLike) -> NDArray[np.float64]:
        """P(+1 | row) of the coarse spins, shape (n, M), in the order of `transform`; no draw where none is needed."""
        check_is_fitted(self)
        rows = rows_on(self, self.lattice, X, reset=False)
        magnetisation = 2 * np.asarray(self.as_spins_.chance_of(self.transformer_, rows), float) - 1
        return np.asarray((1 + self.embedding_.place(magnetisation).reshape(len(magnetisation), -1)) / 2)
