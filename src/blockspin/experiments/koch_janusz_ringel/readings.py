"""Numbers that the claims and the page both read off the results: shares of filters, decays, critical point and nu."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.experiments.koch_janusz_ringel.plan import Plan
from blockspin.experiments.koch_janusz_ringel.tasks import boundary
from blockspin.models.ising import KC_SQUARE
from blockspin.runs.store import Store
from blockspin.runs.task import Result
from blockspin.statistics import Estimate

FloatArray = NDArray[np.float64]

DEGREE = 3  # of the polynomials in K - Kc that carry the flow
SMALLEST = 8  # extent of the coarse lattices that nu and Kc are read from
SEEN = 3.0  # standard errors that an information must stand above 0 to be part of a decay
NOTHING = Estimate(math.nan, math.nan)


@dataclass(frozen=True)
class Found:
    """The results by what they are for: filters by K, blocks by side, curve by temperature, flow by K, chain by K."""

    filters: dict[float, Result]
    blocks: dict[int, Result]
    curve: dict[float, Result]
    trained: Result
    flow: dict[float, Result]
    chain: dict[float, Result]
    L: int

    @classmethod
    def load(cls, plan: Plan, store: Store) -> Found:
        """All results of a plan."""
        (lattice,) = {task.parents[0].settings["L"] for task in plan.flow.values()}
        return cls(
            {K: store.load(task) for K, task in plan.filters.items()},
            {b: store.load(task) for b, task in plan.blocks.items()},
            {T: store.load(task) for T, task in plan.curve.items()},
            store.load(plan.trained),
            {K: store.load(task) for K, task in plan.flow.items()},
            {K: store.load(task) for K, task in plan.chain.items()},
            lattice,
        )

    @property
    def sizes(self) -> list[int]:
        """Extents of the lattices after each step."""
        return [self.L >> step for step in range(1, len(self.trained.arrays["filters"]) + 1)]

    @property
    def critical(self) -> Result:
        """Information at the critical temperature."""
        return self.curve[min(self.curve, key=lambda T: abs(T - 1 / KC_SQUARE))]


def mean(values: Sequence[float] | FloatArray) -> Estimate:
    """Mean and standard error over trainings."""
    array = np.asarray(values, float)
    return Estimate(float(array.mean()), float(array.std(ddof=1) / math.sqrt(len(array))))


def boundary_share(filters: FloatArray) -> Estimate:
    """Share of the absolute weight that lies on a block's boundary, filters (seed, b, b): mean over seeds."""
    size = np.abs(filters)
    share = size[:, boundary(filters.shape[1])].sum(axis=1) / size.sum(axis=(1, 2))
    return mean(share)


def uniform_share(b: int) -> float:
    """The same share of equal weights."""
    return float(boundary(b).mean())


def points(result: Result) -> list[tuple[int, Estimate]]:
    """(buffer, information) where it is defined and stands above 0, up to the first that does not."""
    kept = []
    for row in result.meta["rows"]:
        value, error = row["classifier"]
        if value is None or row["why"] or value <= SEEN * error:
            break
        kept.append((row["buffer"], Estimate(value, error)))
    return kept


def decay(result: Result, x: Callable[[int], float]) -> Estimate:
    """-d ln I / dx over buffers by least squares, the points taken as independent; not-a-number for fewer than 3."""
    seen = [(buffer, one) for buffer, one in points(result) if buffer > 0]
    if len(seen) < 3:
        return NOTHING
    at = np.array([x(buffer) for buffer, _ in seen])
    weight = np.array([one.value / one.error for _, one in seen])  # 1 / error of ln I
    design = np.stack([np.ones_like(at), at], axis=1) * weight[:, None]
    solution = np.linalg.lstsq(design, np.log([one.value for _, one in seen]) * weight, rcond=None)[0]
    return Estimate(float(-solution[1]), float(np.sqrt(np.linalg.inv(design.T @ design)[1, 1])))


@dataclass(frozen=True)
class Step:
    """One step: slope dK_n/dK at Kc, its growth as y_t, and where K_n(K) crosses K_(n-1)(K): the critical coupling."""

    size: int
    slope: Estimate
    y_t: Estimate
    Kc: Estimate


def steps(found: Found) -> list[Step]:
    """What each step says; the sets of samples are independent, errors by leaving out groups of chains of one set."""
    rows = []
    for step, size in enumerate(found.sizes, start=1):
        slope = _of_flow(found, lambda fits, step=step: fits[step][-2])  # type: ignore[misc]
        y_t = _of_flow(found, lambda fits, step=step: _log2(fits[step][-2] / fits[step - 1][-2]))  # type: ignore[misc]
        crossing = _of_flow(found, lambda fits, step=step: KC_SQUARE + _crossing(fits[step] - fits[step - 1]))  # type: ignore[misc]
        rows.append(Step(size, slope, y_t, crossing))
    return rows


def last(found: Found) -> int:
    """The last step that leaves at least `SMALLEST` x `SMALLEST` spins."""
    return max(step for step, size in enumerate(found.sizes, start=1) if size >= SMALLEST or step == 2)


def nu(found: Found) -> Estimate:
    """1 / y_t from the growth of dK_n/dK between the first step and `last`.

    The first step is left out: it starts from the Ising model, not from near the rule's fixed point.
    """
    end = last(found)
    return _of_flow(found, lambda fits: (end - 1) / _log2(fits[end][-2] / fits[1][-2]))


def nu_of_correlations(found: Found) -> Estimate:
    """1 / y_t of the last step that Monte Carlo RG through the learned maps could tell, from critical samples."""
    rows: list[Any] = next((result.meta["spectrum"] for result in found.flow.values() if result.meta["spectrum"]), [])
    y = estimate(rows[-1]["y_t"]) if rows else NOTHING
    return Estimate(1 / y.value, y.error / y.value**2)


def critical_coupling(found: Found) -> Estimate:
    """Where the couplings after `last` steps and after one fewer cross."""
    return steps(found)[last(found) - 1].Kc


def _of_flow(found: Found, function: Callable[[list[FloatArray]], float]) -> Estimate:
    """A function of the polynomials K_n(K - Kc), n = 0, 1, ..., with its error."""
    K = np.array(list(found.flow))
    values = np.array([result.arrays["K"] for result in found.flow.values()])
    values[:, 0] = K  # the coupling that was sampled is known
    left_out = [result.arrays["left_out"] for result in found.flow.values()]
    errors = np.array([_spread(one) for one in left_out])

    def fitted(values: FloatArray) -> float:
        fits = [
            np.polyfit(K - KC_SQUARE, values[:, n], DEGREE, w=1 / errors[:, n] if n else None)
            for n in range(values.shape[1])
        ]
        return function(fits)

    if not np.isfinite(values).all():
        return NOTHING
    variance = 0.0
    for number, groups in enumerate(left_out):
        without = []
        for group in groups:
            changed = values.copy()
            changed[number, 1:] = group[1:]
            without.append(fitted(changed))
        variance += float(_spread(np.array(without))) ** 2
    return Estimate(fitted(values), math.sqrt(variance))


def _spread(left_out: FloatArray) -> FloatArray:
    n = len(left_out)
    return np.asarray(np.sqrt((n - 1) / n * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0)))


def _crossing(difference: FloatArray) -> float:
    """The root nearest to 0, nan where none is real."""
    roots = np.roots(difference)
    real = roots[np.abs(roots.imag) < 1e-12].real
    return float(real[np.argmin(np.abs(real))]) if len(real) else math.nan


def _log2(ratio: float) -> float:
    return math.log2(ratio) if ratio > 0 else math.nan


def pair(one: Estimate) -> list[float | None]:
    """As the store keeps it: None where not finite."""
    return [value if math.isfinite(value) else None for value in (one.value, one.error)]


def estimate(stored: Sequence[float | None] | None) -> Estimate:
    """The inverse of `pair`."""
    if stored is None or stored[0] is None:
        return NOTHING
    value, error = stored
    return Estimate(float(value or 0.0), math.nan if error is None else float(error))


def rows_of(result: Result) -> list[Mapping[str, Any]]:
    """The rows of a temperature, a buffer each."""
    rows: list[Mapping[str, Any]] = result.meta["rows"]
    return rows
