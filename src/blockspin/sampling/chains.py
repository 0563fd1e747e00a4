"""Independent Markov chains of a model, whatever the algorithm: what `sample` needs of them and no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from blockspin import randomness
from blockspin.models import Dimers, Ising, PairModel, nearest
from blockspin.sampling import cluster, configurations, worm
from blockspin.sampling.multispin import Replicas
from blockspin.sampling.pair_chains import PairChains

Model = PairModel | Dimers
Arrays = dict[str, NDArray[Any]]
Spins = NDArray[np.int8]
Observables = NDArray[np.float64]


class Chains(Protocol):
    """Chains that start in different ways, ordered and (but for dimers) random in turn, and are advanced together."""

    @property
    def names(self) -> tuple[str, ...]:
        """What `observe` gives, the energy first."""

    @property
    def clusters(self) -> int:
        """Clusters or worms a step; 1 where a step is a sweep."""

    @property
    def groups(self) -> NDArray[np.int64] | None:
        """Which chains started alike, where there are many short ones, shape (chain,); None where there are few."""

    def advance(self, steps: int) -> object:
        """Advance all chains by `steps` steps."""

    def record(self, steps: int) -> Observables:
        """Advance and return what `observe` gives after each step, shape (chain, steps, observable)."""

    def observe(self) -> Observables:
        """The observables of each chain, shape (chain, observable)."""

    def spins(self) -> Spins:
        """The configurations, shape (chain, N)."""

    def equilibrate(self, steps: int) -> None:
        """Advance by `steps` steps from the start."""

    def measure_step(self) -> None:
        """Choose `clusters` so that a step changes about as many sites as a sweep; advances the chains."""

    def state(self) -> Arrays:
        """All that the future of the chains depends on."""

    def restore(self, state: Arrays) -> None:
        """Go on from a `state` of chains of the same settings."""


def start(
    model: Model, algorithm: str, chains: int, seed: int, *path: str | int, stripes: int = 1, clusters: int = 1
) -> Chains:
    """Chains of an algorithm; the random numbers of a chain depend on the seed, the path and its number alone."""
    if isinstance(model, Dimers):
        return WormChains(model, worm.start(model, chains), worm.generators(seed, chains, *path), clusters)
    if not nearest(model):
        return PairChains.start(model, algorithm, chains, seed, *path, clusters=clusters)
    if algorithm == "multi-spin":
        return Replicas.start(model, chains, seed, *path, stripes=stripes)
    spins = configurations.starts(model, chains, randomness.generator(seed, *path, "start"))
    return ClusterChains(model, algorithm, spins, cluster.generators(seed, chains, *path), clusters)


def image(model: Model, spins: Spins, random: np.random.Generator) -> Spins:
    """A random image of each configuration under the exact symmetry of the model, shape (chain, N), a new array."""
    if isinstance(model, Dimers):
        return worm.symmetric_images(model, spins, random)
    return configurations.turned(model, spins, random).copy()


@dataclass
class ClusterChains:
    """Chains of Ising spins, of Swendsen-Wang, Wolff or heat bath, configurations (chain, N)."""

    model: Ising
    algorithm: str
    values: Spins
    generators: NDArray[np.uint64]
    clusters: int = field(default=1)
    groups: None = field(default=None, init=False)

    @property
    def names(self) -> tuple[str, ...]:
        return cluster.names(self.model)

    def advance(self, steps: int) -> object:
        return cluster.advance(self.model, self.algorithm, self.values, self.generators, steps, clusters=self.clusters)

    def record(self, steps: int) -> Observables:
        return cluster.record(self.model, self.algorithm, self.values, self.generators, steps, clusters=self.clusters)

    def observe(self) -> Observables:
        return cluster.observe(self.model, self.values)

    def spins(self) -> Spins:
        return self.values

    def equilibrate(self, steps: int) -> None:
        # Wolff's clusters are small in a random start, so that it would leave one slowly
        if self.algorithm == "wolff":
            cluster.advance(self.model, "swendsen-wang", self.values, self.generators, steps)
        self.advance(steps)

    def measure_step(self) -> None:
        if self.algorithm != "wolff":
            return
        # Swendsen-Wang brings the lattice near equilibrium, where the mean size of a cluster is then measured
        cluster.advance(self.model, "swendsen-wang", self.values, self.generators, 50)
        trials = 100
        flipped = cluster.advance(self.model, "wolff", self.values, self.generators, trials)
        mean = float(flipped.mean()) / (1.5 * trials)
        self.clusters = max(1, round(float(self.model.lattice.n_sites / mean)))

    def state(self) -> Arrays:
        return {"values": self.values, "generators": self.generators}

    def restore(self, state: Arrays) -> None:
        self.values[:], self.generators[:] = state["values"], state["generators"]


@dataclass
class WormChains:
    """Chains of dimers moved by worms, `clusters` a step, configurations (chain, 4 Lx Ly)."""

    model: Dimers
    values: Spins
    generators: NDArray[np.uint64]
    clusters: int = field(default=1)
    groups: None = field(default=None, init=False)

    @property
    def names(self) -> tuple[str, ...]:
        return worm.OBSERVABLES

    def advance(self, steps: int) -> object:
        return worm.advance(self.model, "worm", self.values, self.generators, steps, clusters=self.clusters)

    def record(self, steps: int) -> Observables:
        return worm.record(self.model, "worm", self.values, self.generators, steps, clusters=self.clusters)

    def observe(self) -> Observables:
        return worm.observe(self.model, self.values)

    def spins(self) -> Spins:
        return self.values

    def equilibrate(self, steps: int) -> None:
        self.advance(steps)

    def measure_step(self) -> None:
        self.clusters = worm.worms_per_sweep(self.model, self.values, self.generators)

    def state(self) -> Arrays:
        return {"values": self.values, "generators": self.generators}

    def restore(self, state: Arrays) -> None:
        self.values[:], self.generators[:] = state["values"], state["generators"]
