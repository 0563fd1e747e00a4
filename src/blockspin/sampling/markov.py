"""Independent Markov chains of a model, whatever the algorithm: what `sample` needs of them and no more."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from blockspin.arrays import Spins

Arrays = dict[str, NDArray[Any]]
Observables = NDArray[np.float64]


@dataclass
class Chains(ABC):
    """Chains that start in different ways, ordered and (but for dimers) random in turn, and are advanced together.

    values: the configurations as the kernels keep them; generators: the random numbers of each chain, so that these do
    not depend on how many threads share the chains; clusters: clusters, seeds of clusters or worms a step, 1 where a
    step is a sweep.
    """

    model: Any
    algorithm: str
    values: NDArray[Any]
    generators: NDArray[np.uint64]
    clusters: int = 1

    name_in_state: ClassVar = "values"

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """What `observe` gives, the energy first."""

    @property
    def groups(self) -> NDArray[np.int64] | None:
        """Which chains started alike, where there are many short ones, shape (chain,); None where there are few."""
        return None

    def advance(self, steps: int) -> Any:
        """Advance all chains by `steps` steps; returns how many sites changed in each, where that is counted."""
        return self._run(steps, self._trace(0))

    def record(self, steps: int) -> Observables:
        """Advance and return what `observe` gives after each step, shape (chain, steps, observable)."""
        trace = self._trace(steps)
        self._run(steps, trace)
        return self._observables(trace)

    def observe(self) -> Observables:
        """The observables of each chain, shape (chain, observable)."""
        return self._observables(self._sums())

    def spins(self) -> Spins:
        """The configurations, shape (chain, N)."""
        return self.values

    def equilibrate(self, steps: int) -> None:
        """Advance by `steps` steps from the start."""
        self.advance(steps)

    def measure_step(self) -> None:  # noqa: B027  nothing to choose where a step is a sweep
        """Choose `clusters` so that a step changes about as many sites as a sweep; advances the chains."""

    def state(self) -> Arrays:
        """All that the future of the chains depends on."""
        return {self.name_in_state: self.values, "generators": self.generators}

    def restore(self, state: Arrays) -> None:
        """Go on from a `state` of chains of the same settings."""
        self.values[:], self.generators[:] = state[self.name_in_state], state["generators"]

    @abstractmethod
    def _trace(self, steps: int) -> NDArray[Any]:
        """Room for the sums after each of so many steps."""

    @abstractmethod
    def _run(self, steps: int, trace: NDArray[Any]) -> Any:
        """Take the steps, and write the sums after each of the first ones into the trace."""

    @abstractmethod
    def _sums(self) -> NDArray[Any]:
        """What the kernels count in each chain."""

    @abstractmethod
    def _observables(self, sums: NDArray[Any]) -> Observables:
        """The observables from the sums."""
