"""Chains of any model of pairs, and what is observed of them: energy and an order parameter."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from blockspin import randomness
from blockspin.models.pair import PairModel
from blockspin.sampling import configurations, pairs
from blockspin.sampling.threads import in_threads
from blockspin.sampling.words import State, generators

FloatArray = NDArray[np.float64]

ALGORITHMS = ("wolff", "heat-bath")
TRIALS = 100  # steps of one cluster on which the mean size of clusters is measured


def check(model: PairModel, algorithm: str) -> None:
    """Raise ValueError for another algorithm, or for clusters where no reflection keeps the model as it is."""
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm must be one of {', '.join(ALGORITHMS)} for a {model}; got {algorithm!r}")
    if algorithm == "wolff" and not len(pairs.reflections(model)):
        raise ValueError(f"wolff needs a symmetry of the letters, and a {model} has none. Choose heat-bath")


@dataclass
class PairChains:
    """Chains of heat bath, or of Wolff's clusters with a sweep of heat bath a step; numbers of letters (chain, N)."""

    model: PairModel
    algorithm: str
    letters: NDArray[np.int8]
    generators: State
    clusters: int = field(default=1)
    groups: None = field(default=None, init=False)

    @classmethod
    def start(
        cls, model: PairModel, algorithm: str, chains: int, seed: int, *path: str | int, clusters: int = 1
    ) -> Self:
        """Chains from `configurations.starts`."""
        check(model, algorithm)
        values = configurations.starts(model, chains, randomness.generator(seed, *path, "start"))
        return cls(model, algorithm, model.letters.numbers(values), generators(seed, chains, *path), clusters)

    @property
    def names(self) -> tuple[str, ...]:
        return names(self.model)

    def advance(self, steps: int) -> object:
        return self._run(steps, 0)[1]

    def record(self, steps: int) -> FloatArray:
        return observables(self.model, self._run(steps, steps)[0])

    def observe(self) -> FloatArray:
        sums = np.empty((len(self.letters), self._width))
        pairs.measured(self.letters, sums, self._tables)
        return observables(self.model, sums)

    def spins(self) -> NDArray[np.int8]:
        return self.model.letters.values[self.letters]

    def equilibrate(self, steps: int) -> None:
        self.advance(steps)

    def measure_step(self) -> None:
        if self.algorithm != "wolff":
            return
        self._run(TRIALS, 0)
        mean = self._run(TRIALS, 0)[1].mean() / TRIALS
        N = self.model.lattice.n_sites
        self.clusters = int(np.clip(round(N / max(mean, 1.0)), 1, N))

    def state(self) -> dict[str, NDArray[Any]]:
        return {"values": self.letters, "generators": self.generators}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.letters[:], self.generators[:] = state["values"], state["generators"]

    @cached_property
    def _tables(self) -> pairs.Tables:
        return pairs.tables_of(self.model)

    @property
    def _width(self) -> int:
        return 1 + (int(self._tables.place.max()) + 1) * self.model.letters.q

    def _run(self, steps: int, seen: int) -> tuple[FloatArray, NDArray[np.int64]]:
        """What was measured after each of the last `seen` steps, and how many letters clusters changed."""
        trace, moved = np.empty((len(self.letters), seen, self._width)), np.zeros(len(self.letters), np.int64)
        clusters = self.clusters if self.algorithm == "wolff" else 0

        def run(part: slice) -> None:
            chains = self.letters[part], self.generators[part], trace[part], moved[part]
            pairs.advance(*chains, self._tables, clusters, steps)

        in_threads(len(self.letters), run)
        return trace, moved


def names(model: PairModel) -> tuple[str, str]:
    """ "energy" and the name of the order parameter of `observables`."""
    broken = len(np.unique(model.orbits)) < model.letters.q
    return "energy", ("order" if broken else "m") if model.aligning else "sublattice_order"


def observables(model: PairModel, sums: FloatArray) -> FloatArray:
    """Energy a site and order parameter, (..., 2), from the sums of `pairs.measured`.

    The densities of the letters, less their mean over the letters that the model's symmetry carries into one another,
    are what order breaks: the order parameter is their length over the largest, abs(m) of spins. Without a symmetry it
    is m, the mean value; where neighbours do not align, of the densities weighted by the sublattice's root of unity.
    """
    N, q = model.lattice.n_sites, model.letters.q
    counts = sums[..., 1:].reshape(*sums.shape[:-1], -1, q)
    energy = (sums[..., 0] + counts.sum(axis=-2) @ model.sites) / N
    sublattices = counts.shape[-2]
    density = np.moveaxis(counts, -2, -1) @ np.exp(2j * np.pi * np.arange(sublattices) / sublattices) / N
    if names(model)[1] == "m":
        return np.stack([energy, density.real @ model.letters.values.astype(float)], axis=-1)
    return np.stack([energy, np.linalg.norm(density @ _broken(model, sublattices), axis=-1)], axis=-1)


@lru_cache(maxsize=16)
def _broken(model: PairModel, sublattices: int) -> FloatArray:
    """What makes of densities the ones that order breaks, (q, q), so that their largest length is 1."""
    q = model.letters.q
    alike = model.orbits[:, None] == model.orbits
    broken = np.eye(q) - (alike / alike.sum(axis=1) if len(np.unique(model.orbits)) < q else 1 / q)
    # of one letter a sublattice, by the scalar products of the letters' own
    product, letter = broken @ broken, np.indices((q,) * sublattices)
    turns = np.cos(2 * np.pi * np.subtract.outer(np.arange(sublattices), np.arange(sublattices)) / sublattices)
    pairs_of = np.ndindex(sublattices, sublattices)
    squares = sum(turns[k, m] * product[letter[k], letter[m]] for k, m in pairs_of)
    return np.asarray(broken * sublattices / np.sqrt(np.max(squares)))
