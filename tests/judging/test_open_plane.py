"""Locality on an open plane, as of the pixels of an image: closed forms, brute force, and what a torus would say."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from blockspin.coarse.embedding import centres, radius_of_gyration
from blockspin.judging.criteria.locality import participation, window_share
from blockspin.lattice import Lattice

PLANE = Lattice.square(8)


def field(*sites: tuple[int, int]) -> np.ndarray:
    made = np.zeros((1, 8, 8))
    for site in sites:
        made[(0, *site)] = 1.0
    return made.reshape(1, 64)


def test_one_pixel() -> None:
    for site in ((0, 0), (7, 7), (3, 4)):
        one = field(site)
        assert participation(one)[0] == 1
        assert window_share(one, PLANE, 3, periodic=False)[0] == 1
        np.testing.assert_allclose(centres(one, PLANE, periodic=False), [site])
        assert radius_of_gyration(one, PLANE, periodic=False)[0] == 0


def test_the_edge_is_an_edge() -> None:
    # two opposite corners are neighbours on a torus and as far apart as can be on a plane; mutant: periodic ignored
    corners = field((0, 0), (7, 7))
    assert window_share(corners, PLANE, 3)[0] == 1
    assert window_share(corners, PLANE, 3, periodic=False)[0] == 0.5
    assert radius_of_gyration(corners, PLANE)[0] == pytest.approx(math.sqrt(0.5))
    assert radius_of_gyration(corners, PLANE, periodic=False)[0] == pytest.approx(3.5 * math.sqrt(2))
    np.testing.assert_allclose(centres(corners, PLANE, periodic=False), [[3.5, 3.5]])
    # three quarters of w^2 at one end and one at the other, 7 apart; mutant: distances on the torus
    uneven = math.sqrt(3) * field((0, 0)) + field((0, 7))
    np.testing.assert_allclose(centres(uneven, PLANE, periodic=False), [[0, 7 / 4]])
    assert radius_of_gyration(uneven, PLANE, periodic=False)[0] == pytest.approx(7 * math.sqrt(3 / 16))


@pytest.mark.parametrize("side", [1, 2, 3, 8])
def test_a_uniform_filter(side: int) -> None:
    flat = np.full((1, 64), -0.3)
    assert participation(flat)[0] == pytest.approx(64)
    assert window_share(flat, PLANE, side, periodic=False)[0] == pytest.approx(side**2 / 64)
    # the mean squared distance from the centre of an 8 x 8 square: 2 (8^2 - 1) / 12
    assert radius_of_gyration(flat, PLANE, periodic=False)[0] == pytest.approx(math.sqrt(2 * 63 / 12))


def test_a_gaussian_blob() -> None:
    # w ~ exp(-r^2 / 4 s^2): w^2 of deviation s, participation 4 pi s^2, radius s sqrt 2; a window holds the square
    # of an axis's share, whose sum over all pixels is s sqrt(2 pi) (a theta function: to 1e-9 at s = 1.5)
    s, wide = 1.5, Lattice.square(25)
    blob = np.exp(-((wide.coordinates - 12) ** 2).sum(axis=1) / (4 * s**2))[None]
    assert participation(blob)[0] == pytest.approx(4 * math.pi * s**2, rel=1e-5)
    assert radius_of_gyration(blob, wide, periodic=False)[0] == pytest.approx(s * math.sqrt(2), rel=1e-5)
    for a in (1, 2, 4):
        axis = sum(math.exp(-(x**2) / (2 * s**2)) for x in range(-a, a + 1)) / (s * math.sqrt(2 * math.pi))
        assert window_share(blob, wide, 2 * a + 1, periodic=False)[0] == pytest.approx(axis**2, rel=1e-6)
    # about a corner, a window on the plane reaches to one side only; the torus puts the four pieces together
    corner = np.exp(-(wide.distance([0, 0], wide.coordinates) ** 2) / (4 * s**2))[None]
    half = sum(math.exp(-(x**2) / (2 * s**2)) for x in range(3)) / (s * math.sqrt(2 * math.pi))
    assert window_share(corner, wide, 3)[0] == pytest.approx(window_share(blob, wide, 3, periodic=False)[0])
    assert window_share(corner, wide, 3, periodic=False)[0] == pytest.approx(half**2, rel=1e-6)


@pytest.mark.parametrize("plane", [Lattice.square(4, 6), Lattice.chain(9), Lattice.cubic(3)], ids=str)
@pytest.mark.parametrize("side", [1, 2, 3])
def test_the_best_window_by_trying_all(plane: Lattice, side: int) -> None:
    # mutants tried: one corner too many at the far edge, one too few
    fields = np.random.default_rng(1).normal(size=(5, plane.n_sites))
    for one, found in zip(fields, window_share(fields, plane, side, periodic=False), strict=True):
        weight = (one**2).reshape(plane.shape)
        shares = [
            weight[tuple(slice(start, start + side) for start in corner)].sum()
            for corner in itertools.product(*(range(extent - side + 1) for extent in plane.shape))
        ]
        assert found == pytest.approx(max(shares) / weight.sum())


def test_a_window_wider_than_the_plane() -> None:
    with pytest.raises(ValueError, match=r"\(8, 8\).*9"):
        window_share(np.ones((1, 64)), PLANE, 9, periodic=False)


def test_a_dead_unit_has_no_numbers() -> None:
    dead = np.zeros((1, 64))
    assert math.isnan(window_share(dead, PLANE, 3, periodic=False)[0])
    assert math.isnan(radius_of_gyration(dead, PLANE, periodic=False)[0])
    assert np.isnan(centres(dead, PLANE, periodic=False)).all()
