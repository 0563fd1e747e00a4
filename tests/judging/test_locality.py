"""Locality: closed forms for blocks, whole-lattice and single-site fields, brute force for windows."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from made_maps import Linear
from made_maps import measured as measured_of

from blockspin.coarse.blocks import Decimation, Majority
from blockspin.judging import Evidence
from blockspin.judging.criteria import rule_of
from blockspin.judging.criteria.locality import participation, window_share
from blockspin.judging.measurement import Measurement, State
from blockspin.judging.rules import CloserThanNulls
from blockspin.lattice import Lattice

WINDOW = "share of w^2 in the best window"


def measured(transformer: object, samples: xr.DataArray) -> dict[str, Measurement]:
    return measured_of("locality", transformer, Evidence(samples))


@settings(max_examples=50)
@given(k=st.integers(1, 40), scale=st.floats(1e-6, 1e6), seed=st.integers(0, 99))
def test_participation_counts_the_sites_that_share_the_weight(k: int, scale: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    field = np.zeros(40)
    field[random.permutation(40)[:k]] = scale * random.choice([-1.0, 1.0], k)
    assert participation(field[None])[0] == pytest.approx(k)


def test_participation_of_a_wide_gaussian() -> None:
    # w ~ exp(-r^2 / 4 s^2) makes w^2 a Gaussian of deviation s: (sum w^2)^2 / sum w^4 = 4 pi s^2
    lattice = Lattice.square(40)
    field = np.exp(-(lattice.distance([20, 20], lattice.coordinates) ** 2) / (4 * 2.5**2))
    assert participation(field[None])[0] == pytest.approx(4 * math.pi * 2.5**2, rel=1e-6)


@pytest.mark.parametrize("lattice", [Lattice.square(5, 7), Lattice.chain(11)], ids=str)
@pytest.mark.parametrize("side", [1, 2, 3])
def test_the_best_window_by_trying_all(lattice: Lattice, side: int) -> None:
    fields = np.random.default_rng(1).normal(size=(3, lattice.n_sites))
    for field, found in zip(fields, window_share(fields, lattice, side), strict=True):
        shares = []
        for corner in lattice.coordinates:
            window = [
                (corner + step) % lattice.shape for step in itertools.product(range(side), repeat=lattice.dimension)
            ]
            sites = np.ravel_multi_index(tuple(np.transpose(window)), lattice.shape)
            shares.append((field[sites] ** 2).sum())
        assert found == pytest.approx(max(shares) / (field**2).sum())


def test_block_rules_have_the_numbers_of_blocks(lattice: Lattice, held_out: xr.DataArray) -> None:
    for b in (2, 4):
        rows = measured(Majority(lattice, b).fit(np.ones((1, 256))), held_out)
        assert rows["participation ratio"].value == pytest.approx(b**2)
        assert rows[WINDOW].value == pytest.approx(1)
        # the mean squared distance from the centre of a b x b block is (b^2 - 1) / 6
        assert rows["radius of gyration"].value == pytest.approx(math.sqrt((b**2 - 1) / 6))
        assert all(row.error == pytest.approx(0, abs=1e-9) for row in rows.values())
    rows = measured(Decimation(lattice, 2).fit(np.ones((1, 256))), held_out)
    assert rows["participation ratio"].value == 1
    assert rows["radius of gyration"].value == pytest.approx(0, abs=1e-6)


def test_fields_over_the_whole_lattice(held_out: xr.DataArray) -> None:
    # Gaussian weights: participation N / 3 (1/3 is <w^2>^2 / <w^4>), to 3 standard errors and 1/N terms
    fields = np.random.default_rng(2).normal(size=(64, 256))
    rows = measured(Linear(fields), held_out)
    ratio = rows["participation ratio"]
    assert abs(ratio.value - 256 / 3) < 3 + 4.5 * ratio.error
    assert ratio.error == pytest.approx(participation(fields).std(ddof=1) / 8)
    assert rows[WINDOW].value < 0.15
    # a flat w^2 on an L x L torus: <r^2> = 2 <x^2> = L^2 / 6 about any centre; the centre found fits best, so below
    assert 0.8 * 16 / math.sqrt(6) < rows["radius of gyration"].value < 16 / math.sqrt(6)


def test_dead_units_are_left_out(lattice: Lattice, held_out: xr.DataArray) -> None:
    fields = Majority(lattice, 2).fields_
    fields[:10] = 0
    fields[10] = 0.001 * np.random.default_rng(3).normal(size=256)
    assert measured(Linear(fields), held_out)["participation ratio"].value == pytest.approx(4)
    for nothing in measured(Linear(np.zeros((64, 256))), held_out).values():
        assert (nothing.state, nothing.code) == (State.UNDEFINED, "no fields")
        assert math.isnan(nothing.value)


def test_permutations_of_sites_are_no_null_for_a_participation_ratio(lattice: Lattice, held_out: xr.DataArray) -> None:
    fields = np.random.default_rng(4).normal(size=(64, 256))
    shuffled = fields[:, np.random.default_rng(5).permutation(256)]
    np.testing.assert_allclose(participation(shuffled), participation(fields))
    row = measured(Linear(fields), held_out)["participation ratio"]
    assert rule_of(row.criterion, row.quantity) == CloserThanNulls(log=True, blind=("permuted data", "shuffled sites"))
    one = measured(Linear(fields[:1]), held_out)["participation ratio"]
    assert math.isnan(one.error)  # one unit has no spread
