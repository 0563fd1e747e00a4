"""The models: a reduced Hamiltonian, its lattice and its settings. One row of MODELS a model."""

from blockspin.models.dimers import Dimers
from blockspin.models.ising import KC_CUBIC, KC_SQUARE, KC_TRIANGULAR, Ising

MODELS = {"ising": Ising, "dimers": Dimers}

__all__ = ["KC_CUBIC", "KC_SQUARE", "KC_TRIANGULAR", "MODELS", "Dimers", "Ising"]
