"""Equilibrium samples of a model: a pilot run chooses spacing and burn-in, and the samples say how it went."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from blockspin import randomness, samples, statistics
from blockspin.models import Ising
from blockspin.sampling import cluster

ALGORITHMS = ("auto", "swendsen-wang", "wolff", "heat-bath")
PILOT_CHAINS = 16
SHORTEST_PILOT, LONGEST_PILOT = 2**6, 2**16
LARGEST_R_HAT = 1.1

Progress = Callable[[float, str], None]


def sample(
    model: Ising,
    n: int,
    *,
    seed: int,
    chains: int = 100,
    algorithm: str = "auto",
    spacing: int | None = None,
    equilibration: int | None = None,
    progress: Progress | None = None,
) -> xr.DataArray:
    """At least n equilibrium configurations of the model, in the schema of `blockspin.samples`.

    model: an Ising model on any lattice. n: configurations in all; each chain gives ceil(n / chains) draws, and
    as few chains as reach n then run, so the total is n or a little more (exactly n where `chains` divides it).
    algorithm: "swendsen-wang" (any K and h; a field enters as a ghost spin), "wolff" (h = 0), "heat-bath" (any),
    or "auto": Swendsen-Wang, but heat bath for an antiferromagnet in a field.
    spacing: steps between draws, 2 tau unless given, with tau the larger integrated autocorrelation time
    (1/2 + sum rho, in steps) of energy and order parameter in a pilot run; equilibration: steps before the first
    draw, 20 tau unless given, or as many as the pilot needed to forget its start if those are more. A step is a
    sweep; for Wolff, as many clusters as flip about N sites.
    The order parameter is m, staggered for K < 0, and its absolute value for h = 0.
    progress: called as progress(fraction done, text).

    Half of the chains start ordered and half at random; the pilot must bring both together (R-hat below 1.1)
    or the call refuses. Where h = 0 each draw is turned over with probability 1/2, which is exact and rids the
    samples of the slow reversal of the magnetisation. At K = 0 the draws are independent. The provenance of the
    samples holds model, algorithm, seed, tau of both observables with errors, spacing, equilibration, R-hat and
    effective sample size. The result depends on the arguments alone, not on the number of threads.
    Raises ValueError for a bad argument or an algorithm that cannot serve the model, RuntimeError where the
    pilot does not equilibrate (unless spacing and equilibration are both given; tau is then null).
    """
    settings = _Settings.checked(model, n, seed, chains, algorithm, spacing, equilibration)
    tell = progress if progress is not None else _silent
    if model.K == 0:
        return _independent(model, settings, tell)
    tell(0.0, f"pilot run: {model.lattice}, K = {model.K:g}, {settings.algorithm}")
    trial = _pilot(model, settings, required=spacing is None or equilibration is None)
    gap = spacing if spacing is not None else max(1, math.ceil(2 * trial.slowest))
    burn = equilibration if equilibration is not None else max(math.ceil(20 * trial.slowest), trial.discarded)
    values, observed = _draw(model, settings, trial.clusters, gap, burn, tell)
    return samples.make(
        values,
        model.lattice,
        **settings.provenance(),
        spacing=gap,
        equilibration=burn,
        **trial.report(model),
        **_diagnostics(model, observed),
    )


@dataclass(frozen=True)
class _Settings:
    model: Ising
    seed: int
    algorithm: str
    chains: int
    draws: int

    @classmethod
    def checked(
        cls,
        model: Ising,
        n: int,
        seed: int,
        chains: int,
        algorithm: str,
        spacing: int | None,
        equilibration: int | None,
    ) -> _Settings:
        if not isinstance(model, Ising):
            raise TypeError(f"model must be an Ising model; got {type(model).__name__}")
        for name, value, least in (
            ("n", n, 1),
            ("seed", seed, 0),
            ("chains", chains, 1),
            ("spacing", spacing, 1),
            ("equilibration", equilibration, 0),
        ):
            whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
            if value is not None and (not whole or value < least):
                raise ValueError(f"{name} must be an integer of at least {least}; got {value!r}")
        if algorithm not in ALGORITHMS:
            raise ValueError(f"algorithm must be one of {', '.join(ALGORITHMS)}; got {algorithm!r}")
        if algorithm == "wolff":
            cluster.check_wolff(model)
        if algorithm == "auto":
            algorithm = "heat-bath" if model.K < 0 and model.h != 0 else "swendsen-wang"
        draws = -(-int(n) // int(chains))
        return cls(model, int(seed), algorithm, -(-int(n) // draws), draws)

    def provenance(self) -> dict[str, Any]:
        return {"model": self.model.settings(), "seed": self.seed, "algorithm": self.algorithm}


@dataclass(frozen=True)
class _Pilot:
    tau: tuple[statistics.AutocorrelationTime, ...]
    r_hat: tuple[float, ...]
    steps: int
    discarded: int
    clusters: int

    @property
    def slowest(self) -> float:
        return max((time.tau for time in self.tau), default=math.nan)

    def report(self, model: Ising) -> dict[str, Any]:
        names = _names(model)
        pairs = {name: [time.tau, time.error] for name, time in zip(names, self.tau, strict=False)}
        mixing = {name: _number(value) for name, value in zip(names, self.r_hat, strict=True)}
        pilot = {"steps": self.steps, "discarded": self.discarded, "clusters_per_step": self.clusters, "r_hat": mixing}
        return {"tau": pairs or None, "pilot": pilot}


def _pilot(model: Ising, settings: _Settings, *, required: bool) -> _Pilot:
    """Run from ordered and random starts, doubling, until tau is known to a tenth and all chains agree."""
    spins, state = _start(model, settings.seed, PILOT_CHAINS, "pilot")
    clusters = _clusters_per_step(model, spins, state) if settings.algorithm == "wolff" else 1
    cluster.advance(model, settings.algorithm, spins, state, SHORTEST_PILOT, clusters=clusters)
    steps, done, why = SHORTEST_PILOT, SHORTEST_PILOT, ""
    tau: tuple[statistics.AutocorrelationTime, ...] = ()
    while True:
        seen = cluster.record(model, settings.algorithm, spins, state, steps, clusters=clusters)
        before, done = done, done + steps
        mixing = tuple(statistics.r_hat(seen[..., k]) for k in range(2))
        try:
            tau = tuple(statistics.autocorrelation_time(seen[..., k]) for k in range(2))
        except ValueError as error:
            tau, why = (), str(error)
        if tau:
            long_enough = all(steps >= 50 * time.tau and time.error <= 0.1 * time.tau for time in tau)
            agree = all(math.isnan(value) or value < LARGEST_R_HAT for value in mixing)
            if long_enough and agree:
                return _Pilot(tau, mixing, done, before, clusters)
            why = f"R-hat of energy and order parameter is {mixing[0]:.3f}, {mixing[1]:.3f}; tau is about " + (
                ", ".join(f"{time.tau:.1f}" for time in tau)
            )
        if 2 * steps > LONGEST_PILOT:
            if not required:
                return _Pilot((), mixing, done, before, clusters)
            raise RuntimeError(
                f"{settings.algorithm} did not equilibrate {model.lattice} at K = {model.K:g}, h = {model.h:g} within "
                f"{done} steps of {PILOT_CHAINS} chains ({why}). Choose another algorithm of {', '.join(ALGORITHMS)}, "
                f"or give both spacing and equilibration to sample without a measured autocorrelation time"
            )
        steps *= 2


def _draw(
    model: Ising, settings: _Settings, clusters: int, spacing: int, equilibration: int, tell: Progress
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """The draws (chain, draw, N) and their observables (chain, draw, 2)."""
    spins, state = _start(model, settings.seed, settings.chains, "draw")
    turns = randomness.generator(settings.seed, "sample", "turn")
    values = np.empty((settings.chains, settings.draws, model.lattice.n_sites), np.int8)
    observed = np.empty((settings.chains, settings.draws, 2))
    total = equilibration + spacing * (settings.draws - 1)
    for draw in range(settings.draws):
        if draw:
            cluster.advance(model, settings.algorithm, spins, state, spacing, clusters=clusters)
        else:
            _equilibrate(model, settings.algorithm, spins, state, equilibration, clusters)
        observed[:, draw] = cluster.observe(model, spins)
        values[:, draw] = spins
        if model.h == 0:
            values[:, draw] *= 1 - 2 * turns.integers(0, 2, (settings.chains, 1), np.int8)
        done = equilibration + spacing * draw
        tell(done / total if total else 1.0, f"{settings.chains * (draw + 1)} configurations")
    return values, observed


def _equilibrate(
    model: Ising, algorithm: str, spins: NDArray[np.int8], state: NDArray[np.uint64], steps: int, clusters: int
) -> None:
    """Advance by `steps` steps, and before Wolff's by as many Swendsen-Wang sweeps.

    Wolff's clusters are small in a random start, so that it would leave one slowly.
    """
    if algorithm == "wolff":
        cluster.advance(model, "swendsen-wang", spins, state, steps)
    cluster.advance(model, algorithm, spins, state, steps, clusters=clusters)


def _start(model: Ising, seed: int, chains: int, role: str) -> tuple[NDArray[np.int8], NDArray[np.uint64]]:
    """Spins, even chains ordered (both ways in turn) and odd ones random, and their generators."""
    state = cluster.generators(seed, chains, "sample", role)
    random = randomness.generator(seed, "sample", role, "start")
    spins = 2 * random.integers(0, 2, (chains, model.lattice.n_sites), np.int8) - 1
    ordered = np.ones(model.lattice.n_sites, np.int8)
    if model.K < 0:
        ordered[model.lattice.coordinates.sum(axis=1) % 2 == 1] = -1
    spins[0::4], spins[2::4] = ordered, -ordered
    return np.ascontiguousarray(spins), state


def _clusters_per_step(model: Ising, spins: NDArray[np.int8], state: NDArray[np.uint64]) -> int:
    # Swendsen-Wang brings the lattice near equilibrium, where the mean size of a cluster is then measured
    cluster.advance(model, "swendsen-wang", spins, state, 50)
    trials = 100
    flipped = cluster.advance(model, "wolff", spins, state, trials)
    mean = float(flipped.mean()) / (1.5 * trials)
    return max(1, round(float(model.lattice.n_sites / mean)))


def _independent(model: Ising, settings: _Settings, tell: Progress) -> xr.DataArray:
    random = randomness.generator(settings.seed, "sample", "independent")
    up = 1 / (1 + math.exp(-2 * min(max(model.h, -350.0), 350.0)))
    shape = (settings.chains, settings.draws, model.lattice.n_sites)
    values = np.where(random.random(shape) < up, np.int8(1), np.int8(-1))
    tell(1.0, f"{settings.chains * settings.draws} configurations")
    names = _names(model)
    return samples.make(
        values,
        model.lattice,
        **settings.provenance() | {"algorithm": "independent"},
        spacing=1,
        equilibration=0,
        tau={name: [0.5, 0.0] for name in names},
        pilot=None,
        r_hat=dict.fromkeys(names, 1.0),
        ess=dict.fromkeys(names, float(settings.chains * settings.draws)),
    )


def _diagnostics(model: Ising, observed: NDArray[np.float64]) -> dict[str, Any]:
    """R-hat and effective sample size of the draws; null where the draws cannot support the number."""
    names = _names(model)
    return {
        "r_hat": {name: _number(statistics.r_hat(observed[..., k])) for k, name in enumerate(names)},
        "ess": {name: _size(observed[..., k]) for k, name in enumerate(names)},
    }


def _size(series: NDArray[np.float64]) -> float | None:
    try:
        return statistics.effective_sample_size(series)
    except ValueError:
        return None


def _names(model: Ising) -> tuple[str, str]:
    return "energy", ("abs_" if model.h == 0 else "") + ("m" if model.K >= 0 else "staggered_m")


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _silent(fraction: float, text: str) -> None:
    """Report nothing."""
