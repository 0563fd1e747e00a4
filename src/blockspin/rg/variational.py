"""Variational Monte Carlo RG: the couplings of block spins as the minimum of a convex functional.

With V_J = sum_a J_a S_a(s') and <> over the block spins s', Omega(J) = ln <exp(-V_J)> + <V_J>_uniform is convex. At its
minimum, block spins weighted by exp(-V_J) have the means of the uniform distribution, <S_a>_V = 0: V_J = -H' and K' = J
but for what the operators leave out. There dK'/dK = B^-1 A with connected moments under the same weight.
Source: Y. Wu and R. Car, Phys. Rev. Lett. 119, 220602 (2017). They sample with the bias, as
`rg.variational_couplings` does; here given samples are reweighted, which serves 2 x 2 blocks: for 4 x 4 at the critical
point 81 of 20,000 draws stay in effect.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from blockspin.rg.couplings import unwound
from blockspin.rg.operators import EVEN, evaluate, named
from blockspin.samples import check, lattice_of
from blockspin.statistics import GROUPS, Estimate, jackknife_error

FloatArray = NDArray[np.float64]

STEPS, CLOSE = 100, 1e-10  # of Newton's method
ENOUGH = 1000  # draws that must be left in effect


@dataclass(frozen=True)
class Minimum:
    """Couplings K_a of the blocks' -H' = sum_a K_a S_a, and the linearised step T_ab = dK'_a/dK_b.

    K: with jackknife errors over chains; effective: (sum w)^2/sum w^2 of the weights w = exp(-V), draws left in effect;
    why: "" or the reason why K and T are not defined, and then nan.
    """

    operators: tuple[str, ...]
    K: tuple[Estimate, ...]
    T: FloatArray
    effective: float
    why: str


def variational(fine: xr.DataArray, blocks: xr.DataArray, operators: Sequence[str] | None = None) -> Minimum:
    """The couplings of block spins by Wu and Car's principle, by reweighting the samples.

    fine and blocks: spins (chain, draw, *sites) of the same draws, as `blocking.block` gives them; operators: names,
    default the table's even ones. Not defined, with the reason, where fewer than 1000 draws stay in effect or Newton's
    method does not settle. Raises ValueError for fewer than two chains, draws that differ, unknown operators, or a
    shape that meets itself on the coarse lattice.
    """
    lattice = lattice_of(check(blocks))
    names = tuple(EVEN[lattice.kind] if operators is None else operators)
    if len(blocks) < 2 or lattice_of(check(fine)).kind != lattice.kind or fine.shape[:2] != blocks.shape[:2]:
        raise ValueError(
            f"fine spins and blocks must have the same kind of lattice, draws and at least 2 chains; got {fine.shape} "
            f"and {blocks.shape}"
        )
    unwound(named(lattice, names), lattice)
    S, S_fine = (
        evaluate(named(lattice_of(one), names), one.values.reshape(-1, *one.shape[2:])) for one in (blocks, fine)
    )
    groups = np.repeat(np.arange(len(blocks)) * min(len(blocks), GROUPS) // len(blocks), blocks.shape[1])
    even = np.full(len(S), 1 / len(S))
    J, settled = minimise(S, even)
    w = weights(S, even, J)
    effective = float(1 / (w @ w))
    k = len(names)
    if not settled or effective < ENOUGH:
        why = (
            f"{effective:.0f} draws stay in effect, fewer than {ENOUGH}"
            if settled
            else "Newton's method did not settle"
        )
        return Minimum(names, (Estimate(math.nan, math.nan),) * k, np.full((k, k), math.nan), effective, why)
    left = np.stack([minimise(S, even * (groups != group), J)[0] for group in range(groups[-1] + 1)])
    errors = jackknife_error(left)
    return Minimum(names, tuple(map(Estimate, J.tolist(), errors.tolist())), slope(S, S_fine, w), effective, "")


def minimise(S: FloatArray, probability: FloatArray, start: FloatArray | None = None) -> tuple[FloatArray, bool]:
    """J at the minimum of Omega for states with values S (n, k) and probabilities (n,), and whether Newton settled."""
    J = np.zeros(S.shape[1]) if start is None else start.copy()
    for _ in range(STEPS):
        w = weights(S, probability, J)
        mean = w @ S
        try:
            step = np.linalg.solve(_connected(S, S, w), mean)  # the gradient of Omega is -mean
        except np.linalg.LinAlgError:
            return J, False
        J += step / max(1.0, float(np.abs(step).max()) / 0.2)  # far away the quadratic model overshoots
        if np.abs(step).max() < CLOSE:
            return J, True
    return J, False


def weights(S: FloatArray, probability: FloatArray, J: FloatArray) -> FloatArray:
    """Probabilities proportional to probability exp(-V_J), (n,)."""
    exponent = -S @ J
    w = probability * np.exp(exponent - exponent.max())
    return np.asarray(w / w.sum())


def slope(S: FloatArray, S_fine: FloatArray, w: FloatArray) -> FloatArray:
    """dK'/dK = B^-1 A with moments under the weights w, at the minimum."""
    return np.asarray(np.linalg.solve(_connected(S, S, w), _connected(S, S_fine, w)))


def _connected(one: FloatArray, two: FloatArray, w: FloatArray) -> FloatArray:
    return np.asarray((one.T * w) @ two - np.outer(w @ one, w @ two))
