"""The tasks of the experiment: critical samples of two starts, rules that are learned, and the exponents of all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

import blockspin as bs
from blockspin.experiments.kernels.settings import Learning, Settings
from blockspin.experiments.stored import Array, Number, Samples, Stored
from blockspin.experiments.task import task
from blockspin.experiments.tree import Tree
from blockspin.models.ising import KC_SQUARE
from blockspin.progress import part
from blockspin.randomness import integer
from blockspin.rg.operators import SQUARE
from blockspin.runs.task import Progress, Result

STARTS = ("Ising", "second start")
LEARNED = ("self-similar", "likelihood")
OPERATORS = tuple(SQUARE)
OWN = "the model itself"
SIDE, SITES = 4, (4, 8, 4)  # of the filter of likelihood: the block, its edges and its corners


class Rule(Stored):
    """A kernel that was learned, and what its objective says of it."""

    features: list[str]
    theta: list[Number]
    divergence: float | None = None


class Step(Stored):
    """Exponents of one step from all operators, and from the first n."""

    y_t: Number
    y_h: Number
    y_t_by_operators: list[Number]
    y_h_by_operators: list[Number]


class Measured(Stored):
    """The steps of one rule on one set of samples."""

    steps: list[Step]


def plan(settings: Settings, seed: int) -> dict[str, Tree]:
    """Samples by start and L; rules by start, objective and training; exponents by start, L and rule; pictures."""
    s, first, second = settings, [KC_SQUARE], [*settings.second.K]
    samples = {STARTS[0]: {L: _samples(L, first, s.n_samples, s.chains, seed) for L in s.L}}
    rules: dict[str, Any] = {"majority": kernel(["block"], [20.0])}
    rules |= {f"w = {w:g}": kernel(["block"], [w]) for w in s.weights}
    for objective in LEARNED:
        for n in range(s.trainings):
            name = named(objective, STARTS[0], n)
            rules[name] = learn(objective, first, s.learning, integer(seed, "learn", name))
    if s.second.n_samples:
        samples[STARTS[1]] = {s.L[0]: _samples(s.L[0], second, s.second.n_samples, s.chains, seed)}
        fewer = s.learning.model_copy(update={"n_samples": s.second.n_samples})
        for n in range(s.trainings):
            name = named(LEARNED[0], STARTS[1], n)
            rules[name] = learn(LEARNED[0], second, fewer, integer(seed, "learn", name))
    measured = {
        start: {
            L: {name: measure(one, rule, name, s.steps, integer(seed, "coins", name)) for name, rule in rules.items()}
            for L, one in sets.items()
        }
        for start, sets in samples.items()
    }
    shown = {"majority": rules["majority"], LEARNED[0]: rules[named(LEARNED[0], STARTS[0], 0)]}
    zoomed = zoom(shown, integer(seed, "zoom"))
    return {"samples": samples, "rules": rules, "measured": measured, "zoom": zoomed}


def _samples(L: int, K: list[float], n: int, chains: int, seed: int) -> Any:
    return critical_samples(L, K, n, chains, integer(seed, "measure", *(f"{one:.12g}" for one in K)))


def named(objective: str, start: str, training: int) -> str:
    """What a learned rule is called."""
    return f"{objective}{'' if start == STARTS[0] else f', {start}'}, {training + 1}"


def _where(K: Sequence[float]) -> str:
    return "K = " + " and ".join(f"{one:.4f}" for one in K)


def _sampling(L: int, K: Sequence[float], n: int, **_: Any) -> float:
    return L**2 * n * (1e-8 if len(K) == 1 else 1e-7)


@task(kind="sample", label=lambda L, K, **_: f"samples of {L} x {L}, {_where(K)}", weight=_sampling)
def critical_samples(L: int, K: list[float], n: int, chains: int, seed: int, *, progress: Progress) -> Samples:
    """Samples of the Ising model on the L x L torus with couplings by shell."""
    return _drawn(L, K, n, seed, chains=chains, progress=progress)


def _drawn(L: int, K: Sequence[float], n: int, seed: int, **how: Any) -> Samples:
    model = bs.Ising(bs.Lattice.square(L), K[0] if len(K) == 1 else tuple(K))
    samples: Samples = bs.sample(model, n, seed=seed, **how)
    return samples


@task(label="the rule {features}, {theta}")
def kernel(features: list[str], theta: list[float]) -> Rule:
    """A rule that is given."""
    return Rule(features=features, theta=[bs.Estimate(one, 0.0) for one in theta])


def _learning(learning: Learning, **_: Any) -> float:
    return learning.L**2 * learning.n_rows * 1e-5


@task(version=2, label=lambda objective, K, **_: f"learn by {objective}, {_where(K)}", weight=_learning)
def learn(objective: str, K: list[float], learning: Learning, seed: int, *, progress: Progress) -> Rule:
    """Learn a rule on samples of couplings K, drawn for that."""
    lattice, s = bs.Lattice.square(learning.L), learning
    drawn = _drawn(s.L, K, s.n_samples, integer(seed, "fine"), chains=max(8, s.n_samples // 400))
    X = np.asarray(bs.to_matrix(drawn))
    if objective == "self-similar":
        own = _drawn(s.L // 2, K, 4 * s.n_samples, integer(seed, "own"))
        found = bs.SelfSimilar(lattice, own=bs.to_matrix(own), n_rows=s.n_rows, random_state=seed).fit(X)
        theta = [bs.Estimate(*pair) for pair in zip(found.theta_.tolist(), found.theta_error_.tolist(), strict=True)]
        return Rule(features=list(found.features), theta=theta, divergence=found.divergence_)
    rbm = bs.ConvolutionalRBM(
        lattice, 2, SIDE, units="spin", biases=False, learning_rate=s.learning_rate, n_iter=s.n_iter,
        random_state=seed, verbose=part(progress, 0.2, 1.0),
    ).fit(X[:: max(1, len(X) // s.n_rows)])  # fmt: skip
    return symmetric(lattice, rbm.filters_[0])


def symmetric(lattice: bs.Lattice, w: Array) -> Rule:
    """The kernel of a 4 x 4 filter: means over the block, its edges and its corners, with errors by scatter."""
    kernels = [bs.rules.Kernel.from_filter(lattice, w.astype(float) ** power) for power in (1, 2)]
    theta, squares = (np.asarray(one.theta, float) for one in kernels)
    errors = np.sqrt(np.maximum(squares - theta**2, 0) / (np.array(SITES) - 1))
    return Rule(features=list(kernels[0].features), theta=[*map(bs.Estimate, theta.tolist(), errors.tolist())])


@task(
    label="exponents of {name}", weight=lambda samples, **_: samples.settings["L"] ** 2 * samples.settings["n"] * 1e-7
)
def measure(samples: Samples, rule: Rule, /, name: str, steps: int, seed: int) -> Measured:
    """y_t and y_h of every step of a rule, by all operators of the table."""
    found = bs.rg.exponents(samples, partial(_made, rule, seed), steps, OPERATORS)
    return Measured(steps=[Step.model_validate(one) for one in found])


def _made(rule: Rule, seed: int, lattice: bs.Lattice) -> bs.rules.Kernel:
    return bs.rules.Kernel(lattice, 2, rule.features, [one.value for one in rule.theta], random_state=seed)


@task(label="pictures")
def zoom(rules: dict[str, Rule], /, seed: int) -> Result:
    """A critical lattice of 128 x 128 sites, three steps of each rule, and the model's own of these sizes."""
    from blockspin.rg.blocking import block

    sides = [128 // 2**step for step in range(4)]
    own = [_drawn(L, [KC_SQUARE], 8, integer(seed, str(L)), chains=8)[:1] for L in sides]
    levels = {name: block(own[0], partial(_made, rule, seed), 3) for name, rule in rules.items()} | {OWN: tuple(own)}
    return Result({f"{name} {k}": one.values[0, 0] for name, some in levels.items() for k, one in enumerate(some)})
