"""Monte Carlo updates of the Ising model on every lattice: Swendsen-Wang, Wolff and heat bath.

Each function advances every chain in place: spins (chain, N) int8, state (chain, 4, 8) uint64 with the generators
of each chain, so that the numbers do not depend on how many threads share the chains.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.models import Ising
from blockspin.sampling.heat_bath import heat_bath
from blockspin.sampling.rows import Rows, rows_of, sums_of
from blockspin.sampling.swendsen_wang import swendsen_wang
from blockspin.sampling.threads import in_threads
from blockspin.sampling.wolff import wolff
from blockspin.sampling.words import State, generators

ALGORITHMS = ("swendsen-wang", "wolff", "heat-bath")

Spins = NDArray[np.int8]
Counts = NDArray[np.int64]

__all__ = ["ALGORITHMS", "advance", "check", "generators", "names", "observe", "record", "sublattices"]


def advance(model: Ising, algorithm: str, spins: Spins, state: State, steps: int, *, clusters: int = 1) -> Counts:
    """Advance all chains in place by `steps` steps; returns the number of sites that changed state, shape (chain,).

    algorithm: "swendsen-wang" and "heat-bath" take one sweep a step; "wolff" changes `clusters` clusters a step, or
    by a coin one more. Raises ValueError for another algorithm, or where it cannot serve the model (see `check`).
    """
    return _run(model, algorithm, spins, state, _trace(model, len(spins), 0), steps, clusters)


def record(
    model: Ising, algorithm: str, spins: Spins, state: State, steps: int, *, clusters: int = 1
) -> NDArray[np.float64]:
    """Advance as `advance` does and return what `observe` gives after every step, shape (chain, steps, 2)."""
    trace = _trace(model, len(spins), steps)
    _run(model, algorithm, spins, state, trace, steps, clusters)
    return _observables(model, trace)


def observe(model: Ising, spins: Spins) -> NDArray[np.float64]:
    """Energy a site H/N and the order parameter of each chain, shape (chain, 2).

    The order parameter for K >= 0: m, its absolute value where h = 0. For K < 0 it is m weighted by w^c, c = x + y + z
    and w = -1, the staggered magnetisation sum_i (-1)^c s_i / N (absolute where h = 0). The triangular lattice, which
    two colours do not fit, has w = exp(2 pi i/3), the order of three sublattices (the frustrated antiferromagnet at
    h = 0 has it at no K, but decays algebraically at K = -infinity), and always the absolute value.
    """
    return _observables(model, sums_of(spins, _rows(model)))


def names(model: Ising) -> tuple[str, str]:
    """The names of what `observe` gives: "energy" and one for the order parameter."""
    if sublattices(model) == 3:
        return "energy", "abs_sublattice_m"
    name = "staggered_m" if model.K < 0 else "m"
    return "energy", name if model.h != 0 else f"abs_{name}"


def sublattices(model: Ising) -> int:
    """How many sublattices the order parameter tells apart: 1 for K >= 0, else 3 on the triangular lattice and 2."""
    if model.K >= 0:
        return 1
    return 3 if model.lattice.kind == "triangular" else 2


def check(model: Ising, algorithm: str) -> None:
    """Raise ValueError for an unknown algorithm, or one that cannot serve the model.

    Wolff's clusters need h = 0, and in the antiferromagnet a lattice of two colours: even extents, not triangular.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm must be one of {', '.join(ALGORITHMS)}; got {algorithm!r}")
    if algorithm != "wolff":
        return
    others = "Choose swendsen-wang or heat-bath"
    if model.h != 0:
        raise ValueError(f"Wolff's algorithm needs h = 0; got h = {model.h}. {others}")
    if model.K < 0 and model.lattice.kind == "triangular":
        raise ValueError(
            f"Wolff's algorithm with K < 0 needs a lattice without triangles; got {model.lattice}. {others}"
        )
    if model.K < 0 and any(extent % 2 for extent in model.lattice.shape):
        raise ValueError(f"Wolff's algorithm with K < 0 needs even extents; got {model.lattice}. {others}")


def _run(model: Ising, algorithm: str, spins: Spins, state: State, trace: Counts, steps: int, clusters: int) -> Counts:
    check(model, algorithm)
    rows, alike, cut = _rows(model), model.K >= 0, _cut(2 * model.K)  # two spins that differ cost 2 K
    if algorithm == "swendsen-wang":
        field = (model.h >= 0, _cut(2 * model.h))
        return _in_threads(swendsen_wang, spins, state, trace, rows, alike, cut, field, steps)
    if algorithm == "wolff":
        return _in_threads(wolff, spins, state, trace, rows, alike, cut, steps, clusters)
    local = np.arange(-model.lattice.coordination, model.lattice.coordination + 1)
    chance = 1 / (1 + np.exp(-2 * np.clip(model.K * local + model.h, -350, 350)))
    return _in_threads(heat_bath, spins, state, trace, rows, chance, steps)


def _in_threads(kernel: Callable[..., Counts], spins: Spins, state: State, trace: Counts, *rest: Any) -> Counts:
    """Run the kernel on slices of the chains."""
    return np.concatenate(in_threads(len(spins), lambda part: kernel(spins[part], state[part], trace[part], *rest)))


def _rows(model: Ising) -> Rows:
    return rows_of(model.lattice, sublattices(model))


def _cut(J: float) -> np.uint32:
    # a bond is set where 32 random bits are at least e^(-abs J) 2^32; for J = 0 this leaves a chance of 2^-32
    return np.uint32(min(round(math.exp(-abs(J)) * 2**32), 2**32 - 1))


def _trace(model: Ising, chains: int, steps: int) -> Counts:
    return np.empty((chains, steps, 1 + 2 * sublattices(model)), np.int64)


def _observables(model: Ising, sums: Counts) -> NDArray[np.float64]:
    N, alike = model.lattice.n_sites, sums[..., 0]
    share = sums[..., 1:].reshape(*sums.shape[:-1], -1, 2) / N
    # the sum over sublattices with the roots of unity as weights: 1; 1, -1; 1, w, w^2
    order = np.exp(2j * np.pi * np.arange(share.shape[-2]) / share.shape[-2]) @ share @ [-1, 1]
    m = share.sum(axis=-2) @ [-1, 1]
    energy = -model.K * (2 * alike - len(model.lattice.steps) * N) / N - model.h * m
    return np.stack([energy, order.real if names(model)[1][:3] != "abs" else np.abs(order)], axis=-1)
