"""The density of states by energy: enumeration, published counts, Kaufman's ln Z.

Mutants tried, each seen to fail here: the products of the even modes exchanged with those of the odd ones, the sign of
the second product, the mode l = n left out where n is even, one prime too few.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import oracles.enumeration
from blockspin.exact import ising2d
from blockspin.lattice import Lattice
from oracles import density


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (4, 4), (5, 3), (2, 7), (4, 5)], ids=str)
def test_counts_agree_with_enumeration(shape: tuple[int, int]) -> None:
    lattice = Lattice.square(*shape)
    energy, counts = density.energies_and_counts(lattice)
    every, _, number = oracles.enumeration.density(lattice)
    known = np.unique(every)
    np.testing.assert_array_equal(energy, known)
    assert counts == [int(number[every == e].sum()) for e in known]


def test_the_4x4_torus_has_the_known_degeneracies() -> None:
    known = {-32: 2, -24: 32, -20: 64, -16: 424, -12: 1728, -8: 6688, -4: 13568, 0: 20524}
    energy, counts = density.energies_and_counts(Lattice.square(4))
    assert dict(zip(energy.tolist(), counts, strict=True)) == known | {-e: n for e, n in known.items()}


def test_the_32x32_torus_has_beales_counts() -> None:
    energy, counts = density.energies_and_counts(Lattice.square(32))
    np.testing.assert_array_equal(energy[:4] - energy[0], [0, 8, 12, 16])
    assert counts[:4] == [2, 2048, 4096, 1057792]
    assert sum(counts) == 2**1024
    assert counts == counts[::-1]


@pytest.mark.parametrize("shape", [(16, 16), (7, 20), (9, 6)], ids=str)
def test_counts_give_kaufmans_partition_function(shape: tuple[int, int]) -> None:
    lattice = Lattice.square(*shape)
    energy, counts = density.energies_and_counts(lattice)
    logs = np.array([math.log(count) for count in counts])
    assert sum(counts) == 2**lattice.n_sites
    for K in (0.2, 0.44, 0.9):
        total = np.logaddexp.reduce(logs - K * energy)
        assert total == pytest.approx(ising2d.log_partition(lattice, K), rel=1e-13)


def test_errors_name_the_rule() -> None:
    with pytest.raises(ValueError, match="triangular 4x4"):
        density.energies_and_counts(Lattice.triangular(4))
    with pytest.raises(ValueError, match=r"4096.*square 65x64"):
        density.energies_and_counts(Lattice.square(65, 64))
