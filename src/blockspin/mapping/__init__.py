"""The mapping of Mehta and Schwab (2014) between variational renormalization and Boltzmann machines, evaluated exactly.

Every quantity of the argument is a sum over all states, so that what is an identity, what is a condition and what is
neither can be told apart at machine precision. `MachineMapping` puts a machine before a model, `BlockMapping` and
`TableMapping` a physical rule; each gives H_RG(h) and all its couplings. `cases` and `learned` hold named examples with
what is expected of them. Docs: docs/explanation/mapping.md.
"""

from blockspin.mapping import cases, flow, learned
from blockspin.mapping.couplings import (
    Interactions,
    distances,
    hamiltonian,
    interactions,
    nearest_neighbour,
    walsh_hadamard,
)
from blockspin.mapping.exact_machines import alternating_machine, bond_machine, bond_weight, sublattice_machine
from blockspin.mapping.machine import Machine
from blockspin.mapping.mappings import BlockMapping, MachineMapping, Mapping, TableMapping, divergence
from blockspin.mapping.readings import Case, Outcome, Readings
from blockspin.mapping.rules import decimation, majority, matched, unrelated
from blockspin.mapping.training import exact_draws, train_by_divergence, train_by_likelihood

__all__ = [
    "BlockMapping",
    "Case",
    "Interactions",
    "Machine",
    "MachineMapping",
    "Mapping",
    "Outcome",
    "Readings",
    "TableMapping",
    "alternating_machine",
    "bond_machine",
    "bond_weight",
    "cases",
    "decimation",
    "distances",
    "divergence",
    "exact_draws",
    "flow",
    "hamiltonian",
    "interactions",
    "learned",
    "majority",
    "matched",
    "nearest_neighbour",
    "sublattice_machine",
    "train_by_divergence",
    "train_by_likelihood",
    "unrelated",
    "walsh_hadamard",
]
