"""The tasks of the experiment: a case each, a flow each, and one machine detuned through the exact point."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from blockspin.experiments.exact_mapping.settings import Settings
from blockspin.lattice import Lattice
from blockspin.mapping import Case, MachineMapping, bond_machine, cases, learned
from blockspin.mapping.flow import FLOWS
from blockspin.models import Ising
from blockspin.runs.task import Progress, Result, Task

KEPT = 4096  # couplings of a case that are stored, the strongest first
SHIFTS = (0.0, 4.0, -4.0)  # nats added to the energy of the detuned machine
_STEPS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
DETUNING = (*(-step for step in _STEPS[::-1]), 0.0, *_STEPS)  # of the machine's K, as a share of K

Made = Callable[[Ising, Ising, dict[str, Any]], Case]


def _learned(ring: Ising, torus: Ising, chosen: dict[str, Any], *, units: int) -> Case:
    return learned.maximum_likelihood(ring, ring.lattice.n_sites // units, chosen["seed"], chosen["starts"])


def _diverged(ring: Ising, torus: Ising, chosen: dict[str, Any], *, penalty: str) -> Case:
    return learned.contrastive_divergence(
        ring,
        ring.lattice.n_sites // 2,
        chosen["seed"],
        penalty=penalty,
        strength=chosen.get(penalty, 0.0),
        n_draws=chosen["n_draws"],
        n_iter=chosen["n_iter"],
    )


CASES: dict[str, Made] = {
    "decimation": lambda ring, torus, s: cases.block_rule(ring, "decimation"),
    "majority": lambda ring, torus, s: cases.block_rule(ring, "majority"),
    "random": lambda ring, torus, s: cases.random_machine(ring, ring.lattice.n_sites // 2, s["seed"]),
    "likelihood": functools.partial(_learned, units=2),
    "likelihood-full": functools.partial(_learned, units=1),
    "cd": functools.partial(_diverged, penalty="none"),
    "cd-l1": functools.partial(_diverged, penalty="l1"),
    "cd-l2": functools.partial(_diverged, penalty="l2"),
    "bond": lambda ring, torus, s: cases.bond_ring(ring),
    "alternating": lambda ring, torus, s: cases.alternating_ring(ring, 2 * ring.K),
    "sublattice": lambda ring, torus, s: cases.sublattice(ring),
    "layers": lambda ring, torus, s: cases.layered_network(Ising(ring.lattice.coarse(2), ring.K)),
    "product": lambda ring, torus, s: cases.product(ring, -0.7, ring.lattice.n_sites // 2),
    "matched": lambda ring, torus, s: cases.matched_partition(Ising(Lattice.chain(8), ring.K), 0.5, s["seed"]),
    "shifted": lambda ring, torus, s: cases.normalisation(ring, ring.lattice.n_sites // 2, s["seed"]),
    "torus-decimation": lambda ring, torus, s: cases.block_rule(torus, "decimation"),
    "torus-majority": lambda ring, torus, s: cases.block_rule(torus, "majority"),
    "torus-likelihood": lambda ring, torus, s: learned.maximum_likelihood(
        torus, torus.lattice.n_sites // 4, s["seed"], 1
    ),
    "torus-sublattice": lambda ring, torus, s: cases.sublattice(torus),
    "torus-bond": lambda ring, torus, s: cases.bond_torus(Ising(Lattice.square(3), torus.K)),
}
RANDOM = ("random", "matched", "shifted")
TRAINED = ("likelihood", "likelihood-full", "torus-likelihood")
DIVERGED = ("cd", "cd-l1", "cd-l2")


@dataclass(frozen=True)
class Plan:
    """All tasks of a run: cases and flows by name, and the detuned machine."""

    cases: dict[str, Task]
    flows: dict[str, Task]
    detuned: Task

    def tasks(self) -> list[Task]:
        """Every task."""
        return [*self.cases.values(), *self.flows.values(), self.detuned]


def plan(settings: Settings, seed: int) -> Plan:
    """Lay out the tasks for the settings; nothing is run. A task's settings hold what it uses and no more."""
    made = {}
    for name in CASES:
        chosen: dict[str, Any] = {"case": name}
        if name.startswith("torus"):
            chosen |= {"torus": settings.torus, "K_torus": settings.K_torus}
        else:
            chosen |= {"ring": settings.ring, "K": settings.K}
        chosen |= _training(name, settings, seed)
        made[name] = Task("case", f"case {name}", run_case, chosen, weight=_weight(name, settings))
    if settings.rules_torus is not None:
        for rule in ("decimation", "majority"):
            chosen = {"case": f"torus-{rule}", "torus": settings.rules_torus, "K_torus": settings.K_torus}
            made[f"large-{rule}"] = Task("case", f"case {rule}, large torus", run_case, chosen, weight=30.0)
    flows = {}
    for name in FLOWS:
        kind = {"maximum likelihood": "likelihood", "CD-1": "cd"}.get(name, "")
        chosen = {"map": name, "ring": settings.ring, "flow": settings.flow, **_training(kind, settings, seed)}
        weight = _weight(kind, settings) * len(settings.flow) / 3
        flows[name] = Task("flow", f"flow of {name}", run_flow, chosen, weight=weight)
    detuned = Task("detuned", "detuned machine", run_detuned, {"ring": settings.ring, "K": settings.K})
    return Plan(made, flows, detuned)


def _weight(name: str, settings: Settings) -> float:
    """Rough seconds of a case."""
    states = 2.0 ** (settings.ring - 12)
    if name in DIVERGED:
        return 0.5 + settings.n_draws * settings.n_iter * 2e-6
    return 0.5 + states * (2.0 * settings.starts if name in TRAINED else 1.0)


def _training(name: str, settings: Settings, seed: int) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    if name in RANDOM + TRAINED + DIVERGED:
        chosen["seed"] = seed
    if name in TRAINED[:2]:
        chosen["starts"] = settings.starts
    if name in DIVERGED:
        chosen |= {"n_draws": settings.n_draws, "n_iter": settings.n_iter}
    if name in DIVERGED[1:]:
        penalty = name.removeprefix("cd-")
        chosen[penalty] = getattr(settings, penalty)
    return chosen


def run_case(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Evaluate one case; arrays: the strongest couplings of H_RG with their sets, spins and ranges."""
    ring = Ising(Lattice.chain(settings.get("ring", 12)), settings.get("K", 1.0))
    torus = Ising(Lattice.square(*settings.get("torus", (4, 4))), settings.get("K_torus", 0.44))
    case = CASES[settings["case"]](ring, torus, settings)
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    if case.interactions is not None:
        found = case.interactions
        chosen = found.order[:KEPT]
        arrays = {
            "sets": chosen,
            "couplings": found.couplings[chosen],
            "bodies": found.bodies[chosen],
            "ranges": found.ranges[chosen],
        }
    return Result(arrays, case.to_dict())


def run_flow(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """K' of one map at every K; arrays: K, K' and its spread over the bonds, KL, identity residual."""
    training = {name: settings[name] for name in ("starts", "n_draws", "n_iter") if name in settings}
    rows = []
    for done, K in enumerate(settings["flow"]):
        progress(done / len(settings["flow"]), f"K = {K:g}")
        case = FLOWS[settings["map"]](Ising(Lattice.chain(settings["ring"]), K), settings.get("seed", 0), **training)
        rows.append((K, *case.K_coarse, case.readings.KL, case.readings.identity))
    names = ("K", "K_coarse", "spread", "KL", "identity")
    return Result(dict(zip(names, np.array(rows, float).T.copy(), strict=True)))


def run_detuned(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """The bond machine of another K before the model of this K; arrays: its K, KL, trace spread, dF a constant."""
    model = Ising(Lattice.chain(settings["ring"]), settings["K"])
    rows = []
    for share in DETUNING:
        other = Ising(model.lattice, model.K * (1 + share))
        mapping = MachineMapping(model, bond_machine(other))
        shifted = [MachineMapping(model, mapping.machine.shifted(constant)).dF for constant in SHIFTS]
        rows.append((other.K, mapping.KL, mapping.trace_spread, *shifted))
    names = ("K", "KL", "trace_spread", *(f"dF {constant:+g}" for constant in SHIFTS))
    return Result(dict(zip(names, np.array(rows, float).T.copy(), strict=True)))
