"""Information: exact where it can be summed, a bound below it elsewhere, and nothing for maps without places.

Tried on purpose: the block's sites in the order of `Lattice.blocks` beside the torus' table, the regression read on the
chains that it was fitted to, the environment of the next block, wide fields left uncut: each fails a test below.
"""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from made_maps import Linear
from sklearn.decomposition import PCA

import blockspin as bs
from blockspin.exact import surroundings
from blockspin.exact.information import sign_rule
from blockspin.judging.card import Measurement, decide
from blockspin.judging.evidence import Evidence, Subject
from blockspin.judging.information import KEPT, SHARE, bound, information
from blockspin.judging.nulls import noise
from blockspin.samples import features, make, own

SQUARE = bs.Lattice.square(6)
CRITICAL = bs.Ising(SQUARE, bs.KC_SQUARE)


@pytest.fixture(scope="module")
def samples() -> xr.DataArray:
    return bs.sample(CRITICAL, 3000, seed=1, chains=50)


def rows(transformer: object, evidence: Evidence) -> tuple[Measurement, Measurement]:
    kept, share = information(Subject(transformer, evidence, name="m"))
    assert (kept.quantity, share.quantity) == (KEPT, SHARE)
    assert (kept.rule, share.rule) == ("exceeds", "described")
    return kept, share


RULES = {
    "decimation": (bs.Decimation(SQUARE, 2), [1, 0, 0, 0], 1e-9),
    "majority": (bs.Majority(SQUARE, 2, random_state=1), [1, 1, 1, 1], 2e-3),  # its ties are drawn
    "corner": (bs.WeightedMajority(SQUARE, 2, weights=[3, 2, 2, 2]), [3, 2, 2, 2], 1e-9),
    "rows": (bs.WeightedMajority(SQUARE, 2, weights=[1, 1, -1, -1], random_state=1), [1, 1, -1, -1], 2e-3),
    # row by row; around the square the last two change places
    "diagonals": (bs.WeightedMajority(SQUARE, 2, weights=[3, -2, -2, 2]), [3, -2, 2, -2], 1e-9),
}


@pytest.mark.parametrize("name", RULES)
def test_exact_on_the_small_torus_and_a_bound_without_the_model(name: str, samples: xr.DataArray) -> None:
    # 9,000 windows of 50 chains: errors of .01; sees a bound 10 % too high at 4 sigma
    rule, weights, near = RULES[name]
    joint = surroundings.torus(CRITICAL)
    fitted = rule.fit(features(samples))
    kept, share = rows(fitted, Evidence(samples, model=CRITICAL))
    exact = joint.kept(sign_rule(weights))
    assert kept.value == pytest.approx(exact, abs=near)
    assert kept.error == 0
    assert share.value == pytest.approx(exact / joint.information(), abs=2 * near)
    estimated, share = rows(fitted, Evidence(own(samples.values)))
    assert estimated.value < exact + 4 * estimated.error
    assert estimated.value > 0.95 * exact - 4 * estimated.error
    assert 0 < estimated.error < 0.02
    assert abs(share.value - exact / joint.information()) < 0.05 + 4 * share.error
    null = estimated.trivial[0]
    assert abs(null["value"] - kept.trivial[0]["value"]) < 0.02 + 4 * null["error"]
    # random signs keep .23 at Kc, three spins against the fourth .31, a difference of rows .002
    assert [decide(one, [], None).passed for one in (kept, estimated)] == [name != "rows"] * 2


def test_exact_on_the_chain() -> None:
    ring = bs.Lattice.chain(48)
    model = bs.Ising(ring, 1.0)
    samples = bs.sample(model, 200, seed=2, chains=20)
    X = features(samples)
    for rule, expected in ((bs.Decimation(ring, 2), 0.7596), (bs.Majority(ring, 2, random_state=1), 0.7397)):
        kept, share = rows(rule.fit(X), Evidence(samples, model=model))
        assert share.value == pytest.approx(expected, abs=1e-3)
        assert decide(kept, [], None).passed is True


def test_spins_that_know_nothing_tell_nothing() -> None:
    samples = make(noise((400, 12, 12), 1).reshape(20, 20, 12, 12), bs.Lattice.square(12))
    rule = bs.Majority(bs.Lattice.square(12), 2, random_state=1).fit(features(samples))
    kept, _ = rows(rule, Evidence(samples))
    assert abs(kept.value) < 4 * kept.error + 0.003  # what the regression loses on the other half
    assert decide(kept, [], None).passed is False


def test_the_other_half_of_the_chains_reads(samples: xr.DataArray) -> None:
    # 200 rows and 60 sites to fit: read on the rows of the fit the bound would be above .1
    random = np.random.default_rng(1)
    h, e = random.choice([-1, 1], 200), random.choice(np.array([-1, 1], np.int8), (200, 60))
    assert bound(h, e, 10).value < 0


def test_a_wide_field_is_cut_to_its_block(samples: xr.DataArray) -> None:
    # each unit adds the ring of its environment to its block's sum: uncut it would tell H(h) nearly
    majority = bs.Majority(SQUARE, 2, random_state=1).fit(features(samples))
    wide = majority.fields_ + 0.04 * (1 - 4 * majority.fields_)
    kept, share = rows(Linear(wide), Evidence(samples, model=CRITICAL))
    assert kept.why.startswith("fields cut to their blocks, which hold 0.")
    assert kept.value == pytest.approx(surroundings.torus(CRITICAL).kept(sign_rule(np.ones(4))), abs=1e-9)
    estimated, _ = rows(Linear(wide), Evidence(own(samples.values)))
    assert estimated.value < kept.value + 4 * estimated.error
    assert share.value < 1


def test_what_is_not_defined_says_why(samples: xr.DataArray) -> None:
    X = features(samples)
    kept, _ = rows(PCA(9, random_state=0).fit(X), Evidence(samples))
    assert kept.why.startswith("not defined: the fields' centres")
    assert decide(kept, [], None).passed is False
    small = bs.sample(bs.Ising(bs.Lattice.square(4), 0.3), 100, seed=1, chains=10)
    kept, _ = rows(bs.Decimation(bs.Lattice.square(4), 2).fit(features(small)), Evidence(small))
    assert "must fit the lattice" in kept.why
    assert decide(kept, [], None).passed is None
    few = samples.isel(chain=slice(0, 4))
    kept, _ = rows(bs.Decimation(SQUARE, 2).fit(X), Evidence(own(few.values)))
    assert "an error over chains needs 8" in kept.why
    assert decide(kept, [], None).passed is None
