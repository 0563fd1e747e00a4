"""Information: exact where it can be summed, a bound below it elsewhere, and nothing for maps without places.

Tried on purpose: the block's sites in the order of `Lattice.blocks` beside the torus' table, the regression read on the
chains that it was fitted to, the environment of the next block, wide fields left uncut: each fails a test below.
"""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from made_maps import Linear, measured
from sklearn.decomposition import PCA

import blockspin as bs
from blockspin.exact import surroundings
from blockspin.exact.information import sign_rule
from blockspin.judging import Evidence, Outcome
from blockspin.judging.criteria import rule_of
from blockspin.judging.criteria.information import KEPT, SHARE
from blockspin.judging.lower_bound import bound
from blockspin.judging.measurement import Measurement, Side, State
from blockspin.judging.nulls import noise
from blockspin.judging.rules import Decision, Described, Exceeds
from blockspin.judging.verdict import decide
from blockspin.models import KC_SQUARE
from blockspin.own_data.read import read_samples as own
from blockspin.samples import make, to_matrix

SQUARE = bs.Lattice.square(6)
CRITICAL = bs.Ising(SQUARE, KC_SQUARE)


@pytest.fixture(scope="module")
def samples() -> xr.DataArray:
    return bs.sample(CRITICAL, 3000, seed=1, chains=50)


def rows(transformer: object, evidence: Evidence) -> tuple[Measurement, Measurement]:
    found = measured("information", transformer, evidence)
    return found[KEPT], found[SHARE]


def decision(kept: Measurement, reference: Measurement) -> Decision:
    """Of a map's number beside that of the majority rule."""
    return decide(kept, [], Side("majority", reference.value, reference.error))


def test_more_is_better_and_the_share_is_shown() -> None:
    assert (rule_of("information", KEPT), rule_of("information", SHARE)) == (Exceeds(), Described())


RULES = {
    "decimation": (bs.Decimation(SQUARE, 2), [1, 0, 0, 0], 1e-9),
    "majority": (bs.Majority(SQUARE, 2, random_state=1), [1, 1, 1, 1], 2e-3),  # its ties are drawn
    "corner": (bs.rules.WeightedMajority(SQUARE, 2, weights=[3, 2, 2, 2]), [3, 2, 2, 2], 1e-9),
    "rows": (bs.rules.WeightedMajority(SQUARE, 2, weights=[1, 1, -1, -1], random_state=1), [1, 1, -1, -1], 2e-3),
    # row by row; around the square the last two change places
    "diagonals": (bs.rules.WeightedMajority(SQUARE, 2, weights=[3, -2, -2, 2]), [3, -2, 2, -2], 1e-9),
}


@pytest.mark.parametrize("name", RULES)
def test_exact_on_the_small_torus_and_a_bound_without_the_model(name: str, samples: xr.DataArray) -> None:
    # 9,000 windows of 50 chains: errors of .01; sees a bound 10 % too high at 4 sigma
    rule, weights, near = RULES[name]
    joint = surroundings.torus(CRITICAL)
    fitted = rule.fit(to_matrix(samples))
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
    assert kept.below is not None
    assert estimated.below is not None
    assert abs(estimated.below.value - kept.below.value) < 0.02 + 4 * estimated.below.error
    # random signs keep .23 at Kc, three spins against the fourth .31, a difference of rows .002
    majority = RULES["majority"][0].fit(to_matrix(samples))
    for one, evidence in ((kept, Evidence(samples, model=CRITICAL)), (estimated, Evidence(own(samples.values)))):
        found = decision(one, rows(majority, evidence)[0])
        assert found.outcome is (Outcome.FAIL if name == "rows" else Outcome.PASS)
        assert found.null == one.below


def test_exact_on_the_chain() -> None:
    ring = bs.Lattice.chain(48)
    model = bs.Ising(ring, 1.0)
    samples = bs.sample(model, 200, seed=2, chains=20)
    X = to_matrix(samples)
    decimation, majority = bs.Decimation(ring, 2).fit(X), bs.Majority(ring, 2, random_state=1).fit(X)
    (one, share), (other, beside) = (rows(rule, Evidence(samples, model=model)) for rule in (decimation, majority))
    assert share.value == pytest.approx(0.7596, abs=1e-3)
    assert beside.value == pytest.approx(0.7397, abs=1e-3)
    assert [decision(kept, other).outcome for kept in (one, other)] == [Outcome.PASS] * 2


def test_spins_that_know_nothing_tell_nothing() -> None:
    samples = make(noise(np.ones((400, 12, 12)), 1).reshape(20, 20, 12, 12), bs.Lattice.square(12))
    rule = bs.Majority(bs.Lattice.square(12), 2, random_state=1).fit(to_matrix(samples))
    kept, _ = rows(rule, Evidence(samples))
    assert abs(kept.value) < 4 * kept.error + 0.003  # what the regression loses on the other half
    # the majority rule itself keeps no more than random signs
    assert (decision(kept, kept).outcome, decision(kept, kept).code) == (Outcome.CANNOT_TELL, "unfit reference")


def test_the_other_half_of_the_chains_reads(samples: xr.DataArray) -> None:
    # 200 rows and 60 sites to fit: read on the rows of the fit the bound would be above .1
    random = np.random.default_rng(1)
    h, e = random.choice([-1, 1], 200), random.choice(np.array([-1, 1], np.int8), (200, 60))
    assert bound(h, e, 10).value < 0


def test_a_wide_field_is_cut_to_its_block(samples: xr.DataArray) -> None:
    # each unit adds the ring of its environment to its block's sum: uncut it would tell H(h) nearly
    majority = bs.Majority(SQUARE, 2, random_state=1).fit(to_matrix(samples))
    wide = majority.fields_ + 0.04 * (1 - 4 * majority.fields_)
    kept, share = rows(Linear(wide), Evidence(samples, model=CRITICAL))
    assert kept.why  # the share of w^2 that is left
    assert kept.value == pytest.approx(surroundings.torus(CRITICAL).kept(sign_rule(np.ones(4))), abs=1e-9)
    estimated, _ = rows(Linear(wide), Evidence(own(samples.values)))
    assert estimated.value < kept.value + 4 * estimated.error
    assert share.value < 1


def test_what_is_not_defined_says_why(samples: xr.DataArray) -> None:
    X, four = to_matrix(samples), bs.Lattice.square(4)
    small = bs.sample(bs.Ising(four, 0.3), 100, seed=1, chains=10)
    few = own(samples.isel(chain=slice(0, 4)).values)
    decimation = bs.Decimation(four, 2).fit(to_matrix(small))
    for transformer, drawn, state, code, outcome in (
        (PCA(9, random_state=0).fit(X), samples, State.UNDEFINED, "no places", Outcome.FAIL),
        (decimation, small, State.UNDEFINED, "no environment", Outcome.CANNOT_TELL),
        (bs.Decimation(SQUARE, 2).fit(X), few, State.UNDEFINED, "few chains", Outcome.CANNOT_TELL),
    ):
        found = rows(transformer, Evidence(drawn))
        for row, expected in zip(found, (outcome, Outcome.CANNOT_TELL), strict=True):  # the share is not judged
            assert (row.state, row.code) == (state, code)
            # the reference has the same samples and the same b, and no number either
            decided = decide(row, [], Side("majority", 0.3) if code == "no places" else None)
            assert (decided.outcome, decided.code, decided.why) == (expected, code, row.why)
