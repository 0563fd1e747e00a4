"""Flow of the couplings along repeated coarse-graining, and the fixed point it turns around."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from blockspin import checks
from blockspin.arrays import FloatArray
from blockspin.lattice import Lattice
from blockspin.report.tabular import Several, Tabular, aligned
from blockspin.rg.blocking import Rule, block
from blockspin.rg.mcrg import connected, linearised, moment_sums
from blockspin.rg.operators import EVEN
from blockspin.rg.pseudolikelihood import Couplings, couplings
from blockspin.rg.sectors import of_samples, readable
from blockspin.samples import lattice_of, provenance
from blockspin.statistics import Estimate, jackknife_error, refused, with_blocks


@dataclass(frozen=True)
class Turn:
    """The fixed point as one step sees it, K* = K + (1 - T)^-1 (K' - K) with T = dK'/dK.

    K: an estimate an operator, errors by jackknife over chains; leading: the largest eigenvalue of T. why: "" or the
    reason why it is not defined.
    """

    K: tuple[Estimate, ...]
    leading: float
    why: str


@dataclass(frozen=True, repr=False)
class Trajectory(Tabular):
    """Couplings of one set of samples before and after each step, and the fixed point seen by each step.

    Attributes
    ----------
    K, operators : float, tuple of str
        The nearest-neighbour coupling that was sampled, nan where the samples do not say; names.
    lattices, levels : tuple of Lattice, tuple of Couplings
        Entry n: after n steps.
    turns : tuple of Turn
        Entry n: from step n to n + 1.
    """

    x = "lattice"

    K: float
    operators: tuple[str, ...]
    lattices: tuple[Lattice, ...]
    levels: tuple[Couplings, ...]
    turns: tuple[Turn, ...]

    def __str__(self) -> str:
        rows = [(f"{lattice}:", *level.K) for lattice, level in zip(self.lattices, self.levels, strict=True)]
        return "\n".join([f"from K = {self.K:g}: {', '.join(self.operators)}", *aligned(rows)])

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {"from_K": self.K, "operator": name, "lattice": str(lattice), "value": level[name]}
            for name in self.operators
            for lattice, level in zip(self.lattices, self.levels, strict=True)
        ]


class Trajectories(Several[Trajectory]):
    """The `Trajectory` of each set of samples, a tuple that is a table too.

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(16), 0.4), 400, seed=1)
    >>> bs.rg.flow(samples, bs.Majority, 1, ["nn"]).to_dataframe()["lattice"].tolist()
    ['square 16x16', 'square 8x8']
    """

    each, x = "set", "lattice"


def flow(
    samples: Sequence[xr.DataArray] | xr.DataArray,
    rule: Rule,
    steps: int | None = None,
    operators: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> Trajectories:
    """How the couplings move under repeated coarse-graining: one trajectory for each set of samples.

    The couplings are those of `bs.rg.couplings`, T is Swendsen's B^-1 A; both are truncated to the operators; no error
    bar includes this.

    Parameters
    ----------
    samples : DataArray or sequence of them
        Sets (or one) at couplings below, at and above the critical one, without a field, spins or Potts states.
    rule, steps, seed, operators : as in `bs.rg.exponents`
        Even operators alone. Raises ValueError for an odd one and as `block` and `couplings`.

    Returns
    -------
    Trajectories

    References
    ----------
    R. H. Swendsen, Phys. Rev. Lett. 52, 1165 (1984); the linear step to K* is Newton's with that T.

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(16), K=0.3), 2000, seed=1)
    >>> (path,) = bs.rg.flow(samples, bs.Majority, 1, ["nn"])
    >>> path.levels[1]["nn"].value < path.levels[0]["nn"].value < 0.35  # away from Kc, to weak coupling
    True
    """
    like = "samples, or a list of sets of samples"
    sets = [samples] if isinstance(samples, xr.DataArray) else checks.listed("samples", samples, like)
    if not sets:
        raise ValueError("samples must be at least one set; got none")
    return Trajectories(_trajectory(one, rule, steps, operators, seed) for one in sets)


def fixed_point(trajectories: Sequence[Trajectory], step: int) -> tuple[Estimate, ...]:
    """K* as all trajectories see it at one step (0 is the first), an estimate an operator.

    The mean weighted by 1/error^2, of independent sets of samples; where they scatter more than their errors say, the
    error grows by the root of chi^2 a degree of freedom. The first step starts far away, where one linear step is not
    enough, and late ones have small lattices. Raises ValueError where no trajectory has a fixed point at that step.
    """
    seen = [one.turns[step] for one in trajectories if -len(one.turns) <= step < len(one.turns)]
    turns = [turn for turn in seen if not turn.why]
    if not turns:
        raise ValueError(
            f"no trajectory has a fixed point at step {step}: {'; '.join(t.why for t in seen) or 'too short'}"
        )
    values = np.array([[one.value for one in turn.K] for turn in turns])
    weights = np.array([[one.error**-2 for one in turn.K] for turn in turns])
    mean = (weights * values).sum(axis=0) / weights.sum(axis=0)
    scatter = (weights * (values - mean) ** 2).sum(axis=0) / max(1, len(turns) - 1)
    errors = np.sqrt(np.maximum(scatter, 1) / weights.sum(axis=0))
    return tuple(map(Estimate, mean.tolist(), errors.tolist()))


def _trajectory(
    samples: xr.DataArray, rule: Rule, steps: int | None, operators: Sequence[str] | None, seed: int
) -> Trajectory:
    pictures = block(readable(samples), rule, steps, seed=seed)
    lattices = tuple(lattice_of(level) for level in pictures)
    names = EVEN[lattices[0].kind] if operators is None else checks.words("operators", operators)
    moves = [found - found.mean(axis=(0, 1)) for found in (of_samples(level, names) for level in pictures)]
    levels = tuple(couplings(level, names) for level in pictures)
    turns = tuple(
        _turn(fine, coarse, moment_sums(one, other), names)
        for (fine, coarse), (one, other) in zip(pairwise(levels), pairwise(moves), strict=True)
    )
    K = provenance(samples).get("model", {}).get("K")
    return Trajectory(K if isinstance(K, float) else math.nan, names, lattices, levels, turns)


def _turn(fine: Couplings, coarse: Couplings, sums: FloatArray, names: tuple[str, ...]) -> Turn:
    n = len(names)
    why = fine.why or coarse.why
    if why:
        return Turn((refused(why),) * n, math.nan, why)
    total = sums.sum(axis=0)
    try:
        T = linearised(*connected(total, n))
        K, K_coarse = (np.array([one.value for one in level.K]) for level in (fine, coarse))
        fixed = _fixed(K, K_coarse, T)
        left = np.stack([
            _fixed(one, other, linearised(*connected(total - group, n)))
            for one, other, group in zip(fine.left_out, coarse.left_out, sums, strict=True)
        ])  # fmt: skip
    except np.linalg.LinAlgError:
        why = f"operators {', '.join(names)} are dependent on the coarse lattice"
        return Turn((refused(why),) * n, math.nan, why)
    leading = float(np.abs(np.linalg.eigvals(T)).max())
    return Turn(tuple(map(with_blocks, fixed.tolist(), left.T, jackknife_error(left).tolist())), leading, "")


def _fixed(K: FloatArray, K_coarse: FloatArray, T: FloatArray) -> FloatArray:
    return np.asarray(K + np.linalg.solve(np.eye(len(K)) - T, K_coarse - K))
