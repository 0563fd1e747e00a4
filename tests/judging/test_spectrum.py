"""Spectrum: known exponents through the judge, whatever the order of the units, and none where there is no lattice."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from made_maps import Linear, Relabelled, measured, z

from blockspin.coarse.blocks import Majority
from blockspin.judging import Evidence
from blockspin.judging.criteria import spectrum
from blockspin.judging.measurement import BLURRED, Measurement, State
from blockspin.judging.nulls import noise, shuffled
from blockspin.lattice import Lattice
from blockspin.rg import mcrg
from blockspin.samples import make, to_matrix


def exponents(transformer: object, evidence: Evidence) -> tuple[Measurement, Measurement]:
    found = measured("spectrum", transformer, evidence)
    return found["y_t"], found["y_h"]


@pytest.fixture(scope="module")
def majority(lattice: Lattice) -> Majority:
    return Majority(lattice, 2, random_state=1).fit(np.ones((1, 256)))


def test_majority_at_the_critical_point(
    majority: Majority, lattice: Lattice, held_out: xr.DataArray, critical: xr.DataArray
) -> None:
    # L = 64 gives y_t = 0.967(2) and y_h = 1.8811(1); L = 16 lies within 0.03 and 0.004 of that. Sees 0.09 in y_t and
    # 0.008 in y_h at 4.5 sigma and that
    y_t, y_h = exponents(majority, Evidence(held_out, critical=critical))
    assert abs(y_t.value - 0.967) < 0.03 + 4.5 * y_t.error
    assert abs(y_h.value - 1.881) < 0.004 + 4.5 * y_h.error
    assert 0.004 < y_t.error < 0.02
    assert 0.0003 < y_h.error < 0.0015
    assert y_t.defined
    assert y_h.defined
    for exponent, sides in ((y_t, (0, 2, 1)), (y_h, (1, 2, 15 / 8))):
        found = (exponent.below, exponent.above, exponent.exact)
        assert [(side.value, side.error) for side in found if side] == [(value, 0) for value in sides]
    # the embedding puts the units where they were: the numbers are those of Monte Carlo RG without a judge
    coarse = majority.transform(to_matrix(critical)).reshape(*critical.shape[:2], 8, 8)
    direct = mcrg.mcrg([critical, coarse], 2, lattice=lattice)[0]
    assert (y_t.value, y_t.error) == pytest.approx((direct.y_t.value, direct.y_t.error))
    assert (y_h.value, y_h.error) == pytest.approx((direct.y_h.value, direct.y_h.error))


def test_the_order_and_the_signs_of_the_units_do_not_matter(
    majority: Majority, held_out: xr.DataArray, critical: xr.DataArray
) -> None:
    evidence, random = Evidence(held_out, critical=critical), np.random.default_rng(1)
    other = Relabelled(majority, random.permutation(64), random.choice([-1.0, 1.0], 64))
    for straight, relabelled in zip(exponents(majority, evidence), exponents(other, evidence), strict=True):
        assert (straight.value, straight.error) == pytest.approx((relabelled.value, relabelled.error))


def test_larger_blocks_have_the_same_exponent_y_h(
    lattice: Lattice, held_out: xr.DataArray, critical: xr.DataArray
) -> None:
    # b = 4 takes two steps at once; 4 x 4 coarse sites shift y_h by less than 0.02
    y_t, y_h = exponents(
        Majority(lattice, 4, random_state=1).fit(np.ones((1, 256))), Evidence(held_out, critical=critical)
    )
    assert abs(y_h.value - 1.88) < 0.02 + 4.5 * y_h.error
    assert abs(y_t.value - 0.97) < 0.1 + 4.5 * y_t.error


def test_majority_of_independent_spins_has_its_exact_eigenvalues(
    majority: Majority, lattice: Lattice, held_out: xr.DataArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    # at K = 0, <s' s> = 3/8: lambda_h = 4 * 3/8 = 3/2; nn bonds cross between blocks twice: lambda_t = 2 (3/8)^2.
    # 40,000 states: sees 0.65 in y_t and 0.026 in y_h at 4.5 sigma
    still = make(noise(np.ones((40_000, 256)), 7).reshape(50, 800, 16, 16), lattice)
    evidence = Evidence(held_out, critical=still)
    assert [(row.state, row.code) for row in exponents(majority, evidence)] == 2 * [(State.UNDEFINED, "off critical")]
    monkeypatch.setattr(spectrum, "critical_needed", lambda evidence: evidence.critical)
    y_t, y_h = exponents(majority, evidence)
    assert abs(z(y_t, math.log2(2 * (3 / 8) ** 2))) < 4.5
    assert abs(z(y_h, math.log2(3 / 2))) < 4.5
    assert y_t.error < 0.16
    assert y_h.error < 0.007


def test_shuffled_sites_have_no_exponents(majority: Majority, held_out: xr.DataArray, critical: xr.DataArray) -> None:
    # flake rate: about 1 in 700 permutations would embed better than 3 standard deviations
    for seed in range(3):
        for row in exponents(shuffled(majority, 256, seed), Evidence(held_out, critical=critical)):
            assert (row.state, row.code, row.defined) == (State.FORCED, "forced", False)
            assert math.isfinite(row.value)  # kept, to stand as a null


def test_reasons_for_no_exponent(majority: Majority, held_out: xr.DataArray, critical: xr.DataArray) -> None:
    evidence, random = Evidence(held_out, critical=critical), np.random.default_rng(2)
    for transformer, known, state, code in (
        (majority, Evidence(held_out), State.NOT_REQUESTED, "no critical samples"),
        (Linear(random.normal(size=(10, 256))), evidence, State.UNDEFINED, "no places"),
        (Linear(np.eye(256)), evidence, State.UNDEFINED, "not coarse"),
        (Linear(random.normal(size=(1024, 256))), evidence, State.UNDEFINED, "not coarse"),
    ):
        for row in exponents(transformer, known):
            assert math.isnan(row.value)
            assert (row.state, row.code) == (state, code)


@pytest.mark.parametrize(
    ("eigenvalue", "error", "open_"),
    [
        (1.6, 0.9, True),  # 2 for an Ising step, and 0 for noise: both within the errors
        (0.3, 0.4, True),
        (0.3, 0.3, False),  # 0.9 at the most
        (0.02, 0.01, False),
        (-3.0, 2.5, True),
        (-3.0, 1.5, False),  # 0 at the most
        (-0.3, 0.5, False),  # 0.7
        (1.5, math.nan, True),
        (-3.0, 0.5, False),  # surely negative
        (1.5 + 2j, 1.0 + 1j, True),
        (1.5 + 2j, 0.1 + 0.1j, False),  # surely complex
        (0.02 + 0.03j, 0.1 + 0.1j, False),  # surely small
    ],
)
def test_an_exponent_that_its_error_hides_is_left_open_where_it_may_grow(
    eigenvalue: complex, error: complex, open_: bool
) -> None:
    found, spread = (np.array([one.real, one.imag]) for one in (eigenvalue, error))
    y = mcrg.exponent(found, np.array([found + spread, found - spread]), 2)
    assert y.why
    assert spectrum._may_exceed(y, 0, 2) is open_


def test_few_critical_samples_leave_the_spectrum_open(
    majority: Majority, held_out: xr.DataArray, critical: xr.DataArray
) -> None:
    few = Evidence(held_out, critical=critical[:10, :1])
    y_t, _ = exponents(majority, few)
    assert (y_t.state, y_t.code) == (State.UNDEFINED, BLURRED)
    wide = Relabelled(Linear(np.ones((64, 256)) + np.eye(64, 256)), np.arange(64), np.ones(64))
    assert exponents(wide, few)[0].code == "no exponent"  # it has no positions, which no samples would give it
