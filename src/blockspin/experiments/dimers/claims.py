"""The claims of the experiment dimers, each decided by a stated rule from the run's readings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from blockspin.coarse.dimer_patterns import readable_dimensions
from blockspin.experiments.claim import Claim
from blockspin.models.dimers import T_BKT
from blockspin.statistics import brackets

KJR = "Koch-Janusz & Ringel 2018"
GOKMEN = "Gokmen et al. 2021"
CLEAR = 0.9  # an overlap above it is called a reading of the pattern
LN4 = 2 * math.log(2)
SIGMAS = 3.0
SMALL = 0.05  # share of squared weight
NEAR = 0.05  # of a scaling dimension, beside 3 errors
COLUMNS = {8: 2.75}  # variance of the columns of a block of free dimers -1/+1, by vertices a side


class Found:
    """The stored readings of a run: filters by (T, components), decays by T, machines, the torus summed over by T.

    block: vertices a side of the blocks that were read.
    """

    def __init__(
        self,
        filters: Mapping[tuple[float | str, int], Mapping[str, Any]],
        decays: Mapping[float, Mapping[str, Any]],
        machines: Mapping[str, Any],
        exact: Mapping[float, Mapping[str, Any]],
        block: int,
    ) -> None:
        self.filters, self.decays, self.machines, self.exact = filters, decays, machines, exact
        self.block = block

    @property
    def coldest(self) -> float:
        """The lowest temperature."""
        return min(self.decays)

    def seeds(self, T: float | str, n: int) -> list[dict[str, Any]]:
        """The readings of each training."""
        told: list[dict[str, Any]] = self.filters[T, n]["seeds"]
        return told


def claims(found: Found) -> list[Claim]:
    """All claims."""
    return [
        fields(found),
        mixtures(found),
        plaquettes(found),
        ceiling(found),
        half(found),
        scaling(found),
        noise(found),
        first_units(found),
        textures(found),
        exact(found),
    ]


def fields(found: Found) -> Claim:
    """Reproduced where in every training both filters of free dimers read the plane of E_x and E_y, and all of it."""
    text = "Two components learn the staggered patterns of free dimers, the electric fields of their height."
    seeds = found.seeds(math.inf, 2)
    least = [min(one["reads"]["staggered"]) for one in seeds]
    covered = [one["reads"]["staggered covered"] for one in seeds]
    clear = [a > CLEAR and c > CLEAR for a, c in zip(least, covered, strict=True)]
    status = "reproduced" if all(clear) else "partly" if any(clear) else "not reproduced"
    why = (
        f"T = inf, {len(seeds)} trainings: the filters' overlaps with the plane of E_x and E_y are at least "
        f"{_list(least)}, and the worst field that a pair can read is read to {_list(covered)} (clear: above "
        f"{CLEAR:g}; "
        f"overlaps with columns at most {max(max(one['reads']['columnar']) for one in seeds):.2f})."
    )
    return Claim("DM-1", KJR, text, status, why, _readings(found, math.inf, 2, "staggered"))


def mixtures(found: Found) -> Claim:
    """Reproduced where four filters read the fields' plane along four directions; partly where they cover it."""
    text = "Four components read E_x, E_y and their sum and difference."
    if (math.inf, 4) not in found.filters:
        return Claim("DM-2", KJR, text, "not tested", "four components are not in this run")
    seeds = found.seeds(math.inf, 4)
    clear = [sum(a > CLEAR for a in one["reads"]["staggered"]) for one in seeds]
    covered = [one["reads"]["staggered covered"] for one in seeds]
    apart = [_apart(one["reads"]["angle"]) for one in seeds]
    full = [c == 4 and gap > 22.5 for c, gap in zip(clear, apart, strict=True)]
    status = "reproduced" if all(full) else "partly" if min(covered) > CLEAR else "not reproduced"
    why = (
        f"Of four filters {_list(clear)} lie in the plane of the fields (overlap above {CLEAR:g}); all together read "
        f"any "
        f"field to {_list(covered)}. Directions in the plane, in degrees from E_x: "
        + "; ".join(_list(sorted(one["reads"]["angle"]), 3) for one in seeds)
        + ". Reproduced would be four filters in it, more than 22.5 degrees apart."
    )
    return Claim("DM-2", KJR, text, status, why, _readings(found, math.inf, 4, "staggered"))


def plaquettes(found: Found) -> Claim:
    """Reproduced where at some finite T both filters are plaquettes in every training of it, and none is staggered."""
    text = "With aligning interactions the filters are plaquettes and columns; at high temperature staggered again."
    order = sorted(found.decays)
    best = {T: max(min(one["reads"]["plaquette"]) for one in found.seeds(T, 2)) for T in order[:-1]}
    of_one = {T: max(max(one["reads"]["plaquette"]) for one in found.seeds(T, 2)) for T in order[:-1]}
    staggered = min(found.seeds(math.inf, 2)[0]["reads"]["staggered"]) > CLEAR
    both = [T for T, value in best.items() if value > CLEAR]
    one = [T for T, value in of_one.items() if value > 0.7]
    status = "reproduced" if both and staggered else "partly" if one and staggered else "not reproduced"
    why = (
        "Overlap with P_1 or P_2, lesser and greater of the pair: "
        + "; ".join(f"T = {T:g} {best[T]:.2f}, {of_one[T]:.2f}" for T in order[:-1])
        + f". Staggered at T = inf: {'yes' if staggered else 'no'}. Both clear (above {CLEAR:g}) at "
        + (_list(both, 3) if both else "none of these T")
        + ". Where the information saturates at ln 4 a filter need not be clean to tell the four states apart."
    )
    evidence = [row for T in order for row in _readings(found, T, 2, "plaquette")]
    return Claim("DM-3", GOKMEN, text, status, why, evidence)


def ceiling(found: Found) -> Claim:
    """Reproduced where two components at the coldest T keep ln 4 within a tenth of a nat and 3 errors, and not more.

    Not tested where no temperature lies below the transition.
    """
    text = "Below the transition two components keep ln 4: which of the four columnar states the block is in."
    T = found.coldest
    if T >= T_BKT:
        why = f"no temperature below the transition, T = {T_BKT:g}, is in this run; the lowest is {T:g}"
        return Claim("DM-4", GOKMEN, text, "not tested", why)
    values = [_classifier(one) for one in found.seeds(T, 2)]
    within = [LN4 - 0.1 - SIGMAS * e < v < LN4 + SIGMAS * e for v, e in values]
    status = "reproduced" if all(within) else "partly" if any(within) else "not reproduced"
    why = f"T = {T:g}: {', '.join(brackets(*pair) for pair in values)} nats; ln 4 = {LN4:.4f}."
    return Claim("DM-4", GOKMEN, text, status, why, _information(found, T, 2))


def half(found: Found) -> Claim:
    """Reproduced where one component keeps half of what two do at T = inf within a tenth and 3 errors."""
    text = "One component keeps half the information of two; two keep about 0.347 nats of free dimers."
    two = [_best(one) for one in found.seeds(math.inf, 2)]
    if (math.inf, 1) not in found.filters:
        told = ", ".join(brackets(*pair) for pair in two)
        return Claim("DM-5", GOKMEN, text, "not tested", f"two keep {told} nats; one component is not in this run")
    one = [_best(some) for some in found.seeds(math.inf, 1)]
    ratio = sum(v for v, _ in one) / len(one) / (sum(v for v, _ in two) / len(two))
    error = ratio * math.hypot(*(max(e / v for v, e in some) for some in (one, two)))
    halved = abs(ratio - 0.5) < 0.05 + SIGMAS * error
    close = all(abs(v - 0.347) < 0.035 + SIGMAS * e for v, e in two)
    status = "reproduced" if halved and close else "partly" if halved or close else "not reproduced"
    why = (
        f"Two: {', '.join(brackets(*pair) for pair in two)} nats, one: {', '.join(brackets(*pair) for pair in one)}; "
        f"ratio {brackets(ratio, error)}. These are lower bounds by networks that see few "
        "directions of the environment; the authors' own tutorial prints 0.257."
    )
    return Claim("DM-5", GOKMEN, text, status, why, _information(found, math.inf, 2))


def scaling(found: Found) -> Claim:
    """Reproduced where the learned filter's dimension at T = inf is 1 within 0.05 and 3 errors; partly within 0.2."""
    text = "The learned plaquette filter has scaling dimension 1 among free dimers."
    one = found.decays[math.inf]
    (value, error), (exact_, exact_error) = (one[name]["dimension"] for name in ("learned", "exact pattern"))
    g = one["g"]
    if value is None or error is None:
        return Claim("DM-6", GOKMEN, text, "not tested", "the correlations are lost in noise at these distances")
    away = abs(value - 1) - SIGMAS * error
    status = "reproduced" if away < NEAR else "partly" if away < 0.2 else "not reproduced"
    beside = (
        ""
        if exact_ is None
        else f"; the exact pattern P_1, with the same block and fit, {brackets(exact_, exact_error)}"
    )
    why = (
        f"Correlations of points, F(r) r^(-2 d) with F of the windings, summed over the filter and fitted at "
        f"{span(one['learned']['fitted'])}: d = {brackets(value, error)}{beside}. From the windings alone 1/(2 g) = "
        f"{1 / (2 * g[0]):.3f} with g = {brackets(*g)} (free dimers: 1/2). Overlap of the filter "
        f"with the plaquettes' plane: {one['overlap']:.2f}."
    )
    evidence = [
        {
            "map": f"T = {T:g}",
            "layer": 2,
            "quantity": "d",
            "value": row["learned"]["dimension"][0],
            "error": row["learned"]["dimension"][1],
        }
        for T, row in sorted(found.decays.items())
    ]
    return Claim("DM-6", GOKMEN, text, status, why, evidence)


def noise(found: Found) -> Claim:
    """Reproduced where every filter has less than a twentieth of its squared weight on noise and still reads fields."""
    text = "Noise spins get no weight from the mutual information, however strongly they are coupled to each other."
    seeds = found.seeds("noise", 2)
    shares = [max(one["noise"]) for one in seeds]
    covered = [one["reads"]["staggered covered"] for one in seeds]
    good = [s < SMALL and c > CLEAR for s, c in zip(shares, covered, strict=True)]
    status = "reproduced" if all(good) else "partly" if max(shares) < 4 * SMALL else "not reproduced"
    why = (
        f"The larger share of w^2 on noise in each of {len(seeds)} trainings: {_list(shares, 2)} (equal weights on all "
        f"cells: more than a half); fields read to {_list(covered)}. What is left are chance correlations of the "
        f"samples."
    )
    return Claim("DM-7", KJR, text, status, why, _readings(found, "noise", 2, "staggered"))


def first_units(found: Found) -> Claim:
    """Reproduced where of the smallest machines' units most have nine tenths of w^2 on noise; partly where any's do."""
    text = "An RBM trained by contrastive divergence on the same data spends its first units on the noise."
    rows = found.machines["machines"]
    sizes = sorted({row["hidden"] for row in rows})
    spent = {M: [sum(s > CLEAR for s in row["noise"]) / M for row in rows if row["hidden"] == M] for M in sizes}
    first = min(spent[sizes[0]]) > 0.5
    any_ = any(min(some) > 0.5 for some in spent.values())
    status = "reproduced" if first else "partly" if any_ else "not reproduced"
    why = (
        "Units with more than nine tenths of w^2 on noise spins, by hidden units and seed: "
        + "; ".join(f"{M}: " + ", ".join(f"{share * M:.0f}" for share in some) for M, some in spent.items())
        + ". Shares of all of w^2: "
        + "; ".join(f"{M}: " + _list([row["total"] for row in rows if row["hidden"] == M], 2) for M in sizes)
        + ". What comes first depends on the strength: a pair of noise spins has a variance of at most 2, the columns "
        + (
            f"of a block of {found.block} by {found.block} free dimers -1/+1 one of {COLUMNS[found.block]:g}."
            if found.block in COLUMNS
            else "of a block of free dimers one that depends on its size."
        )
    )
    evidence = [
        {
            "map": f"{row['hidden']} units",
            "layer": 1,
            "quantity": "share of w^2 on noise",
            "value": row["total"],
            "error": None,
        }
        for row in rows
    ]
    return Claim("DM-8", KJR, text, status, why, evidence)


def textures(found: Found) -> Claim:
    """Reproduced where in every machine columnar patterns hold at least thrice the readable weight of staggered."""
    text = "What an RBM learns of the dimers is columnar, without the electric field, not staggered."
    rows = found.machines["machines"]
    more = [row["columnar"] > 3 * row["staggered"] for row in rows]
    status = "reproduced" if all(more) else "partly" if any(more) else "not reproduced"
    sizes = sorted({row["hidden"] for row in rows})
    told = "; ".join(
        f"{M}: " + ", ".join(f"{row['columnar']:.3f} to {row['staggered']:.3f}" for row in rows if row["hidden"] == M)
        for M in sizes
    )
    why = (
        f"Mean squared overlap of the units with the columnar and with the staggered plane, by hidden units: {told} (a "
        f"random filter of a block of {found.block} by {found.block}: {2 / readable_dimensions(2 * found.block):.2g})."
    )
    evidence = [
        {"map": f"{row['hidden']} units", "layer": 1, "quantity": name, "value": row[name], "error": None}
        for row in rows
        for name in ("columnar", "staggered")
    ]
    return Claim("DM-9", KJR, text, status, why, evidence)


def exact(found: Found) -> Claim:
    """Reproduced where no bound lies above the exact value by 3 errors and each pair keeps nine tenths of the best."""
    text = "The estimator stays below the exact information, and its filters keep nearly as much as any rule can."
    above, ratios, lines = [], [], []
    for T, one in sorted(found.exact.items()):
        for row in one["learned"]:
            best = one["best"]["2 states" if row["components"] == 1 else "4 states"]
            ratios.append(row["kept"] / best)
            for bound in row["bounds"].values():
                value, error = bound["measured"]
                above.append((value - row["kept"]) / error)
        told = "; ".join(
            f"{n} component{'s' if n > 1 else ''} keep{'s' if n == 1 else ''} "
            + _list([row["kept"] for row in one["learned"] if row["components"] == n], 4)
            + f" (best rule to {2**n} states found: {one['best'][f'{2**n} states']:.4f})"
            for n in (1, 2)
        )
        lines.append(f"T = {T:g}: I(V:E) = {one['information']:.4f} nats; {told}.")
    below, near = max(above) < SIGMAS, min(ratios) > CLEAR
    status = "reproduced" if below and near else "partly" if below or near else "not reproduced"
    why = (
        " ".join(lines)
        + f" The bounds lie at most {max(above):.1f} errors above what the filters keep exactly; the filters keep at "
        f"least {min(ratios):.3f} of the best."
    )
    return Claim("DM-10", "this project", text, status, why, [])


def span(distances: list[int]) -> str:
    """The distances of a fit in words; rising."""
    if not distances:
        return "no distance"
    first, last = distances[0], distances[-1]
    return f"R = {first} to {last}" if first < last else f"R = {first} alone"


def _best(one: Mapping[str, Any]) -> tuple[float, float]:
    """The larger of the two measured bounds: both are lower bounds."""
    pair: tuple[float, float] = max(tuple(bound["measured"]) for bound in one["bounds"].values())
    return pair


def _classifier(one: Mapping[str, Any]) -> tuple[float, float]:
    value, error = one["bounds"]["classifier"]["measured"]
    return value, error


def _apart(angles: list[float]) -> float:
    """The smallest difference between directions, degrees modulo 180."""
    order = sorted(angles)
    return min((b - a) % 180 for a, b in zip(order, [*order[1:], order[0]], strict=True))


def _list(values: list[Any], digits: int = 2) -> str:
    return ", ".join(
        str(v) if isinstance(v, int) else f"{v:.{digits}g}" if digits > 2 else f"{v:.{digits}f}" for v in values
    )


def _readings(found: Found, T: float | str, n: int, what: str) -> list[dict[str, Any]]:
    name = "with noise" if T == "noise" else f"T = {T:g}"
    return [
        {"map": f"{name}, training {k}", "layer": 1, "quantity": f"{what}, filter {j}", "value": value, "error": None}
        for k, one in enumerate(found.seeds(T, n), start=1)
        for j, value in enumerate(one["reads"][what], start=1)
    ]


def _information(found: Found, T: float, n: int) -> list[dict[str, Any]]:
    return [
        {
            "map": f"T = {T:g}, training {k}",
            "layer": 1,
            "quantity": name,
            "value": bound["measured"][0],
            "error": bound["measured"][1],
        }
        for k, one in enumerate(found.seeds(T, n), start=1)
        for name, bound in one["bounds"].items()
    ]
