"""Operators in two sectors, by the symmetry of an alphabet, and their values on samples of it.

Numbers that may change their sign, as spins: operators even and odd under that. Labels, as Potts states: a shape of
sites makes two operators, by whether its sites are all alike,

    thermal    S   = sum delta(s_1, ..., s_n)
    magnetic   M_a = sum delta(s_1, ..., s_n) (delta(s_1, a) - 1/q)

of which the first keep their value when the labels are permuted and the second go over into each other, with
sum_a M_a = 0: correlations are the same for every a, and the mean over a is taken. The two sectors do not mix.
Monte Carlo RG of Potts models: C. Rebbi and R. H. Swendsen, Phys. Rev. B 21, 4094 (1980).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from blockspin import checks, memory
from blockspin.alphabet import SPINS, Alphabet
from blockspin.arrays import FloatArray
from blockspin.lattice import Lattice
from blockspin.rg.operators import EVEN, ODD, Operator, evaluate, named, products
from blockspin.samples import alphabet_of, check_any, lattice_of, provenance

Names = tuple[str, ...]

MAGNETIC = "magnetisation"
BYTES = 2**20  # of labels handled at once


def readable(samples: xr.DataArray) -> xr.DataArray:
    """Samples of which operators make sense; raises ValueError for dimers and for labels that are not all alike."""
    stored = provenance(check_any(samples))
    if stored.get("model", {}).get("model") == "dimers":
        raise ValueError(
            "operators are of spins on equal sites; these samples hold dimers, whose lattice of cells mixes vertices, "
            "bonds and faces. Couplings of what a map makes of them are defined: block them first"
        )
    if code := stored.get("positions"):
        raise ValueError(f"operators need a periodic lattice; these samples have not: {code}")
    if stored.get("letters_alike") is False:
        raise ValueError(
            "operators of labels compare which sites are equal; the labels of these samples differ by more, as "
            "the angles of a clock model do: they have no operators here"
        )
    return samples


def defaults(lattice: Lattice, alphabet: Alphabet) -> tuple[Names, Names]:
    """Names of the operators of both sectors where none are requested; numbers without a mirror have one sector."""
    even: Names = EVEN[lattice.kind]
    odd: Names = ODD[lattice.kind]
    if alphabet.labels:
        return even, (MAGNETIC,) if alphabet.q == 2 else (MAGNETIC, f"{MAGNETIC}.nn")
    if alphabet.q > 2:
        even, odd = (*even, f"{MAGNETIC}^2", "nn^2"), (*odd, "nn^12")
    return (even, odd) if alphabet.mirrored else (even + odd, ())


def split(lattice: Lattice, alphabet: Alphabet, names: Sequence[str] | None) -> tuple[Names, Names]:
    """Names of the operators of either sector, each in the given order; the defaults for None.

    Of labels "magnetisation" is the magnetic operator of single sites, "magnetisation.nn" that of nearest neighbours; a
    plain "nn" is the thermal one.
    """
    if names is None:
        return defaults(lattice, alphabet)
    given = checks.words("operators", names)
    if alphabet.labels:
        odd = tuple(name for name in given if name.split(".")[0] == MAGNETIC)
    else:
        odd = tuple(one.name for one in named(lattice, given) if not one.even)
    even = tuple(name for name in given if name not in odd)
    usual = defaults(lattice, alphabet)
    # a sector of which nothing was asked is still needed to fill a spectrum: its first operator serves
    least = len(usual[0]) if alphabet.labels else 1
    return even or usual[0][:least], odd or usual[1][:least]


def operators(lattice: Lattice, alphabet: Alphabet, names: Sequence[str], *, even: bool) -> tuple[Operator, ...]:
    """The operators of these names; raises ValueError where there is none or one is of the other sector."""
    sector = "even" if even else "odd"
    if alphabet.labels:
        names = names if even else [name.removeprefix(MAGNETIC).removeprefix(".") or MAGNETIC for name in names]
    found = named(lattice, names)
    if not found:
        raise ValueError(f"at least one {sector} operator is needed; got none")
    for one in found:
        if alphabet.labels and even and len(one.sites) < 2:
            raise ValueError(f"a thermal operator of labels has two sites or more; {one.name!r} has one")
        if alphabet.labels and set(one.powers) != {1}:
            raise ValueError(f"labels have no powers; got operator {one.name!r}")
        if alphabet.mirrored and one.even != even:
            raise ValueError(f"{sector} operators have an {sector} sum of powers; {one.name!r} has not")
    return found


def on_lattice(spins: ArrayLike, lattice: Lattice) -> NDArray[Any]:
    """Spins (chain, draw, *sites) as an array; raises ValueError where they do not have the lattice's shape."""
    array = np.asarray(spins)
    if array.ndim < 3 or array.shape[2:] != lattice.shape:
        raise ValueError(
            f"spins of a {lattice} lattice have shape (chain, draw, {', '.join(map(str, lattice.shape))}); "
            f"got {array.shape}"
        )
    return array


def values(
    array: NDArray[Any], alphabet: Alphabet, even: Sequence[Operator], odd: Sequence[Operator] = ()
) -> tuple[FloatArray, FloatArray]:
    """Values of both sectors on samples (chain, draw, *sites): (chain, draw, operator) each.

    Of labels the magnetic ones are (chain, draw q, operator), every a a draw.
    """
    flat = array.reshape(-1, *array.shape[2:])
    if alphabet.labels:
        thermal = _alike(flat, even, alphabet.q).sum(axis=1)
        counts = _alike(flat, odd, alphabet.q)
        magnetic = counts - counts.sum(axis=1, keepdims=True) / alphabet.q
        return thermal.reshape(*array.shape[:2], -1), magnetic.reshape(len(array), -1 if odd else 0, len(odd))
    found = (evaluate if alphabet == SPINS else products)([*even, *odd], flat).reshape(*array.shape[:2], -1)
    return found[..., : len(even)], found[..., len(even) :]


def of_samples(samples: xr.DataArray, names: Sequence[str]) -> FloatArray:
    """Values (chain, draw, operator) of operators that keep the symmetry; raises ValueError for one that does not."""
    alphabet = alphabet_of(samples)
    return values(samples.values, alphabet, operators(lattice_of(samples), alphabet, names, even=True))[0]


def neighbours(array: NDArray[Any], lattice: Lattice) -> FloatArray:
    """sum_<ij> s_i s_j of numbers (chain, draw, *sites), (chain, draw)."""
    spins = all((np.abs(part) == 1).all() for part in memory.parts(array))
    value = evaluate if spins else products
    return value(named(lattice, ["nn"]), array.reshape(-1, *array.shape[2:])).reshape(array.shape[:2])


def _alike(states: NDArray[Any], chosen: Sequence[Operator], q: int) -> FloatArray:
    """How many shapes have all their sites in state a, for every a, (n, q, operators)."""
    axes = tuple(range(1, states.ndim))
    total = np.zeros((len(states), q, len(chosen)))
    rows = max(1, BYTES // int(np.prod(states.shape[1:])))
    for start in range(0, len(states), rows):
        piece = states[start : start + rows]
        for column, operator in enumerate(chosen):
            for image in operator.images:
                first = np.roll(piece, [-step for step in image[0]], axes)
                alike = np.ones(piece.shape, bool)
                for site in image[1:]:
                    alike &= np.roll(piece, [-step for step in site], axes) == first
                for a in range(q):
                    total[start : start + rows, a, column] += (alike & (first == a)).sum(axis=axes)
    return total
