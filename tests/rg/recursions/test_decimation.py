"""Decimation by hand: against the transfer matrix, and the digits of closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from blockspin.rg.recursions import decimation
from blockspin.rg.recursions.fixed_point import exponent
from oracles.eigenvalues import descending


def by_transfer_matrix(K: float, h: float, b: int) -> tuple[float, float]:
    """K' and h' of T^b with T(s, s') = exp(K s s' + h (s + s')/2)."""
    T = np.linalg.matrix_power(np.exp(np.array([[K + h, -K], [-K, K - h]])), b)
    return 0.25 * math.log(T[0, 0] * T[1, 1] / T[0, 1] ** 2), 0.5 * math.log(T[0, 0] / T[1, 1])


@pytest.mark.parametrize("b", [1, 2, 3, 5])
@pytest.mark.parametrize("K", [0.1, 0.7, 2.5])
def test_the_chain_is_its_transfer_matrix(K: float, b: int) -> None:
    assert decimation.chain(K, b) == pytest.approx(by_transfer_matrix(K, 0, b)[0], abs=1e-10)
    size = 1e-5
    slope = (by_transfer_matrix(K + size, 0, b)[0] - by_transfer_matrix(K - size, 0, b)[0]) / (2 * size)
    field = (by_transfer_matrix(K, size, b)[1] - by_transfer_matrix(K, -size, b)[1]) / (2 * size)
    assert decimation.chain_slope(K, b) == pytest.approx(slope, rel=1e-8, abs=1e-9)
    assert decimation.chain_field_slope(K, b) == pytest.approx(field, rel=1e-8, abs=1e-9)


def test_closed_forms_of_the_chain() -> None:
    for K in (0.2, 1.0, 3.0):
        assert math.tanh(decimation.chain(K)) == pytest.approx(math.tanh(K) ** 2, abs=1e-12)
        assert decimation.chain_slope(K) == pytest.approx(math.tanh(2 * K), abs=1e-10)
        assert decimation.chain_field_slope(K) == pytest.approx(1 + math.tanh(2 * K), abs=1e-10)
        assert decimation.chain(decimation.chain(K, 2), 3) == pytest.approx(decimation.chain(K, 6), abs=1e-12)
    assert decimation.chain(0) == 0
    assert decimation.chain_field_slope(0) == 1
    assert (decimation.chain_slope(0, 1), decimation.chain_slope(0, 2)) == (1, 0)


def test_a_cold_chain_keeps_its_digits() -> None:
    # w' = b w at small w = e^-2K, far below where tanh K rounds to 1
    for b in (2, 3):
        assert decimation.chain(50, b) == pytest.approx(50 - math.log(b) / 2, abs=1e-12)
        assert decimation.chain_slope(50, b) == pytest.approx(1, abs=1e-12)
        assert decimation.chain_field_slope(50, b) == pytest.approx(b, abs=1e-12)


def test_the_truncated_square_lattice() -> None:
    # the sum over a sublattice: ln 2cosh K(s1 + .. + s4) = a + A (six pairs) + B s1 s2 s3 s4, A = ln cosh(4K)/8;
    # neighbours get it from two squares, diagonals from one, so 3 A in all
    for K in (0.2, 0.5, 3.0, 40.0):
        logs = [np.logaddexp(K * m, -K * m) for m in (4, 2, 0)]
        A = (logs[0] - logs[2]) / 8  # the mean of s1 s2 ln 2cosh: (2 logs[0] - 2 logs[2])/16
        assert decimation.square(K) == pytest.approx(3 * A, abs=1e-12)
    found = decimation.square_fixed_point()
    assert found.couplings[0] == pytest.approx(decimation.square(found.K), abs=1e-14)
    assert round(found.K, 6) == 0.506981
    assert round(found.eigenvalues[0], 6) == 1.448922
    assert found.y_t == pytest.approx(1.069961, abs=1e-6)
    assert round(found.nu, 6) == 0.934614
    assert math.isnan(found.y_h)


def test_what_does_not_fit_is_named() -> None:
    for function in (decimation.chain, decimation.square):
        with pytest.raises(ValueError, match=r"-0.1"):
            function(-0.1)
        with pytest.raises(ValueError, match="nan"):
            function(math.nan)
    with pytest.raises(ValueError, match=r"0.5"):
        decimation.chain(1, 0.5)
    with pytest.raises(ValueError, match=r"-1.*b"):
        exponent(-1, 2)
    with pytest.raises(ValueError, match=r"eigenvalue above 0 and b above 1; got 1 and b = 1"):
        exponent(1, 1)
    with pytest.raises(ValueError, match="must be real"):
        descending([[0, 1], [-1, 0]])
