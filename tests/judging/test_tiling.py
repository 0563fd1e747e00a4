"""Tiling: grids, points at random, coverage, dead and duplicate units."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from made_maps import Linear
from made_maps import measured as measured_of
from scipy.special import gammaln

from blockspin.coarse.blocks import Majority
from blockspin.coarse.embedding import embed
from blockspin.judging import CRITERIA, Evidence
from blockspin.judging.criteria.tiling import coverage, duplicates, nearest_neighbour_spacing
from blockspin.judging.measurement import Measurement, State
from blockspin.judging.rules import Described
from blockspin.lattice import Lattice


def measured(fields: np.ndarray, samples: xr.DataArray) -> dict[str, Measurement]:
    return measured_of("tiling", Linear(fields), Evidence(samples))


def test_spacing_of_a_grid_reaches_across_the_torus() -> None:
    lattice = Lattice.square(12)
    np.testing.assert_allclose(nearest_neighbour_spacing(3.0 * Lattice.square(4).coordinates + 0.4, lattice), 3)
    assert nearest_neighbour_spacing(np.array([[0.0, 11.5], [0.0, 0.5]]), lattice).tolist() == [1, 1]


def test_spacing_of_points_at_random() -> None:
    # n points on a torus of area A: <r> = sqrt(A / pi) Gamma(n) Gamma(3/2) / Gamma(n + 1/2), about half of sqrt(A / n);
    # 100 times 100 points: sees 2.5 % at 4.5 sigma
    lattice, random, n = Lattice.square(20), np.random.default_rng(1), 100
    means = [nearest_neighbour_spacing(20 * random.random((n, 2)), lattice).mean() for _ in range(100)]
    exact = 20 / math.sqrt(math.pi) * math.exp(gammaln(n) + gammaln(1.5) - gammaln(n + 0.5))
    assert exact == pytest.approx(0.5 * 2, rel=0.01)
    assert abs(np.mean(means) - exact) < 4.5 * np.std(means) / 10


def test_coverage_is_the_share_of_sites_that_carry_weight_evenly() -> None:
    blocks = Majority(Lattice.square(8), 2).fields_
    assert coverage(blocks) == pytest.approx(1)
    assert coverage(blocks * np.arange(1, 17)[:, None]) == pytest.approx(1)  # the norm of a field does not matter
    assert coverage(blocks[:4]) == pytest.approx(1 / 4)
    assert coverage(np.eye(64)[[5, 5, 5]]) == pytest.approx(1 / 64)
    assert coverage(np.eye(4)[[0, 0, 1]]) == pytest.approx(9 / (4 * 5))  # loads 2, 1, 0, 0


def test_duplicates_are_the_same_field_up_to_sign_and_scale() -> None:
    random = np.random.default_rng(2)
    fields = random.normal(size=(10, 400))
    assert duplicates(fields) == 0
    fields[3] = -7 * fields[0] + 0.1 * fields[1]
    assert duplicates(fields) == pytest.approx(2 / 10)
    fields[4] = fields[0] + fields[5]  # cosine 0.7
    assert duplicates(fields) == pytest.approx(2 / 10)


@pytest.mark.parametrize("b", [2, 4])
def test_blocks_tile(b: int, lattice: Lattice, held_out: xr.DataArray) -> None:
    rows = measured(Majority(lattice, b).fields_, held_out)
    assert rows["spacing of centres / b"].value == pytest.approx(1)
    assert rows["residual of the embedding / b"].value == pytest.approx(0, abs=1e-6)
    assert rows["coverage of sites"].value == pytest.approx(1)
    assert rows["dead units"].value == rows["duplicate units"].value == 0
    described = {one.name for one in CRITERIA["tiling"].quantities if one.rule == Described()}
    assert described == {"coverage of sites", "dead units", "duplicate units"}


def test_fields_over_the_lattice_do_not_tile(held_out: xr.DataArray) -> None:
    # centres of random fields are points at random: 64 of them have spacing 0.50 b +- 0.27 b / 8
    fields = np.random.default_rng(3).normal(size=(64, 256))
    rows = measured(fields, held_out)
    spacing, residual = rows["spacing of centres / b"], rows["residual of the embedding / b"]
    assert abs(spacing.value - 0.5) < 0.01 + 4.5 * spacing.error
    assert 0.02 < spacing.error < 0.05
    embedding = embed(fields, Lattice.square(16))
    assert embedding is not None
    assert residual.value == pytest.approx(embedding.residual / 2)  # in units of b
    assert residual.value > 0.3
    assert residual.value / residual.error > 4


def test_shares_and_their_errors(lattice: Lattice, held_out: xr.DataArray) -> None:
    fields = Majority(lattice, 2).fields_
    fields[:16] = 0
    fields[16] = fields[17]
    rows = measured(fields, held_out)
    assert rows["dead units"].value == pytest.approx(16 / 64)
    assert rows["dead units"].error == pytest.approx(math.sqrt(0.25 * 0.75 / 64))
    assert rows["duplicate units"].value == pytest.approx(2 / 48)
    assert rows["duplicate units"].error == pytest.approx(math.sqrt(2 / 48 * 46 / 48 / 48))
    living = fields[16:]
    left_out = np.array([coverage(np.delete(living, i, axis=0)) for i in range(48)])
    jackknife = math.sqrt(47 / 48 * ((left_out - left_out.mean()) ** 2).sum())
    assert rows["coverage of sites"].value == pytest.approx(coverage(living))
    assert rows["coverage of sites"].error == pytest.approx(jackknife)


def test_units_that_fill_no_lattice_have_no_residual(held_out: xr.DataArray) -> None:
    residual = measured(np.random.default_rng(4).normal(size=(10, 256)), held_out)["residual of the embedding / b"]
    assert math.isnan(residual.value)
    assert (residual.state, residual.code) == (State.UNDEFINED, "no coarse lattice")
    few = np.zeros((64, 256))
    few[0] = 1
    assert {(row.state, row.code) for row in measured(few, held_out).values()} == {(State.UNDEFINED, "no fields")}
