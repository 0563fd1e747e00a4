"""Equilibrium samples of a model: a pilot run chooses spacing and burn-in, and the samples say how it went."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from blockspin import randomness, samples, statistics
from blockspin.models import Ising
from blockspin.sampling import cluster, cost, pilot
from blockspin.sampling.chains import Chains, ClusterChains, start
from blockspin.sampling.cost import Plan
from blockspin.sampling.packing import Layout
from blockspin.sampling.parts import Parts
from blockspin.sampling.pilot import finite

ALGORITHMS = ("auto", "swendsen-wang", "wolff", "heat-bath", "multi-spin")
PART = 2**26  # spins of a part on disk

Progress = Callable[[float, str], None]


def sample(
    model: Ising,
    n: int,
    *,
    seed: int,
    chains: int | None = None,
    algorithm: str = "auto",
    spacing: int | None = None,
    equilibration: int | None = None,
    progress: Progress | None = None,
) -> xr.DataArray:
    """At least n equilibrium configurations of the model, in the schema of `blockspin.samples`.

    model: an Ising model on any lattice. n: configurations in all; each chain gives ceil(n / chains) draws, and
    as few chains as reach n then run, so the total is n or a little more (exactly n where `chains` divides it).
    chains: 100 unless given, but for multi-spin a multiple of the 512 replicas that it moves at once.
    algorithm: "multi-spin" (Metropolis and heat bath on 512 replicas at a time; any K and h, an even last extent),
    "swendsen-wang" (any K and h; a field enters as a ghost spin), "wolff" (h = 0), "heat-bath" (any), or "auto": the
    one that `sampling.cost` expects to be the fastest.
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
    For more than memory holds, `sample_to` writes the same draws to a file.
    Raises ValueError for a bad argument or an algorithm that cannot serve the model, RuntimeError where the
    pilot does not equilibrate (unless spacing and equilibration are both given; tau is then null).
    """
    settings = _Settings.checked(model, n, seed, chains, algorithm, spacing, equilibration)
    tell = progress if progress is not None else _silent
    if model.K == 0:
        return _independent(model, settings, tell)
    schedule = _schedule(model, settings, tell)
    values = np.empty((settings.plan.chains, settings.plan.draws, model.lattice.n_sites), np.int8)
    observed = np.empty((settings.plan.chains, settings.plan.draws, 2))
    running = _start(model, settings, schedule)
    for draw, spins, seen in _draws(model, settings, schedule, running, 0, tell):
        values[:, draw], observed[:, draw] = spins, seen
    return samples.make(values, model.lattice, **_told(model, settings, schedule, observed))


def sample_to(
    path: str | os.PathLike[str],
    model: Ising,
    n: int,
    *,
    seed: int,
    chains: int | None = None,
    algorithm: str = "auto",
    spacing: int | None = None,
    equilibration: int | None = None,
    progress: Progress | None = None,
) -> Path:
    """Draw as `sample` does, but into a file (.nc), holding one part of the draws in memory at a time.

    The file is what `bs.read` reads, and `samples.parts` where it does not fit the memory; the same arguments give the
    same draws as `sample`. Interrupted at any moment, the same call goes on where the last part ended (its parts lie
    in `PATH.parts`) and ends with the same file; a file that is there already is left as it is, and returned.
    Raises ValueError and RuntimeError as `sample` does, and where the parts are those of other arguments.
    """
    settings = _Settings.checked(model, n, seed, chains, algorithm, spacing, equilibration)
    target = samples.checked_path(path)
    tell = progress if progress is not None else _silent
    if target.exists():
        return target
    if model.K == 0:
        samples.write(_independent(model, settings, tell), target)
        return target
    parts = Parts(target, settings.asked())
    resumed = parts.resume()
    schedule = _Schedule(**resumed[1]["schedule"]) if resumed else _schedule(model, settings, tell)
    running = _start(model, settings, schedule)
    number = 0
    if resumed:
        number = resumed[0]
        running.restore(resumed[2])
    a_part = max(1, PART // (settings.plan.chains * model.lattice.n_sites))
    bits: list[NDArray[np.uint8]] = []
    observed: list[NDArray[np.float64]] = []
    for draw, spins, seen in _draws(model, settings, schedule, running, number * a_part, tell):
        bits.append(np.packbits(spins > 0, axis=-1))
        observed.append(seen)
        if len(bits) == a_part or draw == settings.plan.draws - 1:
            part: dict[str, NDArray[Any]] = {"bits": np.stack(bits, axis=1), "observed": np.stack(observed, axis=1)}
            parts.add(number, part, {"schedule": asdict(schedule)}, running.state())
            bits, observed, number = [], [], number + 1
    all_observed = np.concatenate([part["observed"] for part in parts.read(number)], axis=1)
    samples.write_packed(
        (part["bits"] for part in parts.read(number)),
        target,
        model.lattice,
        (settings.plan.chains, settings.plan.draws),
        **_told(model, settings, schedule, all_observed),
    )
    parts.remove()
    return target


@dataclass(frozen=True)
class _Settings:
    model: Ising
    seed: int
    plan: Plan
    spacing: int | None
    equilibration: int | None

    @classmethod
    def checked(
        cls,
        model: Ising,
        n: int,
        seed: int,
        chains: int | None,
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
        if algorithm == "multi-spin":
            Layout(model.lattice)
        if model.K == 0:
            chains = chains if chains is not None else cost.CHAINS
            algorithm = "heat-bath"  # none runs, but any could
        plan = cost.choose(model, int(n), algorithm, None if chains is None else int(chains))
        return cls(model, int(seed), plan, spacing, equilibration)

    def provenance(self) -> dict[str, Any]:
        return {"model": self.model.settings(), "seed": self.seed, "algorithm": self.plan.algorithm}

    def asked(self) -> dict[str, Any]:
        given = {"spacing": self.spacing, "equilibration": self.equilibration}
        return self.provenance() | {"plan": asdict(self.plan)} | given


@dataclass(frozen=True)
class _Schedule:
    """When to draw, and what the pilot run had to say."""

    spacing: int
    equilibration: int
    clusters: int
    report: dict[str, Any]


def _schedule(model: Ising, settings: _Settings, tell: Progress) -> _Schedule:
    tell(0.0, f"pilot run: {model.lattice}, K = {model.K:g}, {settings.plan.algorithm}")
    given = settings.spacing, settings.equilibration
    found = pilot.run(model, settings.plan, settings.seed, required=None in given)
    return _Schedule(
        settings.spacing if settings.spacing is not None else found.spacing,
        settings.equilibration if settings.equilibration is not None else found.equilibration,
        found.clusters,
        found.report(_names(model)),
    )


def _start(model: Ising, settings: _Settings, schedule: _Schedule) -> Chains:
    plan = settings.plan
    running = start(model, plan.algorithm, plan.chains, settings.seed, "sample", "draw", stripes=plan.stripes)
    if isinstance(running, ClusterChains):
        running.clusters = schedule.clusters
    return running


def _draws(
    model: Ising, settings: _Settings, schedule: _Schedule, running: Chains, first: int, tell: Progress
) -> Iterator[tuple[int, NDArray[np.int8], NDArray[np.float64]]]:
    """The draws from number `first` on: number, spins (chain, N), observables (chain, 2)."""
    chains, draws = settings.plan.chains, settings.plan.draws
    turns = randomness.generator(settings.seed, "sample", "turn")
    total = schedule.equilibration + schedule.spacing * (draws - 1)
    began, before = time.perf_counter(), schedule.equilibration + schedule.spacing * (first - 1) if first else 0
    for draw in range(draws):
        turned = 1 - 2 * turns.integers(0, 2, (chains, 1), np.int8)
        if draw < first:
            continue
        if draw:
            running.advance(schedule.spacing)
        else:
            running.equilibrate(schedule.equilibration)
        spins = running.spins()
        yield draw, spins * turned if model.h == 0 else spins.copy(), running.observe()
        done = schedule.equilibration + schedule.spacing * draw
        rate = (done - before) * chains * model.lattice.n_sites / max(time.perf_counter() - began, 1e-9) / 1e9
        tell(done / total if total else 1.0, f"{chains * (draw + 1)} configurations, {rate:.3g} flips/ns")


def _told(model: Ising, settings: _Settings, schedule: _Schedule, observed: NDArray[np.float64]) -> dict[str, Any]:
    timing = {"spacing": schedule.spacing, "equilibration": schedule.equilibration}
    return {**settings.provenance(), **timing, **schedule.report, **_diagnostics(model, observed)}


def _independent(model: Ising, settings: _Settings, tell: Progress) -> xr.DataArray:
    random = randomness.generator(settings.seed, "sample", "independent")
    up = 1 / (1 + math.exp(-2 * min(max(model.h, -350.0), 350.0)))
    chains, draws = settings.plan.chains, settings.plan.draws
    values = np.where(random.random((chains, draws, model.lattice.n_sites)) < up, np.int8(1), np.int8(-1))
    tell(1.0, f"{chains * draws} configurations")
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
        ess=dict.fromkeys(names, float(chains * draws)),
    )


def _diagnostics(model: Ising, observed: NDArray[np.float64]) -> dict[str, Any]:
    """R-hat and effective sample size of the draws; null where the draws cannot support the number."""
    names = _names(model)
    return {
        "r_hat": {name: finite(statistics.r_hat(observed[..., k])) for k, name in enumerate(names)},
        "ess": {name: _size(observed[..., k]) for k, name in enumerate(names)},
    }


def _size(series: NDArray[np.float64]) -> float | None:
    try:
        return statistics.effective_sample_size(series)
    except ValueError:
        return None


def _names(model: Ising) -> tuple[str, str]:
    return "energy", ("abs_" if model.h == 0 else "") + ("m" if model.K >= 0 else "staggered_m")


def _silent(fraction: float, text: str) -> None:
    """Report nothing."""
