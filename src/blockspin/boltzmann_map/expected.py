"""What is expected of a mapping m: functions of it that give measured numbers with those expected."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import blockspin.boltzmann_map as bm

Number = Callable[[Any], float]
Expectation = Callable[[Any], "Iterator[Outcome]"]

ROUNDING = 1e-12  # what counts as zero, as a share of the largest energy where that is above 1 nat
COARSE = "nearest-neighbour coupling K'"
OTHERS = "largest other coupling of H_RG"
SPREAD = "trace condition, but for a constant"


@dataclass(frozen=True)
class Outcome:
    """A measured number with what was expected: "=" within tolerance, "<" or ">" that number."""

    quantity: str
    measured: float
    relation: str
    expected: float
    tolerance: float = ROUNDING
    unit: str = "nats"

    @property
    def met(self) -> bool:
        """Whether what was expected was measured."""
        if self.relation == "=":
            return abs(self.measured - self.expected) <= self.tolerance
        return self.measured > self.expected if self.relation == ">" else self.measured < self.expected


def equal(quantity: str, measured: float, expected: float, m: Any, unit: str = "nats") -> Outcome:
    """The expectation that a number equals another but for rounding at the size of the energies of m."""
    size = max(1.0, float(np.abs(m.H).max()), float(np.abs(m.log_trace).max()))
    return Outcome(quantity, measured, "=", expected, ROUNDING * size, unit)


def vanishes(quantity: str, number: Number) -> Expectation:
    """The number of a mapping is zero but for rounding."""
    return lambda m: iter([equal(quantity, number(m), 0.0, m)])


def exceeds(quantity: str, number: Number, least: float, unit: str = "nats") -> Expectation:
    """The number of a mapping is larger than another."""
    return lambda m: iter([Outcome(quantity, number(m), ">", least, unit=unit)])


def couples_by(K: Number) -> Expectation:
    """K' has this value."""
    return lambda m: iter([equal(COARSE, m.K_coarse[0], K(m), m, "")])


def decimated(K: float, b: int = 2) -> float:
    """K' of a ring decimated by b, tanh K' = tanh^b K."""
    return math.atanh(math.tanh(K) ** b)


def largest(m: Any, chosen: Any) -> float:
    """The largest of the chosen couplings of H_RG, without its sign."""
    return float(np.abs(m.interactions.couplings[chosen]).max(initial=0.0))


def finds_decimation(m: Any) -> Iterator[Outcome]:
    """Training comes to an exact RBM, and to the coupling of decimation by 2."""
    yield Outcome("KL", m.KL, "<", 1e-6)
    yield Outcome("K', as decimation's", m.K_coarse[0], "=", decimated(m.model.K), tolerance=1e-3, unit="")


def alternate(m: Any) -> Iterator[Outcome]:
    """Hidden units that meet in one weight W have tanh K' = tanh^2 W, and the weights alternate."""
    # the bond before an even site and the one after it meet in the first weight
    ends = np.array([m.interactions.of((i - 1) % m.n_coarse, i) for i in range(m.n_coarse)])
    for first, where in enumerate(("even", "odd")):
        W = float(m.machine.weights[0, first])
        yield equal(f"K' across {where} sites", float(ends[first::2].mean()), decimated(W), m, "")


def bonds_meet(m: Any) -> Iterator[Outcome]:
    """The couplings of the bond RBM of a square lattice of extents 3 or more: spins of bonds that share a site.

    H_RG = -sum over sites of ln 2cosh(W S), S the sum of the site's four bonds: with g(S) = ln 2cosh(W S) the pairs at
    a site couple by (g(4) - g(0))/8 and all four by (g(4) - 4 g(2) + 3 g(0))/8.
    """
    found, lattice = m.interactions, m.model.lattice
    at_site = [np.flatnonzero((lattice.bonds == site).any(axis=1)).tolist() for site in range(lattice.n_sites)]
    W = bm.exact_machines.bond_weight(abs(m.model.K))
    g = [math.log(2 * math.cosh(W * S)) for S in (0, 2, 4)]
    pair = [found.of(*bonds[:2]) for bonds in at_site]
    four = [found.of(*bonds) for bonds in at_site]
    apart = found.bodies > 1
    for bonds in at_site:
        apart[sum(1 << bond for bond in bonds)] = False
        apart[[(1 << i) | (1 << j) for i in bonds for j in bonds]] = False
    yield equal("pair coupling of two bonds at a site", float(np.mean(pair)), (g[2] - g[0]) / 8, m, "")
    yield equal("coupling of the four bonds", float(np.mean(four)), (g[2] - 4 * g[1] + 3 * g[0]) / 8, m, "")
    yield equal(OTHERS, largest(m, apart), 0.0, m)


def layers_flow(m: Any) -> Iterator[Outcome]:
    """tanh K' = tanh^2 K in every layer; read for its visible ring, the first layer is exact and keeps K."""
    K = bm.exact_machines.layers(float(m.machine.weights[0, 0]), 5, m.n_coarse)
    for k in range(1, len(K)):
        yield equal(f"K after {k} layers", K[k], decimated(K[k - 1]), m, "")
    yield equal("KL of the first layer, for its own visible ring", m.KL, 0.0, m)
    yield equal("K' of the hidden ring, for visible ring K", m.K_coarse[0], K[1], m, "")


def matches_Z(m: Any) -> Iterator[Outcome]:
    """What the Comment computes for T = -H(h) - K(v) - ln Zt: dF = 0, and the trace condition fails."""
    minus_K = m.T[:, 0] + m.H[0]  # -K(v) - ln Zt
    residual = float(np.abs(m.log_trace - m.log_Z - minus_K).max())
    yield from NO_DF(m)
    yield equal("ln Tr_h e^T - ln(Z e^-K(v)/Zt)", residual, 0.0, m)
    yield Outcome(SPREAD, m.trace_spread, ">", 1e-3)
    yield equal("KL = <K> + ln(Zt/Z)", m.KL, -float(np.exp(m.log_P) @ minus_K) - m.log_Z, m)
    yield Outcome("KL", m.KL, ">", 1e-3)


def shift_moves_dF_alone(m: Any) -> Iterator[Outcome]:
    """dF = ln Z - ln Z_lambda: a constant in the RBM's energy sets it to anything and changes nothing else."""
    before, exact = m.of(m.machine.shifted(-m.machine.offset)), m.of(bm.exact_machines.bond_machine(m.model).shifted(3))
    moved = [np.exp(getattr(before, p)) - np.exp(getattr(m, p)) for p in ("log_p_visible", "log_p_hidden")]
    yield equal("dF of a random machine, shifted", m.dF, 0.0, m)
    yield Outcome("its KL", m.KL, ">", 1.0)
    yield equal("its KL before the shift", before.KL, m.KL, m)
    yield equal("change of p(v) and p(h)", max(float(np.abs(change).max()) for change in moved), 0.0, m)
    yield equal("dF of the exact machine, shifted by 3", exact.dF, 3.0, exact)
    yield equal("its KL", exact.KL, 0.0, exact)
    yield equal("dF - (ln Z - ln Z_lambda)", before.dF, before.log_Z - before.machine.log_partition(), before)


IDENTITY = vanishes("H_RG - H_RBM (eq. 18-20)", lambda m: m.identity_residual)
FACTORS = vanishes("T - ln p(h|v) - H + H_RBM (eq. 22)", lambda m: m.factor_residual())
TRACE = vanishes("trace condition, constant included", lambda m: m.trace_deviation)
NO_DF = vanishes("dF", lambda m: m.dF)
NO_KL = vanishes("KL", lambda m: m.KL)
SOME_KL = exceeds("KL", lambda m: m.KL, 1e-6)
NO_FLOW = couples_by(lambda m: m.model.K)
DECIMATES = couples_by(lambda m: decimated(m.model.K, m.model.lattice.n_sites // m.n_coarse))
NEIGHBOURS_ONLY = vanishes(OTHERS, lambda m: largest(m, m.interactions.ranges > 1))
MORE = exceeds(OTHERS, lambda m: largest(m, (m.interactions.ranges > 1) | (m.interactions.bodies > 2)), 1e-9, unit="")

RULE = (TRACE, NO_DF)
EXACT = (IDENTITY, TRACE, NO_KL)
TRAINED = (IDENTITY, exceeds(SPREAD, lambda m: m.trace_spread, 1e-9))
RANDOM = (IDENTITY, FACTORS, exceeds(SPREAD, lambda m: m.trace_spread, 1.0), exceeds("KL", lambda m: m.KL, 1.0))
