"""Where the models are critical, and whether samples were drawn there."""

from typing import Any

from blockspin import checks
from blockspin.lattice import Lattice
from blockspin.models.dimers import Dimers
from blockspin.models.ising import KC_CUBIC, KC_SQUARE, KC_TRIANGULAR, Ising, nearest
from blockspin.models.pair import PairModel
from blockspin.models.potts import Potts, potts_kc

KC_ISING = {"square": KC_SQUARE, "triangular": KC_TRIANGULAR, "cubic": KC_CUBIC}
NEAR = 0.01  # of Kc: as near as this counts as there


def critical_coupling(model: Any, lattice: Lattice | None = None, **settings: Any) -> float | None:
    """Kc of nearest neighbours on a model's lattice, infinite and without a field, whatever its own K.

    Parameters
    ----------
    model, lattice, **settings : a model; or its class, its lattice, and its settings besides K

    Returns
    -------
    float or None
        None where there is no Kc, or it is not known. Raises TypeError for what is no model, ValueError as the class
        does.

    Examples
    --------
    >>> bs.critical_coupling(bs.Ising, bs.Lattice.square(16))
    0.44068679350977147
    >>> bs.critical_coupling(bs.Potts, bs.Lattice.square(16), q=3)
    1.005052538742381
    """
    if isinstance(model, type) and issubclass(model, PairModel):
        model = model(lattice, K=0.0, **settings)  # type: ignore[call-arg]  # every model is a dataclass
    checks.instance("model", model, (PairModel, Dimers), "a model, or its class with a lattice")
    if nearest(model):
        return KC_ISING.get(model.lattice.kind)
    square = model.lattice.kind == "square" and isinstance(model, Potts) and model.shells == 1
    return potts_kc(model.q) if square and isinstance(model, Potts) else None


def not_critical(model: Any) -> str:
    """What keeps exponents measured on samples of this model from being those of its critical point; "" for nothing.

    That is a coupling more than 1 % from Kc (on the square lattice of either sign), or a field. Also "" for what is no
    model with a known Kc.
    """
    Kc = critical_coupling(model) if isinstance(model, Ising | Potts) else None
    if Kc is None:
        return ""
    if model.h:
        return f"samples in a field, h = {model.h:.6g}, have no exponents of a critical point"
    mirrored = isinstance(model, Ising) and model.lattice.kind != "triangular"
    K = abs(model.K) if mirrored else model.K
    if abs(K - Kc) > NEAR * Kc:
        return f"samples of K = {model.K:.6g}, not of Kc = {Kc:.6g}, have no exponents of a critical point"
    return ""
