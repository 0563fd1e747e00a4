"""The compiled loops of the dimers' worm; blockspin.sampling.worm says what they do and why it is exact.

Inside, a chain is one direction a vertex, 0 to 3: its dimer goes to +x, +y, -x, -y, so that d ^ 2 is the opposite of d.
The layout of `Dimers` is read once at the start of a call and written once at its end.
"""

from typing import Any

import numpy as np
from numba import njit, prange, uint64

from blockspin.sampling.words import CHUNK, LANES, fill


@njit(cache=True)
def _read(spins: Any, Lx: int, Ly: int, direction: Any) -> bool:
    """The directions of a chain; False where a vertex has not exactly one dimer."""
    width = 2 * Ly
    wrong = 0
    for x in range(Lx):
        row = 2 * x * width
        below = row + width
        above = row - width if x > 0 else (2 * Lx - 1) * width
        for y in range(Ly):
            column = 2 * y
            left = column - 1 if y > 0 else width - 1
            east, north = spins[below + column] > 0, spins[row + column + 1] > 0
            west, south = spins[above + column] > 0, spins[row + left] > 0
            wrong += (east + north + west + south) != 1
            direction[x * Ly + y] = north + 2 * west + 3 * south
    return wrong == 0


@njit(cache=True)
def _write(direction: Any, Lx: int, Ly: int, spins: Any) -> None:
    width = 2 * Ly
    for x in range(Lx):
        row = 2 * x * width
        for y in range(Ly):
            d = direction[x * Ly + y]
            spins[row + 2 * y + 1] = 1 if d == 1 else -1
            spins[row + width + 2 * y] = 1 if d == 0 else -1


@njit(cache=True)
def _draw_noise(spins: Any, Lx: int, Ly: int, g: Any, words: Any, alike: float) -> None:
    """Pairs of spins, equal with probability `alike`: 63 bits of a word decide that, the last one the sign."""
    width = 2 * Ly
    scale = 2.0**-63
    next_word = CHUNK
    for x in range(Lx):
        row = 2 * x * width
        for y in range(Ly):
            if next_word == CHUNK:
                fill(g, words, CHUNK)
                next_word = 0
            word = words[next_word]
            next_word += 1
            s = np.int8(2 * np.int64(word & uint64(1)) - 1)
            spins[row + 2 * y] = s
            spins[row + width + 2 * y + 1] = s if (word >> uint64(1)) * scale < alike else -s


@njit(cache=True)
def _measure(direction: Any, Lx: int, Ly: int, sums: Any) -> None:
    """Faces with parallel dimers, columnar sums along x and y, staggered sums along x and y."""
    parallel = columnar_x = columnar_y = staggered_x = staggered_y = 0
    for x in range(Lx):
        base = x * Ly
        below = base + Ly if x < Lx - 1 else 0
        sign_x = 1 - 2 * (x & 1)
        for y in range(Ly):
            right = base + y + 1 if y < Ly - 1 else base
            sign_y = 1 - 2 * (y & 1)
            along_x, along_y = direction[base + y] == 0, direction[base + y] == 1
            parallel += (along_x & (direction[right] == 0)) + (along_y & (direction[below + y] == 1))
            columnar_x += sign_x * along_x
            columnar_y += sign_y * along_y
            staggered_x += sign_x * sign_y * along_x
            staggered_y += sign_x * sign_y * along_y
    sums[0], sums[1], sums[2], sums[3], sums[4] = parallel, columnar_x, columnar_y, staggered_x, staggered_y


@njit(cache=True)
def _free_turn(leg: Any, random: Any) -> Any:
    """A byte decides among the three other legs: the odd one of 256 goes to the leg opposite.

    So turns by +90 and -90 degrees are equally likely, and detailed balance is exact.
    """
    choice = (np.int64(random) * 3) >> 8
    # 0, 1, 2 to a turn by two, one and three legs
    return (leg + ((0b110110 >> (2 * choice)) & 3)) & 3


@njit(cache=True)
def _aligning_turn(
    leg: Any, word: Any, direction: Any, x: Any, y: Any, Ly: int, down: Any, across: Any, table: Any
) -> Any:
    """63 bits decide by the chances that the four diagonal neighbours of (x, y) give."""
    east, west = down[4 * x] * Ly, down[4 * x + 2] * Ly
    north, south = across[4 * y + 1], across[4 * y + 3]
    around = np.int64(direction[east + north]) | np.int64(direction[west + north]) << 2
    around |= np.int64(direction[west + south]) << 4 | np.int64(direction[east + south]) << 6
    row, bits = 4 * (4 * around + leg), word >> uint64(1)
    return np.int64(bits >= table[row]) + np.int64(bits >= table[row + 1]) + np.int64(bits >= table[row + 2])


@njit(cache=True)
def _worm(
    direction: Any, s: Any, Ly: int, down: Any, across: Any, free: bool, table: Any, g: Any, words: Any, at: int
) -> Any:
    """One worm from vertex s; returns the dimers turned and the next random byte of free dimers, word of others."""
    random = words.view(np.uint8)
    x, y = s // Ly, s % Ly
    d = np.int64(direction[s])
    turned = 0
    while True:
        leg = d ^ 2
        x, y = down[4 * x + d], across[4 * y + d]
        if at == (8 * CHUNK if free else CHUNK):
            fill(g, words, CHUNK)
            at = 0
        if free:
            leg = _free_turn(leg, random[at])
        else:
            leg = _aligning_turn(leg, words[at], direction, x, y, Ly, down, across, table)
        at += 1
        p = x * Ly + y
        x, y = down[4 * x + leg], across[4 * y + leg]
        q = x * Ly + y
        d = np.int64(direction[q])  # q is another vertex than p
        direction[p] = leg
        direction[q] = leg ^ 2
        turned += 1
        if q == s:
            return turned, at


# in numba's own threads: the compiler then knows that no two arrays share memory, and the loop is faster
@njit(parallel=True, cache=True)
def worms(
    spins: Any, state: Any, trace: Any, shape: Any, steps: int, clusters: int, free: bool, table: Any, alike: float
) -> Any:
    """Steps of worms of every chain in place; the dimers turned, shape (chain,), -1 where spins are no covering."""
    (Lx, Ly), half = shape, uint64(32)
    # where a step of direction d leads from row x or column y: down[4 x + d], across[4 y + d]
    down, across = np.empty(4 * Lx, np.int64), np.empty(4 * Ly, np.int64)
    for x in range(Lx):
        down[4 * x], down[4 * x + 1], down[4 * x + 2], down[4 * x + 3] = (x + 1) % Lx, x, (x - 1) % Lx, x
    for y in range(Ly):
        across[4 * y], across[4 * y + 1], across[4 * y + 2], across[4 * y + 3] = y, (y + 1) % Ly, y, (y - 1) % Ly
    turned = np.zeros(spins.shape[0], np.int64)
    for chain in prange(spins.shape[0]):
        direction = np.empty(Lx * Ly, np.uint8)
        words, starts = np.empty(CHUNK, np.uint64), np.empty(LANES, np.uint64)
        g = state[chain]
        if not _read(spins[chain], Lx, Ly, direction):
            turned[chain] = -1
            continue
        next_start, at = LANES, 8 * CHUNK if free else CHUNK
        for step in range(steps):
            for _ in range(clusters):
                if next_start == LANES:
                    fill(g, starts, LANES)
                    next_start = 0
                s = np.int64(((starts[next_start] >> half) * uint64(Lx * Ly)) >> half)
                next_start += 1
                count, at = _worm(direction, s, Ly, down, across, free, table, g, words, at)
                turned[chain] += count
            if step < trace.shape[1]:
                _measure(direction, Lx, Ly, trace[chain, step])
        _write(direction, Lx, Ly, spins[chain])
        if alike <= 1:
            _draw_noise(spins[chain], Lx, Ly, g, words, alike)
    return turned


@njit(parallel=True, cache=True)
def sums_of(spins: Any, Lx: int, Ly: int) -> Any:
    """What `_measure` counts in each chain, shape (chain, 5), of -1 where its spins are no covering."""
    sums = np.full((spins.shape[0], 5), -1)
    for k in prange(spins.shape[0]):
        direction = np.empty(Lx * Ly, np.uint8)
        if _read(spins[k], Lx, Ly, direction):
            _measure(direction, Lx, Ly, sums[k])
    return sums
