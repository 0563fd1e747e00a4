"""What filters and layers of RBMs read of dimers, as numbers by pattern."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.arrays import FloatArray
from blockspin.experiments.dimers import patterns

GROUPS = {"staggered": patterns.STAGGERED, "columnar": patterns.COLUMNAR, "turn": ("R",)}


def overlaps(filters: FloatArray) -> dict[str, Any]:
    """What each filter reads, and whether together they read both staggered or both columnar patterns."""
    told: dict[str, Any] = {name: patterns.overlap(filters, some).tolist() for name, some in GROUPS.items()}
    told["plaquette"] = np.maximum(patterns.overlap(filters, ["P_1"]), patterns.overlap(filters, ["P_2"])).tolist()
    told["column"] = np.maximum(patterns.overlap(filters, ["C_x"]), patterns.overlap(filters, ["C_y"])).tolist()
    told["angle"] = _angles(filters)
    for name in ("staggered", "columnar"):
        told[f"{name} covered"] = patterns.covered(filters, GROUPS[name])
    return told


def _angles(filters: FloatArray) -> list[float]:
    """The direction of each filter in the plane of E_x and E_y, degrees, 0 (E_x) to 180, its sign of no account."""
    read = patterns.readable(filters)
    b = math.isqrt(read.shape[1])
    x, y = (read @ patterns.pattern(name, b) for name in patterns.STAGGERED)
    angles: list[float] = (np.degrees(np.arctan2(y, x)) % 180).tolist()
    return angles


def readings(W: FloatArray, first: NDArray[np.intp]) -> dict[str, Any]:
    """What a layer of an RBM (M, cells) reads; units in the order `first`, shares of its squared weights."""
    noise = (W * ~patterns.bond_cells(math.isqrt(W.shape[1]))) ** 2
    return {
        "noise": patterns.noise_share(W)[first].tolist(),
        "strength": np.linalg.norm(W, axis=1)[first].tolist(),
        "total": float(noise.sum() / (noise.sum() + (patterns.readable(W) ** 2).sum())),
        "staggered": float((patterns.overlap(W, patterns.STAGGERED) ** 2).mean()),
        "columnar": float((patterns.overlap(W, patterns.COLUMNAR) ** 2).mean()),
    }
