"""The models: a reduced Hamiltonian, its lattice and its settings. One row of MODELS a model."""

from blockspin.models.dimers import Dimers
from blockspin.models.ising import KC_SQUARE, Ising

MODELS = {"ising": Ising, "dimers": Dimers}

__all__ = ["KC_SQUARE", "MODELS", "Dimers", "Ising"]
