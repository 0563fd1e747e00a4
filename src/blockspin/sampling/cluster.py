"""Compiled Monte Carlo updates of the Ising model: Swendsen-Wang, Wolff and heat bath.

Each function advances every chain in place: spins (chain, N) int8, state (chain, 4, 8) uint64 with the
generators of each chain, so that the numbers do not depend on how many threads share the chains.
A ring of L sites is passed as shape (1, L) with no coupling along x.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, prange, uint8, uint64
from numpy.typing import NDArray

from blockspin import randomness
from blockspin.models import Ising

LANES = 8
CHUNK = 2048  # random words made at a time: they stay in the first-level cache

Spins = NDArray[np.int8]
State = NDArray[np.uint64]


def generators(seed: int, chains: int, *path: str | int) -> State:
    """The state of eight xoshiro256++ generators a chain, shape (chain, 4, 8), from `randomness.sequence`."""
    words = [randomness.sequence(seed, *path, chain).generate_state(4 * LANES, np.uint64) for chain in range(chains)]
    return np.array(words, np.uint64).reshape(chains, 4, LANES)


def advance(
    model: Ising, algorithm: str, spins: Spins, state: State, steps: int, *, clusters: int = 1
) -> NDArray[np.int64]:
    """Advance all chains in place by `steps` steps; returns the number of sites flipped in each chain.

    algorithm: "swendsen-wang" and "heat-bath" take one sweep a step; "wolff" flips `clusters` clusters a step.
    Raises ValueError for another algorithm, or where Wolff's cannot serve the model (a field, or a
    frustrated antiferromagnet).
    """
    return _run(model, algorithm, spins, state, np.empty((len(spins), 0, 4), np.int64), steps, clusters)


def record(
    model: Ising, algorithm: str, spins: Spins, state: State, steps: int, *, clusters: int = 1
) -> NDArray[np.float64]:
    """Advance as `advance` does and return what `observe` gives after every step, shape (chain, steps, 2)."""
    trace = np.empty((len(spins), steps, 4), np.int64)
    _run(model, algorithm, spins, state, trace, steps, clusters)
    return _observables(model, trace)


def observe(model: Ising, spins: Spins) -> NDArray[np.float64]:
    """Energy a site H/N and the order parameter of each chain, shape (chain, 2).

    The order parameter is m, or for K < 0 the staggered magnetisation sum_i (-1)^(x+y) s_i/N; its absolute value
    where h = 0.
    """
    return _observables(model, _sums(spins, *_rectangle(model)))


def check_wolff(model: Ising) -> None:
    """Raise ValueError where Wolff's single-cluster update cannot serve the model."""
    if model.h != 0:
        raise ValueError(f"Wolff's algorithm needs h = 0; got h = {model.h}. Choose swendsen-wang or heat-bath")
    if model.K < 0 and any(extent % 2 for extent in model.lattice.shape):
        raise ValueError(
            f"Wolff's algorithm with K < 0 needs even extents; got {model.lattice}. Choose swendsen-wang or heat-bath"
        )


def _run(
    model: Ising, algorithm: str, spins: Spins, state: State, trace: NDArray[np.int64], steps: int, clusters: int
) -> NDArray[np.int64]:
    Lx, Ly = _rectangle(model)
    Kx = model.K if model.lattice.dimension == 2 else 0.0
    sign = np.int8(1 if model.K >= 0 else -1)
    bond_x, bond_y, ghost = _threshold(Kx), _threshold(model.K), _threshold(model.h)
    flipped: NDArray[np.int64]
    if algorithm == "swendsen-wang":
        up = np.int8(1 if model.h >= 0 else -1)
        flipped = _swendsen_wang(spins, state, trace, Lx, Ly, bond_x, bond_y, sign, ghost, up, steps)
    elif algorithm == "wolff":
        check_wolff(model)
        flipped = _wolff(spins, state, trace, Lx, Ly, bond_x, bond_y, sign, steps, clusters)
    elif algorithm == "heat-bath":
        local = np.arange(-2, 3)
        chance = 1 / (1 + np.exp(-2 * np.clip(Kx * local[:, None] + model.K * local + model.h, -350, 350)))
        flipped = _heat_bath(spins, state, trace, Lx, Ly, chance, steps)
    else:
        raise ValueError(f"algorithm must be one of swendsen-wang, wolff, heat-bath; got {algorithm!r}")
    return flipped


def _observables(model: Ising, sums: NDArray[np.int64]) -> NDArray[np.float64]:
    along_x, along_y, m, staggered = np.moveaxis(sums / model.lattice.n_sites, -1, 0)
    Kx = model.K if model.lattice.dimension == 2 else 0.0
    order = m if model.K >= 0 else staggered
    energy = -Kx * along_x - model.K * along_y - model.h * m
    return np.stack([energy, np.abs(order) if model.h == 0 else order], axis=-1)


def _rectangle(model: Ising) -> tuple[int, int]:
    shape = model.lattice.shape
    if model.lattice.kind not in ("square", "chain"):
        raise ValueError(f"these updates know the chain and the square lattice; got {model.lattice}")
    return (shape[0], shape[1]) if len(shape) == 2 else (1, shape[0])


def _threshold(K: float) -> np.uint64:
    # a bond is set where 32 random bits are below (1 - e^(-2 abs K)) 2^32
    return np.uint64(round(-math.expm1(-2 * abs(K)) * 2**32))


@njit(cache=True)
def _fill(state: Any, words: Any, n: int) -> None:
    """Fill words[:n] (n a multiple of 8) from eight xoshiro256++ generators (Blackman and Vigna 2021)."""
    for start in range(0, n, LANES):
        for lane in range(LANES):
            a, b, c, d = state[0, lane], state[1, lane], state[2, lane], state[3, lane]
            total = a + d
            words[start + lane] = ((total << uint64(23)) | (total >> uint64(41))) + a
            t = b << uint64(17)
            c ^= a
            d ^= b
            b ^= c
            a ^= d
            c ^= t
            state[0, lane], state[1, lane], state[2, lane] = a, b, c
            state[3, lane] = (d << uint64(45)) | (d >> uint64(19))


@njit(cache=True, inline="always")
def _root(parent: Any, i: Any) -> Any:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True, inline="always")
def _join(parent: Any, i: Any, j: Any) -> None:
    i, j = _root(parent, i), _root(parent, j)
    # the root is the least site, so one ascending pass can hand the flips down
    if i < j:
        parent[j] = i
    else:
        parent[i] = j


@njit(cache=True)
def _measure(s: Any, Lx: int, Ly: int, sums: Any) -> None:
    """Bond sums along x and y, magnetisation, staggered magnetisation."""
    along_x = along_y = even = odd = 0
    for x in range(Lx):
        base = x * Ly
        below = base + Ly if x < Lx - 1 else 0
        for y in range(Ly):
            right = base + y + 1 if y < Ly - 1 else base
            along_x += s[base + y] * s[below + y]
            along_y += s[base + y] * s[right]
            if (x + y) & 1:
                odd += s[base + y]
            else:
                even += s[base + y]
    sums[0], sums[1], sums[2], sums[3] = along_x, along_y, even + odd, even - odd


@njit(parallel=True, cache=True)
def _swendsen_wang(
    spins: Any,
    state: Any,
    trace: Any,
    Lx: int,
    Ly: int,
    bond_x: Any,
    bond_y: Any,
    sign: Any,
    ghost: Any,
    up: Any,
    steps: int,
) -> Any:
    """Swendsen-Wang sweeps; a field joins sites along it to a ghost spin that never flips.

    Bonds of a row are drawn without branches, runs along the row share a label, and a bond to the row above is
    joined unless its left neighbour has joined the same two runs.

    Source: Swendsen and Wang, Phys. Rev. Lett. 58, 86 (1987).
    """
    chains, N = spins.shape
    flipped = np.zeros(chains, np.int64)
    low, half = uint64(0xFFFFFFFF), uint64(32)
    rows = max(1, CHUNK // Ly)
    for chain in prange(chains):
        s, g = spins[chain], state[chain]
        parent = np.empty(N, np.uint32)
        flip = np.empty(N, np.uint8)
        joined = np.empty(Ly, np.uint32)
        along = np.empty(Ly, np.uint8)
        along_above = np.empty(Ly, np.uint8)
        down = np.empty(Ly, np.uint8)
        words = np.empty(max(CHUNK, Ly, N >> 6) + 2 * LANES, np.uint64)
        count = n_joined = 0
        for step in range(steps):
            for x in range(Lx):
                if x % rows == 0:
                    _fill(g, words, (min(rows, Lx - x) * Ly + LANES - 1) // LANES * LANES)
                base = x * Ly
                row = s[base : base + Ly]
                w = words[(x % rows) * Ly : (x % rows) * Ly + Ly]
                along, along_above = along_above, along
                for y in range(Ly - 1):
                    along[y] = (row[y] * row[y + 1] == sign) & ((w[y] & low) < bond_y)
                along[Ly - 1] = (row[Ly - 1] * row[0] == sign) & ((w[Ly - 1] & low) < bond_y)
                label = base
                parent[base] = base
                for y in range(Ly - 1):
                    label = label if along[y] else base + y + 1
                    parent[base + y + 1] = label
                if along[Ly - 1]:
                    _join(parent, np.uint32(base), np.uint32(base + Ly - 1))
                if x > 0:
                    n_joined = 0
                    before = uint8(0)
                    for y in range(Ly):
                        joined[n_joined] = y
                        n_joined += down[y] & (before ^ uint8(1))
                        before = down[y] & along[y] & along_above[y]
                    for k in range(n_joined):
                        _join(parent, np.uint32(base - Ly + joined[k]), np.uint32(base + joined[k]))
                below = s[base + Ly : base + 2 * Ly] if x < Lx - 1 else s[:Ly]
                for y in range(Ly):
                    down[y] = (row[y] * below[y] == sign) & ((w[y] >> half) < bond_x)
            n_joined = 0
            for y in range(Ly):
                joined[n_joined] = y
                n_joined += down[y]
            for k in range(n_joined):
                _join(parent, joined[k], np.uint32((Lx - 1) * Ly + joined[k]))
            _fill(g, words, ((N >> 6) + LANES) // LANES * LANES)
            for i in range(N):
                flip[i] = (words[i >> 6] >> uint64(i & 63)) & uint64(1)
            if ghost > 0:
                for i in range(N):
                    if i % CHUNK == 0:
                        _fill(g, words, (min(CHUNK, N - i) + LANES - 1) // LANES * LANES)
                    if (s[i] == up) & ((words[i % CHUNK] & low) < ghost):
                        flip[_root(parent, i)] = 0
            for i in range(N):
                f = flip[parent[i]]
                flip[i] = f
                s[i] = -s[i] if f else s[i]
                count += f
            if step < trace.shape[1]:
                _measure(s, Lx, Ly, trace[chain, step])
        flipped[chain] = count
    return flipped


@njit(parallel=True, cache=True)
def _wolff(
    spins: Any, state: Any, trace: Any, Lx: int, Ly: int, bond_x: Any, bond_y: Any, sign: Any, steps: int, clusters: int
) -> Any:
    """Wolff clusters, each grown from a random site and flipped; a step flips `clusters`, or by a coin one more.

    Without the coin a weakly coupled lattice would keep the parity of its up spins, step after step.
    Source: U. Wolff, Phys. Rev. Lett. 62, 361 (1989).
    """
    chains, N = spins.shape
    flipped = np.zeros(chains, np.int64)
    low = uint64(0xFFFFFFFF)
    half = uint64(32)
    unlike = -sign  # a site left the cluster's side already when its neighbours are tried
    for chain in prange(chains):
        s, g = spins[chain], state[chain]
        stack = np.empty(N + 4, np.int64)  # column in the upper half, site in the lower
        words = np.empty(CHUNK, np.uint64)
        next_word = CHUNK
        count = 0
        for step in range(steps):
            if next_word >= CHUNK - 2:
                _fill(g, words, CHUNK)
                next_word = 0
            coin = np.int64(words[next_word] >> uint64(63))
            next_word += 1
            for _ in range(clusters + coin):
                if next_word >= CHUNK - 2:
                    _fill(g, words, CHUNK)
                    next_word = 0
                # 64 random bits times N, the high half: uniform to one part in 2^32
                i = np.int64(((words[next_word] >> half) * uint64(N)) >> half)
                next_word += 1
                s[i] = -s[i]
                stack[0] = ((i % Ly) << 32) | i
                top = 1
                while top > 0:
                    top -= 1
                    count += 1
                    if next_word >= CHUNK - 2:
                        _fill(g, words, CHUNK)
                        next_word = 0
                    first, second = words[next_word], words[next_word + 1]
                    next_word += 2
                    i = stack[top] & 0xFFFFFFFF
                    y = stack[top] >> 32
                    mine = s[i] * unlike

                    y1 = y + 1 if y < Ly - 1 else 0
                    j = i - y + y1
                    add = (s[j] == mine) & ((first & low) < bond_y)
                    s[j] = -s[j] if add else s[j]
                    stack[top] = (y1 << 32) | j
                    top += add

                    y1 = y - 1 if y > 0 else Ly - 1
                    j = i - y + y1
                    add = (s[j] == mine) & ((first >> half) < bond_y)
                    s[j] = -s[j] if add else s[j]
                    stack[top] = (y1 << 32) | j
                    top += add

                    j = i + Ly if i + Ly < N else i + Ly - N
                    add = (s[j] == mine) & ((second & low) < bond_x)
                    s[j] = -s[j] if add else s[j]
                    stack[top] = (y << 32) | j
                    top += add

                    j = i - Ly if i >= Ly else i - Ly + N
                    add = (s[j] == mine) & ((second >> half) < bond_x)
                    s[j] = -s[j] if add else s[j]
                    stack[top] = (y << 32) | j
                    top += add
            if step < trace.shape[1]:
                _measure(s, Lx, Ly, trace[chain, step])
        flipped[chain] = count
    return flipped


@njit(parallel=True, cache=True)
def _heat_bath(spins: Any, state: Any, trace: Any, Lx: int, Ly: int, chance: Any, steps: int) -> Any:
    """Heat-bath sweeps in the order of the sites.

    chance[2 + a, 2 + b] is P(s = +1) where the neighbours along x sum to a and those along y to b. Every state can
    follow every other in one sweep, so the sweep is ergodic for any K and h.
    """
    chains, N = spins.shape
    flipped = np.zeros(chains, np.int64)
    scale = 2.0**-53
    for chain in prange(chains):
        s, g = spins[chain], state[chain]
        words = np.empty(CHUNK, np.uint64)
        next_word = CHUNK
        count = 0
        for step in range(steps):
            for x in range(Lx):
                base = x * Ly
                below = base + Ly if x < Lx - 1 else 0
                above = base - Ly if x > 0 else N - Ly
                for y in range(Ly):
                    if next_word == CHUNK:
                        _fill(g, words, CHUNK)
                        next_word = 0
                    right = y + 1 if y < Ly - 1 else 0
                    left = y - 1 if y > 0 else Ly - 1
                    along_x = s[above + y] + s[below + y]
                    along_y = s[base + left] + s[base + right]
                    u = (words[next_word] >> uint64(11)) * scale
                    next_word += 1
                    new = np.int8(1) if u < chance[along_x + 2, along_y + 2] else np.int8(-1)
                    count += new != s[base + y]
                    s[base + y] = new
            if step < trace.shape[1]:
                _measure(s, Lx, Ly, trace[chain, step])
        flipped[chain] = count
    return flipped


@njit(parallel=True, cache=True)
def _sums(spins: Any, Lx: int, Ly: int) -> Any:
    sums = np.empty((spins.shape[0], 4), np.int64)
    for chain in prange(spins.shape[0]):
        _measure(spins[chain], Lx, Ly, sums[chain])
    return sums
