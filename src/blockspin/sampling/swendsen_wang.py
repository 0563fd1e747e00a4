"""Swendsen-Wang sweeps of the Ising model on every lattice.

Other models have Wolff's clusters under reflections (`sampling.pairs`).

Source: Swendsen and Wang, Phys. Rev. Lett. 58, 86 (1987).
"""

from typing import Any

import numpy as np
from numba import njit, uint64

from blockspin.sampling.rows import measure
from blockspin.sampling.words import CHUNK, LANES, fill


@njit(cache=True, nogil=True)
def swendsen_wang(spins: Any, state: Any, trace: Any, rows: Any, alike: Any, cut: Any, field: Any, steps: int) -> Any:
    """Sweeps of every chain in place; returns how many spins turned over, shape (chain,).

    alike: whether bonds join equal spins (K >= 0) or unequal ones. A bond is set where 32 random bits are at least
    `cut`. field: (whether it draws spins up, cut): a spin on the field's side is joined to a ghost by its cut, and the
    clusters of the ghost keep their spins, which the other clusters turn over by a coin.
    """
    N, L = spins.shape[1], rows.length
    flipped = np.zeros(spins.shape[0], np.int64)
    words = np.empty(max(CHUNK, (L + 1) // 2) + LANES, np.uint64)
    parent = np.empty(N, np.uint32)
    along = np.empty(N, np.uint8)
    turn = np.empty(N, np.uint8)
    scratch = np.empty(L, np.uint8), np.zeros(L, np.uint8), np.empty(L, np.uint32)
    for chain in range(spins.shape[0]):
        s, g = spins[chain], state[chain]
        for step in range(steps):
            _within_rows(s, g, words, L, alike, cut, along, parent)
            _between_rows(s, g, words, rows, alike, cut, along, parent, scratch)
            _turns(s, g, words, field, parent, turn)
            count = 0
            for i in range(N):
                f = turn[parent[i]]
                turn[i] = f
                s[i] = -s[i] if f else s[i]
                count += f
            flipped[chain] += count
            if step < trace.shape[1]:
                measure(s, rows, trace[chain, step])
    return flipped


@njit(cache=True)
def _within_rows(s: Any, g: Any, words: Any, L: int, alike: Any, cut: Any, along: Any, parent: Any) -> None:
    """Draw the bonds within each row and label its runs by their first sites."""
    R = s.size // L
    group = max(1, 2 * CHUNK // L)
    halves = words.view(np.uint32)
    for r in range(R):
        if r % group == 0:
            fill(g, words, (min(group, R - r) * L + 1) // 2)
        w = halves[(r % group) * L : (r % group) * L + L]
        base = r * L
        row, bond = s[base : base + L], along[base : base + L]
        for y in range(L - 1):
            bond[y] = ((row[y] == row[y + 1]) == alike) & (w[y] >= cut)
        bond[L - 1] = ((row[L - 1] == row[0]) == alike) & (w[L - 1] >= cut)
        label = base
        parent[base] = base
        for y in range(L - 1):
            label = label if bond[y] else base + y + 1
            parent[base + y + 1] = label
        if bond[L - 1]:
            _join(parent, np.uint32(base), np.uint32(base + L - 1))


@njit(cache=True)
def _between_rows(
    s: Any, g: Any, words: Any, rows: Any, alike: Any, cut: Any, along: Any, parent: Any, scratch: Any
) -> None:
    """Draw the bonds between rows and join their runs, but once where neighbouring bonds join the same two."""
    L, R, K = rows.length, rows.sublattice.size, rows.near.shape[1] // 2
    bond, clean, joined = scratch
    group = max(1, 2 * CHUNK // L)
    halves = words.view(np.uint32)
    for turn in range(R * K):
        if turn % group == 0:
            fill(g, words, (min(group, R * K - turn) * L + 1) // 2)
        w = halves[(turn % group) * L : (turn % group) * L + L]
        r, k = turn // K, turn % K
        d, base, there = (rows.shift if k == 1 else 0), r * L, rows.near[r, 2 * k] * L
        row, other = s[base : base + L], s[there : there + L]
        here_on, there_on = along[base : base + L], along[there : there + L]
        for y in range(L - d):
            bond[y] = ((row[y] == other[y + d]) == alike) & (w[y] >= cut)
        if d:
            bond[L - 1] = ((row[L - 1] == other[0]) == alike) & (w[L - 1] >= cut)
        # the next bond joins nothing new where this one is set and both runs go on
        for y in range(L - 1):
            clean[y + 1] = bond[y] & here_on[y] & there_on[y + d]
        n = 0
        for y in range(L):
            joined[n] = y
            n += bond[y] & (clean[y] ^ 1)
        for m in range(n):
            end = joined[m] + d
            _join(parent, np.uint32(base + joined[m]), np.uint32(there + (end if end < L else 0)))


@njit(cache=True)
def _turns(s: Any, g: Any, words: Any, field: Any, parent: Any, turn: Any) -> None:
    """Whether the cluster of each root turns over, by a coin; clusters of the ghost do not."""
    halves = words.view(np.uint32)
    for start in range(0, s.size, 64 * CHUNK):  # one bit a site
        n = min(64 * CHUNK, s.size - start)
        fill(g, words, (n + 63) // 64)
        for i in range(n):
            turn[start + i] = (words[i >> 6] >> uint64(i & 63)) & uint64(1)
    up, cut = field
    if cut == 0xFFFFFFFF:
        return
    for start in range(0, s.size, 2 * CHUNK):
        n = min(2 * CHUNK, s.size - start)
        fill(g, words, (n + 1) // 2)
        for i in range(n):
            if ((s[start + i] == 1) == up) & (halves[i] >= cut):
                turn[_root(parent, np.uint32(start + i))] = 0


@njit(cache=True)
def _root(parent: Any, i: Any) -> Any:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True)
def _join(parent: Any, i: Any, j: Any) -> None:
    i, j = _root(parent, i), _root(parent, j)
    # the root is the least site, so one ascending pass can hand the new states down
    if i < j:
        parent[j] = i
    else:
        parent[i] = j
