"""Perfect sampling: draws from the equilibrium distribution itself, by monotone coupling from the past.

Two chains, all spins up and all down, take the same random numbers from time -T to 0. Where they meet, every start
would have ended there, and the state at time 0 is an exact draw; where not, T is doubled and the same numbers are used
again at the same times. Slow near and below the critical temperature: an oracle for the samplers, not one of them.
Source: J. G. Propp and D. B. Wilson, Random Struct. Algorithms 9, 223 (1996).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr
from numba import njit, uint64

from blockspin import randomness, samples
from blockspin.models import Ising

MOST_SWEEPS = 2**16


def perfect(model: Ising, n: int, *, seed: int, most_sweeps: int = MOST_SWEEPS) -> xr.DataArray:
    """n independent exact draws of a ferromagnet, in the schema of `blockspin.samples`: n chains of one draw.

    model: Ising with K >= 0 and any h on any lattice. A sweep sets the sites in turn to +1 where u < 1/(1 +
    exp(-2 (K sum_j s_j + h))), which keeps s <= s' site by site; each draw has random numbers of its own.
    The provenance holds model, algorithm ("coupling-from-the-past"), seed and the sweeps from the past that the
    slowest draw took.
    Raises TypeError for another model, ValueError for K < 0 (the update is then not monotone) or a bad argument,
    RuntimeError where the two chains have not met after `most_sweeps` sweeps, as in an ordered phase without a field.
    """
    if not isinstance(model, Ising):
        raise TypeError(f"model must be an Ising model; got {type(model).__name__}")
    for name, value, least in (("n", n, 1), ("seed", seed, 0), ("most_sweeps", most_sweeps, 1)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} must be an integer of at least {least}; got {value!r}")
    if model.K < 0:
        raise ValueError(f"coupling from the past is monotone for K >= 0 only; got K = {model.K}")
    # two keys a draw: where its stream of splitmix64 starts, and what is mixed in between its two rounds
    keys = randomness.generator(seed, "perfect").integers(0, 2**64, (n, 2), np.uint64)
    z = model.lattice.coordination
    local = np.clip(2 * (model.K * np.arange(-z, z + 1) + model.h), -700, 700)
    thresholds = np.array([min(round(2.0**64 / (1 + math.exp(-x))), 2**64 - 1) for x in local], np.uint64)
    spins = np.empty((n, model.lattice.n_sites), np.int8)
    sweeps = _draw(spins, keys, model.lattice.neighbours, thresholds, most_sweeps)
    if sweeps.min() < 0:
        raise RuntimeError(
            f"draw {int((sweeps > 0).sum()) + 1} of {n} of {model.lattice} at K = {model.K:g}, h = {model.h:g} did not "
            f"end: its two chains had not met from {most_sweeps} sweeps in the past. At and below the critical "
            f"temperature the time grows fast with the size: take a smaller lattice, a smaller K, more most_sweeps, or "
            f"blockspin.sample"
        )
    return samples.make(
        spins[:, None],
        model.lattice,
        model=model.settings(),
        seed=int(seed),
        algorithm="coupling-from-the-past",
        sweeps=int(sweeps.max()),
    )


@njit(cache=True, inline="always")
def _mix(z: Any) -> Any:
    """The output function of splitmix64 (Steele, Lea and Flood 2014)."""
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@njit(cache=True, inline="always")
def _word(key: Any, time: int, N: int, i: int) -> Any:
    """The 64 random bits of a site at `time` before now: a function of draw, time and site alone."""
    count = uint64(time) * uint64(N) + uint64(i)
    return _mix(_mix(key[0] + count * uint64(0x9E3779B97F4A7C15)) ^ key[1])


@njit(cache=True, inline="always")
def _set(s: Any, i: int, neighbours: Any, thresholds: Any, word: Any) -> Any:
    z = neighbours.shape[1]
    local = z
    for k in range(z):
        local += s[neighbours[i, k]]
    s[i] = 2 * np.int8(word < thresholds[local]) - 1
    return s[i]


@njit(cache=True)
def _draw(spins: Any, keys: Any, neighbours: Any, thresholds: Any, most_sweeps: int) -> Any:
    """Fill spins (draw, N); returns the sweeps that each draw took, -1 from the first on that did not end."""
    n, N = spins.shape
    took = np.full(n, -1, np.int64)
    for draw in range(n):
        key = keys[draw]
        low, high = np.empty(N, np.int8), np.empty(N, np.int8)
        sweeps = 1
        while took[draw] < 0 and sweeps <= most_sweeps:
            low[:] = -1
            high[:] = 1
            apart = N
            for time in range(sweeps, 0, -1):
                if apart > 0:
                    apart = 0
                    for i in range(N):
                        word = _word(key, time, N, i)
                        up = _set(high, i, neighbours, thresholds, word)
                        apart += up != _set(low, i, neighbours, thresholds, word)
                else:
                    for i in range(N):
                        _set(high, i, neighbours, thresholds, _word(key, time, N, i))
            if apart == 0:
                took[draw] = sweeps
                spins[draw] = high
            sweeps *= 2
        if took[draw] < 0:
            break
    return took
