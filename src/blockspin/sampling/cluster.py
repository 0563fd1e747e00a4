"""Monte Carlo updates of the Ising model on every lattice: Swendsen-Wang, Wolff and heat bath."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from blockspin import checks
from blockspin.models import Ising
from blockspin.sampling.heat_bath import heat_bath
from blockspin.sampling.markov import Chains, Observables
from blockspin.sampling.rows import Rows, rows_of, sums_of
from blockspin.sampling.swendsen_wang import swendsen_wang
from blockspin.sampling.threads import over_chains
from blockspin.sampling.wolff import wolff

ALGORITHMS = ("swendsen-wang", "wolff", "heat-bath")
TRIALS = 100  # steps of one cluster or two on which the mean size of clusters is measured

Counts = NDArray[np.int64]


@dataclass
class ClusterChains(Chains):
    """Chains of Ising spins, values (chain, N): a sweep a step, or `clusters` of Wolff's, or by a coin one more.

    The order parameter for K >= 0: m, its absolute value where h = 0. For K < 0 it is m weighted by w^c, c = x + y + z
    and w = -1, the staggered magnetisation sum_i (-1)^c s_i / N (absolute where h = 0). The triangular lattice, which
    two colours do not fit, has w = exp(2 pi i/3), the order of three sublattices (the frustrated antiferromagnet at
    h = 0 has it at no K, but decays algebraically at K = -infinity), and always the absolute value.
    Raises ValueError as `check` does.
    """

    model: Ising

    def __post_init__(self) -> None:
        check(self.model, self.algorithm)

    @property
    def names(self) -> tuple[str, str]:
        return names(self.model)

    def equilibrate(self, steps: int) -> None:
        # Wolff's clusters are small in a random start, so that it would leave one slowly
        if self.algorithm == "wolff":
            replace(self, algorithm="swendsen-wang").advance(steps)
        self.advance(steps)

    def measure_step(self) -> None:
        if self.algorithm != "wolff":
            return
        # Swendsen-Wang brings the lattice near equilibrium, where the mean size of a cluster is then measured
        replace(self, algorithm="swendsen-wang").advance(50)
        mean = float(replace(self, clusters=1).advance(TRIALS).mean()) / (1.5 * TRIALS)
        self.clusters = max(1, round(float(self.model.lattice.n_sites / mean)))

    @property
    def _rows(self) -> Rows:
        return rows_of(self.model.lattice, sublattices(self.model))

    def _trace(self, steps: int) -> Counts:
        return np.empty((len(self.values), steps, 1 + 2 * sublattices(self.model)), np.int64)

    def _run(self, steps: int, trace: Counts) -> Counts:
        model, rows = self.model, self._rows
        alike, cut = model.K >= 0, _cut(2 * model.K)  # two spins that differ cost 2 K
        chains = self.values, self.generators, trace
        if self.algorithm == "swendsen-wang":
            field = (model.h >= 0, _cut(2 * model.h))
            return over_chains(swendsen_wang, *chains, about=(rows, alike, cut, field, steps))
        if self.algorithm == "wolff":
            return over_chains(wolff, *chains, about=(rows, alike, cut, steps, self.clusters))
        local = np.arange(-model.lattice.coordination, model.lattice.coordination + 1)
        chance = 1 / (1 + np.exp(-2 * np.clip(model.K * local + model.h, -350, 350)))
        return over_chains(heat_bath, *chains, about=(rows, chance, steps))

    def _sums(self) -> Counts:
        sums: Counts = sums_of(self.values, self._rows)
        return sums

    def _observables(self, sums: Counts) -> Observables:
        model, N, alike = self.model, self.model.lattice.n_sites, sums[..., 0]
        share = sums[..., 1:].reshape(*sums.shape[:-1], -1, 2) / N
        # the sum over sublattices with the roots of unity as weights: 1; 1, -1; 1, w, w^2
        order = np.exp(2j * np.pi * np.arange(share.shape[-2]) / share.shape[-2]) @ share @ [-1, 1]
        m = share.sum(axis=-2) @ [-1, 1]
        energy = -model.K * (2 * alike - len(model.lattice.steps) * N) / N - model.h * m
        return np.stack([energy, order.real if self.names[1][:3] != "abs" else np.abs(order)], axis=-1)


def names(model: Ising) -> tuple[str, str]:
    """ "energy" and the name of the order parameter of `ClusterChains`."""
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
    if checks.choice("algorithm", algorithm, ALGORITHMS) != "wolff":
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


def _cut(J: float) -> np.uint32:
    # a bond is set where 32 random bits are at least e^(-abs J) 2^32; for J = 0 this leaves a chance of 2^-32
    return np.uint32(min(round(math.exp(-abs(J)) * 2**32), 2**32 - 1))
