"""Correlations of a filter's output among dimers: sums by hand, exact bond probabilities, exact windings.

Tried on purpose: the mean left in the correlator, 2 pi g in place of pi g: each fails.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from blockspin.exact.dimers import coverings
from blockspin.experiments.dimers.patterns import pattern
from blockspin.experiments.dimers.scaling import correlator, dimension, stiffness, torus_distance, winding_factor
from blockspin.lattice import Lattice
from oracles.dimers import bond_probability, winding_probabilities


def test_correlators_against_a_sum_by_hand() -> None:
    """Two coverings of the 6 x 6 torus, the field of P_1 + R on blocks of 2 x 2 vertices at every vertex."""
    cells = coverings(Lattice.square(6))[[17, 4000]].reshape(2, 1, 12, 12)
    weights = (pattern("P_1", 4) + pattern("R", 4)).reshape(4, 4)  # R alone has a mean
    expected = []
    for picture in cells[:, 0]:
        field = np.array(
            [
                [
                    sum(
                        weights[i, j] * picture[(2 * x + i) % 12, (2 * y + j) % 12]
                        for i in range(4)
                        for j in range(4)
                        if (i + j) % 2
                    )
                    for y in range(6)
                ]
                for x in range(6)
            ]
        )
        field -= field.mean()
        along = [(field * np.roll(field, R, axis)).mean() for R in (0, 2) for axis in (0, 1)]
        expected.append([(along[0] + along[1]) / 2, (along[2] + along[3]) / 2])
    np.testing.assert_allclose(correlator(cells, weights.ravel()), expected, atol=1e-5)


def test_a_filter_on_known_correlations_gives_their_dimension() -> None:
    """Points with correlations D^(-2 d) written out and summed over pairs of the filter's bonds, one R at a time."""
    weights, L, d = pattern("P_1", 4), 24, 0.7
    point = torus_distance(L) ** (-2 * d)
    bonds = np.argwhere(weights.reshape(4, 4) != 0)
    G = np.ones((3, L // 4 + 1))
    for R in (4, 6, 8):
        total = 0.0
        for axis in (0, 1):
            move = np.array([R, 0][:: 1 - 2 * axis])
            for first in bonds:
                for second in bonds:
                    if (first % 2 == second % 2).all():  # bonds of one direction; the signs of P_1 cancel the columns'
                        total += point[tuple((move + second // 2 - first // 2) % L)]
        G[:, R // 2] = total * np.array([1.0, 1.1, 0.9])
    factor = np.ones((3, L, L))
    found, distances = dimension(G, factor, weights)
    assert distances == [4, 6, 8]
    assert found.value == pytest.approx(d, rel=1e-5)
    assert not math.isfinite(dimension(-G, factor, weights)[0].value)
    assert not math.isfinite(dimension(G[:, :4], np.ones((3, 12, 12)), pattern("P_1", 8))[0].value)  # no distances left


def test_distances_on_the_torus() -> None:
    D = torus_distance(64)
    np.testing.assert_allclose(D, D.T, rtol=1e-9)  # a quarter turn: exact, by the modular invariance of theta
    np.testing.assert_allclose(D[1:, 0], 64 / np.pi * np.sin(np.pi * np.arange(1, 64) / 64), rtol=8e-3)
    assert D[3, 4] == pytest.approx(5, rel=1e-2)


def test_free_dimers_have_the_torus_form_that_the_fit_assumes() -> None:
    """Bond probabilities of the 32 x 32 torus, exactly: columnar part F(R)/(2 pi^2 chord^2), d = 1, plus a constant.

    Half the sum of two bonds along x, R apart along x and along y, leaves of the staggered part a constant, which a
    filter of whole blocks does not see; it is taken from R = 16. Lattice corrections are of order 1/R^2. Without the
    factor the same ratio falls by a third.
    """
    vertices = Lattice.square(32)
    P = winding_probabilities(vertices).sum(axis=1)
    drawn = np.random.default_rng(1).choice(np.arange(-16, 17), (2, 50_000, 2), p=P / P.sum())
    F = winding_factor(drawn, 32).mean(axis=0)[0, ::2]
    assert F[0] == pytest.approx(1)
    S, chord = {}, {}
    for R in (10, 12, 14, 16):
        both = [bond_probability(vertices, [(0, 0, 0), bond]) for bond in ((R, 0, 0), (0, R, 0))]
        S[R], chord[R] = sum(both) / 2 - 1 / 16, 32 / np.pi * np.sin(np.pi * R / 32)
    constant = S[16] - F[8] / (2 * np.pi**2 * chord[16] ** 2)
    for R in (10, 12, 14):
        assert (S[R] - constant) * 2 * np.pi**2 * chord[R] ** 2 == pytest.approx(F[R // 2], rel=2 / R**2 + 0.01)


def test_free_windings_give_one_half() -> None:
    """From the exact distribution of the 32 x 32 torus: g = 1/2 up to what the lattice leaves."""
    P = winding_probabilities(Lattice.square(32)).sum(axis=1)
    W = np.arange(-16, 17)
    drawn = np.random.default_rng(1).choice(W, (20, 50_000, 2), p=P / P.sum())
    # <W^2> to 0.4 % of 0.37, g to 0.3 %
    assert stiffness(drawn).z(0.5) < 4.5
    assert stiffness(drawn).error < 0.002
    assert abs(stiffness(drawn).value - 0.5) < 0.01
