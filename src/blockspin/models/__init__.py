"""The models: a reduced Hamiltonian, its lattice and its settings. One row of MODELS a model."""

from collections.abc import Mapping
from typing import Any

from blockspin.models.blume_capel import BlumeCapel
from blockspin.models.critical import critical_coupling, not_critical
from blockspin.models.dimers import Dimers
from blockspin.models.ising import KC_CUBIC, KC_SQUARE, KC_TRIANGULAR, Ising, nearest
from blockspin.models.pair import PairModel
from blockspin.models.potts import Potts, potts_kc

Model = PairModel | Dimers

MODELS: dict[str, type[PairModel] | type[Dimers]] = {
    "ising": Ising,
    "potts": Potts,
    "blume-capel": BlumeCapel,
    "dimers": Dimers,
}


def known(settings: Any) -> Model | None:
    """The model of these `settings()`, as samples store them; None where they are no known model's."""
    if not isinstance(settings, Mapping) or settings.get("model") not in MODELS:
        return None
    return MODELS[settings["model"]].from_settings(dict(settings))


__all__ = [
    "KC_CUBIC",
    "KC_SQUARE",
    "KC_TRIANGULAR",
    "MODELS",
    "BlumeCapel",
    "Dimers",
    "Ising",
    "Model",
    "PairModel",
    "Potts",
    "critical_coupling",
    "known",
    "nearest",
    "not_critical",
    "potts_kc",
]
