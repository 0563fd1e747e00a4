"""Heat bath of fine spins whose block spins feel a bias: P(s) proportional to exp(sum K S(s) - sum J S(s')).

All levels of the blocking are carried along: a spin that may turn is followed up through its block, the block's block,
... until a block keeps its spin, and the bias counts where the top turns. A block is a table of its spins' patterns;
where the table leaves a tie, a coin that the block keeps decides, and the coins are resampled like spins, so that the
joint state is a Markov chain for any rule with fair ties. Source of the bias: Y. Wu and R. Car, Phys. Rev. Lett. 119,
220602 (2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray

from blockspin import randomness
from blockspin.sampling import words
from blockspin.sampling.threads import in_threads
from blockspin.sampling.words import CHUNK, fill

MOST = 16  # sites of a block: its table has 2^16 entries

Spins = NDArray[np.int8]
FloatArray = NDArray[np.float64]


class Blocks(NamedTuple):
    """A local rule: sites (M, m) of the finer level whose spins make each block, and its spin for each pattern.

    table (2^m,): -1, +1, or 0 for a fair coin; bit k of a pattern is set where the block's k-th site is up.
    """

    sites: NDArray[np.int64]
    table: Spins


class Terms(NamedTuple):
    """Products of spins at a site: term t of site i is strength[t] times the spins at others[i, t], -1 for no more."""

    others: NDArray[np.int32]
    strength: FloatArray


class _Tree(NamedTuple):
    """Sites of all levels numbered one level after the other, level l from first[l] on.

    parent: the block of a site, -1 at the top; place: its bit in the block's pattern; start: of the block's table.
    """

    first: NDArray[np.int64]
    parent: NDArray[np.int64]
    place: NDArray[np.int64]
    start: NDArray[np.int64]
    table: Spins


@dataclass
class Biased:
    """Chains of fine spins with a bias on the blocks of the last of `blocks`; `fine.strength` is K, `top.strength` J.

    spins (chain, sites of all levels); patterns and coins the same; generators one a chain.
    """

    tree: _Tree
    fine: Terms
    top: Terms
    spins: Spins
    patterns: NDArray[np.int32]
    coins: Spins
    generators: NDArray[np.uint64]

    @classmethod
    def start(
        cls, blocks: Sequence[Blocks], fine: Terms, top: Terms, chains: int, seed: int, *path: str | int
    ) -> Biased:
        """Chains that start at random, without a bias unless `top` has one; a chain depends on seed, path, number.

        Raises ValueError where a block has more than 16 sites or sites belong to two blocks.
        """
        tree = _tree(blocks)
        n = len(tree.parent)
        random = randomness.generator(seed, *path, "start")
        spins, coins = (2 * random.integers(0, 2, (chains, n), np.int8) - 1 for _ in range(2))
        made = cls(tree, fine, top, spins, np.zeros((chains, n), np.int32), coins, np.empty(0, np.uint64))
        made.generators = words.generators(seed, chains, *path)
        _settle(tree, spins, made.patterns, coins)
        return made

    def bias(self, J: FloatArray) -> None:
        """Set the strengths of the terms at the top."""
        self.top = Terms(self.top.others, np.ascontiguousarray(J, float))

    def advance(self, sweeps: int) -> None:
        """Advance all chains by sweeps over the fine spins and the coins."""

        def run(part: slice) -> None:
            _sweeps(
                self.spins[part],
                self.patterns[part],
                self.coins[part],
                self.generators[part],
                self.tree,
                self.fine,
                self.top,
                sweeps,
            )

        in_threads(len(self.spins), run)

    def level(self, n: int) -> Spins:
        """The spins after n blockings, shape (chain, sites)."""
        return self.spins[:, self.tree.first[n] : self.tree.first[n + 1]]


def _tree(blocks: Sequence[Blocks]) -> _Tree:
    sizes = [int(blocks[0].sites.max()) + 1, *(len(one.sites) for one in blocks)]
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    n = int(first[-1])
    parent, place, start = np.full(n, -1, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    offset = 0
    for level, one in enumerate(blocks):
        m = one.sites.shape[1]
        if m > MOST or len(np.unique(one.sites)) != one.sites.size:
            raise ValueError(
                f"blocks must have at most {MOST} sites each and share none; got {m} sites, "
                f"{one.sites.size - len(np.unique(one.sites))} of them shared"
            )
        parent[first[level] + one.sites] = first[level + 1] + np.arange(len(one.sites))[:, None]
        place[first[level] + one.sites] = 1 << np.arange(m)
        start[first[level + 1] : first[level + 2]] = offset
        offset += len(one.table)
    return _Tree(first, parent, place, start, np.concatenate([one.table for one in blocks]).astype(np.int8))


@njit(cache=True)
def _settle(tree: Any, spins: Any, patterns: Any, coins: Any) -> None:
    """Patterns and block spins that belong to the fine spins and the coins, in place."""
    for chain in range(spins.shape[0]):
        s, pattern = spins[chain], patterns[chain]
        for site in range(s.size):
            if site >= tree.first[1]:
                spin = tree.table[tree.start[site] + pattern[site]]
                s[site] = spin if spin != 0 else coins[chain, site]
            if tree.parent[site] >= 0 and s[site] == 1:
                pattern[tree.parent[site]] |= tree.place[site]


@njit(cache=True)
def _local(terms: Any, s: Any, first: int, site: int) -> Any:
    """The sum of the terms at a site of the level that starts at `first`, without its own spin."""
    total = 0.0
    for t in range(terms.others.shape[1]):
        product = 1
        for k in range(terms.others.shape[2]):
            other = terms.others[site - first, t, k]
            if other < 0:
                break
            product *= s[first + other]
        total += terms.strength[t] * product
    return total


@njit(cache=True)
def _turned_to(tree: Any, s: Any, pattern: Any, coin: Any, site: int) -> Any:
    """The last site that turns where this one does: one whose block keeps its spin, or one at the top."""
    while True:
        block = tree.parent[site]
        if block < 0:
            return site
        spin = tree.table[tree.start[block] + (pattern[block] ^ tree.place[site])]
        if spin == 0:
            spin = coin[block]
        if spin == s[block]:
            return site
        site = block


@njit(cache=True)
def _turn(tree: Any, s: Any, pattern: Any, site: int, last: int) -> None:
    """Turn a site and its blocks up to `last`."""
    while True:
        s[site] = -s[site]
        block = tree.parent[site]
        if block >= 0:
            pattern[block] ^= tree.place[site]
        if site == last:
            return
        site = block


@njit(cache=True, nogil=True)
def _sweeps(spins: Any, patterns: Any, coins: Any, state: Any, tree: Any, fine: Any, top: Any, sweeps: int) -> None:
    drawn = np.empty(CHUNK, np.uint64)
    scale = 2.0**-53
    n, highest = tree.first[1], tree.first[-2]
    for chain in range(spins.shape[0]):
        s, pattern, coin, g = spins[chain], patterns[chain], coins[chain], state[chain]
        used = CHUNK
        for _ in range(sweeps):
            for site in range(s.size):
                if used == CHUNK:
                    fill(g, drawn, CHUNK)
                    used = 0
                word = drawn[used]
                used += 1
                if site < n:
                    loss = 2.0 * s[site] * _local(fine, s, 0, site)
                    last = _turned_to(tree, s, pattern, coin, site)
                else:
                    # a coin: of no weight but where the block is tied
                    loss = 0.0
                    tied = tree.table[tree.start[site] + pattern[site]] == 0
                    last = _turned_to(tree, s, pattern, coin, site) if tied else -1
                if last >= highest:
                    loss -= 2.0 * s[last] * _local(top, s, highest, last)
                # heat bath between the two states
                if (word >> uint64(11)) * scale * (1.0 + np.exp(loss)) < 1.0:
                    if site >= n:
                        coin[site] = -coin[site]
                    if last >= 0:
                        _turn(tree, s, pattern, site, last)
