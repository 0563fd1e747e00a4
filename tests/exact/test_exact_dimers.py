"""Counts, windings and bond probabilities of dimers against published numbers and against every covering listed.

Mutants tried by hand: the seam's phase on one axis only, 1 in place of i along y, the minor of a bond that crosses a
seam without its sign, a ring of two vertices with one way only, P(1/2, 1/2) left out: each fails here.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import oracles.dimers
from blockspin.exact import dimers
from blockspin.lattice import Lattice
from blockspin.models.dimers import Dimers, parallel_faces, winding
from oracles.dimers import columnar_order

TORI = [(2, 2), (2, 4), (4, 2), (2, 6), (4, 4), (4, 6), (6, 4)]
PAIRS = {  # of bonds, and the infinite lattice's probability (Fisher and Stephenson 1963)
    "one along x": ([(0, 0, 0)], 1 / 4),
    "one along y": ([(3, -1, 1)], 1 / 4),
    "parallel on a face": ([(0, 0, 0), (0, 1, 0)], 1 / 8),
    "collinear": ([(0, 0, 0), (2, 0, 0)], 1 / 4 - 1 / (2 * math.pi)),
    "staggered": ([(0, 0, 0), (1, 1, 0)], 1 / 8 - 1 / (4 * math.pi)),
    "at a right angle": ([(0, 0, 0), (2, 0, 1)], 1 / (4 * math.pi)),
}


def test_open_rectangles() -> None:
    known = {(2, 2): 2, (4, 4): 36, (6, 6): 6728, (8, 8): 12988816, (10, 10): 258584046368, (2, 3): 3, (3, 3): 0}
    for (m, n), count in known.items():
        assert oracles.dimers.count_open(m, n) == oracles.dimers.count_open(n, m) == count
        assert math.exp(oracles.dimers.log_count_open(m, n)) == pytest.approx(count, rel=1e-12)
    assert [oracles.dimers.count_open(2, n) for n in range(1, 8)] == [1, 2, 3, 5, 8, 13, 21]
    assert oracles.dimers.log_count_open(3, 8) == pytest.approx(math.log(oracles.dimers.count_open(3, 8)), rel=1e-13)


def test_tori() -> None:
    for shape, count in {(2, 2): 8, (4, 4): 272, (4, 6): 3108, (6, 6): 90176, (8, 8): 311853312}.items():
        lattice = Lattice.square(*shape)
        assert oracles.dimers.count_torus(lattice) == count
        assert dimers.log_count_torus(lattice) == pytest.approx(math.log(count), rel=1e-13)
    wide = Lattice.square(4, 10)
    assert math.exp(dimers.log_count_torus(wide)) == pytest.approx(oracles.dimers.count_torus(wide), rel=1e-12)


def test_entropy_of_a_large_torus() -> None:
    # ln Z = N G/pi + O(1): the shape alone decides the constant
    rest = [dimers.log_count_torus(Lattice.square(L)) - L * L * oracles.dimers.ENTROPY for L in (64, 256)]
    assert rest[0] == pytest.approx(rest[1], abs=2e-3)
    assert abs(oracles.dimers.ENTROPY - 0.2915609040) < 1e-10


@pytest.mark.parametrize("shape", TORI, ids=str)
def test_every_covering_once(shape: tuple[int, int]) -> None:
    lattice = Lattice.square(*shape)
    states = dimers.coverings(lattice)
    assert len(states) == oracles.dimers.count_torus(lattice) == len(np.unique(states, axis=0))
    Dimers(lattice).check(states)
    np.testing.assert_array_equal(oracles.dimers.index(states[None, ::-1], states), [np.arange(len(states))[::-1]])


@pytest.mark.parametrize("shape", TORI, ids=str)
def test_winding_sectors_against_every_covering(shape: tuple[int, int]) -> None:
    lattice = Lattice.square(*shape)
    states = dimers.coverings(lattice)
    counted = np.zeros((shape[1] + 1, shape[0] + 1))
    np.add.at(counted, tuple((winding(Dimers(lattice), states) + np.array(shape)[::-1] // 2).T), 1)
    np.testing.assert_allclose(oracles.dimers.winding_probabilities(lattice) * len(states), counted, atol=1e-8)


@pytest.mark.parametrize("shape", TORI, ids=str)
def test_bond_probabilities_against_every_covering(shape: tuple[int, int]) -> None:
    lattice = Lattice.square(*shape)
    cells = dimers.coverings(lattice).reshape(-1, 2 * shape[0], 2 * shape[1])
    tried = 0
    for x in range(shape[0]):
        for y in range(shape[1]):
            for axis in (0, 1):
                bonds = [(shape[0] - 1, shape[1] - 1, 0), (x, y, axis)]  # the first crosses a seam
                lies = [cells[:, 2 * a + (d == 0), 2 * b + (d == 1)] > 0 for a, b, d in bonds]
                assert oracles.dimers.bond_probability(lattice, bonds[1:]) == pytest.approx(lies[1].mean(), abs=1e-12)
                if len({oracles.dimers._end((*bond[:2], k), shape) for bond in bonds for k in (bond[2], None)}) == 4:
                    tried += 1
                    expected = (lies[0] & lies[1]).mean()
                    assert oracles.dimers.bond_probability(lattice, bonds) == pytest.approx(expected, abs=1e-12)
    assert tried


@pytest.mark.parametrize("name", PAIRS)
def test_bond_probabilities_of_the_infinite_lattice(name: str) -> None:
    bonds, known = PAIRS[name]
    assert oracles.dimers.bulk_bond_probability(bonds) == pytest.approx(known, abs=1e-12)
    # a torus of L sides differs by O(1/L^2), 4e-3 at L = 16; the cheap check that both count alike
    assert oracles.dimers.bond_probability(Lattice.square(16), bonds) == pytest.approx(known, abs=2 / 16**2)


def test_connected_correlations_across() -> None:
    # two bonds along x, r rows apart: connected, as published
    for r, known in ((1, 0.0625), (2, -0.00466624)):
        both = oracles.dimers.bulk_bond_probability([(0, 0, 0), (0, r, 0)])
        assert both - 1 / 16 == pytest.approx(known, abs=5e-9)
    # each vertex has its dimer somewhere
    elsewhere = sum(
        oracles.dimers.bulk_bond_probability([(0, 0, 0), bond]) for bond in ((2, 0, 0), (2, 0, 1), (2, -1, 1))
    )
    assert elsewhere == pytest.approx(1 / 4, abs=1e-12)  # vertex (2, 0) has its dimer on one of the three bonds left


@pytest.mark.parametrize(("shape", "T"), [((4, 4), 0.7), ((2, 4), 1.5), ((4, 6), 1.0)], ids=str)
def test_probabilities_at_finite_temperature(shape: tuple[int, int], T: float) -> None:
    lattice = Lattice.square(*shape)
    states = dimers.coverings(lattice)
    chance = dimers.probabilities(lattice, T)
    assert chance.sum() == pytest.approx(1, rel=1e-14)
    # d ln Z / d(1/T) = <faces with parallel dimers>
    faces = parallel_faces(Dimers(lattice), states)
    step = 1e-5
    slope = [np.log(np.exp(faces * (1 / T + sign * step)).sum()) for sign in (1, -1)]
    assert chance @ faces == pytest.approx((slope[0] - slope[1]) / (2 * step), rel=1e-7)
    cold = dimers.probabilities(lattice, 0.05, states)
    order = (columnar_order(Dimers(lattice), states) ** 2).sum(axis=1)
    # four columnar ground states, |C| = 1; where a side is 2, others have as many parallel faces
    assert cold @ order == pytest.approx(1, abs=1e-6) or min(shape) == 2


def test_errors_name_the_rule() -> None:
    with pytest.raises(ValueError, match="extents of at least 1; got 0 x 3"):
        oracles.dimers.count_open(0, 3)
    with pytest.raises(ValueError, match="up to 16; got 18"):
        oracles.dimers.count_open(18, 20)
    for function in (
        dimers.log_count_torus,
        oracles.dimers.count_torus,
        oracles.dimers.winding_probabilities,
        dimers.coverings,
    ):
        with pytest.raises(ValueError, match="square 3x4"):
            function(Lattice.square(3, 4))
    with pytest.raises(ValueError, match="got square 12x12"):
        oracles.dimers.count_torus(Lattice.square(12))
    with pytest.raises(ValueError, match=r"2,000,000.*square 8x8.*10\^8.5"):
        dimers.coverings(Lattice.square(8))
    with pytest.raises(ValueError, match="share no vertex"):
        oracles.dimers.bond_probability(Lattice.square(4), [(0, 0, 0), (1, 0, 1)])
    with pytest.raises(ValueError, match="share no vertex"):
        oracles.dimers.bulk_bond_probability([])
    with pytest.raises(ValueError, match="axis 0"):
        oracles.dimers.bulk_bond_probability([(0, 0, 2)])
    with pytest.raises(ValueError, match="1 configurations are no covering"):
        oracles.dimers.index(np.ones((1, 64)), dimers.coverings(Lattice.square(4)))
