"""The claims of the mapping, each decided by a stated rule from the readings of the cases."""

import math
from collections.abc import Iterable
from typing import Any

from blockspin.experiments.claims import Answer, claim, graded, row
from blockspin.experiments.core import Run
from blockspin.experiments.exact_mapping.tasks import Found, in_words

PAPER = "Mehta & Schwab 2014"
EXACT = ("bond", "alternating", "product", "sublattice", "decimation")
TINY = 1e-10  # nats: rounding in sums over thousands of states, far below any coupling
LARGE = 1e-3  # nats: a KL or a failed trace condition that no rounding makes


@claim(
    "EM-1",
    f"{PAPER}, eq. 18-21",
    "With T(v,h) = −E(v,h) + H(v) the coarse spins have the hidden layer's Hamiltonian: H_RG(h) = H_RBM(h).",
    rule="Reproduced where H_RG = H_RBM within rounding for every RBM, whatever its parameters.",
)
def identity(run: Run) -> Answer:
    machines = [case for case in run["cases"].values() if not math.isnan(case.readings.identity)]
    held = [case.readings.identity < TINY for case in machines]
    furthest = max(case.readings.KL for case in machines)
    why = (
        f"It holds for {sum(held)} of {len(held)} RBMs, even for one with KL = {furthest:.3g} nats. So it says nothing "
        "about learning."
    )
    return Answer(graded(all(held)), why, _evidence(machines, "identity", "KL"))


@claim(
    "EM-2",
    f"{PAPER}, eq. 8",
    "dF = 0 if and only if Tr_h exp T(v,h) = 1 for every v (the trace condition).",
    rule="Not reproduced where the trace condition does not give dF = 0. Partly where dF = 0 also comes without it.",
)
def only_if(run: Run) -> Answer:
    cases = [*run["cases"].values()]
    meeting = [case for case in cases if case.readings.trace < TINY]
    zero = [case for case in cases if abs(case.readings.dF) < TINY]
    against = [case for case in zero if case.readings.trace_spread > LARGE]
    forward = [abs(case.readings.dF) < TINY for case in meeting]
    why = (
        f"{sum(forward)} of {len(forward)} maps that meet the condition have dF = 0. So do {len(against)} that do not, "
        "as the authors concede (arXiv:1609.03541)."
    )
    status = graded(not against, True) if forward and all(forward) else "not reproduced"
    return Answer(status, why, _evidence([*meeting, *against], "trace", "dF", "KL"))


@claim(
    "EM-3",
    f"reading of {PAPER}, Sec. III",
    "A mapping that is exact (trace condition met, KL = 0) is an exact renormalization step.",
    rule="Reproduced where all exact maps give tanh K' = tanh^2 K, not reproduced where one of them does not. Partly "
    "where one of them is not exact.",
)
def exactness_is_renormalization(run: Run) -> Answer:
    exact = [run["cases"][name] for name in EXACT]
    wanted = math.atanh(math.tanh(exact[0].K) ** 2)
    held = [case.readings.trace < TINY and case.readings.KL < TINY for case in exact]
    steps = [abs(case.K_coarse[0] - wanted) < TINY and case.K_coarse[1] < TINY for case in exact]
    shown = [*exact, run["cases"]["likelihood"]]
    rows = [row(in_words(case.name), "K'", case.K_coarse[0]) for case in shown]
    why = f"{sum(steps)} of {len(steps)} exact maps are a step of the RG (K' = {wanted:.4g}); exactness is no test."
    return Answer(graded(all(steps)) if all(held) else "partly", why, _evidence(shown, "trace", "KL") + rows)


@claim(
    "EM-4",
    f"reading of {PAPER}",
    "Training an RBM and variational RG minimise the same thing.",
    rule="Not reproduced where dF vanishes at a large KL and KL nearly vanishes at a large dF. Partly where one of "
    "these happens.",
)
def same_objective(run: Run) -> Answer:
    cases = [run["cases"][name] for name in ("shifted", "likelihood")]
    shifted, trained = (case.readings for case in cases)
    apart = abs(shifted.dF) < TINY and shifted.KL > LARGE
    other = abs(trained.dF) > 1 and abs(trained.dF) / 10 > trained.KL
    why = (
        f"A random RBM with a shifted energy has dF = 0 at KL = {shifted.KL:.3g}. The trained RBM has dF = "
        f"{trained.dF:.3g}."
    )
    return Answer(graded(not apart and not other, not (apart and other)), why, _evidence(cases, "dF", "KL"))


@claim(
    "EM-5",
    f"{PAPER}, Fig. 2",
    "In one dimension decimation is a layered network whose weights flow by tanh K' = tanh^2 K.",
    rule="Reproduced where every layer of the network gives tanh K' = tanh^2 K.",
)
def one_dimension(run: Run) -> Answer:
    case = run["cases"]["layers"]
    layers = [one for one in case.outcomes if one.quantity.startswith("K after")]
    followed = [one.met for one in layers]
    rows = [row(in_words(case.name), one.quantity, one.measured) for one in layers]
    return Answer(graded(all(followed)), f"{sum(followed)} of {len(followed)} layers follow this recursion.", rows)


CLAIMS = (identity, only_if, exactness_is_renormalization, same_objective, one_dimension)


def _evidence(cases: Iterable[Found], *names: str) -> list[dict[str, Any]]:
    places = {f"{in_words(case.name)}, {case.lattice}": case.readings for case in cases}
    return [row(place, name, getattr(readings, name)) for place, readings in places.items() for name in names]
