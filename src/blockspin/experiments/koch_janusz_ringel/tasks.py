"""The tasks of the experiment: samples, filters, information by temperature and buffer, flow, the exact chain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import blockspin as bs
from blockspin.experiments.koch_janusz_ringel.settings import TORUS, Settings
from blockspin.experiments.shared_tasks import again, ising_samples
from blockspin.experiments.stored import Array, Number, Samples, Stored
from blockspin.experiments.task import task
from blockspin.experiments.tree import Tree
from blockspin.models.ising import KC_SQUARE
from blockspin.randomness import generator, integer
from blockspin.runs.task import Progress, Result, Task
from blockspin.statistics import Estimate, refused

AROUND = [0, 1, 3, 2]  # from the order of `Lattice.blocks` to that of `exact.surroundings.torus`
WINDOWS = 100_000  # that a comparison of rules looks at
RULES = {
    "majority, ties by a fair coin": (1, 1, 1, 1),
    "majority of three spins": (1, 1, 1, 0),
    "decimation": (1, 0, 0, 0),
}
CHAIN_RULES = {"decimation": (1, 0), "majority": (1, 1), "difference": (1, -1)}


class Bounds(Stored):
    """Lower bounds of I(H:E) of a learned filter, nats, and why the classifier's is refused, or nothing."""

    classifier: Number
    infonce: Number
    why: str

    @property
    def information(self) -> Estimate:
        """The classifier's bound, not-a-number where it is refused."""
        return refused(self.why, self.classifier) if self.why else self.classifier


class Small(Stored):
    """Filters (seed, 4) around the square; exact: nats by rule; kept: nats by each filter, exactly."""

    K: float
    filters: Array
    exact: dict[str, float]
    kept: list[float]
    estimates: list[Bounds]

    @property
    def ratios(self) -> list[float]:
        """What each filter keeps of what the best odd rule keeps."""
        return [one / self.exact["best of the odd rules"] for one in self.kept]


class Filters(Stored):
    """Filters of blocks (seed, b, b) with the nats that their mean and simple rules keep, or of steps (step, 4)."""

    filters: Array
    information: dict[str, Number] | list[Number]


class AtBuffer(Bounds):
    """The bounds at one buffer."""

    buffer: int


class Curve(Stored):
    """Information by buffer at one temperature; half: of the block's side; exact: 2 x 2 blocks on the small torus."""

    K: float
    half: float
    rows: list[AtBuffer]
    exact: dict[str, float]


class Exponents(Stored):
    """The exponents of one step."""

    y_t: Number
    y_h: Number


def plan(settings: Settings, seed: int, training: int = 1) -> dict[str, Tree]:
    """Filters by K, blocks by side, curve by temperature, the filters of the steps, flow by K and chain by K.

    A later training has samples of its own where few decide, those of the small torus; else it shares them.
    """
    s, own = settings, again(seed, training)
    common = {"n_iter": s.n_iter, "seed": own}

    def at(K: float, use: str) -> dict[str, Any]:
        return {"K": K, "n_iter": s.n_iter, "seed": integer(own, use, f"{K:.12g}")}

    def samples(L: int, K: float, n: int, use: str) -> Task:
        drawn = ising_samples(L, K, n, s.chains, integer(own if use == "filters" else seed, use, f"{K:.12g}"))
        return replace(drawn, label=f"samples of {L} x {L} at K = {K:.4f}", weight=L**2 * n * 1e-7)

    critical = samples(s.blocks.L, KC_SQUARE, s.blocks.n_samples, "blocks")
    shell = s.blocks.model_dump(include={"buffer", "environment", "seeds"})
    window = s.curve.model_dump(include={"b", "buffers", "environment"})
    trained = step_filters(samples(s.flow.L, s.flow.K_filters, s.flow.n_samples, "steps"), steps=s.flow.steps, **common)
    starts = sorted([KC_SQUARE, *(KC_SQUARE + distance for distance in s.flow.distances)])
    return {
        "steps": trained,
        "filters": {
            K: small_filters(
                samples(TORUS, K, s.filters.n_samples, "filters"), seeds=s.filters.seeds, **at(K, "small filters")
            )
            for K in s.filters.K
        },
        "blocks": {b: block_filters(critical, b=b, **shell, **common) for b in s.blocks.sides},
        "curve": {
            T: curve(samples(s.curve.L, 1 / T, s.curve.n_samples, "curve"), **window, **at(1 / T, "information"))
            for T in s.curve.T
        },
        "flow": {
            K: flow(samples(s.flow.L, K, s.flow.n_samples, "flow"), trained, critical=K == KC_SQUARE, seed=own)
            for K in starts
        },
        "chain": {K: chain(K=K, **s.chain.model_dump(exclude={"K"})) for K in s.chain.K},
    }


def _training(n_iter: int, seeds: int = 0, buffers: Any = (), steps: int = 0, **_: Any) -> float:
    return (0.2 + 4.0 * n_iter / 3000) * (seeds + len(buffers) + steps)  # seconds at most


@task(kind="filter", version=2, label="2 x 2 filters at K = {K:.4f}", weight=_training)
def small_filters(samples: Samples, /, K: float, seeds: int, n_iter: int, seed: int, progress: Progress) -> Small:
    """Filters of 2 x 2 blocks on the small torus, each evaluated by exact sums."""
    from blockspin.exact import surroundings
    from blockspin.exact.information import sign_rule

    lattice = bs.Lattice.square(TORUS)
    joint = surroundings.torus(bs.Ising(lattice, K))
    filters, estimates = [], []
    for number in range(seeds):
        progress(number / seeds, f"seed {number + 1}")
        rsmi = bs.RSMI(lattice, n_iter=n_iter, random_state=integer(seed, number))
        rsmi.fit(bs.to_matrix(samples), chains=samples.sizes["chain"])
        filters.append(rsmi.filters_[0, AROUND])
        estimates.append(Bounds(**_bounds(rsmi)))
    exact = {
        "I(V:E)": joint.information(),
        "best of all rules to one bit": joint.best_binary()[0],
        "best of the odd rules": joint.best_binary(odd=True)[0],
        **{name: joint.kept(sign_rule(rule)) for name, rule in RULES.items()},
    }
    kept = [joint.kept(sign_rule(one)) for one in filters]
    return Small(K=K, filters=np.array(filters), exact=exact, kept=kept, estimates=estimates)


def _bounds(rsmi: bs.RSMI) -> dict[str, Any]:
    return {name: bound.measured for name, bound in rsmi.bounds_.items()} | {"why": rsmi.why_}


@task(kind="block", label="filters of {b} x {b} blocks", weight=_training)
def block_filters(
    samples: Samples, /, b: int, seeds: int, n_iter: int, seed: int, *, progress: Progress, **shell: Any
) -> Filters:
    """Filters of b x b blocks and what their mean and simple rules keep of the same windows. shell: its extents."""
    from blockspin.coarse.rsmi.bounds import lower_bound
    from blockspin.coarse.rsmi.windows import cut, windows

    lattice, X, chains = bs.Lattice.square(samples.sizes["x"]), bs.to_matrix(samples), samples.sizes["chain"]
    filters = []
    for number in range(seeds):
        progress(number / (seeds + 3), f"seed {number + 1}")
        random_state = integer(seed, "block", b, number)
        rsmi = bs.RSMI(lattice, b, **shell, n_iter=n_iter, random_state=random_state)
        filters.append(rsmi.fit(X, chains=chains).filters_[0].reshape(b, b))
    rules = {
        "all spins alike": np.ones((b, b)),
        "the boundary alone": boundary(b).astype(float),
        "the inside alone": (~boundary(b)).astype(float),
        "learned": np.mean(filters, axis=0),
    }
    inside, outside = cut(X, windows(lattice, b, **shell), WINDOWS, generator(seed, "windows", b))
    information = {}
    for number, (name, weights) in enumerate(rules.items()):
        progress((seeds + number) / (seeds + 4), "measuring")
        total = inside @ weights.ravel()
        # fair coins for ties, drawn once for all rules
        signs = np.where(total + 1e-6 * generator(seed, "ties", b).normal(size=len(total)) > 0, 1, -1)
        information[name] = lower_bound(signs, outside, chains=chains, n_iter=n_iter).measured
    return Filters(filters=np.array(filters), information=information)


def boundary(b: int) -> NDArray[np.bool_]:
    """The sites of a b x b block that touch its outside."""
    edge = np.ones((b, b), bool)
    edge[1:-1, 1:-1] = False
    return edge


@task(version=2, label=lambda K, **_: f"information at T = {1 / K:.3f}", weight=_training)
def curve(
    samples: Samples,
    /,
    K: float,
    b: int,
    buffers: list[int],
    n_iter: int,
    seed: int,
    *,
    progress: Progress,
    **shell: Any,
) -> Curve:
    """I(H:E) of a learned filter a buffer, and exact values of 2 x 2 blocks on the small torus. shell: environment."""
    from blockspin.exact import surroundings

    lattice, X = bs.Lattice.square(samples.sizes["x"]), bs.to_matrix(samples)
    rows = []
    for number, buffer in enumerate(buffers):
        progress(number / len(buffers), f"buffer {buffer}")
        own = integer(seed, buffer)
        rsmi = bs.RSMI(lattice, b, buffer, **shell, objective="classifier", n_iter=n_iter, random_state=own)
        rsmi.fit(X, chains=samples.sizes["chain"])
        rows.append(AtBuffer(buffer=buffer, **_bounds(rsmi)))
    joint = surroundings.torus(bs.Ising(bs.Lattice.square(TORUS), K))
    exact = {"I(V:E)": joint.information(), "best": joint.best_binary(odd=True)[0]}
    return Curve(K=K, half=b / 2, rows=rows, exact=exact)


@task(kind="steps", label="filters step by step at K = {samples.settings[K]:.4f}", weight=_training)
def step_filters(samples: Samples, /, steps: int, n_iter: int, seed: int, *, progress: Progress) -> Filters:
    """Filters of one step after the other, each learned on the coarse spins of the one before."""
    lattice, X = bs.Lattice.square(samples.sizes["x"]), bs.to_matrix(samples)
    filters, information = [], []
    for step in range(steps):
        progress(step / steps, f"step {step + 1}")
        random_state = integer(seed, "step", step)
        rsmi = bs.RSMI(lattice, objective="classifier", n_iter=n_iter, random_state=random_state)
        rsmi.fit(X, chains=samples.sizes["chain"])
        filters.append(rsmi.filters_[0])
        information.append(rsmi.information_)
        X, lattice = rsmi.transform(X), lattice.coarse(2)
    return Filters(filters=np.array(filters), information=information)


@task(label="flow from K = {samples.settings[K]:.4f}", weight=lambda samples, **_: 0.1 + 0.4 * samples.weight)
def flow(samples: Samples, trained: Filters, /, critical: bool, seed: int, *, progress: Progress) -> Result:
    """Effective couplings after each step by the learned filters, and the exponents of the critical samples.

    arrays: K (steps + 1,), left_out (groups, steps + 1): the nearest-neighbour coupling that alone fits the spins.
    meta: spectrum, `Exponents` a step, of the critical samples alone. The seed is in the key and nothing is drawn.
    """
    from blockspin.rg.blocking import block
    from blockspin.samples import provenance

    maps, lattice = [], bs.Lattice.square(samples.sizes["x"])
    for weights in trained.filters:
        maps.append(bs.rules.WeightedMajority(lattice, 2, weights, ties="first"))
        lattice = lattice.coarse(2)
    levels = [bs.rg.couplings(level, ("nn",)) for level in block(samples, maps)]
    spectrum = []
    if critical:
        progress(0.5, "exponents")
        # the last step leaves too few sites for the table's operators
        wide = [one for one in maps if one.lattice.shape[0] >= 16]
        spectrum = [Exponents.model_validate(one).model_dump(mode="json") for one in bs.rg.exponents(samples, wide)]
    K = np.array([level.K[0].value for level in levels])
    left_out = np.stack([level.left_out[:, 0] for level in levels], axis=1)
    meta = {"K": float(provenance(samples)["model"]["K"]), "why": [level.why for level in levels], "spectrum": spectrum}
    return Result({"K": K, "left_out": left_out}, meta)


@task(version=2, label="the chain at K = {K:g}", weight=lambda points, **_: 0.1 + points**2 * 6e-4)
def chain(K: float, buffer: int, largest: float, points: int) -> Result:
    """What P(h|v) = 1/(1 + exp(-2 h sum lambda v)) keeps of I(V:E), exactly; arrays: lambdas (n,), kept (n, n).

    meta: shares kept by sign rules, on the infinite chain.
    """
    from blockspin.exact import surroundings
    from blockspin.exact.information import boltzmann_rule, sign_rule

    ring = bs.Ising(bs.Lattice.chain(4), K)
    joint = surroundings.chain(ring, 2, buffer, infinite=True)
    whole = joint.information()
    lambdas = np.linspace(-largest, largest, points)
    kept = np.array([[joint.kept(boltzmann_rule([one, two])) / whole for two in lambdas] for one in lambdas])
    meta = {
        "I(V:E)": whole,
        "shares": {name: joint.kept(sign_rule(weights)) / whole for name, weights in CHAIN_RULES.items()},
        "best": joint.best_binary()[0] / whole,
    }
    return Result({"lambdas": lambdas, "kept": kept}, meta)
