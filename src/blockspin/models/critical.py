"""Where the models are critical, and whether samples were drawn there."""

from __future__ import annotations

from typing import Any

from blockspin.models.dimers import Dimers
from blockspin.models.ising import KC_CUBIC, KC_SQUARE, KC_TRIANGULAR, Ising, nearest
from blockspin.models.pair import PairModel
from blockspin.models.potts import Potts, potts_kc

KC_ISING = {"square": KC_SQUARE, "triangular": KC_TRIANGULAR, "cubic": KC_CUBIC}
NEAR = 0.01  # of Kc: as near as this counts as there


def critical_coupling(model: PairModel | Dimers) -> float | None:
    """Kc of nearest neighbours on the model's lattice, infinite and without a field.

    None where there is none, or it is not known.
    """
    if nearest(model):
        return KC_ISING.get(model.lattice.kind)
    square = model.lattice.kind == "square" and isinstance(model, Potts) and model.shells == 1
    return potts_kc(model.q) if square and isinstance(model, Potts) else None


def not_critical(model: Any) -> str:
    """What keeps exponents measured on samples of this model from being those of its critical point; "" for nothing.

    That is a coupling more than 1 % from Kc (on the square lattice of either sign), or a field. Also "" for what is no
    model with a known Kc.
    """
    Kc = critical_coupling(model) if isinstance(model, PairModel) else None
    if Kc is None or not isinstance(model, Ising | Potts):
        return ""
    if model.h:
        return f"samples in a field, h = {model.h:.6g}, have no exponents of a critical point"
    mirrored = isinstance(model, Ising) and model.lattice.kind != "triangular"
    K = abs(model.K) if mirrored else model.K
    if abs(K - Kc) > NEAR * Kc:
        return f"samples of K = {model.K:.6g}, not of Kc = {Kc:.6g}, have no exponents of a critical point"
    return ""
