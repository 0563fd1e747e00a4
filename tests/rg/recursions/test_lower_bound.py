"""Kadanoff's lower bound: the step written out, the bound against exact ln Z, the spectrum by differences."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from oracles import lower_bound
from oracles.ising2d import bulk_log_partition


def written_out(v: np.ndarray, p: float) -> list[float]:
    """v' for d = 2 by loops; a state's number has bit i set where corner i is up."""
    found = []
    for mu in product((-1, 1), repeat=4):
        total = 0.0
        for s in product((-1, 1), repeat=4):
            number = sum(1 << i for i, spin in enumerate(reversed(s)) if spin > 0)
            m = sum(s)
            total += math.exp(4 * v[number] + p * sum(a * c for a, c in zip(mu, s, strict=True))) / (
                2 * math.cosh(p * m)
            )
        found.append(math.log(total))
    return found


def test_the_step_is_the_sum_written_out() -> None:
    v = np.random.default_rng(1).normal(size=16) / 3
    np.testing.assert_allclose(lower_bound.step(v, 0.7), written_out(v, 0.7), atol=1e-12)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_potential_of_the_ising_model(d: int) -> None:
    v = lower_bound.nearest_neighbours(0.3, d)
    assert v.shape == (2**2**d,)
    assert v[-1] == pytest.approx(0.3 * d)  # one hypercube a site, d bonds a site
    assert lower_bound.states(d)[-1].tolist() == [1] * 2**d
    assert v[1] == pytest.approx(0.3 * d * (1 - 4 / 2**d))  # d of the d 2^(d-1) bonds broken by one corner


@pytest.mark.parametrize("p", [0.05, 0.3, 0.766, 1.0])
def test_the_free_energy_is_bounded_from_below(p: float) -> None:
    # -ln Z of the moved system lies below the exact one; on the chain the exact ln Z is ln 2cosh K
    for K in (0.05, 0.2, 0.44, 0.6, 1.0):
        assert lower_bound.log_partition(K, p) >= bulk_log_partition(K)
        assert lower_bound.log_partition(K, p, d=1) >= math.log(2 * math.cosh(K))


def test_the_bound_is_close_where_it_can_be() -> None:
    # free spins at p -> 0, and the ground states at large K
    assert lower_bound.log_partition(0, 1e-6) == pytest.approx(math.log(2), abs=1e-9)
    assert lower_bound.log_partition(2, 3) == pytest.approx(bulk_log_partition(2), abs=1e-6)


@pytest.mark.parametrize("d", [2, 3])
def test_the_spectrum_is_the_derivative_of_the_step(d: int) -> None:
    p = {2: 0.766, 3: 0.4}[d]
    found = lower_bound.at(p, d)
    v = found.potential
    change = lower_bound.step(v, p) - v
    assert np.ptp(change) < 1e-9, "fixed up to a constant"
    m = lower_bound.states(d).sum(axis=1)
    size = 1e-5
    by_level = np.stack([(np.abs(m) == 2 * level).astype(float) for level in range(2 ** (d - 1) + 1)])
    rows = [np.flatnonzero(level)[0] for level in by_level]
    even = np.stack(
        [(lower_bound.step(v + size * e, p) - lower_bound.step(v - size * e, p))[rows] / (2 * size) for e in by_level]
    )
    values = np.sort(np.linalg.eigvals(even.T).real)[::-1]
    assert values[0] == pytest.approx(2**d, rel=1e-6)
    assert values[1] == pytest.approx(2**found.point.y_t, rel=1e-6)
    field = np.random.default_rng(1).normal(size=len(v))
    field -= field[::-1]  # odd: state n turned over has number 2^(2^d) - 1 - n
    for _ in range(60):
        field = (lower_bound.step(v + size * field, p) - lower_bound.step(v - size * field, p)) / (2 * size)
        growth, field = np.abs(field).max(), (field - field[::-1]) / (2 * np.abs(field).max())
    assert growth == pytest.approx(2**found.point.y_h, rel=1e-6)
    assert found.even[0] == pytest.approx(2**d, rel=1e-12)


def test_the_best_bound_in_two_dimensions() -> None:
    # derived here; with delta = y_h/(2 - y_h) = 15.04 and alpha = 2 - 2/y_t = 0.0018
    found = lower_bound.best()
    assert found.p == pytest.approx(0.765983, abs=1e-6)
    assert found.point.y_t == pytest.approx(1.000879, abs=1e-6)
    assert found.point.y_h == pytest.approx(1.875316, abs=1e-6)
    assert found.point.y_h / (2 - found.point.y_h) == pytest.approx(15.04, abs=0.005)
    # the bound has a spurious direction that grows: neighbours against diagonals, twice for symmetry
    assert found.point.eigenvalues[1] == pytest.approx(1.151346, abs=1e-6)
    s = lower_bound.states(2).astype(float).T
    spurious = s[0] * s[1] + s[2] * s[3] + s[0] * s[2] + s[1] * s[3] - 2 * (s[0] * s[3] + s[1] * s[2])
    v, size = found.potential, 1e-5
    change = (lower_bound.step(v + size * spurious, found.p) - lower_bound.step(v - size * spurious, found.p)) / 2
    np.testing.assert_allclose(change / size, 1.151346 * spurious, atol=1e-5)


def test_the_best_p_is_where_the_bound_is_stationary() -> None:
    # ln Z a site at the fixed point: v' = v + c, so the constant taken out adds c/(2^d - 1) in all; moving p at fixed
    # couplings must not change it to first order
    found = lower_bound.best()
    size = 1e-4

    def bound(p: float) -> float:
        v, share, total = found.potential, 1.0, 0.0
        for _ in range(40):
            total += share * v.max()
            v = lower_bound.step(v - v.max(), p)
            share /= 4
        return total

    slope = (bound(found.p + size) - bound(found.p - size)) / (2 * size)
    curvature = (bound(found.p + size) + bound(found.p - size) - 2 * bound(found.p)) / size**2
    assert abs(slope) < 1e-5
    assert curvature > 0, "the least ln Z, so the best bound"


@pytest.mark.slow
def test_three_dimensions() -> None:
    found = lower_bound.best(3)  # derived; exact 1.58738 and 2.48185
    assert found.p == pytest.approx(0.403436, abs=1e-6)
    assert found.point.y_t == pytest.approx(1.589831, abs=1e-6)
    assert found.point.y_h == pytest.approx(2.464636, abs=1e-6)


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(ValueError, match=r"d.*3"):
        lower_bound.best(1)
    with pytest.raises(ValueError, match=r"d.*3.*4"):
        lower_bound.states(4)
    with pytest.raises(ValueError, match=r"got \(5,\)"):
        lower_bound.step(np.zeros(5), 0.7)
    with pytest.raises(ValueError, match=r"d.*p = 0.5"):
        lower_bound.at(0.5)
