"""Physical block rules, majority and decimation, as scikit-learn transformers of spins -1/+1 or signed integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.utils import check_random_state

from blockspin import checks, memory
from blockspin.alphabet import labels
from blockspin.arrays import FloatArray, Spins
from blockspin.coarse.coins import coins, uniforms
from blockspin.coarse.rows import Transformer, rows_on, signed
from blockspin.lattice import Lattice

TIES = ("random", "first")


class BlockRule(ClassNamePrefixFeaturesOutMixin, Transformer):
    """What the block rules share: spins of a lattice in, spins of the lattice of blocks of side b out."""

    _learns = False
    ties: str = "first"  # of rules whose blocks are never tied
    random_state: int | np.random.RandomState | None = None
    q: int | None = None  # of rules of labels 0..q-1

    def __init__(
        self,
        lattice: Lattice,
        b: int = 2,
        ties: str = "random",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.lattice = lattice
        self.b = b
        self.ties = ties
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> BlockRule:
        """Check the settings and X (n, N) of spins -1/+1; nothing is learned.

        Raises ValueError where b does not divide the extents, X does not fit the lattice, or a value is no spin.
        """
        self._check_settings()
        self._spins(X, reset=True)
        self._n_features_out = self.lattice.coarse(self.b).n_sites
        return self

    def _check_settings(self) -> None:
        checks.instance("lattice", self.lattice, Lattice, "a blockspin Lattice")
        self.lattice.coarse(self.b)
        checks.choice("ties", self.ties, TIES)
        checks.random_state(self.random_state)

    def _spins(self, X: ArrayLike, *, reset: bool = False) -> Spins:
        values = rows_on(self, self.lattice, X, reset=reset, least=1 if reset else 0)
        if self.q is None:
            return signed(self, values)
        labels(self.q).check("X", values)
        return np.ascontiguousarray(values, dtype=np.int8)


class SpinRule(BlockRule):
    """A block rule to spins: each block votes +1, -1, or 0 where it is tied and a coin decides."""

    def transform(self, X: ArrayLike) -> Spins:
        """The block spins of X (n, N), shape (n, N / b^d), int8 -1/+1, in the order of `lattice.coarse(b)`.

        Nothing is learned, so `fit` need not come first.
        """
        self._check_settings()
        spins = self._spins(X)
        votes = self._votes(spins)
        tied = votes == 0
        if tied.any():
            np.copyto(votes, self._coins(spins, votes.shape), where=tied)
        return votes

    def chance(self, X: ArrayLike) -> FloatArray:
        """P(+1 | row) of every block spin of X (n, N), shape (n, N / b^d), without a draw: 1/2 where a coin decides."""
        self._check_settings()
        probability: FloatArray = (1 + self._votes(self._spins(X))) / 2
        return probability

    def _votes(self, spins: Spins) -> Spins:
        coarse = self.lattice.coarse(self.b).shape
        split = [length for extent in coarse for length in (extent, self.b)]
        # one coarse picture for each place in the block: (b^d, n, N / b^d), in the order of `lattice.blocks`
        d, size = self.lattice.dimension, self.b**self.lattice.dimension
        parts = np.moveaxis(spins.reshape(len(spins), *split), range(2, 1 + len(split), 2), range(d))
        parts = parts.reshape(size, len(spins), self.lattice.n_sites // size)
        votes = self._block(parts)
        if self.ties == "first":
            votes = np.where(votes == 0, np.sign(parts[0]), votes)  # a coin again where that is 0
        return votes

    def _block(self, parts: Spins) -> Spins:
        """The votes (n, M) of blocks whose sites are parts (b^d, n, M), 0 where they are tied."""
        raise NotImplementedError

    def _coins(self, spins: Spins, shape: tuple[int, ...]) -> Spins:
        if isinstance(self.random_state, (int, np.integer)):
            return coins(spins, shape[1], int(self.random_state))
        return np.asarray(2 * check_random_state(self.random_state).randint(0, 2, shape, np.int8) - 1)


class ChanceRule(BlockRule):
    """A block rule to spins, or labels, that are drawn, each with a chance of its own."""

    ties = "random"

    def transform(self, X: ArrayLike) -> Spins:
        """Block spins of X (n, N) drawn by `chance`, shape (n, N / b^d), int8, in the order of `lattice.coarse(b)`."""
        self._check_settings()

        def drawn(spins: Spins) -> Spins:
            chance = self._chance(spins)
            if isinstance(self.random_state, (int, np.integer)):
                # labels are moved to where none is a spin: a hash of spins is of their signs
                row = spins if self.q is None else -2 - spins
                coin = uniforms(row, chance.shape[1], int(self.random_state))
            else:
                coin = check_random_state(self.random_state).random_sample(chance.shape[:2])
            if self.q is None:
                return np.where(coin < chance, np.int8(1), np.int8(-1))
            return np.asarray((coin[..., None] > chance.cumsum(axis=2)[..., :-1]).sum(axis=2, dtype=np.int8))

        return memory.by_rows(drawn, self._spins(X), most=memory.LARGE // 8)

    def chance(self, X: ArrayLike) -> FloatArray:
        """P(+1 | row) of every block spin of X (n, N), shape (n, N / b^d), without a draw; of every label (..., q)."""
        self._check_settings()
        return memory.by_rows(self._chance, self._spins(X), most=memory.LARGE // 8)

    def _chance(self, spins: Spins) -> FloatArray:
        raise NotImplementedError


class Majority(SpinRule):
    """The majority rule: a block's spin is the sign of the sum of its b^d spins, -1/+1 of -1/0/+1 too.

    `transform` maps X (n, N) of -1/+1 to (n, N / b^d) int8. Raises ValueError as `fit` says.

    Parameters
    ----------
    lattice, b : Lattice, int
        The fine lattice, and the side of a block in lattice spacings.
    ties : {"random", "first"}
        A fair coin for each tied block, or the block's first site decides; even b^d alone has ties.
    random_state : int, RandomState or None
        An integer makes the coins a function of the row (a hash of seed and row): transform then does not depend on
        batches or on order, equal rows give equal blocks, and a flipped row gives the same blocks, flipped. On few
        spins, whose rows repeat often, such coins do not average out. Else new coins at every call (`coarse.coins`).

    References
    ----------
    Swendsen, Phys. Rev. Lett. 42, 859 (1979).

    Examples
    --------
    >>> bs.Majority(bs.Lattice.chain(6), 3).fit_transform(np.array([[1, 1, -1, -1, 1, -1]]))
    array([[ 1, -1]], dtype=int8)
    """

    @property
    def fields_(self) -> FloatArray:
        """The linear field of each block spin, shape (M, N): 1/b^d on its block, 0 elsewhere."""
        return fields_on(self.lattice, self.lattice.blocks(self.b), 1 / self.b**self.lattice.dimension)

    def _block(self, parts: Spins) -> Spins:
        narrow = len(parts) * max(1, int(np.abs(parts).max(initial=1))) < 128
        return np.asarray(np.sign(parts.sum(axis=0, dtype=np.int8 if narrow else np.int32)).astype(np.int8))


class Decimation(SpinRule):
    """Decimation: a block's spin is the spin of its first site.

    `transform` maps X (n, N) of spins, or integers of either sign, to (n, N / b^d) int8. Raises ValueError as `fit`
    says.

    Parameters
    ----------
    lattice, b : as in `Majority`

    Examples
    --------
    >>> bs.Decimation(bs.Lattice.chain(6), 2).fit_transform(np.array([[1, -1, -1, 1, 1, 1]]))
    array([[ 1, -1,  1]], dtype=int8)
    """

    keeps_alphabet = True

    def __init__(self, lattice: Lattice, b: int = 2) -> None:
        self.lattice = lattice
        self.b = b

    def transform(self, X: ArrayLike) -> Spins:
        """The values of the sites kept, shape (n, N / b^d), int8, in the order of `lattice.coarse(b)`."""
        self._check_settings()
        return self._votes(self._spins(X))

    @property
    def fields_(self) -> FloatArray:
        """The linear field of each block spin, shape (M, N): 1 on the site kept, 0 elsewhere."""
        return fields_on(self.lattice, self.lattice.blocks(self.b)[:, :1], 1.0)

    def _block(self, parts: Spins) -> Spins:
        return np.array(parts[0])


def fields_on(lattice: Lattice, sites: NDArray[np.intp], weight: float | FloatArray) -> FloatArray:
    """Linear fields (M, N) with this weight (one, or one a site) on each block's sites (M, b^d), 0 elsewhere."""
    memory.require(8 * len(sites) * lattice.n_sites, f"the fields of {len(sites)} blocks of a {lattice} lattice")
    fields = np.zeros((len(sites), lattice.n_sites))
    np.put_along_axis(fields, sites, weight, axis=1)
    return fields
