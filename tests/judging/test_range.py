"""Range: none is gained where a step is exact, decimation gains more than majority, flat couplings are the null.

Mutants seen to fail here: fine spins not taken off, shares of signed couplings, the nearest neighbours' share instead.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from made_maps import measured

from blockspin.coarse.blocks import Decimation, Majority
from blockspin.judging import Evidence
from blockspin.judging.criteria import rule_of
from blockspin.judging.criteria.range import COARSE, QUANTITY, share
from blockspin.judging.measurement import Measurement, State
from blockspin.judging.nulls import noise, shuffled
from blockspin.judging.rules import CloserThanNulls, Described
from blockspin.lattice import Lattice
from blockspin.models import Ising
from blockspin.rg.pseudolikelihood import couplings
from blockspin.samples import make, to_matrix
from blockspin.sampling.sample import sample


def rows(transformer: object, evidence: Evidence) -> tuple[Measurement, Measurement]:
    found = measured("range", transformer, evidence)
    return found[QUANTITY], found[COARSE]


def test_the_share_of_couplings() -> None:
    assert rule_of("range", QUANTITY) == CloserThanNulls()
    assert rule_of("range", COARSE) == Described()
    np.testing.assert_allclose(share([0.3, -0.1, 0.1]), 0.4)
    np.testing.assert_allclose(share([[0.3, -0.1, 0.1], [1.0, 0.0, 0.0]]), [0.4, 0.0])


def test_decimation_of_the_chain_gains_no_range() -> None:
    # the coarse ring has nearest neighbours alone. 4000 rings of 48: couplings of 0 with errors of about 0.01
    # beside one of 0.3 make a share of 0.03 by their sizes alone, seen too among the fine spins
    ring = Lattice.chain(48)
    samples = sample(Ising(ring, 0.7), 4000, seed=1)
    gained, coarse = rows(Decimation(ring, 2).fit(to_matrix(samples)), Evidence(samples))
    assert abs(gained.value) < 0.05
    assert 0 <= coarse.value < 0.07


def test_blocks_of_critical_spins(lattice: Lattice, held_out: xr.DataArray, critical: xr.DataArray) -> None:
    # L = 32, 10,000 samples: 0.21 for majority, 0.33 for decimation, whose couplings are known to reach farther
    evidence = Evidence(held_out, critical=critical)
    majority, decimation = Majority(lattice, 2, random_state=1), Decimation(lattice, 2)
    short, far = (rows(rule.fit(to_matrix(held_out)), evidence)[0] for rule in (majority, decimation))
    assert short.value + 3 * math.hypot(short.error, far.error) < far.value
    assert 0.1 < short.value < 0.25
    blocks = make(majority.transform(to_matrix(critical)).reshape(*critical.shape[:2], 8, 8), Lattice.square(8))
    expected = [float(share([one.value for one in couplings(level).K])) for level in (blocks, critical)]
    assert short.value == pytest.approx(expected[0] - expected[1])
    assert short.above is not None
    assert short.above.value == pytest.approx(0.75 - expected[1])
    assert short.below is None


def test_what_is_not_defined_says_why(lattice: Lattice, held_out: xr.DataArray, critical: xr.DataArray) -> None:
    majority = Majority(lattice, 2, random_state=1).fit(to_matrix(held_out))
    still = make(noise(np.ones((2000, 256)), 3).reshape(20, 100, 16, 16), lattice)
    for row in rows(majority, Evidence(held_out, critical=still)):
        assert math.isnan(row.value)
        assert (row.state, row.code) == (State.UNDEFINED, "no couplings")
    for row in rows(shuffled(majority, 256, 0), Evidence(held_out, critical=critical)):
        assert row.state is State.FORCED
    small = Majority(lattice, 8).fit(to_matrix(held_out))  # 2 x 2 coarse sites
    for row in rows(small, Evidence(held_out, critical=critical)):
        assert (row.state, row.code) == (State.UNDEFINED, "no couplings")
