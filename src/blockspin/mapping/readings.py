"""What a case is: a mapping's readings, every coupling of its coarse Hamiltonian, and what was expected of them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from blockspin.mapping.couplings import Interactions
from blockspin.mapping.mappings import MachineMapping, Mapping

ROUNDING = 1e-12
"""What counts as zero, as a share of the largest energy where that is above 1 nat."""


@dataclass(frozen=True)
class Readings:
    """The numbers that the argument turns on, in nats.

    identity: max_h |H_RG - H_RBM| (eq. 18-20), nan where T is no machine's; trace: max_v |ln Tr_h e^T|; trace_spread:
    the same once the best constant is taken out; KL: KL(P || p_lambda); dF = F_h - F_v.
    """

    identity: float
    trace: float
    trace_spread: float
    KL: float
    dF: float


@dataclass(frozen=True)
class Outcome:
    """A measured number beside what was expected: "=" within tolerance, "<" or ">" that number."""

    quantity: str
    measured: float
    relation: str
    expected: float
    tolerance: float = ROUNDING
    unit: str = "nats"

    @property
    def met(self) -> bool:
        """Whether what was expected came out."""
        if self.relation == "=":
            return abs(self.measured - self.expected) <= self.tolerance
        return self.measured > self.expected if self.relation == ">" else self.measured < self.expected


@dataclass(frozen=True, eq=False)
class Case:
    """One map at one coupling: name, what it is, readings, expectations, all couplings of H_RG, K' on its lattice.

    K_coarse is (mean, standard deviation over the bonds) of the nearest-neighbour coupling of the coarse spins, nan
    where these have no places on a lattice; lattice says which model was mapped.
    """

    name: str
    about: str
    lattice: str
    K: float
    n_coarse: int
    readings: Readings
    outcomes: tuple[Outcome, ...]
    interactions: Interactions | None = None
    K_coarse: tuple[float, float] = (math.nan, math.nan)

    @property
    def met(self) -> bool:
        """Whether every expectation came out."""
        return all(outcome.met for outcome in self.outcomes)

    def to_dict(self) -> dict[str, Any]:
        """All but the couplings, as JSON holds it; a number that is not defined is None."""
        return {
            "name": self.name,
            "about": self.about,
            "lattice": self.lattice,
            "K": self.K,
            "n_coarse": self.n_coarse,
            "readings": {name: _defined(value) for name, value in asdict(self.readings).items()},
            "outcomes": [asdict(outcome) | {"met": outcome.met} for outcome in self.outcomes],
            "K_coarse": [_defined(value) for value in self.K_coarse],
        }


def read(mapping: Mapping) -> Readings:
    """The readings of a mapping; the identity is measured by the sum over every v that defines H_RG."""
    return Readings(
        mapping.identity_residual() if isinstance(mapping, MachineMapping) else math.nan,
        mapping.trace_deviation,
        mapping.trace_spread,
        mapping.KL,
        mapping.dF,
    )


def zero(quantity: str, measured: float, mapping: Mapping) -> Outcome:
    """The expectation that a number vanishes but for rounding at the size of the mapping's energies."""
    return equal(quantity, measured, 0.0, mapping)


def equal(quantity: str, measured: float, expected: float, mapping: Mapping, unit: str = "nats") -> Outcome:
    """The expectation that a number equals another but for rounding at the size of the mapping's energies."""
    size = max(1.0, float(np.abs(mapping.H).max()), float(np.abs(mapping.log_trace).max()))
    return Outcome(quantity, measured, "=", expected, ROUNDING * size, unit)


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None
