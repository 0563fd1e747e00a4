"""Numbers read from filters and samples: overlaps, correlators of a filter's output, the stiffness from windings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from blockspin.coarse import dimer_patterns as patterns
from blockspin.statistics import Estimate, jackknife

FloatArray = NDArray[np.float64]

MOST_WINDING = 30
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


def correlator(cells: NDArray[np.int8], weights: FloatArray) -> FloatArray:
    """<phi(0) phi(R)> of phi = w.v at even distances R = 0, 2, ... along the axes, by chain, shape (chain, L/4 + 1).

    cells: (chain, draw, 2L, 2L); weights: a filter (b^2,), moved over all vertices; phi without its mean over each
    configuration. Even R, since columnar and plaquette fields change sign with every vertex.
    """
    b = math.isqrt(len(weights))
    kernel = np.zeros(cells.shape[2:])
    kernel[:b, :b] = patterns.readable(weights)[0].reshape(b, b)
    L = cells.shape[2] // 2
    power = np.zeros((len(cells), L, L))
    parts = [np.fft.fft2(kernel[dx::2, dy::2]) for dx, dy in ((1, 0), (0, 1))]
    for number, chain in enumerate(cells):
        bonds = [chain[:, dx::2, dy::2].astype(np.float32) for dx, dy in ((1, 0), (0, 1))]
        field = sum(np.fft.fft2(bond) * np.conj(part) for bond, part in zip(bonds, parts, strict=True))
        power[number] = (np.abs(field) ** 2).mean(axis=0)
    power[:, 0, 0] = 0
    G = np.fft.ifft2(power).real / L**2
    return np.asarray((G[:, 0, : L // 2 + 1 : 2] + G[:, : L // 2 + 1 : 2, 0]) / 2)


def winding_factor(windings: NDArray[np.int64], L: int) -> FloatArray:
    """<cos(2 pi W R/L)> over both windings, at R = 0, 2, ... L/2, by chain: (chain, draw, 2) to (chain, L/4 + 1).

    What windings do to a columnar or plaquette correlator on the torus: the height gains W around it, and these
    operators are exp(2 pi i h).
    """
    R = np.arange(0, L // 2 + 1, 2)
    return np.stack([np.cos(2 * np.pi * windings * r / L).mean(axis=(1, 2)) for r in R], axis=1)


def dimension(G: FloatArray, factor: FloatArray, b: int) -> tuple[Estimate, list[int]]:
    """The scaling dimension d of G(R) ~ factor(R) chord(R)^(-2 d), jackknife over chains, and the distances of the fit.

    G: of `correlator`, factor: of `winding_factor`, both by chain. Height fields on a square torus: the part without
    windings falls with the chord L/pi sin(pi R/L) (theta functions, to 0.2 %). The fit, of ln G/factor on ln chord with
    equal weights, goes over even R from the first two vertices clear of the block (b/2 + 2) to 3 L/8.
    Not-a-number where a correlation is not positive, or where fewer than three distances are left. What the block's
    size leaves is in no error: the same number of the exact pattern shows it.
    Source: P. Di Francesco, P. Mathieu, D. Senechal, Conformal Field Theory (1997), chapter 12.
    """
    L = 4 * (G.shape[1] - 1)
    R = np.arange(b // 2 + 2, 3 * L // 8 + 1)
    R = R[R % 2 == 0]
    if len(R) < 3:
        return Estimate(math.nan, math.nan), [int(r) for r in R]
    x = np.log(L / np.pi * np.sin(np.pi * R / L))

    def slope(mean: FloatArray) -> float:
        some, wound = mean[:, R // 2]
        if (some <= 0).any() or (wound <= 0).any():
            return math.nan
        return float(-np.polyfit(x, np.log(some / wound), 1)[0] / 2)

    value, error = jackknife(np.stack([G, factor], axis=1), slope)
    return Estimate(float(value), float(error)), [int(r) for r in R]


def stiffness(windings: NDArray[np.int64]) -> Estimate:
    """The coupling g of the height field from windings (chain, draw, 2) of a square torus, jackknife over chains.

    P(W) ~ exp(-pi g W^2) for each of the two, so <W^2> gives g; free dimers have g = 1/2, and cos of the height, the
    columnar order, the dimension 1/(2 g): 1 for free dimers, 1/8 at the transition (g = 4).
    Source: F. Alet et al., Phys. Rev. E 74, 041124 (2006).
    """
    squares = (windings.astype(float) ** 2).mean(axis=(1, 2))
    value, error = jackknife(squares, lambda mean: _coupling(float(np.mean(mean))))
    return Estimate(float(value), float(error))


def _coupling(square: float) -> float:
    W = np.arange(-MOST_WINDING, MOST_WINDING + 1)

    def gap(g: float) -> float:
        weights = np.exp(-np.pi * g * W**2)
        return float(weights @ W**2 / weights.sum()) - square

    return float(brentq(gap, 1e-2, 20)) if gap(20) < 0 < gap(1e-2) else math.nan
