"""Monte Carlo renormalization group: the exponents of a coarse-graining from correlations of fine and coarse spins.

With operators S_i on the fine (n-1) and on the coarse (n) lattice, and connected moments

    A_ij = <S_i^(n) S_j^(n-1)>_c,    B_ij = <S_i^(n) S_j^(n)>_c,

the linearised step T_ij = dK_i^(n)/dK_j^(n-1) is B^-1 A, and its leading eigenvalue is b^y: y_t from operators even
under s -> -s, y_h from odd ones. Source: Swendsen, Phys. Rev. Lett. 42, 859 (1979), eqs 2-4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from blockspin.alphabet import SPINS, Alphabet
from blockspin.arrays import FloatArray
from blockspin.lattice import Lattice
from blockspin.models import known, not_critical
from blockspin.report.tabular import Several, Tabular
from blockspin.rg import sectors
from blockspin.samples import ATTRIBUTE, provenance
from blockspin.statistics import GROUPS, UNDEFINED, Estimate, jackknife_error, leave_one_out, refused, with_blocks

SIGNIFICANT = 4.0  # standard errors that an eigenvalue must lie above zero for its logarithm to mean anything
DEPENDENT = 1e-9  # smallest eigenvalue of the operators' correlation matrix that is still taken as independent


@dataclass(frozen=True, repr=False)
class Spectrum(Tabular):
    """Exponents of one step, with jackknife errors over chains.

    Attributes
    ----------
    y_t, y_h : Estimate
        From all even (odd) operators. An exponent that its error hides keeps its number as `y_t.warned`, nan where
        the eigenvalue is complex or negative.
    y_t_by_operators, y_h_by_operators : tuple of Estimate
        Entry k - 1: from the first k operators.
    even, odd : tuple of str, names of the operators
    why_t, why_h, note : str
        "" or the reason why y_t (y_h) is not defined, and then nan; "", or that the fine samples say themselves that
        they are not of the critical point.
    T_t, T_h : array
        The linearised steps dK'/dK (nan where singular).
    """

    x = "last_operator"

    y_t: Estimate
    y_h: Estimate
    y_t_by_operators: tuple[Estimate, ...]
    y_h_by_operators: tuple[Estimate, ...]
    even: tuple[str, ...]
    odd: tuple[str, ...]
    why_t: str
    why_h: str
    T_t: FloatArray
    T_h: FloatArray
    note: str = ""

    def __str__(self) -> str:
        why = "".join(f"; {one}" for one in dict.fromkeys((self.why_t, self.why_h, self.note)) if one)
        return f"y_t = {self.y_t}, y_h = {self.y_h}{why}"

    def _rows(self) -> list[dict[str, Any]]:
        both = (("y_t", self.even, self.y_t_by_operators), ("y_h", self.odd, self.y_h_by_operators))
        return [
            {"exponent": name, "last_operator": operator, "value": one}
            for name, operators, found in both
            for operator, one in zip(operators, found, strict=True)
        ]

    @property
    def direction_t(self) -> FloatArray:
        """The even couplings' direction that grows fastest, T_t v = b^y_t v, largest entry 1; nan where T_t is."""
        if not np.isfinite(self.T_t).all():
            return np.full(len(self.T_t), math.nan)
        values, vectors = np.linalg.eig(self.T_t)
        fastest = np.real(vectors[:, np.argmax(np.abs(values))])
        return np.asarray(fastest / fastest[np.argmax(np.abs(fastest))])


class Spectra(Several[Spectrum]):
    """The `Spectrum` of each step, a tuple that is a table too.

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(8), 0.44), 400, seed=1)
    >>> (spectrum,) = bs.rg.exponents(samples, bs.Majority, 1)
    >>> [*spectrum.to_dataframe()["exponent"]], spectrum.y_t.blocks.shape
    (['y_t', 'y_t', 'y_t', 'y_t', 'y_h', 'y_h'], (50,))
    """

    each, x = "step", "last_operator"


_Sector = tuple[tuple[Estimate, ...], str, FloatArray]  # by the first 1, 2, ... operators; why not; the linearised step


def mcrg(
    levels: Sequence[ArrayLike],
    b: float,
    *,
    lattice: Lattice,
    even: Sequence[str] | None = None,
    odd: Sequence[str] | None = None,
    alphabet: Alphabet = SPINS,
) -> tuple[Spectrum, ...]:
    """Exponents y_t and y_h of the step from each level of coarse-graining to the next, at a critical point.

    levels: two or more arrays (chain, draw, *sites) of the same draws, spins -1/+1 or letters of another alphabet,
    without a field, finest first, each coarser by b; lattice: of the first; even, odd: names of operators of either
    sector (`rg.sectors`), default 4 and 2 of spins on the square lattice.
    y is negative where lambda, the eigenvalue of largest modulus, is below 1. It is not defined, and why_t or why_h say
    so, where B is singular (an operator constant on the coarse lattice, or two that are the same there), where lambda
    is complex or negative, or where it lies within 4 standard errors of 0.
    Errors: jackknife over chains, in at most 50 groups of (nearly) equal size; the error of y is that of lambda
    over lambda ln b. The fixed point, and with it the exponents, is approached as the level rises, until the lattice is
    too small. Raises ValueError for fewer than two levels or chains, shapes that do not fit, b <= 1, an operator
    unknown or of the wrong parity, or values that are not spins.
    """
    if len(levels) < 2:
        raise ValueError(
            f"Monte Carlo RG needs at least 2 levels, the fine spins and once blocked ones; got {len(levels)}"
        )
    if not b > 1:
        raise ValueError(f"b, the ratio of the lattice spacings, must be above 1; got {b}")
    usual = zip((even, odd), sectors.defaults(lattice, alphabet), strict=True)
    names = [tuple(default if given is None else given) for given, default in usual]
    chosen = [sectors.operators(lattice, alphabet, one, even=n == 0) for n, one in enumerate(names)]
    lattices = [lattice, *(Lattice(lattice.kind, np.shape(level)[2:]) for level in levels[1:])]
    found = [
        sectors.values(sectors.on_lattice(*level), alphabet, *chosen) for level in zip(levels, lattices, strict=True)
    ]
    shapes = [S.shape[:2] for S, _ in found]
    if len(set(shapes)) != 1:
        raise ValueError(
            f"fine and coarse spins must have the same chains and draws; got {' and '.join(map(str, shapes))}"
        )
    note = _note(levels[0])
    steps = [zip(names, fine, coarse, strict=True) for fine, coarse in pairwise(found)]
    return tuple(_joined(names, [_sector(*sector, b) for sector in step], note) for step in steps)


def undefined(even: Sequence[str], odd: Sequence[str], why: str) -> Spectrum:
    """The spectrum of a step that has none, and why."""
    names = [tuple(even), tuple(odd)]
    return _joined(names, [((refused(why),) * len(one), why, np.full((len(one),) * 2, math.nan)) for one in names])


def _joined(names: Sequence[tuple[str, ...]], found: Sequence[_Sector], note: str = "") -> Spectrum:
    (even, odd), ((t, why_t, T_t), (h, why_h, T_h)) = names, found
    return Spectrum(t[-1], h[-1], t, h, even, odd, why_t, why_h, T_t, T_h, note)


def _note(fine: ArrayLike) -> str:
    if isinstance(fine, xr.DataArray) and ATTRIBUTE in fine.attrs:
        return not_critical(known(provenance(fine).get("model")))
    return ""


def _sector(operators: Sequence[str], fine: FloatArray, coarse: FloatArray, b: float) -> _Sector:
    """Exponents from the first 1, 2, ... operators, from values (chain, draw, operator)."""
    n = len(operators)
    groups = moment_sums(fine - fine.mean(axis=(0, 1)), coarse - coarse.mean(axis=(0, 1)))
    A, B = connected(groups.sum(axis=0), n)
    T = np.full((n, n), math.nan)
    estimates, why = [], ""
    for k in range(1, n + 1):
        why = _singular(operators[:k], B[:k, :k])
        if why:
            estimates.append(refused(why))
            continue
        value, left = leave_one_out(groups, lambda sums, k=k: _leading(*connected(sums, n), k))  # type: ignore[misc]
        estimates.append(exponent(value, left, b))
        why = estimates[-1].why
        if k == n:
            T = linearised(A, B)
    return tuple(estimates), why, T


def linearised(A: FloatArray, B: FloatArray) -> FloatArray:
    """The linearised step T = B^-1 A, T_ij = dK_i^(n)/dK_j^(n-1), from the connected moments, all (n, n)."""
    return np.asarray(np.linalg.solve(B, A), float)


def moment_sums(fine: FloatArray, coarse: FloatArray) -> FloatArray:
    """For each group of chains: number of draws, sums of coarse and fine values, of coarse x fine, coarse x coarse."""
    sums = np.concatenate(
        [
            np.full((len(fine), 1), float(fine.shape[1])),
            coarse.sum(axis=1),
            fine.sum(axis=1),
            np.einsum("cdi,cdj->cij", coarse, fine, optimize=True).reshape(len(fine), -1),
            np.einsum("cdi,cdj->cij", coarse, coarse, optimize=True).reshape(len(fine), -1),
        ],
        axis=1,
    )
    return np.stack([group.sum(axis=0) for group in np.array_split(sums, min(len(sums), GROUPS))])


def connected(sums: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
    """Connected moments A and B, each (n, n), from `moment_sums` of any group."""
    mean = sums[1:] / sums[0]
    coarse, fine = mean[:n], mean[n : 2 * n]
    A = mean[2 * n : 2 * n + n * n].reshape(n, n) - np.outer(coarse, fine)
    B = mean[2 * n + n * n :].reshape(n, n) - np.outer(coarse, coarse)
    return A, B


def _leading(A: FloatArray, B: FloatArray, k: int) -> FloatArray:
    """`leading` of the first k operators; nan where singular."""
    try:
        return leading(linearised(A[:k, :k], B[:k, :k]))
    except np.linalg.LinAlgError:
        return np.full(2, math.nan)


def leading(T: FloatArray) -> FloatArray:
    """Real and imaginary part of the eigenvalue of largest modulus."""
    eigenvalues = np.linalg.eigvals(T)
    largest = eigenvalues[np.argmax(np.abs(eigenvalues))]
    return np.array([largest.real, largest.imag])


def _singular(operators: Sequence[str], B: FloatArray) -> str:
    variance = np.diag(B)
    for operator, one in zip(operators, variance, strict=True):
        if one <= 1e-12:
            return f"operator {operator!r} is constant on the coarse lattice"
    scale = np.sqrt(variance)
    if np.linalg.eigvalsh(B / np.outer(scale, scale))[0] < DEPENDENT:
        return f"operators {', '.join(operators)} are dependent on the coarse lattice"
    return ""


def exponent(leading: FloatArray, left_out: FloatArray, b: float) -> Estimate:
    """y = ln lambda / ln b from `leading`, its error and blocks to first order; refused where it is not defined."""
    (value, imaginary), (error, wide) = leading.tolist(), jackknife_error(left_out).tolist()
    # by its errors, unknown ones too, it may be real and grow: then no number is not the last word
    never = value + 2 * error <= 1 or abs(imaginary) > SIGNIFICANT * wide
    hidden = None if never else UNDEFINED
    if imaginary != 0:
        return refused(f"the leading eigenvalue is complex: {value:.3g} +- {abs(imaginary):.3g} i", hidden)
    eigenvalue = Estimate(value, error)
    if value < -SIGNIFICANT * error:
        return refused(f"the leading eigenvalue is negative: {eigenvalue}")
    if value > 0:
        found, slope = math.log(value) / math.log(b), value * math.log(b)
        hidden = with_blocks(found, found + (left_out[:, 0] - value) / slope, error / slope)
        if value > SIGNIFICANT * error:
            return hidden
    return refused(f"the leading eigenvalue, {eigenvalue}, is within {SIGNIFICANT:g} standard errors of 0", hidden)
