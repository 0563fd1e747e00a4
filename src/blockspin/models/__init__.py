"""The models: a reduced Hamiltonian, its lattice and its settings. One row of MODELS a model."""

from typing import Any

from blockspin.models.ising import KC_SQUARE, Ising
from blockspin.models.potts import Potts, potts_kc

MODELS: dict[str, Any] = {"ising": Ising, "potts": Potts}

__all__ = ["KC_SQUARE", "MODELS", "Ising", "Potts", "potts_kc"]
