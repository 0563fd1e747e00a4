"""Flow: the exact recursion of the chain through the judge, the order of units, and every reason for no number.

Mutants seen to fail here: the fine couplings left out of the drift, the growth turned upside down.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from made_maps import Linear, Relabelled

from blockspin.coarse.blocks import Decimation, Majority
from blockspin.judging.card import Measurement
from blockspin.judging.evidence import Evidence, Subject
from blockspin.judging.flow import flow
from blockspin.judging.nulls import shuffled
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from blockspin.rg.couplings import couplings
from blockspin.rg.recursions.decimation import chain
from blockspin.samples import features, make
from blockspin.sampling.sample import sample
from blockspin.statistics import Estimate


def rows(transformer: object, evidence: Evidence) -> tuple[Measurement, Measurement]:
    growth, drift = flow(Subject(transformer, evidence, name="m"))
    assert (growth.quantity, drift.quantity) == ("growth of K - Kc", "K' - K at Kc")
    return growth, drift


@pytest.mark.parametrize(("K", "other", "b"), [(0.5, 0.8, 2), (0.9, 0.6, 3)])
def test_decimation_of_the_chain_is_exact(K: float, other: float, b: int) -> None:
    # tanh K' = tanh^b K, and no other coupling: any K stands for the critical one. 20,000 rings of 48: sees 0.06 in
    # the growth (of 0.6 to 0.9) and 0.008 in the drift (of -0.25 to -0.5) at 4.5 sigma
    ring = Lattice.chain(48)
    critical, samples = (sample(Ising(ring, k), 20_000, seed=seed) for seed, k in ((1, K), (2, other)))
    growth, drift = rows(Decimation(ring, b).fit(features(samples)), Evidence(samples, critical=critical))
    assert abs(Estimate(growth.value, growth.error).z((chain(other, b) - chain(K, b)) / (other - K))) < 4.5
    assert abs(Estimate(drift.value, drift.error).z(chain(K, b) - K)) < 4.5
    assert growth.error < 0.015
    assert drift.error < 0.004


def test_majority_on_the_square_lattice(lattice: Lattice, held_out: xr.DataArray, critical: xr.DataArray) -> None:
    # b^y_t = 2 for an exact step; the majority rule's at L = 32 is 2.13(5), beyond 1 and short of b^d = 4. 1000 samples
    # at K = 0.408: error 0.09. The drift is that of one coupling fitted to the blocks, wherever they came from
    majority = Majority(lattice, 2, random_state=1).fit(features(held_out))
    growth, drift = rows(majority, Evidence(held_out, critical=critical))
    assert abs(growth.value - 2.1) < 4.5 * growth.error
    assert growth.error < 0.15
    blocks = make(majority.transform(features(critical)).reshape(*critical.shape[:2], 8, 8), Lattice.square(8))
    assert drift.value == pytest.approx(couplings(blocks, ["nn"])["nn"].value - couplings(critical, ["nn"])["nn"].value)
    assert -0.05 < drift.value < 0
    assert [side["value"] for side in growth.trivial] == [1.0, 4.0]
    # fine and coarse spins of one draw: the error is not that of two independent couplings
    assert 0 < drift.error < 0.004
    assert drift.trivial[0]["value"] == pytest.approx(-KC_SQUARE, abs=0.01)
    random = np.random.default_rng(1)
    other = Relabelled(majority, random.permutation(64), random.choice([-1.0, 1.0], 64))
    for straight, relabelled in zip((growth, drift), rows(other, Evidence(held_out, critical=critical)), strict=True):
        assert (straight.value, straight.error) == pytest.approx((relabelled.value, relabelled.error))


def test_what_is_not_defined_says_why(lattice: Lattice, held_out: xr.DataArray, critical: xr.DataArray) -> None:
    majority = Majority(lattice, 2, random_state=1).fit(features(held_out))
    for row in rows(majority, Evidence(held_out)):
        assert not row.asked
        assert row.why.startswith("no critical samples were given")
    growth, drift = rows(majority, Evidence(critical, critical=critical))
    assert not growth.asked
    assert growth.why.startswith("the samples lie at the critical coupling")
    assert drift.defined
    evidence = Evidence(held_out, critical=critical)
    for row in rows(shuffled(majority, 256, 0), evidence):
        assert row.forced
        assert row.why.startswith("not defined: the fields' centres lie")
        assert math.isfinite(row.value)  # kept, to stand as a null
    for row in rows(Linear(np.random.default_rng(2).normal(size=(10, 256))), evidence):
        assert math.isnan(row.value)
        assert row.why == "the 10 units have no places on a lattice"
    still = Evidence(make(np.ones((4, 20, 16, 16), np.int8), lattice), critical=critical)
    assert rows(majority, still)[0].why.startswith("fine spins: operator 'nn' is constant around every site")
