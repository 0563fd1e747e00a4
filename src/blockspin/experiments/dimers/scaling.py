"""How a filter's output decays among dimers: correlators, scaling dimension, and the stiffness of the height."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from blockspin.arrays import FloatArray
from blockspin.experiments.dimers import patterns
from blockspin.statistics import UNDEFINED, Estimate, jackknife

MOST_WINDING = 30


def without_noise(cells: NDArray[np.int8]) -> NDArray[np.int8]:
    """The same coverings with vertices and faces at -1, as a model without noise has them."""
    bare = cells.copy()
    bare[..., ::2, ::2] = bare[..., 1::2, 1::2] = -1
    return bare


def correlator(cells: NDArray[np.int8], weights: FloatArray) -> FloatArray:
    """<phi(0) phi(R)> of phi = w.v at even distances R = 0, 2, ... along the axes, by chain, shape (chain, L/4 + 1).

    cells: (chain, draw, 2L, 2L); weights: a filter (b^2,), moved over all vertices; phi without its mean over each
    configuration. Even R, since columnar and plaquette fields change sign with every vertex.
    """
    L = cells.shape[2] // 2
    kernel = _readable_kernel(weights, L)
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
    """<cos(2 pi W x/L) cos(2 pi W' y/L)> of the two windings, by chain: (chain, draw, 2) to (chain, L, L).

    What windings do to a columnar or plaquette correlator on the torus: the height gains W around it, and these
    operators are exp(2 pi i h). Both orders of the windings are averaged: the model is symmetric.
    """
    waves = np.cos(2 * np.pi * windings[..., None] * np.arange(L) / L)
    one = np.einsum("cdx,cdy->cxy", waves[:, :, 0], waves[:, :, 1]) / windings.shape[1]
    return np.asarray((one + one.swapaxes(1, 2)) / 2)


def torus_distance(L: int) -> FloatArray:
    """The distance on the square torus that correlations without windings fall with, shape (L, L), 1 at the origin.

    (L/pi) |theta_1(pi z/L)| / theta_1'(0) exp(-pi y^2/L^2), z = x + i y, |y| <= L/2: near z for small z, and on the
    axes the chord L/pi sin(pi R/L) to 0.8 %. Source: P. Di Francesco, P. Mathieu, D. Senechal, Conformal Field Theory
    (1997), chapter 12.
    """
    x = np.arange(L)
    centred = np.where(x > L // 2, x - L, x) / L
    z = np.pi * (centred[:, None] + 1j * centred[None, :])
    q = math.exp(-math.pi)
    odd = np.arange(4)
    terms = (-1.0) ** odd * q ** (odd * (odd + 1))
    theta = (terms * np.sin((2 * odd + 1) * z[..., None])).sum(axis=-1) / (terms * (2 * odd + 1)).sum()
    distance = L / np.pi * np.abs(theta) * np.exp(-np.pi * centred[None, :] ** 2)
    distance[0, 0] = 1.0
    return np.asarray(distance)


def dimension(G: FloatArray, factor: FloatArray, weights: FloatArray) -> tuple[Estimate, list[int]]:
    """The scaling dimension d of a filter's columnar and plaquette part, jackknife over chains; the distances fitted.

    G: of `correlator` for the filter `weights` (b^2,); factor: of `winding_factor`; both by chain. Points of the
    columnar fields are taken to go as factor(r) D(r)^(-2 d), D of `torus_distance`, and are summed over the filter; d
    is where ln G less the logarithm of that sum has no slope in ln R (weights 1/error^2 of G), over even R from the
    first two vertices clear of the block (b/2 + 2) to 3 L/8. Not-a-number where a correlation is not positive, fewer
    than two distances are left, or no d between 0 and 4 fits. Lattice corrections, 1/R^2, are in no error.
    Source: Gokmen et al., Phys. Rev. Lett. 127, 240603 (2021), for d of a learned filter at T = inf.
    """
    L, b = factor.shape[1], math.isqrt(len(weights))
    R = np.arange(b // 2 + 2, 3 * L // 8 + 1)
    R = R[R % 2 == 0]
    distances = [int(r) for r in R]
    some = G[:, R // 2].mean(axis=0)
    spread = G[:, R // 2].std(axis=0, ddof=1) / math.sqrt(len(G))
    if len(R) < 2 or (some <= 0).any():
        return UNDEFINED, distances
    power = _columnar_power(weights, L)
    steps = np.log(torus_distance(L))
    confidence = some / np.maximum(spread, 1e-6 * some)

    def found(mean: FloatArray) -> float:
        now, wound = mean[: G.shape[1]][R // 2], mean[G.shape[1] :].reshape(L, L)
        if (now <= 0).any():
            return math.nan

        def slope(d: float) -> float:
            whole = np.fft.ifft2(power * np.fft.fft2(wound * np.exp(-2 * d * steps))).real
            model = (whole[0, R] + whole[R, 0]) / 2
            if (model <= 0).any():
                return math.nan
            return float(np.polyfit(np.log(R), np.log(now / model), 1, w=confidence)[0])

        low, high = slope(0.0), slope(4.0)
        return float(brentq(slope, 0.0, 4.0, xtol=1e-6)) if low * high < 0 else math.nan

    together = np.concatenate([G, factor.reshape(len(factor), -1)], axis=1)
    value, error = jackknife(together, found)
    return Estimate(float(value), float(error)), distances


def _readable_kernel(weights: FloatArray, L: int) -> FloatArray:
    """What a filter (b^2,) reads, in the corner of the cells of L x L vertices."""
    b = math.isqrt(len(weights))
    return np.pad(patterns.readable(weights)[0].reshape(b, b), (0, 2 * L - b))


def _columnar_power(weights: FloatArray, L: int) -> FloatArray:
    """|fft|^2 of a filter whose bonds are turned over where columns are, shape (L, L), both directions summed."""
    kernel = _readable_kernel(weights, L)
    sign = 1.0 - 2 * (np.arange(L) % 2)
    along_x, along_y = kernel[1::2, ::2] * sign[:, None], kernel[::2, 1::2] * sign[None, :]
    return np.asarray(sum(np.abs(np.fft.fft2(part)) ** 2 for part in (along_x, along_y)))


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
