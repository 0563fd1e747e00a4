"""Wolff's clusters of the Ising model on every lattice.

Of other models, and of several shells of neighbours: `sampling.pairs`.

Source: U. Wolff, Phys. Rev. Lett. 62, 361 (1989).
"""

from typing import Any

import numpy as np
from numba import njit, uint64

from blockspin.sampling.rows import measure
from blockspin.sampling.words import CHUNK, fill


@njit(cache=True, nogil=True)
def wolff(spins: Any, state: Any, trace: Any, rows: Any, alike: Any, cut: Any, steps: int, clusters: int) -> Any:
    """Clusters of every chain, in place; returns how many spins turned over, shape (chain,).

    Each cluster is grown from a random site and turned over. A step takes `clusters`, or by a coin one more: without
    the coin a weakly coupled lattice would keep the parity of its up spins, step after step. alike and cut as in
    `swendsen_wang`.
    """
    N, L, K = spins.shape[1], rows.length, rows.near.shape[1] // 2
    flipped = np.zeros(spins.shape[0], np.int64)
    stack = np.empty(N + 2 * K + 2, np.int64)  # row in the upper half, place in the row in the lower
    words = np.empty(CHUNK, np.uint64)
    halves = words.view(np.uint32)
    need = 2 * K + 2  # random halves of one site
    shift = rows.shift
    near = rows.near << 32 | rows.near * L  # of each row, its number and its first site
    for chain in range(spins.shape[0]):
        s, g = spins[chain], state[chain]
        used = 2 * CHUNK
        for step in range(steps):
            if used + 2 > 2 * CHUNK:
                fill(g, words, CHUNK)
                used = 0
            coin = halves[used] >> 31
            used += 2
            for _ in range(clusters + coin):
                if used + 4 > 2 * CHUNK:
                    fill(g, words, CHUNK)
                    used = 0
                # 32 random bits times n, the high half: uniform to one part in 2^32 / n
                i = np.int64((uint64(halves[used]) * uint64(N)) >> uint64(32))
                used += 2
                old = s[i]
                new = np.int8(-old)
                s[i] = new
                stack[0] = (i // L) << 32 | (i % L)
                n = 1
                count = 0
                while n > 0:
                    n -= 1
                    count += 1
                    if used + 6 > 2 * CHUNK:
                        fill(g, words, CHUNK)
                        used = 0
                    r, y = stack[n] >> 32, stack[n] & 0xFFFFFFFF
                    here = s[r * L + y]
                    wanted = old if alike else here
                    other = new if alike else np.int8(-here)
                    w = halves[used : used + 6]
                    used += need
                    same = r << 32 | r * L
                    n = _try(s, stack, n, same, y + 1 if y < L - 1 else 0, w[0] >= cut, wanted, other)
                    n = _try(s, stack, n, same, y - 1 if y > 0 else L - 1, w[1] >= cut, wanted, other)
                    if K > 0:
                        n = _try(s, stack, n, near[np.uintp(r), 0], y, w[2] >= cut, wanted, other)
                        n = _try(s, stack, n, near[np.uintp(r), 1], y, w[3] >= cut, wanted, other)
                    if K > 1:
                        up, down = y + shift, y - shift
                        up, down = (up if up < L else 0), (down if down >= 0 else L - 1)
                        n = _try(s, stack, n, near[np.uintp(r), 2], up, w[4] >= cut, wanted, other)
                        n = _try(s, stack, n, near[np.uintp(r), 3], down, w[5] >= cut, wanted, other)
                flipped[chain] += count
            if step < trace.shape[1]:
                measure(s, rows, trace[chain, step])
    return flipped


@njit(cache=True)
def _try(s: Any, stack: Any, n: Any, row: Any, y: Any, bond: Any, wanted: Any, other: Any) -> Any:
    """Take a neighbour into the cluster if it is in the wanted state and the bond is set; the size of the stack.

    row: number of the neighbour's row in the upper half, its first site in the lower.
    """
    j = np.uintp((row & 0xFFFFFFFF) + y)  # unsigned: no test for an index from the end
    add = (s[j] == wanted) & bond
    s[j] = other if add else s[j]
    stack[np.uintp(n)] = (row >> 32) << 32 | y
    return n + add
