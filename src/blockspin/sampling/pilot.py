"""A pilot run: how long the chains remember, and whether they forget how they started."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin import statistics
from blockspin.models import Model
from blockspin.sampling.chains import planned
from blockspin.sampling.cost import EQUILIBRATION, PILOT_CHAINS, SHORTEST_PILOT, SPACING, Plan
from blockspin.sampling.markov import Chains
from blockspin.sampling.multispin.packing import Layout

LONGEST_PILOT = 2**16
LONG, SHORT = 50, 10  # in tau: what a chain must cover, one of 16 and one of hundreds
LARGEST_R_HAT, LARGEST_NESTED_R_HAT = 1.1, 1.01


@dataclass(frozen=True)
class Pilot:
    """What a pilot run found: its chains, tau of the observables (none where unknown), R-hat, its length in steps."""

    chains: Chains
    tau: tuple[statistics.AutocorrelationTime, ...]
    r_hat: tuple[float, ...]
    steps: int
    discarded: int

    @property
    def spacing(self) -> int:
        """Steps between draws, 2 tau."""
        return max(1, math.ceil(SPACING * self._slowest))

    @property
    def equilibration(self) -> int:
        """Steps before the first draw, 20 tau, or as many as the pilot needed to forget its start."""
        return max(math.ceil(EQUILIBRATION * self._slowest), self.discarded)

    @property
    def _slowest(self) -> float:
        return max(time.tau for time in self.tau)

    def report(self) -> dict[str, Any]:
        """What the samples tell of it, as JSON can hold it."""
        names, clusters = self.chains.names, self.chains.clusters
        pairs = {name: [time.tau, time.error] for name, time in zip(names, self.tau, strict=False)}
        mixing = {name: finite(value) for name, value in zip(names, self.r_hat, strict=True)}
        pilot = {"steps": self.steps, "discarded": self.discarded, "clusters_per_step": clusters, "r_hat": mixing}
        return {"tau": pairs or None, "pilot": pilot}


def run(model: Model, plan: Plan, seed: int, *, required: bool) -> Pilot:
    """Run from ordered and random starts, doubling, until tau is known to a tenth and all chains agree.

    Raises RuntimeError where that does not come within LONGEST_PILOT steps a chain, if it is `required`.
    """
    many = plan.algorithm == "multi-spin"
    chains = max(PILOT_CHAINS, Layout(model.lattice, plan.stripes).replicas) if many else PILOT_CHAINS
    pilot = planned(model, plan, chains, seed, "sample", "pilot")
    pilot.measure_step()
    steps = done = SHORTEST_PILOT[chains > PILOT_CHAINS]
    pilot.advance(steps)
    largest = LARGEST_R_HAT if pilot.groups is None else LARGEST_NESTED_R_HAT
    forgotten, why = 0, ""
    tau: tuple[statistics.AutocorrelationTime, ...] = ()
    while True:
        seen = pilot.record(steps)
        before, done = done, done + steps
        mixing = tuple(r_hat(series, pilot.groups) for series in np.moveaxis(seen, -1, 0))
        agree = all(math.isnan(value) or value < largest for value in mixing)
        forgotten = (forgotten or before) if agree else 0
        try:
            tau = tuple(statistics.autocorrelation_time(series) for series in np.moveaxis(seen, -1, 0))
        except ValueError as error:
            tau, why = (), str(error)
        if tau:
            share = SHORT if many else LONG
            long_enough = all(steps >= share * time.tau and time.error <= 0.1 * time.tau for time in tau)
            if long_enough and agree:
                return Pilot(pilot, tau, mixing, done, forgotten)
            why = "; ".join(
                f"{name}: R-hat {value:.3f}, tau about {time.tau:.1f}"
                for name, value, time in zip(pilot.names, mixing, tau, strict=True)
            )
        if 2 * steps > LONGEST_PILOT:
            if not required:
                return Pilot(pilot, (), mixing, done, before)
            raise RuntimeError(
                f"{plan.algorithm} did not equilibrate {model} within "
                f"{done} steps of {chains} chains ({why}). Choose another algorithm, or give both spacing and "
                f"equilibration to sample without a measured autocorrelation time"
            )
        steps *= 2


def r_hat(series: NDArray[np.float64], groups: NDArray[np.int64] | None) -> float:
    """R-hat of (chain, draw): nested, of the groups of chains that started alike, where there are two of two."""
    if groups is None or len(groups) < 4:
        return statistics.r_hat(series)
    return statistics.nested_r_hat(series, groups)


def finite(value: float) -> float | None:
    """The number as JSON can hold it."""
    return value if math.isfinite(value) else None
