"""Numbers that the claims and the page both read off the results: shares of filters, decays, critical point and nu."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from blockspin.arrays import FloatArray
from blockspin.experiments.core import Run
from blockspin.experiments.koch_janusz_ringel.tasks import Curve, Exponents, boundary
from blockspin.models.ising import KC_SQUARE
from blockspin.runs.task import Result
from blockspin.statistics import UNDEFINED, Estimate, jackknife_error, mean_over_seeds

DEGREE, SLOPE = 3, -2  # of the polynomials in K - Kc, and the place of their slope at Kc
SMALLEST = 8  # extent of the coarse lattices that nu and Kc are read from
SEEN = 3.0  # standard errors above 0 of an information that is part of a decay


def boundary_share(filters: FloatArray) -> Estimate:
    """Share of the absolute weight on a block's boundary, filters (seed, b, b): mean over seeds."""
    size = np.abs(filters)
    return mean_over_seeds(size[:, boundary(filters.shape[1])].sum(axis=1) / size.sum(axis=(1, 2)))


def critical(run: Run) -> Curve:
    """Information at the critical temperature."""
    found: Curve = run["curve"][min(run["curve"], key=lambda T: abs(T - 1 / KC_SQUARE))]
    return found


def hot(run: Run) -> list[float]:
    """The temperatures above the critical one."""
    return [T for T in sorted(run["curve"]) if T * KC_SQUARE > 1 + 1e-9]


def points(curve: Curve) -> list[tuple[int, Estimate]]:
    """(buffer, information) where it is defined and clear of 0, up to the first that is not."""
    kept = []
    for row in curve.rows:
        one = row.information
        if not one.value > SEEN * one.error:
            break
        kept.append((row.buffer, one))
    return kept


def decay(curve: Curve, x: Callable[[float], float]) -> Estimate:
    """-d ln I / dx over buffers by least squares, the points taken as independent; not-a-number for fewer than 3."""
    seen = [(buffer, one) for buffer, one in points(curve) if buffer > 0]
    if len(seen) < 3:
        return UNDEFINED
    at = np.array([x(buffer) for buffer, _ in seen])
    weight = np.array([one.value / one.error for _, one in seen])  # 1 / error of ln I
    (slope, _), covariance = np.polyfit(at, np.log([one.value for _, one in seen]), 1, w=weight, cov="unscaled")
    return Estimate(float(-slope), math.sqrt(covariance[0, 0]))


@dataclass(frozen=True)
class Flow:
    """What the couplings K_n after n = 1, 2, ... steps say; a list has an entry a step.

    slope: dK_n/dK at Kc; y_t: its growth; crossing: where K_n(K) crosses K_(n-1)(K). last: the last step that leaves at
    least `SMALLEST` x `SMALLEST` spins; Kc: its crossing; nu: from the growth of the slope between it and the first
    step, which starts from the Ising model and not from near the rule's fixed point. spectrum: by Monte Carlo RG at Kc;
    nu_of_correlations: of its last step.
    """

    sizes: list[int]
    slope: list[Estimate]
    y_t: list[Estimate]
    crossing: list[Estimate]
    last: int
    Kc: Estimate
    nu: Estimate
    spectrum: list[Exponents]
    nu_of_correlations: Estimate


def read_flow(run: Run) -> Flow:
    """The numbers of the flow; errors by leaving out groups of chains of one set of samples at a time."""
    results: list[Result] = [*run["flow"].values()]
    whole, without = _polynomials(np.array([*run["flow"]]), results)

    def read(function: Callable[[FloatArray], FloatArray]) -> list[Estimate]:
        varied = [np.transpose([function(one) for one in some]) for some in without]  # (n, group), set by set
        variance = [sum(float(jackknife_error(some[n])) ** 2 for some in varied) for n in range(len(varied[0]))]
        return [Estimate(float(one), math.sqrt(square)) for one, square in zip(function(whole), variance, strict=True)]

    sizes = [run.settings.flow.L >> step for step in range(1, len(whole))]
    last = max(step for step, size in enumerate(sizes, start=1) if size >= SMALLEST or step == 2)
    slope = read(lambda fits: fits[1:, SLOPE])
    y_t = read(lambda fits: _log2(fits[1:, SLOPE] / fits[:-1, SLOPE]))
    crossing = read(lambda fits: np.array([KC_SQUARE + _root(one) for one in np.diff(fits, axis=0)]))
    (nu,) = read(lambda fits: (last - 1) / _log2(fits[[last], SLOPE] / fits[1, SLOPE]))
    spectrum = [Exponents.model_validate(one) for found in results for one in found.meta["spectrum"]]
    y = spectrum[-1].y_t if spectrum else UNDEFINED
    of_correlations = Estimate(1 / y.value, y.error / y.value**2)
    return Flow(sizes, slope, y_t, crossing, last, crossing[last - 1], nu, spectrum, of_correlations)


def changes(result: Result) -> list[Estimate]:
    """By how much the coupling changes in each step; errors by leaving out groups of chains."""
    errors = jackknife_error(np.diff(result.arrays["left_out"], axis=1))
    return [Estimate(*map(float, pair)) for pair in zip(np.diff(result.arrays["K"]), errors, strict=True)]


def _polynomials(K: FloatArray, results: list[Result]) -> tuple[FloatArray, list[list[FloatArray]]]:
    """K_n(K - Kc) through all sets of samples, coefficients (steps + 1, 4); the same without each group of each set."""
    paths = np.array([one.arrays["K"] for one in results])
    left_out = [one.arrays["left_out"].copy() for one in results]
    for number, coupling in enumerate(K):  # the coupling that was sampled is known
        paths[number, 0] = left_out[number][:, 0] = coupling
    errors = np.array([jackknife_error(one) for one in left_out])
    weights = [None, *(1 / errors[:, 1:].T)]

    def fitted(values: FloatArray) -> FloatArray:
        if not np.isfinite(paths).all():
            return np.full((len(weights), DEGREE + 1), np.nan)
        columns = zip(values.T, weights, strict=True)
        return np.array([np.polyfit(K - KC_SQUARE, column, DEGREE, w=weight) for column, weight in columns])

    def without(number: int, group: FloatArray) -> FloatArray:
        return fitted(np.where(np.arange(len(K))[:, None] == number, group, paths))

    return fitted(paths), [[without(number, group) for group in some] for number, some in enumerate(left_out)]


def _log2(ratio: FloatArray) -> FloatArray:
    return np.log2(np.where(ratio > 0, ratio, np.nan))


def _root(polynomial: FloatArray) -> float:
    """The root nearest to 0, nan where none is real."""
    roots = np.roots(polynomial) if np.isfinite(polynomial).all() else np.array([])
    real = roots[np.abs(roots.imag) < 1e-12].real
    return float(real[np.argmin(np.abs(real))]) if len(real) else math.nan
