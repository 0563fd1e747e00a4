"""The exact mapping of Mehta & Schwab (2014): the Boltzmann-machine reading of variational renormalization.

Every quantity of the argument is a sum over all states, so that what is an identity, what is a condition and what is
neither can be distinguished at double precision. `mappings.MachineMapping` reads an RBM as a map of a model,
`rules.BlockMapping` a block rule; each gives H_RG(h) and all its couplings. `cases.CASES` is the table of examples with
what is expected of each. A module is imported when it is first used. Docs: docs/explanation/mapping.md.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blockspin.boltzmann_map import cases, couplings, exact_machines, expected, machine, mappings, rules, training

__all__ = ["cases", "couplings", "exact_machines", "expected", "machine", "mappings", "rules", "training"]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"blockspin.boltzmann_map has no {name!r}; its modules are {', '.join(__all__)}")
    return import_module(f"{__name__}.{name}")
