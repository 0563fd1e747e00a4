"""Numbers that the claims and the page both read off a map's measurements."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from blockspin.models.ising import KC_SQUARE

Meta = Mapping[str, Any]
Pair = tuple[float, float]


def growth(meta: Meta, step: int) -> dict[float, Pair]:
    """K to (K_n - K_n(Kc)) / (K - Kc) after n steps, with error: how a distance from the critical coupling grows.

    K_n is the nearest-neighbour coupling that alone fits the coarse spins best; sets of samples are independent.
    """
    paths = {path["K"]: path["nearest"] for path in meta["flow"]}
    centre = min(paths, key=lambda K: abs(K - KC_SQUARE), default=math.nan)
    found: dict[float, Pair] = {}
    for K, nearest in paths.items():
        (value, error), (middle, other) = nearest[step], paths[centre][step]
        if centre == K:
            continue
        if value is None or middle is None:
            found[K] = (math.nan, math.nan)
        else:
            found[K] = ((value - middle) / (K - centre), math.hypot(error, other) / abs(K - centre))
    return found


def sides(found: Mapping[float, Pair]) -> list[float]:
    """The couplings next to the critical one, one below and one above."""
    below = [K for K in found if K < KC_SQUARE]
    above = [K for K in found if K > KC_SQUARE]
    return [max(below), min(above)]
