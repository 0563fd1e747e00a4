"""Heat-bath sweeps of the Ising and Potts models on every lattice, in the order of the sites.

Every state can follow every other in one sweep, so the sweep is ergodic for any K and h.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, uint64

from blockspin.sampling.rows import measure
from blockspin.sampling.words import CHUNK, fill


@njit(cache=True, nogil=True)
def ising(spins: Any, state: Any, trace: Any, rows: Any, states: Any, chance: Any, steps: int) -> Any:
    """Sweeps of spins -1/+1 of every chain, in place; returns how many sites changed their state, shape (chain,).

    chance[z + a] is P(s = +1) where the z neighbours sum to a.
    """
    L, K, shift, z = rows.length, rows.near.shape[1] // 2, rows.shift, chance.size // 2
    flipped = np.zeros(spins.shape[0], np.int64)
    words = np.empty(CHUNK, np.uint64)
    scale = 2.0**-53
    for chain in range(spins.shape[0]):
        s, g = spins[chain], state[chain]
        used = CHUNK
        for step in range(steps):
            count = 0
            for r in range(rows.sublattice.size):
                base = r * L
                near = rows.near[r] * L
                for y in range(L):
                    if used == CHUNK:
                        fill(g, words, CHUNK)
                        used = 0
                    local = z + s[base + (y + 1 if y < L - 1 else 0)] + s[base + (y - 1 if y > 0 else L - 1)]
                    if K > 0:
                        local += s[near[0] + y] + s[near[1] + y]
                    if K > 1:
                        up, down = y + shift, y - shift
                        local += s[near[2] + (up if up < L else 0)] + s[near[3] + (down if down >= 0 else L - 1)]
                    u = (words[used] >> uint64(11)) * scale
                    used += 1
                    new = np.int8(1) if u < chance[local] else np.int8(-1)
                    count += new != s[base + y]
                    s[base + y] = new
            flipped[chain] += count
            if step < trace.shape[1]:
                measure(s, rows, states, trace[chain, step])
    return flipped


@njit(cache=True, nogil=True)
def potts(
    spins: Any, state: Any, trace: Any, rows: Any, states: Any, weight: Any, weight_0: Any, likes: Any, steps: int
) -> Any:
    """Sweeps of states 0..q-1 of every chain, in place; returns how many sites changed their state, shape (chain,).

    weight[z + d] = exp(K d), and weight_0 the same with the field for state 0, where d is the number of neighbours in
    a state less that of the likeliest of the states 1..q-1: with `likes` (K >= 0) the most, else the fewest. So no
    coupling is so large that all weights vanish.
    """
    L, K, shift, z, q = rows.length, rows.near.shape[1] // 2, rows.shift, weight.size // 2, states.q
    flipped = np.zeros(spins.shape[0], np.int64)
    words = np.empty(CHUNK, np.uint64)
    n = np.zeros(q, np.int64)
    up_to = np.zeros(q, np.float64)
    scale = 2.0**-53
    for chain in range(spins.shape[0]):
        s, g = spins[chain], state[chain]
        used = CHUNK
        for step in range(steps):
            count = 0
            for r in range(rows.sublattice.size):
                base = r * L
                near = rows.near[r] * L
                for y in range(L):
                    if used == CHUNK:
                        fill(g, words, CHUNK)
                        used = 0
                    n[:] = 0
                    n[s[base + (y + 1 if y < L - 1 else 0)]] += 1
                    n[s[base + (y - 1 if y > 0 else L - 1)]] += 1
                    if K > 0:
                        n[s[near[0] + y]] += 1
                        n[s[near[1] + y]] += 1
                    if K > 1:
                        up, down = y + shift, y - shift
                        n[s[near[2] + (up if up < L else 0)]] += 1
                        n[s[near[3] + (down if down >= 0 else L - 1)]] += 1
                    best = n[1]
                    for a in range(2, q):
                        best = max(best, n[a]) if likes else min(best, n[a])
                    total = weight_0[z + n[0] - best]
                    up_to[0] = total
                    for a in range(1, q):
                        total += weight[z + n[a] - best]
                        up_to[a] = total
                    u = (words[used] >> uint64(11)) * scale * total
                    used += 1
                    new = 0
                    for a in range(q - 1):
                        new += u >= up_to[a]
                    count += new != s[base + y]
                    s[base + y] = new
            flipped[chain] += count
            if step < trace.shape[1]:
                measure(s, rows, states, trace[chain, step])
    return flipped
