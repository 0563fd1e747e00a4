"""Effective couplings of any set of configurations, by pseudo-likelihood.

With operators S_a and P(s) proportional to exp(sum_a K_a S_a), each spin given all others has the odds
exp(2 s_i W_i), W_i = sum_a K_a dS_a/ds_i: the normalisation drops out. The couplings maximise the mean of
ln P(s_i | others); the condition is <(dS_a/ds_i) (s_i - tanh W_i)> = 0, the local-field or Callen equations. Letters of
other alphabets likewise (`rg.surroundings`).
Sources: J. Besag, The Statistician 24, 179 (1975); R. H. Swendsen, Phys. Rev. Lett. 52, 1165 (1984);
A. Gonzalez-Arroyo and J. Salas, Phys. Lett. B 214, 418 (1988).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from blockspin import checks, memory
from blockspin.alphabet import SPINS, Alphabet
from blockspin.arrays import FloatArray
from blockspin.lattice import Lattice
from blockspin.report.tabular import Tabular
from blockspin.rg import sectors
from blockspin.rg.counting import Code, IntArray, Values, counted
from blockspin.rg.likelihood import fit
from blockspin.rg.operators import Operator, named
from blockspin.rg.surroundings import Letters, code_of
from blockspin.samples import alphabet_of, lattice_of
from blockspin.statistics import GROUPS, Estimate, certain, jackknife, refused, with_blocks

MAGNETISED = 5.0  # errors that <s> must lie from 0 for a field


@dataclass(frozen=True, repr=False)
class Couplings(Tabular):
    """Couplings K_a of -H = sum_a K_a S_a, with jackknife errors over chains.

    Attributes
    ----------
    operators, K : tuple of str, tuple of Estimate
        Names; from all operators, where `couplings["nn"]` is that of one.
    nested : tuple of tuple of Estimate
        Entry k - 1: from the first k, so that a number that moves along its column shows what the cut leaves open.
    log_likelihood : tuple of float
        Entry k - 1: mean ln P(s_i given the others) of the first k, in nats a site.
    why : str
        "" or the reason why K is not defined, and then nan.
    left_out : array (groups, operators)
        K without each group of chains, for errors of functions of K; its columns are `K[a].blocks`.

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(8), 0.3), 400, seed=1)
    >>> found = bs.rg.couplings(samples, ["nn", "nnn"])
    >>> [*found.to_dataframe()["operator"]], found["nn"].blocks.shape
    (['nn', 'nn', 'nnn'], (50,))
    """

    x = "last_operator"
    operators: tuple[str, ...]
    K: tuple[Estimate, ...]
    nested: tuple[tuple[Estimate, ...], ...]
    log_likelihood: tuple[float, ...]
    why: str
    left_out: FloatArray

    def __getitem__(self, name: str) -> Estimate:
        """The coupling of this operator, from all of them."""
        return self.K[self.operators.index(name)]

    def __str__(self) -> str:
        width = max(12, *(len(name) + 2 for name in self.operators))
        rows = ["".join(f"{name:>{width}}" for name in self.operators)]
        rows += ["".join(f"{estimate!s:>{width}}" for estimate in first) for first in self.nested]
        return "\n".join(rows + ([self.why] if self.why else []))

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {"operator": name, "last_operator": last, "value": one}
            for last, first in zip(self.operators, self.nested, strict=True)
            for name, one in zip(self.operators, first, strict=False)
        ]


def couplings(samples: xr.DataArray, operators: Sequence[str] | None = None) -> Couplings:
    """The couplings of these operators that fit the samples, from any source: a model, a block rule, a network.

    Of numbers an operator is a sum of products, so that "nn" has the K of `bs.Ising` and `bs.BlumeCapel` and
    "magnetisation^2" the latter's -D; of labels it counts the shapes whose sites are all alike, so that "nn" has the K
    of `bs.Potts`. Errors: jackknife over chains, in at most 50 groups; each left-out estimate is two Newton steps from
    the full one. Not defined, with the reason, where an operator adds nothing to those before it or where a coupling
    runs away. The errors do not include the effect of omitted operators. Source: as the module says; on blocked spins,
    Gonzalez-Arroyo and Salas (1988).

    Parameters
    ----------
    samples, operators : DataArray, sequence of str or None
        Names in the order in which nested sets grow (`rg.operators`, `rg.orbits`), default the even ones of
        `rg.sectors.defaults`, and the odd ones too where samples are magnetised (`in_field`): even ones alone would
        mistake a field for a coupling.

    Returns
    -------
    Couplings
        Raises ValueError for fewer than two chains, unknown or repeated operators, a shape that winds around the
        lattice, or samples of dimers.

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(8), K=0.3), 10_000, seed=1)
    >>> abs(bs.rg.couplings(samples, ["nn"])["nn"].z(0.3)) < 4
    True
    """
    lattice, alphabet = lattice_of(sectors.readable(samples)), alphabet_of(samples)
    if operators is None:
        even, odd = sectors.defaults(lattice, alphabet)
        operators = even + (odd if alphabet.mirrored and in_field(samples.values) else ())
    return of_spins(samples.values, lattice, operators, alphabet=alphabet)


def in_field(spins: ArrayLike) -> bool:
    """Whether spins (chain, draw, *sites) are magnetised: <s> differs from 0 by more than `MAGNETISED` errors.

    Errors over chains, as strict for few chains as for many; False for a single chain, which has no error.
    """
    array = np.asarray(spins)
    if len(array) < 2:
        return False
    rows = array.reshape(-1, array[0, 0].size)
    means = memory.by_rows(lambda part: part.mean(axis=1), rows).reshape(array.shape[:2])
    mean, error = jackknife(means.mean(axis=1))
    return certain(float(mean), float(error), len(array), MAGNETISED)


def of_spins(
    spins: ArrayLike, lattice: Lattice, operators: Sequence[str] | None = None, *, alphabet: Alphabet = SPINS
) -> Couplings:
    """`couplings` of plain spins, or of letters of another alphabet, (chain, draw, *sites)."""
    array = sectors.on_lattice(spins, lattice)
    if len(array) < 2:
        raise ValueError(f"samples must have at least 2 chains; got {len(array)}")
    names = sectors.defaults(lattice, alphabet)[0] if operators is None else checks.words("operators", operators)
    chosen = named(lattice, names) if not alphabet.labels else sectors.operators(lattice, alphabet, names, even=True)
    _check(chosen, lattice)
    groups = np.array_split(array, min(len(array), GROUPS))
    terms, counts = counted(groups, _code(chosen) if alphabet == SPINS else code_of(chosen, alphabet))
    likelihood, values = Spins if alphabet == SPINS else Letters, terms.astype(float)
    fits = [fit(likelihood(values[..., :k]), counts, names[:k]) for k in range(1, len(chosen) + 1)]
    nested = tuple(
        (refused(one.why),) * len(one.K) if one.why else tuple(map(with_blocks, one.K, one.left_out.T, one.errors))
        for one in fits
    )
    last = fits[-1]
    return Couplings(names, nested[-1], nested, tuple(one.log_likelihood for one in fits), last.why, last.left_out)


@dataclass(frozen=True)
class Spins:
    """The likelihood of spins with local terms s_i dS/ds_i (m, operators)."""

    terms: FloatArray

    def slopes(self, weight: FloatArray, K: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Half the gradient of the mean ln P(s_i | others) and half of minus its Hessian, (k,) and (k, k)."""
        away = 1 - np.tanh(self.terms @ K)  # s_i W_i, so that 1 - tanh = s_i (s_i - tanh W_i)
        score = (weight * away) @ self.terms
        hessian = (self.terms * (weight * away * (2 - away))[:, None]).T @ self.terms
        return score, hessian

    def mean(self, weight: FloatArray, K: FloatArray) -> float:
        """The mean ln P(s_i | others)."""
        return float(-weight @ np.logaddexp(0, -2 * self.terms @ K))


def local_terms(operator: Operator, spins: NDArray[np.int8]) -> NDArray[np.int8] | NDArray[np.int16]:
    """s_i dS/ds_i of one operator at every site, shape (n, *sites): the sum of the shapes that hold site i.

    spins: (n, *sites) of -1/+1. It changes sign where s_i turns over, and s_i W_i = sum_a K_a of these.
    """
    axes = tuple(range(1, spins.ndim))
    # a shape without symmetry has 48 images on the cubic lattice: more terms than a byte can count
    many = sum(len(image) for image in operator.images) > 127
    total = np.zeros(spins.shape, np.int16 if many else np.int8)
    for image in operator.images:
        product = np.ones_like(spins)
        for site in image:
            product *= np.roll(spins, [-step for step in site], axes)
        for site in image:
            total += np.roll(product, site, axes)
    return total


def _check(operators: Sequence[Operator], lattice: Lattice) -> None:
    if not operators or len({operator.terms for operator in operators}) != len(operators):
        raise ValueError(
            f"operators must be at least one operator and none twice; got {', '.join(one.name for one in operators)}"
        )
    if wrong := [one.name for one in operators if not one.fits(lattice)]:
        raise ValueError(f"operator {wrong[0]!r} winds around a {lattice} lattice and meets itself")


def _code(operators: Sequence[Operator]) -> Code:
    """The local terms of spins as digits: s_i dS/ds_i of n terms takes the n + 1 values -n, -n + 2, ..., n."""
    largest = [sum(len(image) for image in operator.images) for operator in operators]

    def digits(spins: Values) -> Iterator[IntArray]:
        piece = np.ascontiguousarray(spins, np.int8)
        for operator, n in zip(operators, largest, strict=True):
            yield (local_terms(operator, piece).astype(np.int64) + n) // 2

    return Code([n + 1 for n in largest], digits, lambda found: 2 * found - largest)
