"""ln Z of any model of pairs on a square torus by its transfer matrix of rows, and moments as its derivatives.

T(r, r') = exp(-(E(r) + E(r'))/2 - E(r, r')) between neighbouring rows r and r', Z = Tr T^Lx. Source: R. J. Baxter,
Exactly Solved Models in Statistical Mechanics (1982), chapter 7.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin.exact import enumeration
from blockspin.lattice import Lattice
from blockspin.models import PairModel

FloatArray = NDArray[np.float64]

MOST_ROWS = 3**7  # states of a row
STEP = 1e-4  # of the derivatives


def log_partition(model: PairModel, *, factor: float = 1.0, field: ArrayLike = 0.0) -> float:
    """ln sum exp(-factor H - sum_i field(s_i)) in nats, field by the numbers of the letters, (q,).

    Raises ValueError for another lattice, more than nearest neighbours, or rows of more than 3^7 states.
    """
    lattice, letters = model.lattice, model.letters
    if lattice.kind != "square" or letters.q ** lattice.shape[1] > MOST_ROWS or model.shells > 1:
        raise ValueError(
            f"a transfer matrix takes nearest neighbours on a square lattice whose rows have at most {MOST_ROWS} "
            f"states; got {model}"
        )
    row = letters.numbers(enumeration.states(Lattice.chain(lattice.shape[1]), letters))
    own, bond = factor * model.sites + np.asarray(field, float), factor * model.bonds[0]
    within = own[row].sum(axis=1) + bond[row, np.roll(row, -1, axis=1)].sum(axis=1)
    energy = (within[:, None] + within) / 2
    for y in range(row.shape[1]):
        energy = energy + bond[row[:, None, y], row[:, y]]
    least = energy.min()
    values = np.linalg.eigvalsh(np.exp(least - energy))
    top = np.abs(values).max()
    powers = (values / top) ** lattice.shape[0]
    return float(lattice.shape[0] * (np.log(top) - least) + np.log(powers.sum()))


def mean_energy(model: PairModel) -> float:
    """<H>, by a central difference of ln Z in the factor."""
    return (log_partition(model, factor=1 - STEP) - log_partition(model, factor=1 + STEP)) / (2 * STEP)


def mean_of_sites(model: PairModel, function: ArrayLike) -> float:
    """<sum_i f(s_i)> of a function of the letters, (q,), by a central difference of ln Z in its field."""
    f = STEP * np.asarray(function, float)
    return (log_partition(model, field=-f) - log_partition(model, field=f)) / (2 * STEP)
