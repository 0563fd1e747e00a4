"""Equilibrium samples of a model: a pilot run chooses spacing and burn-in, and the samples say how it went."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack, overload

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from blockspin import checks, files, randomness, samples, statistics
from blockspin.files import parsed
from blockspin.models import Dimers, Model, PairModel, nearest
from blockspin.progress import Report, Wish, reporting
from blockspin.sampling import cluster, configurations, cost, pair_chains, pilot
from blockspin.sampling.chains import image, planned
from blockspin.sampling.cost import Plan
from blockspin.sampling.markov import Chains
from blockspin.sampling.multispin.updates import Replicas
from blockspin.sampling.parts import Parts, differences
from blockspin.sampling.pilot import finite, r_hat
from blockspin.sampling.size import PART, Size

PART_SECONDS = 10.0  # after which a part is written, full or not


class _Options(TypedDict, total=False):
    """What `sample` takes besides model, number, seed and file."""

    chains: int | None
    algorithm: str
    spacing: int | None
    equilibration: int | None
    progress: Wish
    overwrite: bool
    device: str


@overload
def sample(model: Model, n: int, *, seed: int, out: None = None, **options: Unpack[_Options]) -> xr.DataArray: ...
@overload
def sample(model: Model, n: int, *, seed: int, out: str | os.PathLike[str], **options: Unpack[_Options]) -> Path: ...
def sample(
    model: Model,
    n: int,
    *,
    seed: int,
    chains: int | None = None,
    algorithm: str = "auto",
    spacing: int | None = None,
    equilibration: int | None = None,
    progress: Wish = False,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    device: str = "cpu",
) -> xr.DataArray | Path:
    """At least n equilibrium configurations of the model, in the schema of `blockspin.samples`.

    Half of the chains start ordered and half at random; the pilot must bring both together (R-hat below 1.1)
    or the call refuses (multi-spin chains are many: nested R-hat of the two halves, below 1.01). Each draw is replaced
    by a random image under the exact symmetry of the model (for Ising with h = 0 flipped with probability 1/2),
    which removes the slow switching between ordered states. At K = 0 the draws
    are independent. The result depends on the arguments alone, not on the number of threads.

    Parameters
    ----------
    model : PairModel or Dimers
        `bs.Ising`, `bs.Potts`, `bs.BlumeCapel` or your own `PairModel` on any lattice, or `bs.Dimers`.
    n, seed : int
        Configurations in all, and the seed of all random numbers. Each chain gives ceil(n / chains) draws, and as few
        chains as reach n then run, so the total is n or a little more (exactly n where `chains` divides it).
    chains : int or None
        100 unless given, but for multi-spin a multiple of the 512 replicas that it moves at once.
    algorithm : str
        "multi-spin" (sweeps and flips of clusters of 512 replicas at a time; any K and h, an even last extent) and
        "swendsen-wang" (any K and h; a field enters as a ghost spin), both of Ising spins with nearest neighbours;
        "wolff" (of these h = 0, of other models a symmetry of the letters), "heat-bath" (any), "worm" (dimers), or
        "auto": the one that `sampling.cost` expects to be the fastest.
    spacing : int or None
        Steps between draws, 2 tau unless given, with tau the larger integrated autocorrelation time
        (1/2 + sum rho, in steps) of energy and order parameter in a pilot run. A step is a sweep; for multi-spin with
        large clusters two sweeps and a flip of clusters; for Wolff, as many clusters as flip about N sites; for dimers,
        as many worms as turn about N/2 dimers. The order parameter is that of `sampling.cluster.ClusterChains`: m,
        staggered for K < 0, its absolute value for h = 0; of other models that of `sampling.pair_chains.PairChains`;
        for dimers tau is that of energy, columnar order and winding numbers.
    equilibration : int or None
        Steps before the first draw, 20 tau unless given, or as many as the pilot needed to forget its start if those
        are more.
    progress : bool or callable
        True shows the progress on standard error; a function is called as progress(fraction done, text).
    out, overwrite : path or None, bool
        A file (.nc) for the same draws, if they do not fit into memory. Parts go to `OUT.parts` every 10 seconds, or
        every 2^26 spins where that is sooner. After an interruption the same call resumes after the last part and
        ends with the same file. A finished file of the same arguments is not changed. With overwrite, these draws
        replace any existing file when they are done.
    device : str
        "cpu", or "gpu": multi-spin by JAX on its first GPU, of Ising spins with nearest neighbours on a square lattice
        of even extents. Give many `chains`, which a GPU moves at once. The random numbers differ from those of "cpu".

    Returns
    -------
    DataArray, or Path with `out`
        Dimensions (chain, draw, sites); `bs.read_samples` reads the file, `samples.parts` part by part. The provenance
        holds model, algorithm, seed, tau of the observables with errors, spacing, equilibration, R-hat and effective
        sample size.

    Raises
    ------
    ValueError, RuntimeError, BlockingIOError, OSError
        For a bad argument, an algorithm or device that does not apply to the model, no GPU, a file of other arguments;
        where the pilot does not equilibrate (unless spacing and equilibration are both given; tau is then null); where
        another process draws into the file; where the disk fails, with the file's name.

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(8), K=0.4), 1000, seed=1, chains=100)
    >>> samples.dims, samples.shape
    (('chain', 'draw', 'x', 'y'), (100, 10, 8, 8))
    """
    checks.flag("overwrite", overwrite)
    settings = _checked(model, n, seed, (chains, spacing, equilibration), algorithm, device)
    if out is not None:
        return _to_file(out, settings, progress, overwrite)
    Size.of(model, settings.plan).check_memory()
    with reporting(progress, str(model)) as tell:
        return _in_memory(settings, tell)


def _in_memory(settings: _Settings, tell: Report) -> xr.DataArray:
    model, plan = settings.model, settings.plan
    if model.free:
        return _independent(settings, tell)
    schedule, running = _begin(settings, tell)
    values = np.empty((plan.chains, plan.draws, model.lattice.n_sites), np.int8)
    observed = np.empty((plan.chains, plan.draws, len(running.names)))
    for draw, spins, seen in _draws(settings, schedule, running, 0, tell):
        values[:, draw], observed[:, draw] = spins, seen
    return samples.drawn(values, model.lattice, model.letters, **_told(settings, schedule, running, observed))


def _to_file(path: str | os.PathLike[str], settings: _Settings, progress: Wish, overwrite: bool) -> Path:
    target, model = samples.checked_path(path), settings.model
    with reporting(progress, str(model)) as tell:
        if not overwrite and _finished(target, settings):
            return target
        files.check_place(target)
        Size.of(model, settings.plan).check_file(target)
        with Parts(target, settings.asked()) as parts:
            if not overwrite and _finished(target, settings):  # by who was at work there a moment ago
                return target
            if model.free:
                samples.write_samples(_independent(settings, tell), target)
            else:
                _draw_parts(settings, parts, tell)
    return target


def _draw_parts(settings: _Settings, parts: Parts, tell: Report) -> None:
    """Draw what the parts lack, and make them the file."""
    model, plan = settings.model, settings.plan
    number, drawn = 0, 0
    if resumed := parts.resume():
        number, told, state = resumed
        with parsed(parts.folder / "state.npz"):
            schedule, drawn = _Schedule(**told["schedule"]), told["draws"]
            running = _start(settings, schedule)
            running.restore(state)
    else:
        schedule, running = _begin(settings, tell)
        parts.begin({"schedule": asdict(schedule), "draws": 0}, running.state())
    a_part = max(1, PART // (plan.chains * model.lattice.n_sites))
    bits: list[NDArray[np.uint8]] = []
    observed: list[NDArray[np.float64]] = []
    began = time.monotonic()
    for draw, spins, seen in _draws(settings, schedule, running, drawn, tell):
        bits.append(samples.packed_bits(spins, model.letters))
        observed.append(seen)
        due = len(bits) == a_part or time.monotonic() - began > PART_SECONDS
        if due or draw == plan.draws - 1:
            part: dict[str, NDArray[Any]] = {"bits": np.stack(bits, axis=1), "observed": np.stack(observed, axis=1)}
            parts.add(number, part, {"schedule": asdict(schedule), "draws": draw + 1}, running.state())
            bits, observed, number, began = [], [], number + 1, time.monotonic()
    all_observed = np.concatenate([part["observed"] for part in parts.read(number, plan.draws)], axis=1)
    told_of_all = _told(settings, schedule, running, all_observed)
    all_bits = (part["bits"] for part in parts.read(number, plan.draws))
    whole, size = parts.folder / parts.target.name, (plan.chains, plan.draws)
    samples.write_packed(all_bits, whole, model.lattice, size, alphabet=model.letters, **told_of_all)
    parts.keep(whole)


def forecast(model: Model, n: int, *, chains: int | None = None, algorithm: str = "auto", device: str = "cpu") -> Size:
    """What `sample` would draw for these arguments, and how large it is; nothing is drawn.

    Raises ValueError and TypeError for bad arguments as they do; `Size.check_memory` and `check_file` raise ValueError
    where it does not fit.
    """
    return Size.of(model, _checked(model, n, 0, (chains, None, None), algorithm, device).plan)


@dataclass(frozen=True)
class _Settings:
    model: Model
    seed: int
    plan: Plan
    spacing: int | None
    equilibration: int | None

    def provenance(self) -> dict[str, Any]:
        found = {"model": self.model.settings(), "seed": self.seed, "algorithm": self.plan.algorithm}
        if self.plan.device != "cpu":  # older files lack it
            found["device"] = self.plan.device
        return found if self.model.alike else found | {"letters_alike": False}

    def asked(self) -> dict[str, Any]:
        given = {"spacing": self.spacing, "equilibration": self.equilibration}
        return self.provenance() | {"plan": asdict(self.plan)} | given


def _checked(
    model: Model, n: int, seed: int, numbers: tuple[int | None, int | None, int | None], algorithm: str, device: str
) -> _Settings:
    checks.instance("model", model, (PairModel, Dimers), "a model, such as Ising, Potts, BlumeCapel or Dimers")
    checks.whole("n", n, 1)
    checks.whole("seed", seed, 0)
    chains, spacing, equilibration = numbers
    for name, value, least in (("chains", chains, 1), ("spacing", spacing, 1), ("equilibration", equilibration, 0)):
        if value is not None:
            checks.whole(name, value, least)
    if model.free and chains is None:
        chains = cost.CHAINS
    plan = cost.choose(model, int(n), algorithm, None if chains is None else int(chains), device)
    return _Settings(model, int(seed), plan, spacing, equilibration)


@dataclass(frozen=True)
class _Schedule:
    """When to draw, and what the pilot run had to say."""

    spacing: int
    equilibration: int
    clusters: int
    report: dict[str, Any]
    past: int = 0  # steps that the chains have taken already, in the pilot run


def _begin(settings: _Settings, tell: Report) -> tuple[_Schedule, Chains]:
    """The schedule that a pilot run gives, and chains to draw from."""
    plan, given = settings.plan, (settings.spacing, settings.equilibration)
    tell(0.0, f"pilot run, {plan.algorithm}")
    found = pilot.run(settings.model, plan, settings.seed, required=None in given)
    spacing = settings.spacing if settings.spacing is not None else found.spacing
    if isinstance(found.chains, Replicas) and settings.equilibration is None and plan.chains <= found.chains.chains:
        # the replicas of the pilot run have equilibrated, longer than asked for: they go on
        more = max(found.equilibration - found.steps, 0)
        schedule = _Schedule(spacing, more, found.chains.clusters, found.report(), past=found.steps)
        return schedule, found.chains.first(plan.chains)
    equilibration = settings.equilibration if settings.equilibration is not None else found.equilibration
    schedule = _Schedule(spacing, equilibration, found.chains.clusters, found.report())
    return schedule, _start(settings, schedule)


def _start(settings: _Settings, schedule: _Schedule) -> Chains:
    plan, path = settings.plan, ("sample", "draw")
    return planned(settings.model, plan, plan.chains, settings.seed, *path, clusters=schedule.clusters)


def _draws(
    settings: _Settings, schedule: _Schedule, running: Chains, first: int, tell: Report
) -> Iterator[tuple[int, NDArray[np.int8], NDArray[np.float64]]]:
    """The draws from number `first` on: number, configurations (chain, N), observables (chain, observable)."""
    model, chains, draws = settings.model, settings.plan.chains, settings.plan.draws
    total = schedule.equilibration + schedule.spacing * (draws - 1)
    began, before = time.perf_counter(), schedule.equilibration + schedule.spacing * (first - 1) if first else 0
    for draw in range(first, draws):
        if draw:
            running.advance(schedule.spacing)
        else:
            running.equilibrate(schedule.equilibration)
        random = randomness.generator(settings.seed, "sample", "image", draw)
        yield draw, image(model, running.spins(), random), running.observe()
        done = schedule.equilibration + schedule.spacing * draw
        rate = (done - before) * chains * model.lattice.n_sites / max(time.perf_counter() - began, 1e-9) / 1e9
        tell(done / total if total else 1.0, f"{chains * (draw + 1)} configurations, {rate:.3g} flips/ns")


def _told(settings: _Settings, schedule: _Schedule, running: Chains, observed: NDArray[np.float64]) -> dict[str, Any]:
    timing = {"spacing": schedule.spacing, "equilibration": schedule.past + schedule.equilibration}
    return {**settings.provenance(), **timing, **schedule.report, **_diagnostics(running, observed)}


def _finished(target: Path, settings: _Settings) -> bool:
    """Whether the file is there already; refuse one that holds other samples than these settings ask for."""
    if not target.is_file():
        return False
    with samples.opened(target) as stored:
        found, size = stored.settings, stored.sizes
    plan, wanted = settings.plan, json.loads(json.dumps(settings.provenance()))
    wanted |= {"chains": plan.chains, "draws": plan.draws, "device": plan.device}
    if settings.model.free:
        wanted["algorithm"] = "independent"
    else:
        given = {"spacing": settings.spacing, "equilibration": settings.equilibration}
        wanted |= {name: value for name, value in given.items() if value is not None}
    found = {"device": "cpu"} | found | {"chains": size["chain"], "draws": size["draw"]}
    if differing := differences(wanted, found):
        raise ValueError(f"{target} holds other samples: {differing}. Choose another file, or overwrite it")
    return True


def _independent(settings: _Settings, tell: Report) -> xr.DataArray:
    model, plan = settings.model, settings.plan
    assert isinstance(model, PairModel)  # dimers are never free
    random = randomness.generator(settings.seed, "sample", "independent")
    values = configurations.independent(model, (plan.chains, plan.draws), random)
    n = plan.chains * plan.draws
    tell(1.0, f"{n} configurations")
    names = cluster.names(model) if nearest(model) else pair_chains.names(model)
    told = settings.provenance() | {"algorithm": "independent", "spacing": 1, "equilibration": 0, "pilot": None}
    told |= {"tau": {name: [0.5, 0.0] for name in names}, "r_hat": dict.fromkeys(names, 1.0)}
    return samples.drawn(values, model.lattice, model.letters, **told, ess=dict.fromkeys(names, float(n)))


def _diagnostics(running: Chains, observed: NDArray[np.float64]) -> dict[str, Any]:
    """R-hat and effective sample size of the draws; null where the draws cannot support the number."""
    series = dict(zip(running.names, np.moveaxis(observed, -1, 0), strict=True))
    return {
        "r_hat": {name: finite(r_hat(one, running.groups)) for name, one in series.items()},
        "ess": {name: _size(one) for name, one in series.items()},
    }


def _size(series: NDArray[np.float64]) -> float | None:
    try:
        return statistics.effective_sample_size(series)
    except ValueError:
        return None
