"""Operators of Potts states, and Monte Carlo RG with them.

A shape of sites makes two operators, by whether its sites are all alike:

    thermal    S   = sum delta(s_1, ..., s_n)
    magnetic   M_a = sum delta(s_1, ..., s_n) (delta(s_1, a) - 1/q)

The first keep their value when the states are permuted, the second go over into each other, with sum_a M_a = 0. So the
two kinds do not mix, and correlations of the second are the same for every a: the mean over a is taken.
Monte Carlo RG of Potts models: C. Rebbi and R. H. Swendsen, Phys. Rev. B 21, 4094 (1980).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blockspin import checks
from blockspin.lattice import Lattice
from blockspin.rg.mcrg import Spectrum, of_values
from blockspin.rg.operators import EVEN, Operator, named

FloatArray = NDArray[np.float64]

MAGNETIC = "magnetisation"
BYTES = 2**20  # of states handled at once


def sectors(lattice: Lattice, names: Sequence[str] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of thermal and of magnetic operators, each in the given order; defaults where there are none of a kind.

    "magnetisation" is the magnetic operator of single sites, "magnetisation.nn" that of nearest neighbours; a plain
    "nn" the thermal one. Shapes are named as in `rg.operators`.
    """
    given = () if names is None else checks.words("operators", names)
    magnetic = tuple(name for name in given if name.split(".")[0] == MAGNETIC)
    thermal = tuple(name for name in given if name not in magnetic)
    return thermal or EVEN[lattice.kind], magnetic or (MAGNETIC, f"{MAGNETIC}.nn")


def mcrg(
    levels: Sequence[NDArray[np.int8]], lattices: Sequence[Lattice], q: int, b: float, names: Sequence[str] | None
) -> tuple[Spectrum, ...]:
    """A `Spectrum` between each level and the next, levels (chain, draw, *sites) of states 0..q-1.

    names: as `sectors` takes them; y_t is of the thermal and y_h of the magnetic ones. Raises ValueError for
    an unknown operator or a thermal one of a single site.
    """
    thermal, magnetic = sectors(lattices[0], names)
    if q == 2 and names is None:  # of two states the magnetisation of neighbours is that of sites
        magnetic = (MAGNETIC,)
    S, M = [], []
    for states, lattice in zip(levels, lattices, strict=True):
        S.append(values(states, _shapes(lattice, thermal, least=2), q)[0])
        bare = [name.removeprefix(MAGNETIC).removeprefix(".") or MAGNETIC for name in magnetic]
        M.append(values(states, _shapes(lattice, bare, least=1), q)[1])
    return of_values(thermal, magnetic, S, M, b)


def _shapes(lattice: Lattice, names: Sequence[str], *, least: int) -> tuple[Operator, ...]:
    operators = named(lattice, names)
    for operator in operators:
        if len(operator.sites) < least:
            raise ValueError(f"a thermal operator of Potts states has two sites or more; {operator.name!r} has one")
    return operators


def values(states: NDArray[np.int8], operators: Sequence[Operator], q: int) -> tuple[FloatArray, FloatArray]:
    """Thermal values (chain, draw, operator) and magnetic ones, (chain, draw q, operator), every a a draw."""
    flat = states.reshape(-1, *states.shape[2:])
    counts = np.empty((len(flat), q, len(operators)))
    rows = max(1, BYTES // int(np.prod(flat.shape[1:])))
    for start in range(0, len(flat), rows):
        piece = flat[start : start + rows]
        for column, operator in enumerate(operators):
            counts[start : start + rows, :, column] = _alike(piece, operator, q)
    counts = counts.reshape(*states.shape[:2], q, -1)
    thermal = counts.sum(axis=2)
    magnetic = counts - thermal[:, :, None] / q
    return thermal, magnetic.reshape(len(states), -1, len(operators))


def _alike(states: NDArray[np.int8], operator: Operator, q: int) -> NDArray[np.int64]:
    """How many shapes have all their sites in state a, for every a, (n, q)."""
    axes = tuple(range(1, states.ndim))
    total = np.zeros((len(states), q), np.int64)
    for image in operator.images:
        first = np.roll(states, [-step for step in image[0]], axes)
        alike = np.ones(states.shape, bool)
        for site in image[1:]:
            alike &= np.roll(states, [-step for step in site], axes) == first
        for a in range(q):
            total[:, a] += (alike & (first == a)).sum(axis=axes)
    return total
