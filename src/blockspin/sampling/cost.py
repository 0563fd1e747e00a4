"""Which algorithm serves a model best: seconds for n configurations, from autocorrelation times and speeds.

tau of the slowest observable, in steps, by dynamic scaling with the correlation length xi cut off by the lattice,
x = min(xi, 0.35 L): 0.22 x^2.17 for local updates, 1.9 x^0.31 for Swendsen-Wang, 1.5 x^0.31 for Wolff (a step flips N
sites). A step of multi-spin with a flip of clusters takes as long as six sweeps and has tau = x^0.25. With h = 0,
xi = 1/(4 abs(Kc - K)) on two-dimensional lattices (Onsager's, near Kc), 0.5 abs(1 - K/Kc)^-0.63 on the cubic one. The
speeds are ns a site and step of one core, measured by benchmarks/sampling.py. Only ratios matter, and they need to be
right within a factor of two: where algorithms come closer, either will do.
"""

import math
from dataclasses import dataclass, replace

from blockspin import checks
from blockspin.models import KC_CUBIC, KC_SQUARE, KC_TRIANGULAR, Dimers, Ising, Model, nearest
from blockspin.sampling import cluster, pair_chains, pairs
from blockspin.sampling.multispin import packing
from blockspin.sampling.multispin.packing import Layout

KC = {"chain": math.inf, "square": KC_SQUARE, "triangular": KC_TRIANGULAR, "cubic": KC_CUBIC}
NS_A_SITE = {"swendsen-wang": 13.0, "wolff": 18.0, "heat-bath": 11.0, "multi-spin": 0.08}
PILOT, SHORT_PILOT = 4000, 30  # tau of a pilot run in all, and of each chain: it doubles until it is long enough
ALGORITHMS = ("auto", "multi-spin", "swendsen-wang", "wolff", "heat-bath")  # of spins and other letters
CHAINS = 100  # of the algorithms that take chains one by one, unless told
LARGEST_BLOCK = 2**17  # sites: with 512 replicas beyond this a block would leave the second-level cache far behind
DRAWS = 48  # draws a chain at which a second block of replicas pays, although it must equilibrate too
SPACING, EQUILIBRATION = 2, 20  # in tau
PILOT_CHAINS = 16
SHORTEST_PILOT = 64, 16  # steps: of so many chains, of hundreds


@dataclass(frozen=True)
class Plan:
    """An algorithm, how many chains it runs, in how many stripes a replica is cut (1 but for multi-spin), and where."""

    algorithm: str
    chains: int
    draws: int
    stripes: int = 1
    device: str = "cpu"


def choose(model: Model, n: int, algorithm: str = "auto", chains: int | None = None, device: str = "cpu") -> Plan:
    """The cheapest plan for n configurations, with the algorithm and the number of chains where they are given.

    Dimers know the worm alone. Models other than the Ising model of nearest neighbours take Wolff's clusters where
    their letters have a symmetry, else heat bath. A GPU knows multi-spin alone.
    Raises ValueError for an algorithm or a device that is unknown or cannot serve the model.
    """
    if checks.choice("device", device, ("cpu", "gpu")) == "gpu":
        from blockspin.sampling.multispin.device_replicas import (
            served,  # and with it JAX, which nothing else here needs
        )

        return replace(_plan(served(model, algorithm), n, "multi-spin", chains, stripes=1), device=device)
    if isinstance(model, Dimers):
        if algorithm not in ("auto", "worm"):
            raise ValueError(f"dimers are moved by the algorithm worm; got {checks.shown(algorithm)}")
        return _of_chains("worm", n, chains)
    checks.choice("algorithm", algorithm, ALGORITHMS)
    if not nearest(model):
        best = "wolff" if len(pairs.reflections(model)) else "heat-bath"
        name = algorithm if algorithm != "auto" else best
        pair_chains.check(model, name)
        return _of_chains(name, n, chains)
    if algorithm not in ("auto", "multi-spin"):
        cluster.check(model, algorithm)
    if algorithm != "auto":
        return _plan(model, n, algorithm, chains)
    plans = [_plan(model, n, name, chains) for name in candidates(model)]
    return min(plans, key=lambda plan: seconds(model, plan))


def candidates(model: Ising) -> list[str]:
    """The algorithms that reach equilibrium from any start in a number of steps that `tau` foretells."""
    frustrated = model.K < 0 and (model.h != 0 or not _bipartite(model))
    found = [] if frustrated else ["swendsen-wang"]
    if _bipartite(model) and model.h == 0 and model.lattice.kind != "chain":
        found.append("wolff")
    if _packs(model, 1):
        found.append("multi-spin")
    # in an ordered phase local updates can stay for ever in the stripes that a random start leaves
    elif frustrated or abs(model.K) < 1.01 * KC[model.lattice.kind]:
        found.append("heat-bath")
    return found


def seconds(model: Ising, plan: Plan) -> float:
    """The predicted time of one core for pilot run, equilibration and draws."""
    memory, N = tau(model, plan.algorithm), model.lattice.n_sites
    lanes, chains = plan.chains, PILOT_CHAINS
    if plan.algorithm == "multi-spin":
        layout = Layout(model.lattice, plan.stripes)
        lanes, chains = layout.blocks(plan.chains) * layout.replicas, max(PILOT_CHAINS, layout.replicas)
    pilot = max(2.0 * SHORTEST_PILOT[chains > PILOT_CHAINS], max(SHORT_PILOT, PILOT / chains) * memory)
    updates = lanes * (EQUILIBRATION + SPACING * plan.draws) * memory + chains * pilot
    return float(NS_A_SITE[plan.algorithm] * 1e-9 * updates * N)


def tau(model: Ising, algorithm: str) -> float:
    """The expected integrated autocorrelation time of the slowest observable, in steps; in sweeps for multi-spin."""
    x = max(min(correlation_length(model), 0.35 * min(model.lattice.shape)), 1.0)
    local = 0.22 * x**2.17
    found = {"swendsen-wang": 1.9 * x**0.31, "wolff": 1.5 * x**0.31, "multi-spin": min(local, 6 * x**0.25)}
    return float(max(found.get(algorithm, local), 1.0))


def correlation_length(model: Ising) -> float:
    """A rough correlation length without the field, in lattice spacings."""
    if model.lattice.kind == "chain":
        return -1 / math.log(math.tanh(abs(model.K))) if 0 < abs(model.K) < 15 else 1e12
    Kc = KC[model.lattice.kind]
    distance = abs(Kc - abs(model.K))
    if distance == 0:
        return math.inf
    return float(0.5 * (distance / Kc) ** -0.63 if model.lattice.kind == "cubic" else 1 / (4 * distance))


def _plan(model: Ising, n: int, algorithm: str, chains: int | None, stripes: int | None = None) -> Plan:
    if algorithm != "multi-spin":
        return _of_chains(algorithm, n, chains)
    stripes = _stripes(model, n) if stripes is None else stripes
    if chains is None:
        replicas = Layout(model.lattice, stripes).replicas
        chains = replicas * max(1, n // (replicas * DRAWS))
    return _of_chains(algorithm, n, chains, stripes)


def _of_chains(algorithm: str, n: int, chains: int | None, stripes: int = 1) -> Plan:
    draws = -(-n // (chains if chains is not None else CHAINS))
    return Plan(algorithm, -(-n // draws), draws, stripes)


def _stripes(model: Ising, n: int) -> int:
    fits = [stripes for stripes in packing.STRIPES if _packs(model, stripes)]
    if not fits:
        Layout(model.lattice)  # says what the lattice lacks
    if model.lattice.n_sites < LARGEST_BLOCK and n >= 64:
        return fits[0]
    return max(stripes for stripes in fits if stripes < 512 or n < 8)


def _packs(model: Ising, stripes: int) -> bool:
    last = model.lattice.shape[-1]
    return model.lattice.kind in packing.KINDS and last % (2 * stripes) == 0


def _bipartite(model: Ising) -> bool:
    even = all(extent % 2 == 0 for extent in model.lattice.shape)
    return model.K >= 0 or (even and model.lattice.kind != "triangular")
