"""Monte Carlo updates of the Ising and Potts models on every lattice: Swendsen-Wang, Wolff and heat bath.

Each function advances every chain in place: spins (chain, N) int8, state (chain, 4, 8) uint64 with the generators
of each chain, so that the numbers do not depend on how many threads share the chains.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.models import Ising, Potts
from blockspin.sampling import heat_bath
from blockspin.sampling.rows import Rows, States, rows_of, sums_of
from blockspin.sampling.swendsen_wang import swendsen_wang
from blockspin.sampling.threads import in_threads
from blockspin.sampling.wolff import wolff
from blockspin.sampling.words import State, generators

ALGORITHMS = ("swendsen-wang", "wolff", "heat-bath")

Model = Ising | Potts
Spins = NDArray[np.int8]
Counts = NDArray[np.int64]

__all__ = ["ALGORITHMS", "advance", "check", "generators", "names", "observe", "record", "sublattices"]


def advance(model: Model, algorithm: str, spins: Spins, state: State, steps: int, *, clusters: int = 1) -> Counts:
    """Advance all chains in place by `steps` steps; returns the number of sites that changed state, shape (chain,).

    algorithm: "swendsen-wang" and "heat-bath" take one sweep a step; "wolff" changes `clusters` clusters a step, or
    by a coin one more. Raises ValueError for another algorithm, or where it cannot serve the model (see `check`).
    """
    return _run(model, algorithm, spins, state, _trace(model, len(spins), 0), steps, clusters)


def record(
    model: Model, algorithm: str, spins: Spins, state: State, steps: int, *, clusters: int = 1
) -> NDArray[np.float64]:
    """Advance as `advance` does and return what `observe` gives after every step, shape (chain, steps, 2)."""
    trace = _trace(model, len(spins), steps)
    _run(model, algorithm, spins, state, trace, steps, clusters)
    return _observables(model, trace)


def observe(model: Model, spins: Spins) -> NDArray[np.float64]:
    """Energy a site H/N and the order parameter of each chain, shape (chain, 2).

    The order parameter for K >= 0: m of the Ising model, its absolute value where h = 0; of the Potts model
    (q max_a n_a/N - 1)/(q - 1), with n_0 in place of the maximum where h != 0. For K < 0 it is m weighted by w^c,
    c = x + y + z and w = -1, the staggered magnetisation sum_i (-1)^c s_i / N (absolute where h = 0). The triangular
    lattice, which two colours do not fit, has w = exp(2 pi i/3), the order of three sublattices (the frustrated
    antiferromagnet at h = 0 has it at no K, but decays algebraically at K = -infinity), and always the absolute
    value. For Potts with K < 0 it is sum_a |sum_i w^c delta(s_i, a)| / N, equal to the Ising one for q = 2.
    """
    return _observables(model, sums_of(spins, _rows(model), _states(model)))


def names(model: Model) -> tuple[str, str]:
    """The names of what `observe` gives: "energy" and one for the order parameter."""
    if sublattices(model) == 3:
        return "energy", "abs_sublattice_m"
    name = "staggered_m" if model.K < 0 else "m"
    signed = model.h != 0 and not (isinstance(model, Potts) and model.K < 0)
    return "energy", name if signed else f"abs_{name}"


def sublattices(model: Model) -> int:
    """How many sublattices the order parameter tells apart: 1 for K >= 0, else 3 on the triangular lattice and 2."""
    if model.K >= 0:
        return 1
    return 3 if model.lattice.kind == "triangular" else 2


def check(model: Model, algorithm: str) -> None:
    """Raise ValueError for an unknown algorithm, or one that cannot serve the model.

    Clusters of the Potts model need K >= 0. Wolff's need h = 0, and in the antiferromagnetic Ising model a lattice
    of two colours: even extents, not triangular. Heat bath serves every model.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm must be one of {', '.join(ALGORITHMS)}; got {algorithm!r}")
    if algorithm == "heat-bath":
        return
    if isinstance(model, Potts) and model.K < 0:
        raise ValueError(f"{algorithm} needs K >= 0 in the Potts model; got K = {model.K:g}. Choose heat-bath")
    if algorithm == "swendsen-wang":
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


def _run(model: Model, algorithm: str, spins: Spins, state: State, trace: Counts, steps: int, clusters: int) -> Counts:
    check(model, algorithm)
    rows, states, alike = _rows(model), _states(model), model.K >= 0
    # two spins that differ cost 2K in the Ising model, two states that differ K in the Potts model
    scale = 2 if isinstance(model, Ising) else 1
    cut = _cut(scale * model.K)
    if algorithm == "swendsen-wang":
        field = (np.int8(1 if isinstance(model, Ising) else 0), model.h >= 0, _cut(scale * model.h))
        return _in_threads(swendsen_wang, spins, state, trace, rows, states, alike, cut, field, steps)
    if algorithm == "wolff":
        return _in_threads(wolff, spins, state, trace, rows, states, alike, cut, steps, clusters)
    local = np.arange(-model.lattice.coordination, model.lattice.coordination + 1)
    if isinstance(model, Ising):
        chance = 1 / (1 + np.exp(-2 * np.clip(model.K * local + model.h, -350, 350)))
        return _in_threads(heat_bath.ising, spins, state, trace, rows, states, chance, steps)
    weight, weight_0 = (np.exp(np.clip(model.K * local + h, -700, 700)) for h in (0.0, model.h))
    return _in_threads(heat_bath.potts, spins, state, trace, rows, states, weight, weight_0, alike, steps)


def _in_threads(kernel: Callable[..., Counts], spins: Spins, state: State, trace: Counts, *rest: Any) -> Counts:
    """Run the kernel on slices of the chains."""
    return np.concatenate(in_threads(len(spins), lambda part: kernel(spins[part], state[part], trace[part], *rest)))


def _rows(model: Model) -> Rows:
    return rows_of(model.lattice, sublattices(model))


def _states(model: Model) -> States:
    return States(-1, 2, 2) if isinstance(model, Ising) else States(0, 1, model.q)


def _cut(J: float) -> np.uint32:
    # a bond is set where 32 random bits are at least e^(-abs J) 2^32; for J = 0 this leaves a chance of 2^-32
    return np.uint32(min(round(math.exp(-abs(J)) * 2**32), 2**32 - 1))


def _trace(model: Model, chains: int, steps: int) -> Counts:
    return np.empty((chains, steps, 1 + sublattices(model) * _states(model).q), np.int64)


def _observables(model: Model, sums: Counts) -> NDArray[np.float64]:
    N, q = model.lattice.n_sites, _states(model).q
    alike = sums[..., 0]
    share = sums[..., 1:].reshape(*sums.shape[:-1], -1, q) / N
    # the sum over sublattices with the roots of unity as weights: 1; 1, -1; 1, w, w^2
    waves = np.exp(2j * np.pi * np.arange(share.shape[-2]) / share.shape[-2]) @ share
    if isinstance(model, Ising):
        m = share.sum(axis=-2) @ [-1, 1]
        energy = -model.K * (2 * alike - len(model.lattice.steps) * N) / N - model.h * m
        order = waves @ [-1, 1]
        return np.stack([energy, order.real if names(model)[1][:3] != "abs" else np.abs(order)], axis=-1)
    energy = -model.K * alike / N - model.h * share[..., 0].sum(axis=-1)
    if model.K < 0:
        order = np.abs(waves).sum(axis=-1)
    else:
        first = share[..., 0, :]
        order = (q * (first.max(axis=-1) if model.h == 0 else first[..., 0]) - 1) / (q - 1)
    return np.stack([energy, order], axis=-1)
