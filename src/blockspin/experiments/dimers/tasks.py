"""The tasks of the experiment dimers: samples, filters, correlators, RBMs, and a torus summed over."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field

import blockspin as bs
from blockspin.experiments.dimers.settings import Learning, Settings
from blockspin.experiments.shared_tasks import again
from blockspin.experiments.stored import Array, Number, Samples, Stored
from blockspin.experiments.task import task
from blockspin.experiments.tree import Tree
from blockspin.randomness import generator, integer
from blockspin.runs.task import Progress, Result
from blockspin.statistics import Estimate, refused

BLOCK = 4  # cells a side of the block, 2 x 2 vertices, on the torus that is summed over
STARTS = ("canonical", "random", "random", "random")  # few sites: random starts arrive too
DRAWS = 10_000  # coverings drawn from the torus that is summed over


class Bound(Stored):
    """A lower bound of an information, on chains that nothing was fitted to and on those of the training, in nats.

    Where `why` says that the number is refused, `measured` is a lower bound still, but no estimate.
    """

    measured: Number
    training: Number
    why: str

    @property
    def estimate(self) -> Estimate:
        """The information, not-a-number where it is refused."""
        return refused(self.why, self.measured) if self.why else self.measured


def _bounds(found: Mapping[str, Any]) -> dict[str, Bound]:
    return {name: Bound.model_validate(bound) for name, bound in found.items()}


class Filters(Stored):
    """Filters (component, cells) and what they read: bounds by estimator, overlaps by pattern, weight on noise."""

    filters: Array
    bounds: dict[str, Bound]
    reads: dict[str, Any]
    noise: list[float]


class Fit(Stored):
    """Correlations G(R)/G(0) of a filter's output, the distances fitted and the scaling dimension."""

    dimension: Number
    G: list[float]
    errors: list[float]
    R: list[int]
    fitted: list[int]


class Decay(Stored):
    """Of the plaquette filter and the exact pattern at one T, with stiffness and winding factor of the samples."""

    overlap: float
    learned: Fit
    exact: Annotated[Fit, Field(alias="exact pattern")]
    g: Number
    factor: list[float]


class Learned(Stored):
    """What filters learned on the small torus keep, exactly, and what the bounds say."""

    components: int
    kept: float
    bounds: dict[str, Bound]


class Torus(Stored):
    """The small torus summed over: I(V:E), the best rules by kind, filters learned."""

    information: float
    best: dict[str, float]
    learned: list[Learned]


def plan(settings: Settings, seed: int, training: int = 1) -> dict[str, Tree]:
    """Samples by T ("noise": with noise spins), filters by T and components, decays and small tori by T, RBMs.

    A later training has filters and RBMs of its own on the same samples.
    """
    s, order, own = settings, sorted(settings.temperatures), again(seed, training)
    ends = (order[0], math.inf)
    samples = {T: _samples(s, T, None, seed) for T in order} | {"noise": _samples(s, math.inf, s.noise, seed)}
    about = s.model_dump(include={"block", "buffer", "environment"}) | {"learning": s.learning}
    learned = {
        (T, n): filters(parent, **about, n_components=n, seed=integer(own, "filters", _named(T), n))
        for T, parent in samples.items()
        for n in (s.components if T in ends else (2,))
    }
    cold = learned[order[0], 2]
    machines = s.machines.model_dump(mode="json")
    return {
        "samples": samples,
        "filters": learned,
        "decays": {T: decay(samples[T], cold) for T in order},
        "machines": rbms(samples["noise"], block=s.block, seed=own, **machines),
        "exact": {T: torus(L=s.torus, T=_stored(T), seed=integer(own, "exact", _named(T))) for T in (1.0, math.inf)},
    }


def _samples(s: Settings, T: float, noise: float | None, seed: int) -> Any:
    own = integer(seed, "samples", _named(T), str(noise))
    return sample(L=s.L, T=_stored(T), noise=noise, n=s.n_samples, chains=s.chains, seed=own)


def _named(T: float | str) -> str:
    return T if isinstance(T, str) else f"{T:.12g}"


def _stored(T: float) -> float | None:
    return T if math.isfinite(T) else None  # JSON has no infinity


def _T(stored: float | None) -> float:
    return math.inf if stored is None else stored


@task(
    label=lambda T, noise, **_: f"samples at T = {_T(T):g}" + ("" if noise is None else " with noise"),
    weight=lambda L, n, **_: L**2 * n * 2e-6,
)
def sample(
    L: int, T: float | None, noise: float | None, n: int, chains: int, seed: int, *, progress: Progress
) -> Samples:
    """Dimers drawn by the worm, on cells."""
    model = bs.Dimers(bs.Lattice.square(L), _T(T), noise)
    return bs.sample(model, n, seed=seed, chains=chains, progress=progress)


def _filters_label(samples: Any, n_components: int, **_: Any) -> str:
    noisy = samples.settings["noise"] is not None
    return f"{n_components} filters, " + ("with noise" if noisy else f"T = {_T(samples.settings['T']):g}")


@task(
    version=2,
    label=_filters_label,
    weight=lambda learning, **_: 0.5 + 10.0 * learning.n_iter * learning.batch_size / 800_000,
)
def filters(
    samples: Samples,
    /,
    block: int,
    buffer: int,
    environment: int,
    n_components: int,
    seed: int,
    learning: Learning,
) -> Filters:
    """Filters learned from samples, and what they read."""
    from blockspin.experiments.dimers.patterns import noise_share, overlaps

    rsmi = bs.RSMI(
        bs.Lattice.square(samples.sizes["x"]),
        2 * block,
        2 * buffer,
        2 * environment,
        n_components,
        center=True,
        starts=("canonical",),
        random_state=seed,
        **learning.model_dump(),
    ).fit(bs.to_matrix(samples), chains=samples.sizes["chain"])
    found, bounds = rsmi.filters_, _bounds(rsmi.bounds_)
    return Filters(filters=found, bounds=bounds, reads=overlaps(found), noise=noise_share(found).tolist())


@task(
    version=3,
    label=lambda samples, cold: f"decay at T = {_T(samples.settings['T']):g}",
    weight=lambda samples, cold: samples.settings["L"] ** 2 * samples.settings["n"] * 2e-6,
)
def decay(samples: Samples, cold: Filters, /, *, progress: Progress) -> Decay:
    """How correlations of the coldest plaquette filter, and of the exact pattern, decay in these samples."""
    from blockspin.experiments.dimers import patterns, scaling
    from blockspin.models.dimers import winding

    L, filters = samples.sizes["x"] // 2, cold.filters
    b = math.isqrt(filters.shape[1])
    overlap = patterns.overlap(filters, patterns.PLAQUETTE)
    best = int(np.argmax(overlap))
    windings = winding(bs.Dimers(bs.Lattice.square(L)), scaling.without_noise(samples.values))
    factor = scaling.winding_factor(windings, L)
    fits = []
    for weights in (filters[best], patterns.pattern("P_1", b)):
        G = scaling.correlator(samples.values, weights)
        dimension, fitted = scaling.dimension(G, factor, weights)
        mean = G.mean(axis=0)
        errors = (G.std(axis=0, ddof=1) / math.sqrt(len(G)) / mean[0]).tolist()
        R = list(range(0, 2 * len(mean), 2))
        fits.append(Fit(dimension=dimension, G=(mean / mean[0]).tolist(), errors=errors, R=R, fitted=fitted))
        progress(0.5, "correlations")
    return Decay(
        overlap=float(overlap[best]),
        learned=fits[0],
        exact=fits[1],
        g=scaling.stiffness(windings),
        factor=factor.mean(axis=0)[0, : L // 2 + 1 : 2].tolist(),
    )


@task(
    kind="machines",
    version=2,
    label="RBMs on blocks with noise",
    weight=lambda samples, hidden, n_iter, n_samples, **_: 0.5 + n_iter * n_samples * sum(hidden) * 7e-8,
)
def rbms(
    samples: Samples,
    /,
    block: int,
    seed: int,
    hidden: list[int],
    learning_rate: float,
    n_iter: int,
    n_samples: int,
    *,
    progress: Progress,
) -> Result:
    """RBMs of several sizes on single blocks with noise spins; meta: readings by hidden units."""
    from blockspin.experiments.dimers.patterns import readings

    b = 2 * block
    X = bs.to_matrix(samples)[:, bs.Lattice.square(samples.sizes["x"]).blocks(b)].reshape(-1, b * b)
    rows: list[dict[str, Any]] = []
    kept = {}
    for M in hidden:
        progress(len(rows) / len(hidden), f"{M} hidden units")
        random = generator(seed, "machines", M)
        machine = bs.RBM(
            M,
            units="spin",
            centered=True,
            init="data-mean",
            learning_rate=learning_rate,
            n_iter=n_iter,
            random_state=integer(seed, "machines", M),
        ).fit(X[random.choice(len(X), min(n_samples, len(X)), replace=False)])
        W = np.asarray(machine.components_, float)
        strongest = np.argsort(-np.linalg.norm(W, axis=1))
        rows.append({"hidden": M} | readings(W, strongest))
        kept[f"weights_{M}"] = W[strongest[:12]].astype(np.float32)
    return Result(kept, {"machines": rows})


@task(kind="exact", version=2, label=lambda L, T, **_: f"{L}x{L} torus, T = {_T(T):g}", weight=7.0)
def torus(L: int, T: float | None, seed: int) -> Torus:
    """Every covering of a small torus: I(V:E), the best rules, and what filters learned from draws keep, exactly."""
    from blockspin.coarse.rsmi.windows import windows
    from blockspin.exact import dimers as exact
    from blockspin.exact.dimer_surroundings import dimer_joint

    vertices = bs.Lattice.square(L)
    lattice = bs.Dimers(vertices).lattice
    buffer = 2 if L > 4 else 1  # cells; the environment is what is left
    around = L - BLOCK // 2 - buffer
    window = windows(lattice, BLOCK, buffer, around)
    joint = dimer_joint(vertices, _T(T), window.blocks[0], window.environments[0])
    known = exact.coverings(vertices)
    chance = exact.probabilities(vertices, _T(T), known)
    X = known[generator(seed, "draws").choice(len(known), DRAWS, p=chance)]
    best = {"filter": joint.best_filter()[0], "2 states": joint.best(2)[0], "4 states": joint.best(4)[0]}
    learned = []
    for n in (1, 2):
        own = integer(seed, "filters", n)
        rsmi = bs.RSMI(lattice, BLOCK, buffer, around, n, center=True, starts=STARTS, random_state=own).fit(X)
        kept = joint.kept(joint.by_signs(rsmi.filters_, rsmi.means_))
        learned.append(Learned(components=n, kept=kept, bounds=_bounds(rsmi.bounds_)))
    return Torus(information=joint.information(), best=best, learned=learned)
