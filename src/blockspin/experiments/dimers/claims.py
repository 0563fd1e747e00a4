"""The claims of the experiment dimers, each decided by a stated rule from what filters and RBMs read."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from blockspin.experiments.claims import Answer, NotTested, claim, graded, row
from blockspin.experiments.core import Run
from blockspin.experiments.dimers.tasks import Training
from blockspin.models.dimers import T_BKT
from blockspin.statistics import Estimate

KJR = "Koch-Janusz & Ringel 2018"
GOKMEN = "Gokmen et al. 2021"
CLEAR = 0.9  # an overlap above it is called a reading of the pattern
LN4 = 2 * math.log(2)
SIGMAS = 3.0
SMALL = 0.05  # share of squared weight
NEAR = 0.05  # of a scaling dimension, and 3 errors
Rows = list[dict[str, Any]]


@claim(
    "DM-1",
    KJR,
    "Two components learn the staggered patterns of free dimers, the electric fields of their height.",
    rule=f"Reproduced where in every training both filters lie in the plane of E_x and E_y, and together read all of "
    f"it (overlaps above {CLEAR:g}). Partly where this holds in some trainings.",
)
def fields(run: Run) -> Answer:
    reads = [one.reads for one in _trainings(run, math.inf, 2)]
    clear = [min(one["staggered"]) > CLEAR and one["staggered covered"] > CLEAR for one in reads]
    least = min(min(one["staggered"]) for one in reads)
    why = f"They do so in {_of(clear)} trainings; the smallest overlap of a filter with the plane is {least:.2f}."
    covered = [
        row(f"T = inf, training {k}", "staggered covered", one["staggered covered"])
        for k, one in enumerate(reads, start=1)
    ]
    return Answer(graded(all(clear), any(clear)), why, _readings(run, math.inf, 2, "staggered") + covered)


@claim(
    "DM-2",
    KJR,
    "Four components read E_x, E_y and their sum and difference.",
    rule="Reproduced where all four filters of every training lie in the plane of the fields, more than 22.5 degrees "
    f"apart. Partly where they read all of it (above {CLEAR:g}). Not tested without four components.",
)
def mixtures(run: Run) -> Answer:
    if (math.inf, 4) not in run["filters"]:
        raise NotTested("Four components are not in this run.")
    reads = [one.reads for one in _trainings(run, math.inf, 4)]
    covered = min(one["staggered covered"] for one in reads)
    full = [sum(a > CLEAR for a in one["staggered"]) == 4 and _apart(one["angle"]) > 22.5 for one in reads]
    why = (
        f"All four directions are present in {_of(full)} trainings. Together the filters read any field to "
        f"{covered:.2f}."
    )
    angles = [
        row(f"T = inf, training {k}", f"angle, filter {j}", angle)
        for k, one in enumerate(reads, start=1)
        for j, angle in enumerate(one["angle"], start=1)
    ]
    evidence = _readings(run, math.inf, 4, "staggered") + angles
    return Answer(graded(all(full), covered > CLEAR), why, evidence)


@claim(
    "DM-3",
    GOKMEN,
    "With aligning interactions the filters are plaquettes and columns; at high temperature staggered again.",
    rule=f"Reproduced where at some finite T both filters of a training are plaquettes (overlap above {CLEAR:g}) and "
    "those at T = inf are staggered. Partly where one filter is nearly a plaquette (above 0.7).",
)
def plaquettes(run: Run) -> Answer:
    order = sorted(run["decays"])
    pairs = {T: [one.reads["plaquette"] for one in _trainings(run, T, 2)] for T in order[:-1]}
    both = [T for T, some in pairs.items() if max(map(min, some)) > CLEAR]
    one = [T for T, some in pairs.items() if max(map(max, some)) > 0.7]
    staggered = min(_trainings(run, math.inf, 2)[0].reads["staggered"]) > CLEAR
    best = max(max(map(max, some)) for some in pairs.values())
    why = (
        f"Both filters are plaquettes at {len(both)} of {len(pairs)} finite temperatures; the best single overlap is "
        f"{best:.2f}. At T = inf they are {'' if staggered else 'not '}staggered."
    )
    evidence = [entry for T in order for entry in _readings(run, T, 2, "plaquette")]
    return Answer(graded(bool(both) and staggered, bool(one) and staggered), why, evidence)


@claim(
    "DM-4",
    GOKMEN,
    "Below the transition two components keep ln 4: which of the four columnar states the block is in.",
    rule="Reproduced where every training at the lowest T keeps ln 4 within 0.1 nats and 3 errors, and not more. "
    "Partly where some do. Not tested without a T below the transition.",
)
def ceiling(run: Run) -> Answer:
    T = min(run["decays"])
    if T >= T_BKT:
        raise NotTested(f"No temperature lies below the transition, T = {T_BKT:g}; the lowest is {T:g}.")
    values = [one.bounds["classifier"].measured for one in _trainings(run, T, 2)]
    within = [LN4 - 0.1 - SIGMAS * v.error < v.value < LN4 + SIGMAS * v.error for v in values]
    why = f"It holds in {_of(within)} trainings at T = {T:g}. The first keeps {values[0]} nats; ln 4 = {LN4:.4f}."
    return Answer(graded(all(within), any(within)), why, _information(run, T, 2))


@claim(
    "DM-5",
    GOKMEN,
    "One component keeps half the information of two; two keep about 0.347 nats of free dimers.",
    rule="Reproduced where the ratio is 1/2 within 0.05 and every pair keeps 0.347 nats within a tenth, 3 errors "
    "aside. Partly where one of these holds. Not tested without one component.",
)
def half(run: Run) -> Answer:
    two = [_best(one) for one in _trainings(run, math.inf, 2)]
    if (math.inf, 1) not in run["filters"]:
        raise NotTested(f"Two components keep {two[0]} nats; one component is not in this run.")
    one = [_best(some) for some in _trainings(run, math.inf, 1)]
    ratio = sum(v.value for v in one) / len(one) / (sum(v.value for v in two) / len(two))
    error = abs(ratio) * math.hypot(*(max(v.error / abs(v.value or math.nan) for v in some) for some in (one, two)))
    halved = abs(ratio - 0.5) < 0.05 + SIGMAS * error
    close = all(abs(v.value - 0.347) < 0.035 + SIGMAS * v.error for v in two)
    why = (
        f"The ratio is {Estimate(ratio, error)}; two components keep {two[0]} nats or more. The authors' own tutorial "
        "prints 0.257."
    )
    evidence = [*_information(run, math.inf, 2), *_information(run, math.inf, 1, "one filter, ")]
    return Answer(graded(halved and close, halved or close), why, evidence)


@claim(
    "DM-6",
    GOKMEN,
    "The learned plaquette filter has scaling dimension 1 among free dimers.",
    rule=f"Reproduced where the dimension is 1 within {NEAR:g} and 3 errors, partly within 0.2 and 3 errors. Not "
    "tested where the correlations are lost in noise.",
)
def scaling(run: Run) -> Answer:
    one = run["decays"][math.inf]
    d, exact = one.learned.dimension, one.exact.dimension
    if not math.isfinite(d.value) or not math.isfinite(d.error):
        raise NotTested("The correlations are lost in noise at these distances.")
    away = abs(d.value - 1) - SIGMAS * d.error
    why = f"The learned filter has d = {d}, the exact pattern {exact} in the same fit."
    evidence = [
        row(f"T = {T:g}", quantity, value)
        for T, some in sorted(run["decays"].items())
        for quantity, value in (
            ("d", some.learned.dimension),
            ("d, exact pattern", some.exact.dimension),
            ("g", some.g),
        )
    ]
    return Answer(graded(away < NEAR, away < 0.2), why, evidence)


@claim(
    "DM-7",
    KJR,
    "Noise spins get no weight from the mutual information, however strongly they are coupled to each other.",
    rule="Reproduced where every filter has less than a twentieth of its squared weight on noise and the pair still "
    f"reads the fields (above {CLEAR:g}). Partly where no filter has more than a fifth on noise.",
)
def noise(run: Run) -> Answer:
    seeds = _trainings(run, "noise", 2)
    shares = [max(one.noise) for one in seeds]
    good = [s < SMALL and one.reads["staggered covered"] > CLEAR for s, one in zip(shares, seeds, strict=True)]
    why = (
        f"It holds in {_of(good)} trainings. At most {max(shares):.2f} of a filter's squared weight is on noise; equal "
        "weights would have more than a half there."
    )
    evidence = [
        *_readings(run, "noise", 2, "staggered"),
        *(row(f"with noise, training {k}", "share of w^2 on noise", s) for k, s in enumerate(shares, start=1)),
    ]
    return Answer(graded(all(good), max(shares) < 4 * SMALL), why, evidence)


@claim(
    "DM-8",
    KJR,
    "An RBM trained by contrastive divergence on the same data spends its first units on the noise.",
    rule="Reproduced where most units of the smallest RBMs have nine tenths of their squared weight on noise. Partly "
    "where most units of some larger size do.",
)
def first_units(run: Run) -> Answer:
    rows = run["machines"].meta["machines"]
    sizes = sorted({one["hidden"] for one in rows})
    spent = {M: [sum(s > CLEAR for s in one["noise"]) for one in rows if one["hidden"] == M] for M in sizes}
    most = {M: min(some) > M / 2 for M, some in spent.items()}
    first, worst = sizes[0], max(sizes, key=lambda M: min(spent[M]) / M)
    why = (
        f"Every one of the smallest RBMs has at least {min(spent[first])} of {first} units on noise. The largest such "
        f"share is {min(spent[worst])} of {worst} units. The stronger of noise and columns is learned first."
    )
    evidence = [row(f"{one['hidden']} units", "share of w^2 on noise", one["total"]) for one in rows]
    evidence += [row(f"{M} units", "units on noise", n) for M, some in spent.items() for n in some]
    return Answer(graded(most[first], any(most.values())), why, evidence)


@claim(
    "DM-9",
    KJR,
    "What an RBM learns of the dimers is columnar, without the electric field, not staggered.",
    rule="Reproduced where in every RBM columnar patterns hold more than three times the readable weight of staggered "
    "ones. Partly where this holds in some.",
)
def textures(run: Run) -> Answer:
    rows = run["machines"].meta["machines"]
    more = [one["columnar"] > 3 * one["staggered"] for one in rows]
    why = f"Columnar patterns hold more than three times the weight of staggered ones in {_of(more)} RBMs."
    evidence = [row(f"{one['hidden']} units", name, one[name]) for one in rows for name in ("columnar", "staggered")]
    return Answer(graded(all(more), any(more)), why, evidence)


@claim(
    "DM-10",
    "this project",
    "The estimator stays below the exact information, and its filters keep nearly as much as any rule can.",
    rule="Reproduced where no bound lies 3 errors above what the filters keep exactly and every set of filters keeps "
    f"{CLEAR:g} of what the best rule to as many states does. Partly where one of these holds.",
)
def exact(run: Run) -> Answer:
    above, ratios, evidence = [], [], []
    for T, one in sorted(run["exact"].items()):
        for some in one.learned:
            states = 2**some.components
            ratios.append(some.kept / one.best[f"{states} states"])
            above += [bound.measured.z(some.kept) for bound in some.bounds.values()]
            evidence.append(row(f"T = {T:g}", f"kept, {states} states", some.kept))
        evidence += [row(f"T = {T:g}", f"best, {name}", value) for name, value in one.best.items()]
        evidence.append(row(f"T = {T:g}", "I(V:E)", one.information))
    below, near = max(above) < SIGMAS, min(ratios) > CLEAR
    why = (
        f"The highest bound lies {abs(max(above)):.1f} errors {'above' if max(above) > 0 else 'below'} what is kept. "
        f"The filters keep at least {min(ratios):.3f} of what the best rule keeps."
    )
    return Answer(graded(below and near, below or near), why, evidence)


CLAIMS = (fields, mixtures, plaquettes, ceiling, half, scaling, noise, first_units, textures, exact)


def span(distances: Sequence[int]) -> str:
    """The distances of a fit in words; rising."""
    if not distances:
        return "no distance"
    first, last = distances[0], distances[-1]
    return f"R = {first} to {last}" if first < last else f"R = {first} alone"


def _trainings(run: Run | Mapping[str, Any], T: float | str, n: int) -> list[Training]:
    seeds: list[Training] = run["filters"][T, n].seeds
    return seeds


def _best(one: Training) -> Estimate:
    """The larger of the two measured bounds: both are lower bounds."""
    return max((bound.measured for bound in one.bounds.values()), key=lambda v: (v.value, v.error))


def _apart(angles: Sequence[float]) -> float:
    """The smallest difference between directions, degrees modulo 180."""
    order = sorted(angles)
    return min((b - a) % 180 for a, b in zip(order, [*order[1:], order[0]], strict=True))


def _of(held: Sequence[bool]) -> str:
    return f"{sum(held)} of {len(held)}"


def _readings(run: Run, T: float | str, n: int, what: str) -> Rows:
    name = "with noise" if T == "noise" else f"T = {T:g}"
    return [
        row(f"{name}, training {k}", f"{what}, filter {j}", value)
        for k, one in enumerate(_trainings(run, T, n), start=1)
        for j, value in enumerate(one.reads[what], start=1)
    ]


def _information(run: Run, T: float, n: int, prefix: str = "") -> Rows:
    return [
        row(f"T = {T:g}, training {k}", f"{prefix}{name}", bound.measured)
        for k, one in enumerate(_trainings(run, T, n), start=1)
        for name, bound in one.bounds.items()
    ]
