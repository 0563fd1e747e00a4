"""Assignment through near sites: the cost of the table of all distances, whatever crowds or ties; the law beyond."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from blockspin.coarse import assignment, matching
from blockspin.lattice import Lattice

LATTICES = [
    Lattice.square(8),
    Lattice.square(6, 9),
    Lattice.triangular(9),
    Lattice.triangular(3, 20),
    Lattice.cubic(4),
    Lattice.chain(60),
]


def points_of(kind: str, lattice: Lattice, n: int, random: np.random.Generator) -> np.ndarray:
    if kind == "random":
        return random.random((n, lattice.dimension)) * lattice.shape
    if kind == "crowd":
        return (random.normal(0, 0.05, (n, lattice.dimension)) * lattice.shape) % lattice.shape
    if kind == "one point":
        return np.full((n, lattice.dimension), 1.25)
    if kind == "line":
        points = random.random((n, lattice.dimension)) * lattice.shape
        points[:, 0] = 1.0
        return points
    return lattice.coordinates[random.integers(0, lattice.n_sites, n)] / 2  # halves of sites: many ties


@pytest.mark.parametrize("kind", ["random", "crowd", "one point", "line", "ties"])
@pytest.mark.parametrize("coarse", LATTICES, ids=str)
def test_near_sites_cost_what_all_sites_cost(coarse: Lattice, kind: str) -> None:
    random = np.random.default_rng(5)
    fine = Lattice(coarse.kind, tuple(assignment.WHOLE * extent for extent in coarse.shape))
    for share in (1.0, 0.8):
        n = int(share * coarse.n_sites)
        points = np.rint(points_of(kind, coarse, n, random) * assignment.WHOLE)
        sites = np.rint((coarse.coordinates + random.random(coarse.dimension)) * assignment.WHOLE)
        chosen = assignment.choose(points, sites, fine)
        assert len(set(chosen)) == n
        table = assignment.squared(fine, fine.displacement(sites[None], points[:, None]))
        best = table[linear_sum_assignment(table)].sum()
        assert table[np.arange(n), chosen].sum() == pytest.approx(best, rel=1e-12)


def test_large_lattices_go_through_near_sites_to_the_same_units() -> None:
    lattice, coarse = Lattice.square(44), Lattice.square(22)
    random = np.random.default_rng(2)
    points, living = random.random((484, 2)) * 44, np.arange(484) < 450
    shift = np.array([0.3, 0.7])
    found = assignment.assign(points, living, shift, lattice, coarse)
    assert sorted(found) == list(range(484))
    away = lattice.displacement((coarse.coordinates * 2 + shift)[None], points[living][:, None])
    table = (away**2).sum(axis=-1)
    best = table[linear_sum_assignment(table)].sum()
    assert table[np.arange(450), found[living]].sum() == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize(
    ("coarse", "share"),
    [
        (Lattice.square(22), 0.9),
        *(
            pytest.param(lattice, 1.0, marks=pytest.mark.slow)
            for lattice in (Lattice.square(22), Lattice.cubic(8), Lattice.square(16, 32))
        ),
    ],
    ids=str,
)
def test_the_law_beyond_is_what_is_drawn(coarse: Lattice, share: float) -> None:
    # 6 draws leave an error of .4 spreads; the law's own is about 2 %
    fine = Lattice(coarse.kind, tuple(2 * extent for extent in coarse.shape))
    n = int(share * coarse.n_sites)
    mean, spread = matching.random_residual(fine, coarse, n)
    drawn, wide = matching.drawn(fine, coarse, n, draws=6)
    assert mean == pytest.approx(drawn, abs=0.03 * drawn + wide)
    assert 0.3 < spread / wide < 3
