"""The claims of the mapping, each decided by a stated rule from the cases' readings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from blockspin.experiments.claim import Claim

Meta = Mapping[str, Any]

PAPER = "Mehta & Schwab 2014"
IDENTITY = "H_RG - H_RBM (eq. 18-20)"
TINY = 1e-10  # nats: rounding in sums over thousands of states, far below any coupling
LARGE = 1e-3  # nats: a KL or a failed trace condition that no rounding makes


def claims(found: Mapping[str, Meta]) -> list[Claim]:
    """All claims, from the cases' metas by name."""
    return [
        identity(found),
        only_if(found),
        exactness_is_renormalization(found),
        same_objective(found),
        one_dimension(found),
    ]


def identity(found: Mapping[str, Meta]) -> Claim:
    """Reproduced where H_RG = H_RBM, but for rounding, for every machine, whatever its parameters."""
    text = "With T(v,h) = −E(v,h) + H(v) the coarse spins have the hidden layer's Hamiltonian: H_RG(h) = H_RBM(h)."
    machines = {name: meta for name, meta in found.items() if meta["readings"]["identity"] is not None}
    worst = max((meta["readings"]["identity"] for meta in machines.values()), default=math.inf)
    held = all(_outcome(meta, IDENTITY) for meta in machines.values() if _has(meta, IDENTITY))
    status = "reproduced" if machines and held and worst < TINY else "not reproduced"
    furthest = max(machines.values(), key=lambda meta: meta["readings"]["KL"])
    why = (
        f"An identity: max |H_RG − H_RBM| = {worst:.1e} nats over {len(machines)} machines, written down, trained and "
        f"random. It holds as well where KL = {furthest['readings']['KL']:.3g} nats ({furthest['name']}), so it says "
        "nothing of what was learned."
    )
    return Claim("EM-1", f"{PAPER}, eq. 18-21", text, status, why, _evidence(machines.values(), "identity", "KL"))


def only_if(found: Mapping[str, Meta]) -> Claim:
    """Partly, where the trace condition gives dF = 0 every time and dF = 0 comes without it too."""
    text = "dF = 0 if and only if Tr_h exp T(v,h) = 1 for every v (the trace condition)."
    meeting = [meta for meta in found.values() if meta["readings"]["trace"] < TINY]
    forward = bool(meeting) and all(abs(meta["readings"]["dF"]) < TINY for meta in meeting)
    against = [
        meta
        for meta in found.values()
        if abs(meta["readings"]["dF"]) < TINY and meta["readings"]["trace_spread"] > LARGE
    ]
    status = "not reproduced" if not forward else "partly" if against else "reproduced"
    worst = max((abs(meta["readings"]["dF"]) for meta in meeting), default=math.nan)
    counter = "; ".join(
        f"{meta['name']}: dF = {_number(meta['readings']['dF'])}, trace condition off by "
        f"{meta['readings']['trace_spread']:.3g} nats whatever the constant, KL = {meta['readings']['KL']:.3g}"
        for meta in against
    )
    why = (
        f"Only one direction. {len(meeting)} maps meet the trace condition and all have dF = 0 (|dF| ≤ {worst:.1e}). "
        f"The converse fails: {counter or 'no counterexample in this run'}. Schwab and Mehta concede it "
        "(arXiv:1609.03541)."
    )
    return Claim("EM-2", f"{PAPER}, eq. 8", text, status, why, _evidence([*meeting, *against], "trace", "dF", "KL"))


def exactness_is_renormalization(found: Mapping[str, Meta]) -> Claim:
    """Not reproduced where a map with KL = 0 and the trace condition met is no step of the RG."""
    text = "A mapping that is exact (trace condition met, KL = 0) is an exact renormalization step."
    wanted = math.atanh(math.tanh(found["bond"]["K"]) ** 2)
    exact = [found[name] for name in ("bond", "alternating", "product", "sublattice", "decimation")]
    held = all(meta["readings"]["trace"] < TINY and meta["readings"]["KL"] < TINY for meta in exact)
    steps = [abs(meta["K_coarse"][0] - wanted) < TINY and meta["K_coarse"][1] < TINY for meta in exact]
    status = "not reproduced" if held and not all(steps) else "reproduced" if held else "partly"
    listed = "; ".join(f"{meta['name']} K' = {_coarse(meta)}" for meta in exact)
    trained = found["likelihood"]
    why = (
        f"All exact, and anything comes out, at K = {found['bond']['K']:g} on the ring, where an RG step by 2 gives "
        f"K' = {wanted:.6g}: {listed}. The bond machine is an RBM and its hidden layer does not flow at all. Exactness "
        f"does not forbid an RG step either: the sublattice machine is decimation, and training half as many units as "
        f"sites ends {'there' if trained['readings']['KL'] < LARGE else 'short of it'} (KL = "
        f"{_number(trained['readings']['KL'])}, K' = {_coarse(trained)}). It decides nothing."
    )
    evidence = _evidence([*exact, trained], "trace", "KL") + [
        {"map": meta["name"], "layer": 1, "quantity": "K'", "value": meta["K_coarse"][0], "error": None}
        for meta in [*exact, trained]
    ]
    return Claim("EM-3", f"reading of {PAPER}, Sec. III", text, status, why, evidence)


def same_objective(found: Mapping[str, Meta]) -> Claim:
    """Not reproduced where dF vanishes with a large KL, and KL all but vanishes with a large dF."""
    text = "Training an RBM and variational RG minimise the same thing."
    shifted, trained = found["shifted"], found["likelihood"]
    apart = abs(shifted["readings"]["dF"]) < TINY and shifted["readings"]["KL"] > LARGE
    other = abs(trained["readings"]["dF"]) > 1 and trained["readings"]["KL"] < abs(trained["readings"]["dF"]) / 10
    status = "not reproduced" if apart and other else "partly" if apart or other else "reproduced"
    why = (
        "Training lowers KL(P || p_λ); variational RG lowers dF, which here is ln Z − ln Z_λ, a matter of "
        f"the constant in E alone. A random machine with a constant added has dF = "
        f"{_number(shifted['readings']['dF'])} and KL = {shifted['readings']['KL']:.3g}; the machine trained by the "
        f"exact gradient has KL = {_number(trained['readings']['KL'])} and dF = {trained['readings']['dF']:.3g}. The "
        "paper says at the end of Sec. III that the two schemes are distinct short of exactness."
    )
    return Claim("EM-4", f"reading of {PAPER}", text, status, why, _evidence([shifted, trained], "dF", "KL"))


def one_dimension(found: Mapping[str, Meta]) -> Claim:
    """Reproduced where every layer of the network gives tanh K' = tanh^2 K."""
    text = "In one dimension decimation is a layered network whose weights flow by tanh K' = tanh^2 K."
    meta = found["layers"]
    rows = [outcome for outcome in meta["outcomes"] if outcome["quantity"].startswith("K after")]
    worst = max(abs(outcome["measured"] - outcome["expected"]) for outcome in rows)
    read = next(outcome for outcome in meta["outcomes"] if outcome["quantity"].startswith("K' of the hidden ring"))
    status = "reproduced" if all(outcome["met"] for outcome in rows) else "not reproduced"
    told = [f"{outcome['measured']:.6g}" for outcome in rows]
    why = (
        f"Layer by layer K = {', '.join(told)}, off by at most "
        f"{worst:.1e}. The step lies between the bonds of the network and either of its layers; from visible to hidden "
        f"spins, as the mapping reads it, the same machine goes from {read['expected']:.6g} to {read['measured']:.6g}."
    )
    evidence = [
        {"map": meta["name"], "layer": 1, "quantity": row["quantity"], "value": row["measured"], "error": None}
        for row in rows
    ]
    return Claim("EM-5", f"{PAPER}, Fig. 2", text, status, why, evidence)


def _has(meta: Meta, quantity: str) -> bool:
    return any(outcome["quantity"] == quantity for outcome in meta["outcomes"])


def _outcome(meta: Meta, quantity: str) -> bool:
    return all(outcome["met"] for outcome in meta["outcomes"] if outcome["quantity"] == quantity)


def _coarse(meta: Meta) -> str:
    value, spread = meta["K_coarse"]
    if value is None:
        return "not defined"
    return f"{value:.6g}" + (f" (± {spread:.2g} from bond to bond)" if spread > 1e-3 else "")


def _number(value: float) -> str:
    return "0" if abs(value) < 1e-25 else f"{value:.1e}" if abs(value) < LARGE else f"{value:.3g}"


def _evidence(metas: Any, *names: str) -> list[dict[str, Any]]:
    found: Sequence[Meta] = list(metas)
    return [
        {"map": f"{meta['name']}, {meta['lattice']}"} | {name: meta["readings"][name] for name in names}
        for meta in found
    ]
