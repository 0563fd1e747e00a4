"""The claims of the experiment dimers, each decided by a stated rule from what filters and RBMs of a training read."""

import math
from collections.abc import Sequence
from typing import Any

from blockspin.experiments.claims import Answer, NotTested, agrees, at_least_one, claim, every, graded, row
from blockspin.experiments.core import Run
from blockspin.experiments.dimers.tasks import Filters
from blockspin.models.dimers import T_BKT
from blockspin.statistics import UNDEFINED, Estimate

KJR = "Koch-Janusz & Ringel 2018"
GOKMEN = "Gokmen et al. 2021"
CLEAR = 0.9  # an overlap above it is called a reading of the pattern
LN4 = 2 * math.log(2)
SIGMAS = 3.0
SMALL = 0.05  # share of squared weight
ROOM = 0.1  # nats below ln 4
HALF = 0.05  # about the ratio 1/2, and the largest error of a ratio
PAIR, TENTH = 0.347, 0.035  # nats that two filters keep of free dimers, published
NEAR, FAR = 0.05, 0.2  # of a scaling dimension
Rows = list[dict[str, Any]]


@claim(
    "DM-1",
    KJR,
    "Two components learn the staggered patterns of free dimers, the electric fields of their height.",
    rule="Reproduced where both filters lie in the plane of E_x and E_y, and together read all of it (overlaps above "
    f"{CLEAR:g}).",
)
def fields(run: Run) -> Answer:
    reads = run["filters"][math.inf, 2].reads
    least, covered = min(reads["staggered"]), reads["staggered covered"]
    why = (
        f"The smaller overlap of a filter with the plane is {least:.2f}. Together they read any field to {covered:.2f}."
    )
    evidence = [*_readings(run, math.inf, 2, "staggered"), row("T = inf", "staggered covered", covered)]
    return Answer(graded(least > CLEAR and covered > CLEAR), why, evidence)


@claim(
    "DM-2",
    KJR,
    "Four components read E_x, E_y and their sum and difference.",
    rule="Reproduced where all four filters lie in the plane of the fields, more than 22.5 degrees apart. Partly where "
    f"they read all of it (above {CLEAR:g}). Not tested without four components.",
)
def mixtures(run: Run) -> Answer:
    if (math.inf, 4) not in run["filters"]:
        raise NotTested("Four components are not in this run.")
    reads = run["filters"][math.inf, 4].reads
    within, apart, covered = (
        sum(a > CLEAR for a in reads["staggered"]),
        _apart(reads["angle"]),
        reads["staggered covered"],
    )
    why = (
        f"{within} of 4 filters lie in the plane, at least {apart:.0f} degrees apart. Together they read any field to "
        f"{covered:.2f}."
    )
    angles = [row("T = inf", f"angle, filter {j}", angle) for j, angle in enumerate(reads["angle"], start=1)]
    evidence = _readings(run, math.inf, 4, "staggered") + angles
    return Answer(graded(within == 4 and apart > 22.5, covered > CLEAR), why, evidence)


@claim(
    "DM-3",
    GOKMEN,
    "With aligning interactions the filters are plaquettes and columns; at high temperature staggered again.",
    rule=f"Reproduced where at some finite T both filters are plaquettes (overlap above {CLEAR:g}) and those at T = "
    "inf are staggered. Partly where one filter is nearly a plaquette (above 0.7).",
)
def plaquettes(run: Run) -> Answer:
    order = sorted(run["decays"])
    pairs = [run["filters"][T, 2].reads["plaquette"] for T in order[:-1]]
    both, best = sum(min(pair) > CLEAR for pair in pairs), max(map(max, pairs))
    staggered = min(run["filters"][math.inf, 2].reads["staggered"]) > CLEAR
    why = (
        f"Both filters are plaquettes at {both} of {len(pairs)} finite temperatures; the best single overlap is "
        f"{best:.2f}. At T = inf they are {'' if staggered else 'not '}staggered."
    )
    evidence = [entry for T in order for entry in _readings(run, T, 2, "plaquette")]
    return Answer(graded(both > 0 and staggered, best > 0.7 and staggered), why, evidence)


@claim(
    "DM-4",
    GOKMEN,
    "Below the transition two components keep ln 4: which of the four columnar states the block is in.",
    rule=f"Reproduced where two filters at the lowest T keep ln 4 within {ROOM:g} nats and {SIGMAS:g} errors, and not "
    f"more. Not tested without a T below the transition, or where the bound is refused. Undecided where it could be so "
    f"and {SIGMAS:g} of its errors are more than {ROOM:g} nats.",
)
def ceiling(run: Run) -> Answer:
    T = min(run["decays"])
    if T >= T_BKT:
        raise NotTested(f"No temperature lies below the transition, T = {T_BKT:g}; the lowest is {T:g}.")
    bound, evidence = run["filters"][T, 2].bounds["classifier"], _information(run, T, 2)
    if bound.why:
        raise NotTested(f"The bound at T = {T:g} is refused.", evidence)
    why = f"At T = {T:g} two filters keep {bound.measured} nats. The most possible is ln 4 = {LN4:.4f}."
    kept = agrees(bound.measured, LN4 - ROOM / 2, ROOM / 2, SIGMAS, ROOM / SIGMAS)
    return Answer(graded(kept), why, evidence)


@claim(
    "DM-5",
    GOKMEN,
    "One component keeps half the information of two; two keep about 0.347 nats of free dimers.",
    rule=f"Reproduced where the ratio is 1/2 within {HALF:g} and two filters keep {PAIR:g} nats within a tenth, "
    f"{SIGMAS:g} errors aside. Partly where one of these holds. Of the bounds that are not refused, the larger counts. "
    f"Not tested without one component. Undecided where no bound is left, or an error leaves it open: above {HALF:g} "
    "of the ratio, above a third of the tenth of the nats.",
)
def half(run: Run) -> Answer:
    two = _best(run["filters"][math.inf, 2])
    if (math.inf, 1) not in run["filters"]:
        raise NotTested(f"Two components keep {two} nats; one component is not in this run.")
    one = _best(run["filters"][math.inf, 1])
    ratio = _ratio(one, two)
    halved = agrees(ratio, 0.5, HALF, SIGMAS, HALF)
    close = agrees(two, PAIR, TENTH, SIGMAS, TENTH / SIGMAS)
    why = f"The ratio is {ratio}; two components keep {two} nats. The authors' own tutorial prints 0.257."
    evidence = [*_information(run, math.inf, 2), *_information(run, math.inf, 1, "one filter, ")]
    return Answer(graded(every([halved, close]), at_least_one([halved, close])), why, evidence)


@claim(
    "DM-6",
    GOKMEN,
    "The learned plaquette filter has scaling dimension 1 among free dimers.",
    rule=f"Reproduced where the dimension is 1 within {NEAR:g} and {SIGMAS:g} errors, partly within {FAR:g} and "
    f"{SIGMAS:g} errors. Undecided where it could be so and {SIGMAS:g} errors are more than {FAR:g}, or where the "
    "correlations are lost in noise.",
)
def scaling(run: Run) -> Answer:
    one = run["decays"][math.inf]
    d, exact = one.learned.dimension, one.exact.dimension
    near, far = (agrees(d, 1, room, SIGMAS, FAR / SIGMAS) for room in (NEAR, FAR))
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
    return Answer(graded(near, far), why, evidence)


@claim(
    "DM-7",
    KJR,
    "Noise spins get no weight from the mutual information, however strongly they are coupled to each other.",
    rule="Reproduced where both filters have less than a twentieth of their squared weight on noise and still read the "
    f"fields together (above {CLEAR:g}). Partly where no filter has more than a fifth on noise.",
)
def noise(run: Run) -> Answer:
    found = run["filters"]["noise", 2]
    share = max(found.noise)
    why = (
        f"At most {share:.3f} of a filter's squared weight is on noise; equal weights would have more than a half "
        "there."
    )
    shares = [row("with noise", f"share of w^2 on noise, filter {j}", s) for j, s in enumerate(found.noise, start=1)]
    evidence = [*_readings(run, "noise", 2, "staggered"), *shares]
    full = share < SMALL and found.reads["staggered covered"] > CLEAR
    return Answer(graded(full, share < 4 * SMALL), why, evidence)


@claim(
    "DM-8",
    KJR,
    "An RBM trained by contrastive divergence on the same data spends its first units on the noise.",
    rule="Reproduced where most units of the smallest RBM have nine tenths of their squared weight on noise. Partly "
    "where most units of some larger one do.",
)
def first_units(run: Run) -> Answer:
    rows = run["machines"].meta["machines"]
    spent = {one["hidden"]: sum(s > CLEAR for s in one["noise"]) for one in rows}
    first, worst = min(spent), max(spent, key=lambda M: spent[M] / M)
    why = (
        f"The smallest RBM has {spent[first]} of {first} units on noise. The largest such share is {spent[worst]} of "
        f"{worst} units. The stronger of noise and columns is learned first."
    )
    evidence = [row(f"{one['hidden']} units", "share of w^2 on noise", one["total"]) for one in rows]
    evidence += [row(f"{M} units", "units on noise", n) for M, n in spent.items()]
    return Answer(graded(spent[first] > first / 2, spent[worst] > worst / 2), why, evidence)


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
    why = (
        f"Columnar patterns hold more than three times the weight of staggered ones in {sum(more)} of {len(more)} RBMs."
    )
    evidence = [row(f"{one['hidden']} units", name, one[name]) for one in rows for name in ("columnar", "staggered")]
    return Answer(graded(all(more), any(more)), why, evidence)


@claim(
    "DM-10",
    "this project",
    "The estimator stays below the exact information, and its filters keep nearly as much as any rule can.",
    rule=f"Reproduced where no bound lies {SIGMAS:g} errors above what the filters keep exactly and every set of "
    f"filters keeps {CLEAR:g} of what the best rule to as many states does. Partly where one of these holds. A bound "
    "that is refused is no estimate, but a bound: it counts.",
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


def _best(found: Filters) -> Estimate:
    """The largest of the bounds that are not refused, not-a-number where all are: each is a lower bound."""
    some = [bound.measured for bound in found.bounds.values() if not bound.why]
    return max(some, key=lambda one: one.value, default=UNDEFINED)


def _ratio(one: Estimate, two: Estimate) -> Estimate:
    """one / two, their errors taken as independent; not-a-number where two is not above 0."""
    if not two.value > 0:
        return UNDEFINED
    ratio = one.value / two.value
    return Estimate(ratio, math.hypot(one.error, ratio * two.error) / two.value)


def _apart(angles: Sequence[float]) -> float:
    """The smallest difference between directions, degrees modulo 180."""
    order = sorted(angles)
    return min((b - a) % 180 for a, b in zip(order, [*order[1:], order[0]], strict=True))


def _readings(run: Run, T: float | str, n: int, what: str) -> Rows:
    name = "with noise" if T == "noise" else f"T = {T:g}"
    values = run["filters"][T, n].reads[what]
    return [row(name, f"{what}, filter {j}", value) for j, value in enumerate(values, start=1)]


def _information(run: Run, T: float, n: int, prefix: str = "") -> Rows:
    bounds = run["filters"][T, n].bounds
    return [row(f"T = {T:g}", f"{prefix}{name}", bound.estimate) for name, bound in bounds.items()]
