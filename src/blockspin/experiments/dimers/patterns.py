"""What a filter or a layer of an RBM on a block of dimers reads: electric fields, columns, plaquettes, and noise.

A block has b x b cells of the layout of `bs.Dimers`, b even: (b/2)^2 vertices, each with its bonds to the right and up.
A dimer covers each vertex once, so that the four bonds of a vertex sum to a constant: a filter may hold any multiple of
such a star, and any weight on a cell that never changes, without reading anything by it. `readable` takes both out;
the patterns have none of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

from blockspin import checks
from blockspin.arrays import FloatArray

PATTERNS: dict[str, Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]] = {
    "E_x": lambda n_x, n_y, x, y: n_x * x * y,  # staggered along x: the electric field along x
    "E_y": lambda n_x, n_y, x, y: n_y * x * y,
    "C_x": lambda n_x, n_y, x, y: n_x * x,  # columns of dimers along x
    "C_y": lambda n_x, n_y, x, y: n_y * y,
    "P_1": lambda n_x, n_y, x, y: n_x * x + n_y * y,  # plaquettes: C_x + C_y
    "P_2": lambda n_x, n_y, x, y: n_x * x - n_y * y,
    "R": lambda n_x, n_y, x, y: n_x - n_y,  # turned by 90 degrees or not
}
"""Name to a pattern of the cells with dimers along x and along y, n_x and n_y, and the signs (-1)^x and (-1)^y."""
STAGGERED, COLUMNAR, PLAQUETTE = ("E_x", "E_y"), ("C_x", "C_y"), ("P_1", "P_2")
GROUPS = {"staggered": STAGGERED, "columnar": COLUMNAR, "turn": ("R",)}


def bond_cells(b: int) -> NDArray[np.bool_]:
    """Which cells of a block are bonds, shape (b^2,), in the order of `Lattice.blocks`; raises ValueError for odd b."""
    x, y = _cells(b)
    return np.asarray((x + y) % 2 == 1)


def pattern(name: str, b: int) -> FloatArray:
    """One of `PATTERNS` on a block that starts at a vertex, shape (b^2,), norm 1; vertices at (x, y), bonds alike.

    The sign of staggered and columnar patterns turns with each vertex that a block is moved by.
    Source: M. Koch-Janusz and Z. Ringel, Nature Physics 14, 578 (2018); F. Alet et al., Phys. Rev. E 74, 041124 (2006).
    """
    checks.choice("pattern", name, PATTERNS)
    x, y = _cells(b)
    along_x, along_y = (x % 2 == 1) & (y % 2 == 0), (x % 2 == 0) & (y % 2 == 1)
    sign_x, sign_y = (1 - 2 * (cell // 2 % 2) for cell in (x, y))
    made = PATTERNS[name](*(part.astype(float) for part in (along_x, along_y, sign_x, sign_y)))
    return np.asarray(made / np.linalg.norm(made))


def readable(filters: ArrayLike) -> FloatArray:
    """Filters (k, b^2) on the bonds alone and without stars: what they read of close-packed dimers."""
    weights = np.atleast_2d(np.asarray(filters, float))
    b = _side(weights)
    on_bonds = weights * bond_cells(b)
    stars = _stars(b)
    return np.asarray(on_bonds - (on_bonds @ stars) @ stars.T)


def overlap(filters: ArrayLike, names: Sequence[str]) -> FloatArray:
    """How much of each filter lies in the plane (or line) of these patterns, 0 to 1, shape (k,).

    The length of the projection of the readable filter, set to length 1: blind to signs and, for a pair such as
    `COLUMNAR`, to the phase by which a pattern is moved. A filter that reads nothing has 0.
    """
    read = readable(filters)
    b = _side(read)
    basis = np.linalg.qr(np.stack([pattern(name, b) for name in names], axis=1))[0]
    length = np.linalg.norm(read, axis=1)
    return np.asarray(np.linalg.norm(read @ basis, axis=1) / np.where(length > 0, length, 1.0))


def covered(filters: ArrayLike, names: Sequence[str]) -> float:
    """How much of the worst pattern combination the filters together can read, 0 to 1.

    The cosine of the largest angle between the plane of the patterns and the plane (space) of the filters: 1 where any
    mixture of the patterns is a mixture of filters; 0 for fewer filters than patterns.
    """
    read = readable(filters)
    b = _side(read)
    planes = [np.linalg.qr(side)[0] for side in (np.stack([pattern(name, b) for name in names], axis=1), read.T)]
    cosines = np.linalg.svd(planes[0].T @ planes[1], compute_uv=False)
    return float(cosines[-1]) if len(cosines) == len(names) else 0.0


def chance(b: int, n_patterns: int, probability: float = 0.5) -> float:
    """The overlap that a random filter stays below with this probability (the median unless given).

    Its square is beta-distributed with n/2 and (D - n)/2, D the number of `readable_dimensions`.
    """
    D = readable_dimensions(b)
    return float(np.sqrt(beta.ppf(probability, n_patterns / 2, (D - n_patterns) / 2)))


def readable_dimensions(b: int) -> int:
    """Independent readings of a block: its bonds less one for each vertex whose four bonds all lie in it."""
    return int(bond_cells(b).sum() - (b // 2 - 1) ** 2)


def noise_share(filters: ArrayLike) -> FloatArray:
    """The share of the squared weight on vertices and faces, where noise spins live, of each filter, shape (k,).

    Besides what is readable on the bonds; equal weights on all cells would have about a half and more.
    """
    weights = np.atleast_2d(np.asarray(filters, float))
    noise = ((weights * ~bond_cells(_side(weights))) ** 2).sum(axis=1)
    total = noise + (readable(weights) ** 2).sum(axis=1)
    return np.asarray(noise / np.where(total > 0, total, 1.0))


def overlaps(filters: FloatArray) -> dict[str, Any]:
    """What each filter reads, and whether together they read both staggered or both columnar patterns."""

    def larger(names: Sequence[str]) -> list[float]:
        one: list[float] = np.max([overlap(filters, [name]) for name in names], axis=0).tolist()
        return one

    return {
        **{name: overlap(filters, some).tolist() for name, some in GROUPS.items()},
        "plaquette": larger(PLAQUETTE),
        "column": larger(COLUMNAR),
        "angle": _angles(filters),
        **{f"{name} covered": covered(filters, GROUPS[name]) for name in ("staggered", "columnar")},
    }


def readings(W: FloatArray, first: NDArray[np.intp]) -> dict[str, Any]:
    """What a layer of an RBM (M, cells) reads; units in the order `first`, shares of its squared weights."""
    noise = (W * ~bond_cells(_side(W))) ** 2
    return {
        "noise": noise_share(W)[first].tolist(),
        "total": float(noise.sum() / (noise.sum() + (readable(W) ** 2).sum())),
        "staggered": float((overlap(W, STAGGERED) ** 2).mean()),
        "columnar": float((overlap(W, COLUMNAR) ** 2).mean()),
    }


def _angles(filters: FloatArray) -> list[float]:
    """The direction of each filter in the plane of E_x and E_y, degrees, 0 (E_x) to 180, its sign of no account."""
    read = readable(filters)
    x, y = (read @ pattern(name, _side(read)) for name in STAGGERED)
    angles: list[float] = (np.degrees(np.arctan2(y, x)) % 180).tolist()
    return angles


@cache
def _stars(b: int) -> FloatArray:
    """An orthonormal basis of the stars of vertices whose four bonds lie in the block, shape (b^2, stars)."""
    stars = []
    for x in range(2, b, 2):
        for y in range(2, b, 2):
            star = np.zeros((b, b))
            star[[x - 1, x + 1, x, x], [y, y, y - 1, y + 1]] = 1
            stars.append(star.ravel())
    return np.linalg.qr(np.stack(stars, axis=1))[0] if stars else np.zeros((b * b, 0))


def _cells(b: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    if b < 2 or b % 2:
        raise ValueError(f"a block of dimers holds whole vertices, two cells a side each: b must be even; got {b}")
    x, y = np.indices((b, b))
    return x.ravel(), y.ravel()


def _side(filters: FloatArray) -> int:
    b = math.isqrt(filters.shape[1])
    if b * b != filters.shape[1]:
        raise ValueError(f"filters of a square block have shape (k, b^2); got {filters.shape}")
    return b
