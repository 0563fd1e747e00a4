"""The claims of the experiment, each decided by a stated rule from the results."""

import math

from blockspin.exact.ising2d import correlation_length
from blockspin.experiments.claims import Answer, agrees, at_least_one, claim, every, exceeds, graded, row
from blockspin.experiments.core import Run
from blockspin.experiments.koch_janusz_ringel import readings
from blockspin.experiments.koch_janusz_ringel.tasks import boundary
from blockspin.models.ising import KC_SQUARE
from blockspin.statistics import Estimate, certain, mean_over_seeds, student

PAPER = "Koch-Janusz & Ringel, Nature Physics 14, 578 (2018)"
SEQUEL = "Gokmen et al., Phys. Rev. E 104, 064106 (2021)"
THEORY = "Lenggenhager et al., Phys. Rev. X 10, 011037 (2020)"
SIGMAS = 3.0
WITHIN = 0.01  # of the exact information, of the critical coupling
NU, NU_ERROR = 1.0, 0.15  # published
U = 0.09  # published, for buffers 0 to 8 of a 4 x 4 block on 64 x 64
NEAR_LN2 = 0.05
NOTHING, SHARP = 1e-3, 1e-2  # nats; the largest error of an information that is called 0, or constant
SHARE, STEP = 0.02, 1e-3  # the largest error of a share, and of a coupling's change, that is called none
SHARES = {"decimation": 0.5050, "majority": 0.3023}  # exact sums, at K = 0.1 beyond one site of buffer


@claim(
    "KJR-1",
    PAPER,
    "The filter of a 2 x 2 block is Kadanoff's block spin: equal weights on its four spins.",
    rule=f"Reproduced where every filter keeps more than {1 - WITHIN:.0%} of what the best odd rule keeps, by exact "
    f"sums, and every mean weight agrees with 1/4 and not with 0. Partly where only the first holds. Errors are from "
    f"the scatter of seeds: a weight agrees within {SIGMAS:g} of them, widened by Student's t for so many seeds. All "
    "weights are tested at once, four at each K.",
)
def small(run: Run) -> Answer:
    ratios, even, evidence = [], [], []
    for K, found in run["filters"].items():
        weights = [mean_over_seeds(column) for column in found.filters.T]
        ratios += found.ratios
        off, clear = (
            [certain(one.value - weight, one.error, len(found.filters), SIGMAS) for one in weights]
            for weight in (0.25, 0)
        )
        even += [seen and not away for seen, away in zip(clear, off, strict=True)]
        evidence += [row("filters", f"kept at K = {K:.4f}, seed {n + 1}", r) for n, r in enumerate(found.ratios)]
        evidence += [row("filters", f"weight {n + 1} at K = {K:.4f}", one) for n, one in enumerate(weights)]
    near = min(ratios) > 1 - WITHIN
    why = (
        f"Every filter keeps at least {100 * min(ratios):.3f} % of the best odd rule's information. {sum(even)} of "
        f"{len(even)} mean weights agree with 1/4."
    )
    return Answer(graded(near and all(even), near), why, evidence)


@claim(
    "KJR-2",
    PAPER,
    "The filters of larger blocks put their weight on the block's boundary.",
    rule=f"Reproduced where, for every block side, the boundary's share of the absolute weight exceeds its share of "
    f"the sites by {SIGMAS:g} errors, widened by Student's t: they are from the scatter of seeds. Partly where it does "
    f"for some. Undecided where it does for none, and one is clear neither way by an error above "
    f"{SHARE:g}.",
)
def large(run: Run) -> Answer:
    shares = {b: readings.boundary_share(found.filters) for b, found in run["blocks"].items()}
    more = {b: Estimate(one.value - boundary(b).mean(), one.error) for b, one in shares.items()}
    seeds = {b: len(found.filters) for b, found in run["blocks"].items()}
    # seeds that all agree have no error
    clear = [exceeds(one, SIGMAS * student(seeds[b], SIGMAS), SHARE) if one.error else None for b, one in more.items()]
    b, one = next(iter(shares.items()))
    why = (
        f"It holds for {clear.count(True)} of {len(clear)} block sides. The boundary of a {b} x {b} block has {one} of "
        f"the weight and {boundary(b).mean():.3g} of the sites."
    )
    evidence = [row(f"{b} x {b}", "boundary share", one) for b, one in shares.items()]
    for b, found in run["blocks"].items():
        evidence += [row(f"{b} x {b}", f"information of {name}", kept) for name, kept in found.information.items()]
    return Answer(graded(every(clear), at_least_one(clear)), why, evidence)


@claim(
    "KJR-3",
    SEQUEL,
    "I(H:E) is ln 2 below Tc at every buffer, decays algebraically at Tc and exponentially above.",
    rule=f"Reproduced where all three hold, partly where one or two do: at the lowest temperature the information is "
    f"within {NEAR_LN2:.0%} of ln 2 at every buffer; at Tc it falls from the first to the last buffer by more than "
    f"{SIGMAS:g} errors; at the highest it is at the last buffer within {NOTHING:g} nats and {SIGMAS:g} errors of "
    f"0. Where an error is above {SHARP:g}, what neither falls nor rises is undecided, and so is an agreement with 0. "
    "So is what a refused bound would decide.",
)
def curve(run: Run) -> Answer:
    found = run["curve"]
    below = [row.information.value for row in found[min(found)].rows]
    first, last = (readings.critical(run).rows[n].information for n in (0, -1))
    above = found[max(found)].rows[-1].information
    ordered = every(None if math.isnan(one) else abs(one / math.log(2) - 1) < NEAR_LN2 for one in below)
    fall = Estimate(first.value - last.value, math.hypot(first.error, last.error))
    phases = [ordered, exceeds(fall, SIGMAS, SHARP), agrees(above, 0, NOTHING, SIGMAS, SHARP)]
    why = f"{phases.count(True)} of 3 phases look as claimed. At Tc the information goes from {first} to {last} nats."
    evidence = []
    for T, some in found.items():
        evidence += [row(f"T = {T:.4f}", f"information at buffer {n}", one) for n, one in readings.points(some)]
    evidence += [row("highest T", "information at the last buffer", above)]
    for T in readings.hot(run):
        quantity = f"decay a site (2/ξ = {2 / correlation_length(1 / T):.3f})"
        evidence += [row(f"T = {T:.4f}", quantity, readings.decay(found[T], float))]
    return Answer(graded(every(phases), at_least_one(phases)), why, evidence)


@claim(
    "KJR-4",
    SEQUEL,
    "At Tc the information falls as a power of the buffer, L_B^-u with u about 0.09.",
    rule=f"Reproduced where the exponent in the buffer's width agrees with {U:g} within {SIGMAS:g} errors, else not. "
    f"Undecided where it agrees and {SIGMAS:g} errors are more than {U:g}, or where fewer than three buffers have "
    "information that is clear of 0.",
)
def power(run: Run) -> Answer:
    curve = readings.critical(run)
    plain = readings.decay(curve, math.log)
    centred = readings.decay(curve, lambda buffer: math.log(buffer + curve.half))
    if not math.isfinite(plain.value):
        return Answer("undecided", "Fewer than three buffers have information that is clear of 0.")
    why = (
        f"u = {plain}, but u depends on where distances begin. From the block's centre the exponent is {centred}; far "
        "away 1/4 is expected."
    )
    evidence = [row("Tc", "u in L_B", plain), row("Tc", "u in L_B + L_V / 2", centred)]
    agreed = agrees(plain, U, 0, SIGMAS, U / SIGMAS)
    return Answer(graded(agreed), why, evidence)


@claim(
    "KJR-5",
    PAPER,
    "The flow leaves Tc on both sides, and locates it to about 1 %.",
    rule=f"Reproduced where both hold, partly where one does: Kc lies within {WITHIN:.0%} of the exact one; the "
    "coupling falls at every step from the smallest K, and at every step but the first, which is no step near the "
    f"rule's own fixed point, it grows from the largest, each time by more than {SIGMAS:g} errors. A Kc of which "
    f"{SIGMAS:g} errors are above {WITHIN:.0%} is outside only by more than these, and else undecided. So is a step "
    f"that is clear neither way, where its error is above {STEP:g}.",
)
def flow(run: Run) -> Answer:
    read, results = readings.read_flow(run), run["flow"]
    near = _within(read.Kc, KC_SQUARE, WITHIN * KC_SQUARE)
    low, high = (readings.changes(results[K]) for K in (min(results), max(results)))
    falls = [Estimate(-one.value, one.error) for one in low]
    leaves = [every(exceeds(one, SIGMAS, STEP) for one in steps) for steps in (falls, high[1:])]
    both = every(leaves)
    why = (
        f"The couplings of successive steps cross at Kc = {read.Kc} (exact: {KC_SQUARE:.5f}). The flow leaves it on "
        f"{leaves.count(True)} of 2 sides."
    )
    evidence = [row(f"step {n}", "Kc by crossing", one) for n, one in enumerate(read.crossing, start=1)]
    for K, found in results.items():
        for n, change in enumerate(readings.changes(found), start=1):
            evidence += [row(f"from K = {K:.4f}", f"K after step {n}", found.arrays["K"][n])]
            evidence += [row(f"from K = {K:.4f}", f"change of K in step {n}", change)]
    return Answer(graded(every([near, both]), at_least_one([near, both])), why, evidence)


@claim(
    "KJR-6",
    PAPER,
    "The flow gives nu = 1.0 +- 0.15 (exact: 1).",
    rule=f"Reproduced where nu lies within {NU_ERROR:g} of {NU:g} and {SIGMAS:g} of its errors are less than "
    f"{NU_ERROR:g}. Not reproduced where it lies outside; with a larger error, only where it does by more than "
    f"{SIGMAS:g} errors. Else undecided.",
)
def exponent(run: Run) -> Answer:
    read = readings.read_flow(run)
    why = (
        f"nu = {read.nu} from the growth of the flow's slope, and {read.nu_of_correlations} by Monte Carlo RG through "
        "the same filters."
    )
    evidence = [row("flow", "nu", read.nu), row("Monte Carlo RG", "nu", read.nu_of_correlations)]
    evidence += [row(f"step {n}", "y_t", one) for n, one in enumerate(read.y_t, start=1)]
    return Answer(graded(_within(read.nu, NU, NU_ERROR)), why, evidence)


@claim(
    "KJR-7",
    THEORY,
    "On the chain, of rules of two spins to one, decimation keeps the most information and majority the least.",
    rule="Reproduced where, at the smallest K, decimation keeps the most of any rule to one bit, majority less than "
    "the difference of the two spins, and both keep the shares that are published for K = 0.1. Partly where at least "
    "decimation keeps the most.",
)
def chain(run: Run) -> Answer:
    K = min(run["chain"])
    meta = run["chain"][K].meta
    shares = meta["shares"]
    quoted = abs(K - 0.1) < 1e-12 and all(abs(shares[name] - value) < 5e-5 for name, value in SHARES.items())
    most = abs(shares["decimation"] - meta["best"]) < 1e-9
    least = shares["majority"] < shares["difference"]
    why = (
        f"Decimation keeps {shares['decimation']:.4f} of I(V:E). Majority keeps {shares['majority']:.4f}, the "
        f"difference of the two spins {shares['difference']:.4f}."
    )
    evidence = []
    for K, found in run["chain"].items():
        some = found.meta["shares"].items()
        evidence += [row(f"chain, K = {K:g}", f"share kept by {name}", value) for name, value in some]
    return Answer(graded(quoted and most and least, most), why, evidence)


CLAIMS = (small, large, curve, power, flow, exponent, chain)


def _within(one: Estimate, target: float, room: float) -> bool | None:
    """Whether a number is within the room, which leaves none for the error of a sharp one."""
    most = room / SIGMAS
    return agrees(one, target, room, 0 if one.error <= most else SIGMAS, most)
