"""Cases that are written down, not learned, each with what is expected of it and what comes out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from blockspin.lattice import Lattice
from blockspin.mapping import exact_machines, rules
from blockspin.mapping.couplings import distances, hamiltonian, interactions, nearest_neighbour
from blockspin.mapping.machine import Machine
from blockspin.mapping.mappings import BlockMapping, MachineMapping
from blockspin.mapping.readings import Case, Outcome, equal, read, zero
from blockspin.models import Ising

FloatArray = NDArray[np.float64]

COARSE = "nearest-neighbour coupling K'"
OTHERS = "largest other coupling of H_RG"


def random_machine(model: Ising, n_hidden: int, seed: int) -> Case:
    """A machine with random parameters: the identity holds as well as for any other, and KL is large."""
    random = np.random.default_rng(seed)
    N = model.lattice.n_sites
    weights, visible, hidden = (random.standard_normal(shape) for shape in ((n_hidden, N), (N,), (n_hidden,)))
    mapping = MachineMapping(model, Machine(weights, visible, hidden))
    found = read(mapping)
    outcomes = (
        zero("H_RG - H_RBM (eq. 18-20)", found.identity, mapping),
        zero("T - ln p(h|v) - H + H_RBM (eq. 22)", mapping.factor_residual(), mapping),
        Outcome("trace condition, but for a constant", found.trace_spread, ">", 1.0),
        Outcome("KL", found.KL, ">", 1.0),
    )
    about = "weights and biases drawn from N(0, 1), nothing trained"
    return Case("random machine", about, *_where(model, n_hidden), found, outcomes, mapping.interactions())


def bond_ring(model: Ising) -> Case:
    """The exact machine with one hidden unit a bond of a ring: KL = 0, trace condition met, and K' = K: no flow."""
    mapping = MachineMapping(model, exact_machines.bond_machine(model))
    found, couplings = read(mapping), mapping.interactions(distances(model.lattice))
    K_coarse = nearest_neighbour(couplings, model.lattice)
    outcomes = (
        zero("H_RG - H_RBM (eq. 18-20)", found.identity, mapping),
        zero("trace condition, constant included", found.trace, mapping),
        zero("KL", found.KL, mapping),
        equal(COARSE, K_coarse[0], model.K, mapping, ""),
        zero(OTHERS, _largest(couplings.couplings, couplings.ranges > 1), mapping),
    )
    about = "one hidden unit a bond, W = arccosh(exp 2K)/2: the hidden layer is the same ring again"
    return Case("bond machine", about, *_where(model, model.lattice.n_sites), found, outcomes, couplings, K_coarse)


def bond_torus(model: Ising) -> Case:
    """The exact machine of a square lattice: KL = 0, and the bonds' spins have pair and four-spin couplings.

    H_RG = -sum over sites of ln 2cosh(W S), S the sum of the site's four bonds: with g(S) = ln 2cosh(W S) the pairs at
    a site couple by (g(4) - g(0))/8 and all four by (g(4) - 4 g(2) + 3 g(0))/8. Raises ValueError for another lattice
    or where an extent is below 3 (two sites would share two bonds).
    """
    if model.lattice.kind != "square" or min(model.lattice.shape) < 3:
        raise ValueError(
            f"bonds meet in one site at most on a square lattice of extents 3 or more; got {model.lattice}"
        )
    mapping = MachineMapping(model, exact_machines.bond_machine(model))
    found, couplings = read(mapping), mapping.interactions()
    at_site = [np.flatnonzero((model.lattice.bonds == site).any(axis=1)) for site in range(model.lattice.n_sites)]
    W = exact_machines.bond_weight(abs(model.K))
    g = [math.log(2 * math.cosh(W * S)) for S in (0, 2, 4)]
    pair = [couplings.of(bonds[0], bonds[1]) for bonds in at_site]
    four = [couplings.of(*bonds) for bonds in at_site]
    told = np.zeros(len(couplings.couplings), bool)
    for bonds in at_site:
        told[sum(1 << int(bond) for bond in bonds)] = True
        told[[(1 << int(i)) | (1 << int(j)) for i in bonds for j in bonds]] = True
    outcomes = (
        zero("H_RG - H_RBM (eq. 18-20)", found.identity, mapping),
        zero("trace condition, constant included", found.trace, mapping),
        zero("KL", found.KL, mapping),
        equal("pair coupling of two bonds at a site", float(np.mean(pair)), (g[2] - g[0]) / 8, mapping, ""),
        equal("coupling of the four bonds", float(np.mean(four)), (g[2] - 4 * g[1] + 3 * g[0]) / 8, mapping, ""),
        zero(OTHERS, _largest(couplings.couplings, (couplings.bodies > 1) & ~told), mapping),
    )
    about = "one hidden unit a bond of the torus: pair and four-spin couplings where bonds meet"
    return Case("bond machine, torus", about, *_where(model, len(model.lattice.bonds)), found, outcomes, couplings)


def alternating_ring(model: Ising, W: float) -> Case:
    """The exact machine with weights W and W_2 in turn: KL = 0 still, and the hidden couplings alternate with W."""
    mapping = MachineMapping(model, exact_machines.alternating_machine(model, W))
    found, couplings = read(mapping), mapping.interactions(distances(model.lattice))
    other = math.atanh(math.tanh(model.K) / math.tanh(W))
    # the bond before an even site and the one after it meet in weight W
    ends = np.array([couplings.of((i - 1) % couplings.n_spins, i) for i in range(couplings.n_spins)])
    outcomes = (
        zero("H_RG - H_RBM (eq. 18-20)", found.identity, mapping),
        zero("trace condition, constant included", found.trace, mapping),
        zero("KL", found.KL, mapping),
        equal("K' across even sites", float(ends[::2].mean()), math.atanh(math.tanh(W) ** 2), mapping, ""),
        equal("K' across odd sites", float(ends[1::2].mean()), math.atanh(math.tanh(other) ** 2), mapping, ""),
    )
    about = f"one hidden unit a bond, weights {W:g} and {other:.4g} in turn: as exact, and other couplings"
    K_coarse = nearest_neighbour(couplings, model.lattice)
    return Case("alternating machine", about, *_where(model, couplings.n_spins), found, outcomes, couplings, K_coarse)


def sublattice(model: Ising) -> Case:
    """The exact machine with a hidden copy of every other spin: KL = 0, and its hidden layer is the decimated ring."""
    mapping = MachineMapping(model, exact_machines.sublattice_machine(model))
    found = read(mapping)
    outcomes = [
        zero("H_RG - H_RBM (eq. 18-20)", found.identity, mapping),
        zero("trace condition, constant included", found.trace, mapping),
        zero("KL", found.KL, mapping),
    ]
    kept = model.lattice.coordinates[model.lattice.colours == 1]
    # the copies are sqrt d apart
    couplings = mapping.interactions(distances(model.lattice, kept) / (2 if len(model.lattice.shape) == 1 else 2**0.5))
    K_coarse = (math.nan, math.nan)
    if model.lattice.kind == "chain":
        K_coarse = nearest_neighbour(couplings, model.lattice.coarse(2))
        outcomes.append(equal(COARSE, K_coarse[0], math.atanh(math.tanh(model.K) ** 2), mapping, ""))
        outcomes.append(zero(OTHERS, _largest(couplings.couplings, couplings.ranges > 1), mapping))
    about = "one hidden unit a site of one sublattice, a copy of it: the hidden layer is the decimated model"
    name = "sublattice machine"
    return Case(name, about, *_where(model, len(kept)), found, tuple(outcomes), couplings, K_coarse)


def block_rule(model: Ising, rule: str, b: int = 2) -> Case:
    """Decimation or majority: the trace condition is met as by any rule; majority makes couplings of all ranges.

    On a ring decimation gives tanh K' = tanh^b K and nothing else. Raises ValueError for another rule.
    """
    if rule not in RULES:
        raise ValueError(f"the block rule must be one of {', '.join(RULES)}; got {rule!r}")
    mapping: BlockMapping = RULES[rule](model, b)
    found, couplings = read(mapping), mapping.interactions()
    K_coarse = nearest_neighbour(couplings, mapping.lattice)
    outcomes = [zero("trace condition, constant included", found.trace, mapping), zero("dF", found.dF, mapping)]
    if model.lattice.kind == "chain" and rule == "decimation":
        outcomes.append(equal(COARSE, K_coarse[0], math.atanh(math.tanh(model.K) ** b), mapping, ""))
        outcomes.append(zero(OTHERS, _largest(couplings.couplings, couplings.ranges > 1), mapping))
    else:
        # more than nearest neighbours: what a truncation to K' leaves out
        far = (couplings.ranges > 1) | (couplings.bodies > 2)
        outcomes.append(Outcome(OTHERS, _largest(couplings.couplings, far), ">", 1e-9, unit=""))
    about = {"decimation": "a block's spin is its first", "majority": "a block's spin is the sign of its sum"}[rule]
    return Case(rule, about, *_where(model, mapping.lattice.n_sites), found, tuple(outcomes), couplings, K_coarse)


RULES = {"decimation": rules.decimation, "majority": rules.majority}


def layers(K: float, n: int, M: int = 6) -> tuple[float, ...]:
    """K^(0), ..., K^(n): the couplings of the layers of the one-dimensional network, tanh K' = tanh^2 K.

    Layer after layer is built as a machine whose weights are K^(k), and K^(k+1) is read off all the couplings of its
    hidden units (arXiv:1410.3831, Fig. 2).
    """
    found = [K]
    for _ in range(n):
        hidden = exact_machines.layer(found[-1], M).hidden_hamiltonian()
        found.append(nearest_neighbour(interactions(hidden), Lattice.chain(M))[0])
    return tuple(found)


def layered_network(model: Ising, n: int = 5) -> Case:
    """One-dimensional decimation as a layered network, tanh K' = tanh^2 K in each layer.

    Read as the mapping reads it, from visible to hidden spins, its first layer is an exact machine with K' = K: the
    step is between the bonds of the network and either layer of it.
    """
    M = model.lattice.n_sites
    found = layers(model.K, n, M)
    mapping = MachineMapping(Ising(model.lattice, found[1]), exact_machines.layer(model.K, M))
    couplings = mapping.interactions(distances(model.lattice))
    K_coarse = nearest_neighbour(couplings, model.lattice)
    readings = read(mapping)
    outcomes = [
        equal(f"K after {k} layers", found[k], math.atanh(math.tanh(found[k - 1]) ** 2), mapping, "")
        for k in range(1, n + 1)
    ]
    outcomes += [
        zero("KL of the first layer, for its own visible ring", readings.KL, mapping),
        equal("K' of the hidden ring, for visible ring K", K_coarse[0], found[1], mapping, ""),
    ]
    about = f"weights {model.K:g} -> {' -> '.join(f'{K:.6g}' for K in found[1:])}; read for its visible ring"
    where = (str(model.lattice), found[1], M)
    return Case("layered network", about, *where, readings, tuple(outcomes), couplings, K_coarse)


def product(model: Ising, K_coarse: float, M: int) -> Case:
    """Lin and Tegmark's product: the coarse spins are a ring of any coupling and know nothing of the fine ones."""
    ring = Lattice.chain(M)
    H = hamiltonian(_ring_couplings(M, K_coarse))
    mapping = rules.unrelated(model, H)
    found, couplings = read(mapping), mapping.interactions(distances(ring))
    outcomes = (
        zero("trace condition, constant included", found.trace, mapping),
        zero("dF", found.dF, mapping),
        zero("KL", found.KL, mapping),
        equal(COARSE, nearest_neighbour(couplings, ring)[0], K_coarse, mapping, ""),
    )
    about = f"h drawn from a ring with K = {K_coarse:g} whatever v is: a renormalized dog"
    return Case("product", about, *_where(model, M), found, outcomes, couplings, nearest_neighbour(couplings, ring))


def matched_partition(model: Ising, strength: float, seed: int) -> Case:
    """Lin and Tegmark's first example: Z is matched, dF = 0, and the trace condition fails as the Comment computes."""
    K = strength * np.random.default_rng(seed).standard_normal(1 << model.lattice.n_sites)
    mapping = rules.matched(model, K)
    found = read(mapping)
    log_Zt = float(logsumexp(-mapping.H - K))
    known = mapping.log_Z - K - log_Zt
    outcomes = (
        zero("dF", found.dF, mapping),
        zero("ln Tr_h e^T - ln(Z e^-K(v)/Zt)", float(np.abs(mapping.log_trace - known).max()), mapping),
        Outcome("trace condition, but for a constant", found.trace_spread, ">", 1e-3),
        equal("KL = <K> + ln(Zt/Z)", found.KL, float(np.exp(mapping.log_P) @ K) + log_Zt - mapping.log_Z, mapping),
        Outcome("KL", found.KL, ">", 1e-3),
    )
    about = "the joint energy H(v) + H(h) + K(v) + ln Zt with random K(v): the free energy kept, the distribution not"
    return Case("matched Z", about, *_where(model, model.lattice.n_sites), found, outcomes, mapping.interactions())


def normalisation(model: Ising, n_hidden: int, seed: int) -> Case:
    """dF = ln Z - ln Z_lambda: a constant in the machine's energy sets it to anything and changes nothing else."""
    random = np.random.default_rng(seed)
    machine = Machine.unbiased(random.standard_normal((n_hidden, model.lattice.n_sites)))
    before = MachineMapping(model, machine)
    mapping = MachineMapping(model, machine.shifted(-before.dF))
    exact = MachineMapping(model, exact_machines.bond_machine(model).shifted(3.0))
    found = read(mapping)
    moved = max(
        float(np.abs(np.exp(one) - np.exp(other)).max())
        for one, other in (
            (before.log_p_visible, mapping.log_p_visible),
            (before.log_p_hidden, mapping.log_p_hidden),
        )
    )
    outcomes = (
        zero("dF of a random machine, shifted", found.dF, mapping),
        Outcome("its KL", found.KL, ">", 1.0),
        equal("its KL before the shift", before.KL, found.KL, mapping),
        zero("change of p(v) and p(h)", moved, mapping),
        equal("dF of the exact machine, shifted by 3", exact.dF, 3.0, exact),
        zero("its KL", exact.KL, exact),
        equal("dF - (ln Z - ln Z_lambda)", before.dF, before.log_Z - machine.log_partition(), before),
    )
    about = f"a random machine with the constant {-before.dF:.4g} added to its energy: dF = 0 and no probability moved"
    return Case("shifted machine", about, *_where(model, n_hidden), found, outcomes, mapping.interactions())


def _where(model: Ising, n_coarse: int) -> tuple[str, float, int]:
    return str(model.lattice), model.K, n_coarse


def _largest(couplings: FloatArray, chosen: NDArray[np.bool_]) -> float:
    return float(np.abs(couplings[chosen]).max(initial=0.0))


def _ring_couplings(M: int, K: float) -> FloatArray:
    couplings = np.zeros(1 << M)
    for start, end in Lattice.chain(M).bonds:
        couplings[(1 << int(start)) | (1 << int(end))] += K
    return couplings
