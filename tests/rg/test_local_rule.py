"""Block rules as tables of patterns, and what is refused as no local rule."""

from __future__ import annotations

import numpy as np
import pytest

import blockspin as bs
from blockspin.lattice import Lattice
from blockspin.rg.local_rule import local_rule


def test_local_rules_as_tables() -> None:
    lattice = Lattice.square(8)
    coarse, sites, table = local_rule(bs.Majority(lattice, 2), lattice)
    assert coarse == Lattice.square(4)
    np.testing.assert_array_equal(sites, lattice.blocks(2))
    ups = np.array([bin(pattern).count("1") for pattern in range(16)])
    np.testing.assert_array_equal(table, np.sign(ups - 2))
    _, _, table = local_rule(bs.rules.Threshold(lattice, 2, threshold=4, ties="random"), lattice)
    assert np.flatnonzero(table).tolist() == [0, 15]
    _, sites, table = local_rule(bs.rules.TriangularMajority(Lattice.triangular(9)), Lattice.triangular(9))
    assert len(table) == 512
    assert (table == -table[::-1]).all()
    assert (np.sort(sites.ravel()) == np.arange(81)).all()

    class Loud(bs.Decimation):
        def transform(self, X: np.ndarray) -> np.ndarray:
            chosen = np.where(np.random.default_rng(1).random((len(X), 16)) < 0.7, 1, -1)
            return np.asarray(super().transform(X) * chosen)

    with pytest.raises(ValueError, match="no local rule"):
        local_rule(Loud(lattice, 2), lattice)
    with pytest.raises(TypeError, match="fields_"):
        local_rule(object(), lattice)
    with pytest.raises(ValueError, match="16"):
        local_rule(bs.Majority(Lattice.square(10), 5), Lattice.square(10))
