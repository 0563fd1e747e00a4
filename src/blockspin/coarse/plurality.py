"""The plurality rule: a block takes the letter that most of its sites have, whatever the alphabet."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from blockspin.alphabet import MOST, distinct
from blockspin.arrays import FloatArray, Spins
from blockspin.coarse.blocks import BlockRule, fields_on
from blockspin.coarse.coins import hashed, stream
from blockspin.coarse.rows import rows_on, whole

BYTES = 2**20  # of states handled at once
BITS = 40  # of a priority that orders the sites of a block


class Plurality(BlockRule):
    """The plurality rule: a block's state is the one that most of its b^d sites have.

    `transform` maps X (n, N) of integers from -127 to 127, such as states 0..q-1 or -1/0/+1, to (n, N / b^d) int8, in
    the order of `lattice.coarse(b)`. With two states it is the majority rule. Raises ValueError as `fit` says.

    Parameters
    ----------
    lattice, b : as in `Majority`
    ties, random_state : {"random", "first"}, int, RandomState or None
        Every tied state has the same chance, or the tied state that comes first in the block is taken. An integer makes
        the choice a function of the row (a hash), the same whatever the states are called. Else it is made anew.

    References
    ----------
    C. Rebbi and R. H. Swendsen, Phys. Rev. B 21, 4094 (1980).

    Examples
    --------
    >>> bs.rules.Plurality(bs.Lattice.chain(6), 3).fit_transform(np.array([[2, 2, 0, 1, 0, 1]]))
    array([[2, 1]], dtype=int8)
    """

    keeps_alphabet = True

    @property
    def fields_(self) -> FloatArray:
        """The linear field of each block's letter, as a number: the mean of its sites, shape (M, N)."""
        self._check_settings()
        return fields_on(self.lattice, self.lattice.blocks(self.b), 1 / self.b**self.lattice.dimension)

    def transform(self, X: ArrayLike) -> Spins:
        """The block states of X (n, N), shape (n, N / b^d), int8; `fit` need not come first."""
        self._check_settings()
        letters, numbers = np.unique(self._spins(X), return_inverse=True)
        states = numbers.reshape(-1, self.lattice.n_sites).astype(np.int8)
        rows = max(1, BYTES // self.lattice.n_sites)
        sites = self.lattice.blocks(self.b)
        random = None if isinstance(self.random_state, (int, np.integer)) else check_random_state(self.random_state)
        pieces = [self._vote(states[start : start + rows], sites, random) for start in range(0, len(states), rows)]
        return letters[np.concatenate(pieces)] if pieces else np.empty((0, len(sites)), np.int8)

    def _vote(self, states: Spins, sites: NDArray[np.intp], random: np.random.RandomState | None) -> Spins:
        places = states[:, sites]  # (n, M, b^d)
        # how many sites of the block have the state of each; among the largest the priority of a site decides, so that
        # states tied with equally many sites have equal chances
        score = sum((places[..., place, None] == places).astype(np.int64) for place in range(places.shape[-1]))
        score = np.asarray(score) << BITS
        if self.ties == "first":
            score -= np.arange(places.shape[-1])
        elif random is None:
            score += _priorities(states, int(self.random_state)).reshape(score.shape)  # type: ignore[arg-type]  # an integer
        else:
            score += random.randint(0, 1 << BITS, score.shape, np.int64)
        winner = score.argmax(axis=-1)[..., None]
        return np.asarray(np.take_along_axis(places, winner, axis=-1)[..., 0])

    def _spins(self, X: ArrayLike, *, reset: bool = False) -> Spins:
        values = rows_on(self, self.lattice, X, reset=reset, least=1 if reset else 0)
        if not whole(values):
            raise ValueError(f"Plurality takes X of integers from -{MOST} to {MOST}; got {distinct(values)}")
        return np.ascontiguousarray(values, dtype=np.int8)


def _priorities(states: Spins, seed: int) -> NDArray[np.int64]:
    """Numbers of BITS random bits for every site, (n, N): a function of seed and of which sites of a row are alike."""
    words = stream(hashed(_by_appearance(states).view(np.uint8), seed), states.shape[1])
    return (words >> np.uint64(64 - BITS)).astype(np.int64)


def _by_appearance(states: Spins) -> Spins:
    """The states of each row called 0, 1, ... in the order in which they come."""
    N = states.shape[1]
    present = np.arange(int(states.max(initial=0)) + 1)
    first = np.stack([np.where((states == a).any(axis=1), (states == a).argmax(axis=1), N) for a in present], axis=1)
    rank = first.argsort(axis=1, kind="stable").argsort(axis=1)
    return np.asarray(np.take_along_axis(rank, states.astype(np.intp), axis=1).astype(np.int8))
