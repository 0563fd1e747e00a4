"""Heat-bath sweeps of the Ising model on every lattice, in the order of the sites.

Every spin can follow every other in one sweep, so the sweep is ergodic for any K and h.
"""

from typing import Any

import numpy as np
from numba import njit, uint64

from blockspin.sampling.rows import measure
from blockspin.sampling.words import CHUNK, fill


@njit(cache=True, nogil=True)
def heat_bath(spins: Any, state: Any, trace: Any, rows: Any, chance: Any, steps: int) -> Any:
    """Sweeps of spins -1/+1 of every chain, in place; returns how many spins turned over, shape (chain,).

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
                measure(s, rows, trace[chain, step])
    return flipped
