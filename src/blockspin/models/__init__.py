"""The models: a reduced Hamiltonian, its lattice and its settings. One row of MODELS a model."""

from blockspin.models.dimers import Dimers
from blockspin.models.ising import KC_CUBIC, KC_SQUARE, KC_TRIANGULAR, Ising
from blockspin.models.potts import Potts, potts_kc

MODELS: dict[str, type[Ising] | type[Potts] | type[Dimers]] = {"ising": Ising, "potts": Potts, "dimers": Dimers}

__all__ = ["KC_CUBIC", "KC_SQUARE", "KC_TRIANGULAR", "MODELS", "Dimers", "Ising", "Potts", "potts_kc"]
