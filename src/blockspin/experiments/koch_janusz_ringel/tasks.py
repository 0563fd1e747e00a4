"""The tasks of the experiment: samples, filters, information by temperature and buffer, flow, the exact chain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from blockspin.coarse.rsmi import RSMI
from blockspin.coarse.rsmi.bounds import lower_bound
from blockspin.coarse.rsmi.windows import cut, windows
from blockspin.coarse.weighted import WeightedMajority
from blockspin.exact import surroundings
from blockspin.exact.information import boltzmann_rule, sign_rule
from blockspin.experiments.koch_janusz_ringel.settings import TORUS, Settings
from blockspin.experiments.mcrg.tasks import run_sample
from blockspin.experiments.mehta_schwab.machines import stored_samples
from blockspin.lattice import Lattice
from blockspin.models.ising import KC_SQUARE, Ising
from blockspin.randomness import generator, integer
from blockspin.rg.blocking import block, mcrg
from blockspin.rg.couplings import couplings
from blockspin.runs.task import Progress, Result, Task
from blockspin.samples import features, provenance
from blockspin.statistics import Estimate

FloatArray = NDArray[np.float64]

AROUND = [0, 1, 3, 2]  # from the order of `Lattice.blocks` to that of `torus_block`
WINDOWS = 100_000  # that a comparison of rules looks at


@dataclass(frozen=True)
class Plan:
    """Every task by what it is for: filters by K, blocks by side, curve by temperature, flow by K."""

    filters: dict[float, Task]
    blocks: dict[int, Task]
    curve: dict[float, Task]
    trained: Task
    flow: dict[float, Task]
    chain: dict[float, Task]

    def tasks(self) -> list[Task]:
        """All tasks; the samples are reached through them."""
        parts = (self.filters, self.blocks, self.curve, self.flow, self.chain)
        return [self.trained, *(task for part in parts for task in part.values())]


def plan(settings: Settings, seed: int) -> Plan:
    """Lay out the tasks; nothing is run. A task's settings hold what it uses and no more."""
    chains, common = settings.chains, {"n_iter": settings.n_iter, "seed": seed}
    training = 0.2 + 4.0 * settings.n_iter / 3000  # seconds at most

    def samples(L: int, K: float, n: int, use: str) -> Task:
        chosen = {"L": L, "K": K, "n": n, "chains": chains, "seed": integer(seed, use, f"{K:.12g}")}
        return Task("sample", f"samples of {L} x {L} at K = {K:.4f}", run_sample, chosen, weight=L**2 * n * 1e-7)

    small, large, curve, flow = settings.filters, settings.blocks, settings.curve, settings.flow
    filters = {
        K: Task(
            "filter",
            f"2 x 2 filters at K = {K:.4f}",
            run_filter,
            {"K": K, "seeds": small.seeds, **common},
            parents=(samples(TORUS, K, small.n_samples, "filters"),),
            weight=training * small.seeds,
        )
        for K in small.K
    }
    critical = samples(large.L, KC_SQUARE, large.n_samples, "blocks")
    blocks = {
        b: Task(
            "block",
            f"filters of {b} x {b} blocks",
            run_block,
            {"b": b, **large.model_dump(include={"buffer", "environment", "seeds"}), **common},
            parents=(critical,),
            weight=training * large.seeds,
        )
        for b in large.sides
    }
    curves = {
        T: Task(
            "curve",
            f"information at T = {T:.3f}",
            run_curve,
            {"b": curve.b, "buffers": curve.buffers, "environment": curve.environment, "K": 1 / T, **common},
            parents=(samples(curve.L, 1 / T, curve.n_samples, "curve"),),
            weight=training * len(curve.buffers),
        )
        for T in curve.T
    }
    trained = Task(
        "steps",
        f"filters step by step at K = {flow.K_filters:.4f}",
        run_steps,
        {"steps": flow.steps, **common},
        parents=(samples(flow.L, flow.K_filters, flow.n_samples, "steps"),),
        weight=training * flow.steps,
    )
    flows = {
        K: Task(
            "flow",
            f"flow from K = {K:.4f}",
            run_flow,
            {"critical": K == KC_SQUARE, "seed": seed},
            parents=(samples(flow.L, K, flow.n_samples, "flow"), trained),
            weight=0.1 + flow.L**2 * flow.n_samples * 4e-8,
        )
        for K in sorted([KC_SQUARE, *(KC_SQUARE + distance for distance in flow.distances)])
    }
    chain = {
        K: Task(
            "chain",
            f"the chain at K = {K:g}",
            run_chain,
            {"K": K, **settings.chain.model_dump(exclude={"K"})},
            weight=0.1 + settings.chain.points**2 * 6e-4,
        )
        for K in settings.chain.K
    }
    return Plan(filters, blocks, curves, trained, flows, chain)


def run_filter(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Filters of 2 x 2 blocks on the torus; arrays: filters (seed, 4) around the square; meta: exact and estimated."""
    samples = stored_samples(parents[0])
    lattice, K = Lattice.square(TORUS), settings["K"]
    joint = surroundings.torus(Ising(lattice, K))
    filters, estimates = [], []
    for seed in range(settings["seeds"]):
        progress(seed / settings["seeds"], "training")
        rsmi = RSMI(lattice, n_iter=settings["n_iter"], random_state=integer(settings["seed"], "filter", seed))
        rsmi.fit(features(samples), chains=samples.sizes["chain"])
        filters.append(rsmi.filters_[0, AROUND])
        estimates.append({name: _pair(bound.measured) for name, bound in rsmi.bounds_.items()} | {"why": rsmi.why_})
    rules = {
        "majority, ties by a fair coin": sign_rule(np.ones(4)),
        "majority of three spins": sign_rule([1, 1, 1, 0]),
        "decimation": sign_rule([1, 0, 0, 0]),
    }
    exact = {
        "I(V:E)": joint.information(),
        "best of all rules to one bit": joint.best_binary()[0],
        "best of the odd rules": joint.best_binary(odd=True)[0],
        **{name: joint.kept(rule) for name, rule in rules.items()},
    }
    kept = [joint.kept(sign_rule(one)) for one in filters]
    return Result({"filters": np.array(filters)}, {"K": K, "exact": exact, "kept": kept, "estimates": estimates})


def run_block(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Filters of b x b blocks; arrays: filters (seed, b, b); meta: information of these and of simple rules.

    All rules are measured on the same windows by the same bound, the classifier fitted to each.
    """
    samples = stored_samples(parents[0])
    b, shell = settings["b"], (settings["buffer"], settings["environment"])
    lattice, X, chains = Lattice.square(samples.sizes["x"]), features(samples), samples.sizes["chain"]
    rules: dict[str, FloatArray] = {
        "all spins alike": np.ones((b, b)),
        "the boundary alone": boundary(b).astype(float),
        "the inside alone": (~boundary(b)).astype(float),
    }
    filters = []
    for seed in range(settings["seeds"]):
        progress(seed / (settings["seeds"] + 3), "training")
        random_state = integer(settings["seed"], "block", b, seed)
        rsmi = RSMI(lattice, b, *shell, n_iter=settings["n_iter"], random_state=random_state)
        filters.append(rsmi.fit(X, chains=chains).filters_[0].reshape(b, b))
    rules["learned"] = np.mean(filters, axis=0)
    random = generator(settings["seed"], "windows", b)
    inside, outside = cut(X, windows(lattice, b, *shell), WINDOWS, random)
    information = {}
    for number, (name, weights) in enumerate(rules.items()):
        progress((settings["seeds"] + number) / (settings["seeds"] + 4), "measuring")
        total = inside @ weights.ravel()
        # fair coins for ties, drawn once for all rules
        signs = np.where(total + 1e-6 * generator(settings["seed"], "ties", b).normal(size=len(total)) > 0, 1, -1)
        information[name] = _pair(lower_bound(signs, outside, chains=chains, n_iter=settings["n_iter"]).measured)
    return Result({"filters": np.array(filters)}, {"information": information})


def boundary(b: int) -> NDArray[np.bool_]:
    """The sites of a b x b block that touch its outside."""
    edge = np.ones((b, b), bool)
    edge[1:-1, 1:-1] = False
    return edge


def run_curve(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """I(H:E) of a learned filter a buffer, and exact values of 2 x 2 blocks on the small torus; meta alone."""
    samples = stored_samples(parents[0])
    lattice, X = Lattice.square(samples.sizes["x"]), features(samples)
    rows = []
    for number, buffer in enumerate(settings["buffers"]):
        progress(number / len(settings["buffers"]), f"buffer {buffer}")
        rsmi = RSMI(
            lattice,
            settings["b"],
            buffer,
            settings["environment"],
            objective="classifier",
            n_iter=settings["n_iter"],
            random_state=integer(settings["seed"], "curve", buffer),
        )
        rsmi.fit(X, chains=samples.sizes["chain"])
        share = np.abs(rsmi.filters_[0].reshape(2 * (settings["b"],)))[boundary(settings["b"])].sum()
        bounds = {name: _pair(bound.measured) for name, bound in rsmi.bounds_.items()}
        rows.append({"buffer": buffer, "share": float(share), "why": rsmi.why_, **bounds})
    joint = surroundings.torus(Ising(Lattice.square(TORUS), settings["K"]))
    exact = {"I(V:E)": joint.information(), "best": joint.best_binary(odd=True)[0]}
    return Result(meta={"K": settings["K"], "half": settings["b"] / 2, "rows": rows, "exact": exact})


def run_steps(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Filters of one step after the other, each learned on what the one before made; arrays: filters (step, 4)."""
    samples = stored_samples(parents[0])
    lattice, X = Lattice.square(samples.sizes["x"]), features(samples)
    filters, information = [], []
    for step in range(settings["steps"]):
        progress(step / settings["steps"], f"step {step + 1}")
        random_state = integer(settings["seed"], "step", step)
        rsmi = RSMI(lattice, objective="classifier", n_iter=settings["n_iter"], random_state=random_state)
        rsmi.fit(X, chains=samples.sizes["chain"])
        filters.append(rsmi.filters_[0])
        information.append(_pair(rsmi.information_))
        X, lattice = rsmi.transform(X), lattice.coarse(2)
    return Result({"filters": np.array(filters)}, {"information": information})


def run_flow(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Effective couplings after each step by the learned filters, and the exponents of the critical samples.

    arrays: K (steps + 1,), left_out (groups, steps + 1): the nearest-neighbour coupling that alone fits the spins.
    """
    samples = stored_samples(parents[0])
    maps = placed(parents[1].arrays["filters"], Lattice.square(samples.sizes["x"]))
    levels = [couplings(level, ("nn",)) for level in block(samples, maps)]
    values = np.array([level.K[0].value for level in levels])
    left_out = np.stack([level.left_out[:, 0] for level in levels], axis=1)
    spectrum = []
    if settings["critical"]:
        progress(0.5, "exponents")
        # the last step leaves too few sites for the table's operators
        wide = [one for one in maps if one.lattice.shape[0] >= 16]
        spectrum = [{"y_t": _pair(one.y_t), "y_h": _pair(one.y_h)} for one in mcrg(samples, wide)]
    meta = {"K": _K(samples), "why": [level.why for level in levels], "spectrum": spectrum}
    return Result({"K": values, "left_out": left_out}, meta)


def placed(filters: FloatArray, lattice: Lattice) -> list[WeightedMajority]:
    """The rules that these filters are, one a step, each on the lattice of its step."""
    maps = []
    for one in filters:
        maps.append(WeightedMajority(lattice, 2, one, ties="first"))
        lattice = lattice.coarse(2)
    return maps


def run_chain(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """What P(h|v) = 1/(1 + exp(-2 h sum lambda v)) keeps of I(V:E), exactly; arrays: lambdas (n,), kept (n, n).

    meta: shares kept by sign rules, and the decay of I(V:E) with the buffer (rate a site), on the infinite chain.
    """
    ring = Ising(Lattice.chain(4), settings["K"])
    joint = surroundings.chain(ring, 2, settings["buffer"], infinite=True)
    whole = joint.information()
    lambdas = np.linspace(-settings["largest"], settings["largest"], settings["points"])
    kept = np.array([[joint.kept(boltzmann_rule([one, two])) / whole for two in lambdas] for one in lambdas])
    rules = {"decimation": (1, 0), "majority": (1, 1), "difference": (1, -1)}
    shares = {name: joint.kept(sign_rule(weights)) / whole for name, weights in rules.items()}
    far = [surroundings.chain(ring, 2, buffer, infinite=True).information() for buffer in (4, 5)]
    meta = {
        "I(V:E)": whole,
        "shares": shares,
        "best": joint.best_binary()[0] / whole,
        "rate": math.log(far[0] / far[1]),
        "two over xi": -2 * math.log(math.tanh(settings["K"])),
    }
    return Result({"lambdas": lambdas, "kept": kept}, meta)


def _pair(one: Estimate) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in (one.value, one.error)]


def _K(samples: xr.DataArray) -> float:
    return float(provenance(samples)["model"]["K"])
