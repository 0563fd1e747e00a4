"""The tasks of the experiment: a case each, a flow each, and one RBM detuned through the exact point."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import blockspin.boltzmann_map as bm
from blockspin.boltzmann_map.cases import CASES
from blockspin.boltzmann_map.expected import Outcome
from blockspin.experiments.exact_mapping.settings import Settings
from blockspin.experiments.shared_tasks import again
from blockspin.experiments.stored import Array, Real, Stored
from blockspin.experiments.task import task
from blockspin.experiments.tree import Tree
from blockspin.lattice import Lattice
from blockspin.models import Ising
from blockspin.runs.task import Progress, Result

FLOWS = {  # name of a curve: its case
    "decimation": "decimation",
    "majority": "majority",
    "bond machine": "bond",
    "sublattice machine": "sublattice",
    "maximum likelihood": "likelihood",
    "CD-1": "cd",
}
KEPT = 4096  # couplings of a case that are stored, the strongest first
SHIFTS = (0.0, 4.0, -4.0)  # nats added to the energy of the detuned machine
_STEPS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
DETUNING = (*(-step for step in _STEPS[::-1]), 0.0, *_STEPS)  # of the machine's K, as a share of K


class Readings(Stored):
    """The numbers of a case, in nats; nan where one is not defined."""

    identity: Real
    trace: Real
    trace_spread: Real
    KL: Real
    dF: Real


class Found(Stored):
    """A case evaluated: K' with its spread over bonds, the strongest couplings of H_RG, their sets and ranges."""

    name: str
    about: str
    lattice: str
    K: float
    n_coarse: int
    readings: Readings
    outcomes: list[Outcome]
    K_coarse: tuple[Real, Real]
    sets: Array | None = None
    couplings: Array | None = None
    bodies: Array | None = None
    ranges: Array | None = None


def in_words(name: str) -> str:
    """A stored name as pages show it, with RBM for Boltzmann machine."""
    return name.replace("machine", "RBM")


def plan(settings: Settings, seed: int, training: int = 1) -> dict[str, Tree]:
    """A case each by its key, a flow each by its name, and the detuned RBM. A task's settings are those it uses."""
    s = settings
    values = s.model_dump() | {"seed": again(seed, training)}

    def used(name: str) -> dict[str, Any]:
        return {key: values[key] for key in CASES[name].uses}

    ring, torus = {"ring": s.ring, "K": s.K}, {"torus": s.torus, "K_torus": s.K_torus}
    cases = {name: case(case=name, **(torus if name.startswith("torus") else ring), **used(name)) for name in CASES}
    if s.rules_torus is not None:
        for rule in ("decimation", "majority"):
            large = case(case=f"torus-{rule}", torus=s.rules_torus, K_torus=s.K_torus)
            cases[f"large-{rule}"] = replace(large, label=f"case {rule}, large torus", weight=30.0)
    flows = {name: flow(map=name, ring=s.ring, flow=s.flow, **used(FLOWS[name])) for name in FLOWS}
    return {"cases": cases, "flows": flows, "detuned": detuned(**ring)}


def _seconds(ring: int = 12, starts: int = 0, n_draws: int = 0, n_iter: int = 0, flow: Any = (), **_: Any) -> float:
    one = 0.5 + 2.0 ** (ring - 12) * (2.0 * starts or 1.0) + n_draws * n_iter * 2e-6
    return one * (len(flow) / 3 if flow else 1.0)


@task(label="case {case}", version=2, weight=_seconds)
def case(
    case: str, ring: int = 0, K: float = 0.0, torus: tuple[int, int] = (0, 0), K_torus: float = 0.0, **training: Any
) -> Found:
    """Evaluate one case, on the ring or, where this is given, on the torus."""
    row = CASES[case]
    m = row.build(Ising(Lattice.chain(ring), K) if ring else Ising(Lattice.square(*torus), K_torus), **training)
    strongest = m.interactions.order[:KEPT]
    return Found(
        name=row.name.format(m=m),
        about=row.about.format(m=m, **training),
        lattice=str(m.model.lattice),
        K=m.model.K,
        n_coarse=m.n_coarse,
        readings=Readings(
            identity=m.identity_residual, trace=m.trace_deviation, trace_spread=m.trace_spread, KL=m.KL, dF=m.dF
        ),
        outcomes=row.outcomes(m),
        K_coarse=m.K_coarse,
        sets=strongest,
        **{name: getattr(m.interactions, name)[strongest] for name in ("couplings", "bodies", "ranges")},
    )


@task(label="flow of {map}", version=2, weight=_seconds)
def flow(map: str, ring: int, flow: list[float], *, progress: Progress, **training: Any) -> Result:
    """K' of one map at every K; arrays: K, K' and its spread over the bonds, KL, identity residual."""
    rows = []
    for done, K in enumerate(flow):
        progress(done / len(flow), f"K = {K:g}")
        m = CASES[FLOWS[map]].build(Ising(Lattice.chain(ring), K), **training)
        rows.append((K, *m.K_coarse, m.KL, m.identity_residual))
    return _columns(rows, "K", "K_coarse", "spread", "KL", "identity")


@task(label="detuned RBM")
def detuned(ring: int, K: float) -> Result:
    """The bond RBM of another K applied to the model of this K; arrays: its K, KL, trace spread, dF a constant."""
    lattice = Lattice.chain(ring)
    rows = []
    for share in DETUNING:
        machine = bm.exact_machines.bond_machine(Ising(lattice, K * (1 + share)))
        shifted = [bm.mappings.MachineMapping(Ising(lattice, K), machine.shifted(constant)) for constant in SHIFTS]
        rows.append((K * (1 + share), shifted[0].KL, shifted[0].trace_spread, *(m.dF for m in shifted)))
    return _columns(rows, "K", "KL", "trace_spread", *(f"dF {constant:+g}" for constant in SHIFTS))


def _columns(rows: Sequence[tuple[float, ...]], *names: str) -> Result:
    return Result(dict(zip(names, np.array(rows, float).T.copy(), strict=True)))
