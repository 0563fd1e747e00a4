"""The tasks of the experiment exact-mapping, laid out without importing what runs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from blockspin.experiments.exact_mapping.settings import Settings
from blockspin.runs.task import Task

TASKS = "blockspin.experiments.exact_mapping.tasks:"
CASES = (
    *("decimation", "majority", "random", "likelihood", "likelihood-full", "cd", "cd-l1", "cd-l2", "bond"),
    *("alternating", "sublattice", "layers", "product", "matched", "shifted"),
    *("torus-decimation", "torus-majority", "torus-likelihood", "torus-sublattice", "torus-bond"),
)
FLOWS = ("decimation", "majority", "bond machine", "sublattice machine", "maximum likelihood", "CD-1")
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
        made[name] = Task("case", f"case {name}", f"{TASKS}run_case", chosen, weight=_weight(name, settings))
    if settings.rules_torus is not None:
        for rule in ("decimation", "majority"):
            chosen = {"case": f"torus-{rule}", "torus": settings.rules_torus, "K_torus": settings.K_torus}
            made[f"large-{rule}"] = Task("case", f"case {rule}, large torus", f"{TASKS}run_case", chosen, weight=30.0)
    flows = {}
    for name in FLOWS:
        kind = {"maximum likelihood": "likelihood", "CD-1": "cd"}.get(name, "")
        chosen = {"map": name, "ring": settings.ring, "flow": settings.flow, **_training(kind, settings, seed)}
        weight = _weight(kind, settings) * len(settings.flow) / 3
        flows[name] = Task("flow", f"flow of {name}", f"{TASKS}run_flow", chosen, weight=weight)
    detuned = Task("detuned", "detuned machine", f"{TASKS}run_detuned", {"ring": settings.ring, "K": settings.K})
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
