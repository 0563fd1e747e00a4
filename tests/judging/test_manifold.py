"""The criterion of the critical manifold: what passes, what fails, what has no number, and its own control.

Mutants seen to fail here: the control of the coarse layer in place of the fine lattice's, pairs at random among the
functions, the first half of the chains in place of the second, a rule that passes above its null.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import xarray as xr
from made_maps import Of, measured, z
from sklearn.random_projection import GaussianRandomProjection

import blockspin as bs
from blockspin.judging import Evidence, Outcome
from blockspin.judging.criteria.manifold import DISTANCE, SPREAD
from blockspin.judging.measurement import Side, State
from blockspin.models.critical import KC_ISING
from blockspin.rg.normal import critical_normal
from blockspin.rg.operators import EVEN
from blockspin.rg.tangent import partners, tangent, values
from blockspin.samples import by_chain, to_matrix

PASS, FAIL, CANNOT_TELL = Outcome.PASS, Outcome.FAIL, Outcome.CANNOT_TELL


def minority(X: Any) -> Any:
    """A block of 3 against 1 votes for the one."""
    blocks = X[:, bs.Lattice.square(16).blocks(2)]
    return blocks.prod(axis=2) * blocks.sum(axis=2)


def outcomes(transformer: Any, critical: xr.DataArray) -> tuple[Outcome, Outcome]:
    card = bs.judge(transformer, critical, critical=critical, criteria=["manifold"])
    return tuple(row.outcome for row in card.rows)  # type: ignore[return-value]


def test_block_rules_pass_and_a_rule_that_prefers_the_few_fails(lattice: bs.Lattice, critical: xr.DataArray) -> None:
    # 8000 draws at L = 16: majority 0.031(2), decimation 0.072(3), minority 0.166(4), the fine lattice 0.130(3)
    majority, decimation = (rule(lattice, 2).fit(to_matrix(critical)) for rule in (bs.Majority, bs.Decimation))
    assert outcomes(majority, critical) == outcomes(decimation, critical) == (PASS, PASS)
    assert outcomes(Of(minority), critical)[0] is FAIL
    found = [
        measured("manifold", one, Evidence(critical, critical=critical))[DISTANCE] for one in (majority, decimation)
    ]
    assert found[0].error < 0.004
    assert z(found[1], Side("", found[0].value, found[0].error)) > 5  # decimation is a step behind


def test_a_random_projection_passes_by_long_waves_alone(lattice: bs.Lattice, critical: xr.DataArray) -> None:
    # why locality is read first; its rows have no spread, as those of neighbours have none: that cannot tell
    projection = GaussianRandomProjection(64, random_state=0).fit(to_matrix(critical))
    card = bs.judge(projection, critical, critical=critical, criteria=["locality", "manifold"])
    assert (card.outcome("manifold"), card.outcome("locality")) == (PASS, FAIL)
    spread = card.row("manifold", SPREAD)
    assert spread is not None
    assert (spread.outcome, spread.code) == (CANNOT_TELL, "unfit reference")


def test_numbers_are_those_of_the_library(lattice: bs.Lattice, critical: xr.DataArray) -> None:
    rule = bs.Majority(lattice, 2, random_state=1).fit(to_matrix(critical))
    rows = measured("manifold", rule, Evidence(critical, critical=critical))
    (level,) = bs.rg.manifold(critical, rule, 1, EVEN["square"], EVEN["square"])
    assert level.distance is not None
    for row, one in ((rows[DISTANCE], level.distance), (rows[SPREAD], level.spread)):
        assert (row.value, row.error) == (one.value, one.error)
        assert row.exact == Side("exact", 0.0)
        assert row.above is not None


def test_the_control_is_the_fine_lattice(lattice: bs.Lattice, critical: xr.DataArray) -> None:
    # written out: covariances of the fine operators with one another, over the exact row
    names = EVEN["square"]
    S = values(critical.values, lattice, names).reshape(-1, len(names))
    covariance = np.cov(S.T)
    rows = (covariance / covariance[:, :1] / critical_normal(names))[:, 1:] - 1
    evidence = Evidence(critical, critical=critical)
    placed = measured("manifold", bs.Decimation(lattice, 2).fit(to_matrix(critical)), evidence)[DISTANCE]
    assert placed.above is not None
    assert placed.above.name == "identity"
    assert abs(z(placed.above, float(np.sqrt((rows**2).mean())))) < 1  # the same draws, and noise taken off
    # without positions: pairs of neighbours, whose row is that of "nn"
    without = measured("manifold", GaussianRandomProjection(64, random_state=0).fit(to_matrix(critical)), evidence)
    above = without[DISTANCE].above
    assert above is not None
    assert abs(z(above, float(np.sqrt((rows[0] ** 2).mean())))) < 1


def test_units_in_any_order_are_measured_by_their_partners(lattice: bs.Lattice, critical: xr.DataArray) -> None:
    rule, rng = bs.Majority(lattice, 2, random_state=1).fit(to_matrix(critical)), np.random.default_rng(0)
    evidence = Evidence(critical, critical=critical)
    order, sign = rng.permutation(64), rng.choice([-1, 1], 64)
    # a linear map of all sites has no positions; here the outputs are those of blocks, turned over at random
    loose = Of(lambda X: rule.transform(X)[:, order] * sign)
    subject = bs.judging.Subject(loose, evidence, name="m")
    vars(subject)["embedding"] = None
    found = bs.judging.CRITERIA["manifold"].measure("manifold", subject)[0]
    _, pairs = partners(by_chain(loose.transform(to_matrix(critical)), critical), evidence.seed)
    names = EVEN["square"]
    fine = values(critical.values, lattice, names)[-len(pairs) :]
    four = tangent("1234", pairs[..., :4], names, fine, tuple(critical_normal(names))).distance
    assert four is not None
    assert (found.value, found.error) == (pytest.approx(four.value), pytest.approx(four.error))
    # partners of a block are its neighbours: near the row of "nn" of the placed blocks
    row = bs.rg.manifold(critical, rule, 1, names, names)[0].rows[0][1:]
    placed = math.sqrt(
        np.mean([(one.value / r - 1) ** 2 for one, r in zip(row, critical_normal(names)[1:], strict=True)])
    )
    assert abs(z(found, placed)) < 4.5
    assert found.error < 0.008


def codes(transformer: Any, evidence: Evidence) -> list[tuple[State, str]]:
    rows = measured("manifold", transformer, evidence)
    return [(row.state, row.code) for row in rows.values()]


def test_what_has_no_number(lattice: bs.Lattice, critical: xr.DataArray, held_out: xr.DataArray) -> None:
    rule = bs.Majority(lattice, 2, random_state=1).fit(to_matrix(critical))
    with_critical = Evidence(critical, critical=critical)
    for transformer, evidence, state, code in (
        (rule, Evidence(held_out), State.NOT_REQUESTED, "no critical samples"),
        (rule, Evidence(held_out, critical=held_out), State.UNDEFINED, "off critical"),
        (Of(lambda X: X), with_critical, State.UNDEFINED, "not coarse"),
        (Of(lambda X: X[:, :3]), with_critical, State.UNDEFINED, "not coarse"),
        (Of(lambda X: np.ones((len(X), 64))), with_critical, State.UNDEFINED, "no rows"),
    ):
        assert codes(transformer, evidence) == 2 * [(state, code)]
    letters = bs.sample(bs.BlumeCapel(bs.Lattice.square(8), K=0.5, D=0.3), 200, seed=1, chains=20)
    plurality = bs.rules.Plurality(bs.Lattice.square(8), 2).fit(to_matrix(letters))
    assert codes(plurality, Evidence(letters, critical=letters)) == 2 * [(State.UNDEFINED, "other letters")]


@pytest.mark.parametrize("kind", ["triangular", "cubic"])
def test_without_an_exact_row_there_is_a_spread(kind: str) -> None:
    lattice = {"triangular": bs.Lattice.triangular, "cubic": bs.Lattice.cubic}[kind](8)
    critical = bs.sample(bs.Ising(lattice, KC_ISING[kind]), 2000, seed=1, chains=50)
    rule = bs.Majority(lattice, 2, random_state=1).fit(to_matrix(critical))
    assert codes(rule, Evidence(critical, critical=critical)) == [
        (State.UNDEFINED, "no exact row"),
        (State.MEASURED, ""),
    ]
    card = bs.judge(rule, critical, critical=critical, criteria=["manifold"])
    assert card.outcome("manifold") is PASS
