"""Independent Markov chains of a model, whatever the algorithm: what `sample` needs of them and no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from blockspin import randomness
from blockspin.models import Ising
from blockspin.sampling import cluster
from blockspin.sampling.multispin import Replicas

Arrays = dict[str, NDArray[Any]]


class Chains(Protocol):
    """Chains that start, half of them ordered and half at random, and are advanced together."""

    def advance(self, steps: int) -> object:
        """Advance all chains by `steps` steps."""

    def record(self, steps: int) -> NDArray[np.float64]:
        """Advance and return what `observe` gives after each step, shape (chain, steps, 2)."""

    def observe(self) -> NDArray[np.float64]:
        """Energy a site and order parameter of each chain, shape (chain, 2)."""

    def spins(self) -> NDArray[np.int8]:
        """The configurations, shape (chain, N)."""

    def equilibrate(self, steps: int) -> None:
        """Advance by `steps` steps from the start."""

    def state(self) -> Arrays:
        """All that the future of the chains depends on."""

    def restore(self, state: Arrays) -> None:
        """Go on from a `state` of chains of the same settings."""


def start(model: Ising, algorithm: str, chains: int, seed: int, *path: str | int, stripes: int = 1) -> Chains:
    """Chains of an algorithm; a chain depends on the seed, the path and its number alone."""
    if algorithm == "multi-spin":
        return Replicas.start(model, chains, seed, *path, stripes=stripes)
    return ClusterChains.start(model, algorithm, chains, seed, *path)


@dataclass
class ClusterChains:
    """Chains of Swendsen-Wang, Wolff (`clusters` a step) or heat bath, spins (chain, N)."""

    model: Ising
    algorithm: str
    configurations: NDArray[np.int8]
    generators: NDArray[np.uint64]
    clusters: int = field(default=1)

    @classmethod
    def start(cls, model: Ising, algorithm: str, chains: int, seed: int, *path: str | int) -> ClusterChains:
        """Even chains ordered (both ways in turn, staggered for K < 0) and odd ones random."""
        generators = cluster.generators(seed, chains, *path)
        random = randomness.generator(seed, *path, "start")
        spins = 2 * random.integers(0, 2, (chains, model.lattice.n_sites), np.int8) - 1
        ordered = np.ones(model.lattice.n_sites, np.int8)
        if model.K < 0:
            ordered[model.lattice.coordinates.sum(axis=1) % 2 == 1] = -1
        spins[0::4], spins[2::4] = ordered, -ordered
        return cls(model, algorithm, np.ascontiguousarray(spins), generators)

    def advance(self, steps: int) -> object:
        return cluster.advance(
            self.model, self.algorithm, self.configurations, self.generators, steps, clusters=self.clusters
        )

    def record(self, steps: int) -> NDArray[np.float64]:
        return cluster.record(
            self.model, self.algorithm, self.configurations, self.generators, steps, clusters=self.clusters
        )

    def observe(self) -> NDArray[np.float64]:
        return cluster.observe(self.model, self.configurations)

    def spins(self) -> NDArray[np.int8]:
        return self.configurations

    def equilibrate(self, steps: int) -> None:
        # Wolff's clusters are small in a random start, so that it would leave one slowly
        if self.algorithm == "wolff":
            cluster.advance(self.model, "swendsen-wang", self.configurations, self.generators, steps)
        self.advance(steps)

    def choose_clusters(self) -> None:
        """Let a step of Wolff's be as many clusters as flip about N sites."""
        # Swendsen-Wang brings the lattice near equilibrium, where the mean size of a cluster is then measured
        cluster.advance(self.model, "swendsen-wang", self.configurations, self.generators, 50)
        trials = 100
        flipped = cluster.advance(self.model, "wolff", self.configurations, self.generators, trials)
        mean = float(flipped.mean()) / (1.5 * trials)
        self.clusters = max(1, round(float(self.model.lattice.n_sites / mean)))

    def state(self) -> Arrays:
        return {"spins": self.configurations, "generators": self.generators}

    def restore(self, state: Arrays) -> None:
        self.configurations[:], self.generators[:] = state["spins"], state["generators"]
