"""Whether a coarse-graining sees the critical manifold: one row, whatever function of the coarse layer is taken.

To first order a step takes couplings K_b to K'_a by a matrix dK'_a/dK_b. At criticality one direction grows and all
others die out, so that after enough steps of a proper RG rule all rows of the matrix are multiples of one, the normal
of the critical manifold. As <S'_a S_b>_c = sum_c <S'_a S'_c>_c dK'_c/dK_b, the same holds for covariances: for every
even short-ranged function O of the coarse layer

    r_b(O) = <O S_b>_c / <O S_nn>_c

is the same row. No operator is left out of an entry, and O needs no positions of the coarse units. It is necessary, not
enough: the square of the whole lattice's magnetisation has the row too, being of long range, so O must be short-ranged.
Source: Y. Wu and R. Car, Phys. Rev. E 100, 022138 (2019), of which this is the form without a matrix inverse.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from blockspin import checks
from blockspin.arrays import FloatArray
from blockspin.coarse.maps import taken
from blockspin.lattice import Lattice
from blockspin.models import known, nearest, not_critical
from blockspin.report.tabular import Several, Tabular
from blockspin.rg.blocking import Rule, block
from blockspin.rg.normal import critical_normal
from blockspin.rg.operators import TABLES, evaluate, named
from blockspin.samples import by_chain, check, lattice_of, provenance, to_matrix
from blockspin.statistics import GROUPS, Estimate, jackknife_error, leave_one_out, with_blocks

LEAST_UNITS, LEAST_CHAINS = 4, 4
PARTNERS = 4  # functions of a layer without positions: the sum over units of the product with the k-th partner


@dataclass(frozen=True, repr=False)
class Tangent(Tabular):
    """The rows r_b(O) of one level, with jackknife errors over chains.

    Attributes
    ----------
    functions, operators : tuple of str
        O of the coarse layer, and S_b of the fine lattice, the first of them "nn", whose entry is 1.
    rows : tuple of tuple of Estimate
        Entry [a][b] is r_b(O_a).
    normal : tuple of float
        The exact row; empty where it is not known.
    spread : Estimate
        Root mean square over O and b of r_b(O) over its mean over O, less 1, without the part that noise makes.
    distance : Estimate or None
        The same over the exact row.
    note : str
        "" or that the samples say themselves that they are not critical.
    """

    x = "operator"

    functions: tuple[str, ...]
    operators: tuple[str, ...]
    rows: tuple[tuple[Estimate, ...], ...]
    normal: tuple[float, ...]
    spread: Estimate
    distance: Estimate | None
    note: str = ""

    def __str__(self) -> str:
        far = f", distance from the exact row {self.distance}" if self.distance else ""
        return f"spread of rows {self.spread}{far}{f'; {self.note}' if self.note else ''}"

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {"function": function, "operator": operator, "value": one}
            for function, row in zip(self.functions, self.rows, strict=True)
            for operator, one in zip(self.operators[1:], row[1:], strict=True)
        ]


class Manifold(Several[Tangent]):
    """The `Tangent` of each level, a tuple that is a table too.

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(16), 0.44068679), 2000, seed=1)
    >>> found = bs.rg.manifold(samples, bs.Majority, 2)
    >>> [level.rows[0][0].value for level in found]
    [1.0, 1.0]
    """

    each, x = "level", "operator"


def manifold(
    samples: xr.DataArray,
    rule: Rule,
    steps: int | None = None,
    functions: Sequence[str] | None = None,
    operators: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> Manifold:
    """Whether the levels of a coarse-graining see the critical manifold: their rows, spread, and distance from exact.

    Parameters
    ----------
    samples : DataArray
        Critical spins -1/+1 without a field, of two chains or more.
    rule, steps, seed : rule, int or None, int
        As in `rg.exponents`. A fitted map whose units have no positions serves for one step.
    functions : sequence of str or None
        Even operators O of the coarse lattice, two or more, the table's unless given. Units without positions have
        the functions "partner 1", ..., sum_i h_i h_p(i) with p(i) the k-th most correlated unit, found on half of the
        chains and measured on the others; "random 1", ... are pairs at random.
    operators : sequence of str or None
        Even operators S_b of the fine lattice, "nn" first, default the table's.

    Returns
    -------
    Manifold
        A `Tangent` a level. Raises ValueError as `rg.exponents` does, for fewer than two functions or operators, an
        odd one, and for fewer than 4 units or chains.

    References
    ----------
    Y. Wu and R. Car, Phys. Rev. E 100, 022138 (2019).

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(16), K=0.44068679), 2000, seed=1)
    >>> (level,) = bs.rg.manifold(samples, lambda lattice: bs.Majority(lattice, 2, random_state=1), 1)
    >>> level.distance.value < 0.2
    True
    """
    columns = _named("operators", lattice_of(check(samples)), operators)
    if columns[0] != "nn" or len(columns) < 2:
        raise ValueError(f'operators must be two or more, "nn" first; got {", ".join(columns)}')
    field = provenance(samples).get("model", {}).get("h", 0)
    if field:
        raise ValueError(f"the critical manifold is one without a field; these samples have h = {field:g}")
    if samples.sizes["chain"] < LEAST_CHAINS:
        raise ValueError(f"samples must have at least {LEAST_CHAINS} chains; got {samples.sizes['chain']}")
    fine = values(samples.values, lattice_of(samples), columns)
    if not isinstance(rule, type) and hasattr(rule, "transform") and not taken(rule).placed:
        if functions is not None or steps not in (None, 1):
            raise ValueError(
                f"units without positions have functions of their own and one step: functions must be None, steps None "
                f"or 1; got {functions}, {steps}"
            )
        found = [partners(by_chain(taken(rule).means(to_matrix(samples)), samples), seed)]
        fine = fine[len(fine) // 2 :]
    else:
        found = [_of_level(level, functions) for level in block(samples, rule, steps, seed=seed)[1:]]
    model = known(provenance(samples).get("model"))
    exact = nearest(model) and model.lattice.kind == "square" and model.K > 0 and not not_critical(model)
    normal = tuple(critical_normal(columns)) if exact else ()
    return Manifold(tangent(names, one, columns, fine, normal, not_critical(model)) for names, one in found)


def _named(argument: str, lattice: Lattice, names: Sequence[str] | None) -> tuple[str, ...]:
    """Names of even operators, those of the kind's table in its order unless given."""
    if names is None:
        names = [name for name, one in TABLES[lattice.kind].items() if one.even]
    found = named(lattice, checks.words(argument, names))
    if odd := [one.name for one in found if not one.even]:
        raise ValueError(f"operators of the critical manifold are even; {', '.join(odd)} are odd")
    return tuple(one.name for one in found)


def values(spins: NDArray[Any], lattice: Lattice, names: Sequence[str]) -> FloatArray:
    """Values (chain, draw, operator) of operators of spins (chain, draw, *sites)."""
    return evaluate(named(lattice, names), spins.reshape(-1, *lattice.shape)).reshape(*spins.shape[:2], -1)


def _of_level(level: xr.DataArray, functions: Sequence[str] | None) -> tuple[tuple[str, ...], FloatArray]:
    lattice = lattice_of(check(level))
    if lattice.n_sites < LEAST_UNITS:
        raise ValueError(f"a level must have at least {LEAST_UNITS} units; got {lattice}")
    names = _named("functions", lattice, functions)
    return names, values(level.values, lattice, names)


def partners(outputs: NDArray[Any], seed: int) -> tuple[tuple[str, ...], FloatArray]:
    """Functions of a layer (chain, draw, M) without positions, on its second half of chains: names and values.

    Of the k-th partner of each unit, and of pairs at random.
    """
    M, half = outputs.shape[-1], len(outputs) // 2
    if M < LEAST_UNITS:
        raise ValueError(f"a layer must have at least {LEAST_UNITS} units; got {M}")
    apart = outputs - outputs.mean(axis=(0, 1))
    first = apart[:half].reshape(-1, M)
    with np.errstate(divide="ignore", invalid="ignore"):  # units that are constant
        correlation = np.nan_to_num(np.corrcoef(first, rowvar=False)) * (1 - np.eye(M))
    partner = np.argsort(-np.abs(correlation), axis=1)
    random, unit = np.random.default_rng(seed), np.arange(M)
    chosen = {f"partner {k + 1}": partner[:, k] for k in range(min(PARTNERS, M - 1))}
    chosen |= {f"random {k + 1}": (unit + random.integers(1, M, M)) % M for k in range(PARTNERS)}
    sums = [(apart[half:] * apart[half:, :, other]) @ np.sign(correlation[unit, other]) for other in chosen.values()]
    return tuple(chosen), np.stack(sums, axis=-1)


def tangent(
    functions: Sequence[str],
    coarse: FloatArray,
    operators: Sequence[str],
    fine: FloatArray,
    normal: tuple[float, ...],
    note: str = "",
) -> Tangent:
    """The rows from values of coarse and fine functions, each (chain, draw, function) of the same draws."""
    if len(functions) < 2:
        raise ValueError(f"rows are compared over two or more functions; got {', '.join(functions)}")
    O, S = (one - one.mean(axis=(0, 1)) for one in (coarse, fine))
    sums = [np.ones((*O.shape[:2], 1)), O, S, (O[..., :, None] * S[..., None, :]).reshape(*O.shape[:2], -1)]
    of_chains = np.concatenate([one.sum(axis=1) for one in sums], axis=1)
    groups = np.stack([group.sum(axis=0) for group in np.array_split(of_chains, min(len(of_chains), GROUPS))])
    a, b = O.shape[-1], S.shape[-1]

    def rows(total: FloatArray) -> FloatArray:
        mean = total[1:] / total[0]
        covariance = mean[a + b :].reshape(a, b) - np.outer(mean[:a], mean[a : a + b])
        return np.asarray(covariance / covariance[:, :1])

    value, left = leave_one_out(groups, rows)
    estimates = tuple(tuple(with_blocks(value[i, j], left[:, i, j]) for j in range(b)) for i in range(a))
    spread = _apart(value[:, 1:], left[:, :, 1:], None)
    far = _apart(value[:, 1:], left[:, :, 1:], np.array(normal[1:])) if normal else None
    return Tangent(tuple(functions), tuple(operators), estimates, normal, spread, far, note)


def _apart(value: FloatArray, left: FloatArray, row: FloatArray | None) -> Estimate:
    """Root mean square of rows over one row, or over their mean, less 1; the jackknife takes off what noise adds."""

    def square(rows: FloatArray) -> FloatArray:
        against = rows.mean(axis=-2, keepdims=True) if row is None else row
        return np.asarray(((rows / against - 1) ** 2).mean(axis=(-2, -1)))

    return root_of_square(square(value), square(left))


def root_of_square(square: FloatArray, *left_out: FloatArray) -> Estimate:
    """The root of a mean square without the part that noise makes, from the square without each group of each set.

    The square of noisy numbers is too large by their variance; n times it less n - 1 times its mean without one of n
    groups is not, to first order. Sets are independent: what each adds is taken off.
    """
    noise = sum((len(one) - 1) * (one.mean() - square) for one in left_out)
    root = math.sqrt(max(float(square - noise), 0.0))
    error = math.hypot(*(float(jackknife_error(one)) for one in left_out))
    # where noise is all there is, the square is known to its error, and its root to the root of that
    return Estimate(root, error / max(2 * root, math.sqrt(error)) if error else 0.0)
