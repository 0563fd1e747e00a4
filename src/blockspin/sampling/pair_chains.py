"""Chains of any model of pairs, and what is observed of them: energy and an order parameter."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from blockspin import checks
from blockspin.arrays import FloatArray
from blockspin.models.pair import PairModel
from blockspin.sampling import pairs
from blockspin.sampling.markov import Chains
from blockspin.sampling.threads import over_chains

ALGORITHMS = ("wolff", "heat-bath")
TRIALS = 100  # steps of one cluster on which the mean size of clusters is measured


def check(model: PairModel, algorithm: str) -> None:
    """Raise ValueError for another algorithm, or for clusters where no reflection keeps the model as it is."""
    if checks.choice(f"algorithm of a {model}", algorithm, ALGORITHMS) == "wolff" and not len(pairs.reflections(model)):
        raise ValueError(f"wolff needs a symmetry of the letters, and a {model} has none. Choose heat-bath")


@dataclass
class PairChains(Chains):
    """Chains of heat bath, or of Wolff's clusters with a sweep of heat bath a step; values are numbers of letters.

    The densities of the letters, less their mean over the letters that the model's symmetry carries into one another,
    are what order breaks: the order parameter is their length over the largest, abs(m) of spins. Without a symmetry it
    is m, the mean value; where neighbours do not align, of the densities weighted by the sublattice's root of unity.
    Raises ValueError as `check` does.
    """

    model: PairModel

    def __post_init__(self) -> None:
        check(self.model, self.algorithm)

    @property
    def names(self) -> tuple[str, str]:
        return names(self.model)

    def spins(self) -> NDArray[np.int8]:
        return np.asarray(self.model.letters.values[self.values])

    def measure_step(self) -> None:
        if self.algorithm != "wolff":
            return
        self.advance(TRIALS)
        mean = self.advance(TRIALS).mean() / TRIALS
        N = self.model.lattice.n_sites
        self.clusters = int(np.clip(round(N / max(mean, 1.0)), 1, N))

    @cached_property
    def _tables(self) -> pairs.Tables:
        return pairs.tables_of(self.model)

    @property
    def _width(self) -> int:
        return 1 + (int(self._tables.place.max()) + 1) * self.model.letters.q

    def _trace(self, steps: int) -> FloatArray:
        return np.empty((len(self.values), steps, self._width))

    def _run(self, steps: int, trace: FloatArray) -> NDArray[np.int64]:
        clusters = self.clusters if self.algorithm == "wolff" else 0
        return over_chains(pairs.advance, self.values, self.generators, trace, about=(self._tables, clusters, steps))

    def _sums(self) -> FloatArray:
        sums: FloatArray = pairs.sums_of(self.values, self._width, self._tables)
        return sums

    def _observables(self, sums: FloatArray) -> FloatArray:
        model, N, q = self.model, self.model.lattice.n_sites, self.model.letters.q
        counts = sums[..., 1:].reshape(*sums.shape[:-1], -1, q)
        energy = (sums[..., 0] + counts.sum(axis=-2) @ model.sites) / N
        sublattices = counts.shape[-2]
        density = np.moveaxis(counts, -2, -1) @ np.exp(2j * np.pi * np.arange(sublattices) / sublattices) / N
        if self.names[1] == "m":
            return np.stack([energy, density.real @ model.letters.values.astype(float)], axis=-1)
        return np.stack([energy, np.linalg.norm(density @ _broken(model, sublattices), axis=-1)], axis=-1)


def names(model: PairModel) -> tuple[str, str]:
    """ "energy" and the name of the order parameter of `PairChains`."""
    broken = len(np.unique(model.orbits)) < model.letters.q
    return "energy", ("order" if broken else "m") if model.aligning else "sublattice_order"


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
