"""The rules behind pass and fail, and what is decided before them: the data are numbers, states and codes.

Mutants seen to fail here: the threshold of the nulls' distance without its errors, `below` and `above` changed about,
the number's own errors left out of the fail, a blind null that counts, a reference of no number that fails.
"""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockspin.judging import Outcome
from blockspin.judging.measurement import BLURRED, Measurement, Side, State
from blockspin.judging.rules import Agrees, CloserThanNulls, Described, Exceeds, LiesBelow, Null, Rule
from blockspin.judging.verdict import decide

PASS, FAIL, CANNOT_TELL = Outcome.PASS, Outcome.FAIL, Outcome.CANNOT_TELL
MAJORITY = Side("majority", 0.96, 0.01)
CLOSER, GENEROUS = CloserThanNulls(), CloserThanNulls(one_sided=True)


def y_t(value: float, error: float = 0.01, **more: object) -> Measurement:
    return Measurement("spectrum", "y_t", value, error, **more)  # type: ignore[arg-type]


def null(value: float, error: float = 0.01, name: str = "null", kind: str = "") -> Null:
    return Null(Side(name, value, error), kind)


def of(rule: Rule, measured: Measurement, *nulls: Null, reference: Side = MAJORITY) -> tuple[Outcome, str, str | None]:
    """Outcome, code and the null that decided."""
    found = rule.decide(measured, nulls, reference)
    assert found.why
    return found.outcome, found.code, found.null and found.null.name


@pytest.mark.parametrize(
    ("value", "error", "other", "outcome", "code"),
    [
        (0.83, 0.01, -0.7, PASS, "closer"),
        (0.10, 0.01, -0.7, FAIL, "not closer"),  # closer to the null: 0.13 is halfway
        (0.20, 0.05, -0.7, CANNOT_TELL, BLURRED),  # closer to the reference, but within the errors
        (0.06, 0.05, -0.7, CANNOT_TELL, BLURRED),  # closer to the null, but within the errors
        (0.96, 0.01, 0.955, CANNOT_TELL, "nulls like the reference"),
        (1.70, 0.01, -0.7, PASS, "closer"),  # overshoots by less than half the null's distance
        (1.80, 0.01, -0.7, CANNOT_TELL, BLURRED),
        (2.80, 0.01, -0.7, FAIL, "not closer"),
        (0.83, math.nan, -0.7, CANNOT_TELL, "no error"),
    ],
)
def test_closer_than_the_nulls(value: float, error: float, other: float, outcome: Outcome, code: str) -> None:
    assert of(CLOSER, y_t(value, error), null(other)) == (outcome, code, "null")


@pytest.mark.parametrize("sigmas", [-2.01, -1.99, 1.99, 2.01])
@pytest.mark.parametrize(("side", "c"), [(-1, 0.5), (1, 1.5)])
def test_two_errors_of_all_three_decide(sigmas: float, side: int, c: float) -> None:
    # reference 1(0.1), null 0(0.2): 1 -+ 1/2 are halfway, before the reference and beyond; the number lies so many
    # errors within, s^2 = s_q^2 + .2^2/4 + c^2 .1^2
    s_q = 0.05
    value = 1 + side * (0.5 - sigmas * math.sqrt(s_q**2 + 0.2**2 / 4 + (c * 0.1) ** 2))
    found, code, _ = of(CLOSER, y_t(value, s_q), null(0.0, 0.2), reference=Side("r", 1.0, 0.1))
    expected = (CANNOT_TELL, BLURRED) if abs(sigmas) < 2 else (PASS, "closer") if sigmas > 0 else (FAIL, "not closer")
    assert (found, code) == expected


def test_a_null_that_the_reference_itself_would_not_beat_is_left_out() -> None:
    # |n - r| <= 2 sqrt(s_n^2 + 5 s_r^2) = 0.6
    reference = Side("r", 1.0, 0.1)
    for n, code in ((0.39, "closer"), (0.41, "nulls like the reference")):
        assert of(CLOSER, y_t(1.0, 0.0), null(n, 0.2), reference=reference)[1] == code


def test_what_only_has_to_be_as_good_may_be_better() -> None:
    reference = Side("majority", 0.80, 0.01)
    assert of(CLOSER, y_t(0.90), null(0.75), reference=reference)[:2] == (FAIL, "not closer")
    assert of(GENEROUS, y_t(0.90), null(0.75), reference=reference)[:2] == (PASS, "closer")
    assert of(GENEROUS, y_t(0.72), null(0.75), reference=reference)[:2] == (FAIL, "not closer")
    assert of(GENEROUS, y_t(0.95), null(0.95), reference=reference)[:2] == (FAIL, "not closer")  # towards the null


def test_orders_of_magnitude_are_compared_on_a_log_scale() -> None:
    # 30 of 1600 sites: halfway between 4 and 1600 is 80 on the log scale, 802 on the linear one
    for value, outcome in ((30, PASS), (300, FAIL)):
        found = of(
            CloserThanNulls(log=True), y_t(value, value / 100), null(1600, 16), reference=Side("majority", 4, 0.04)
        )
        assert found[0] is outcome
    assert of(CLOSER, y_t(300, 3), null(1600, 16), reference=Side("majority", 4, 0.04))[0] is PASS


def test_the_hardest_null_decides_and_is_shown() -> None:
    near, far = null(0.4, name="near"), null(-5.0, name="far")
    for order in ((near, far), (far, near)):
        assert of(CLOSER, y_t(0.5), *order) == (FAIL, "not closer", "near")
        assert of(CLOSER, y_t(0.9), *order) == (PASS, "closer", "near")


def test_a_null_that_fails_it_decides_before_one_with_large_errors() -> None:
    near, blurred = null(0.4, name="near"), null(0.0, 0.45, name="blurred")
    assert of(CLOSER, y_t(0.5), blurred) == (CANNOT_TELL, BLURRED, "blurred")
    for order in ((near, blurred), (blurred, near)):
        assert of(CLOSER, y_t(0.5), *order) == (FAIL, "not closer", "near")


def test_a_null_without_an_error_bar_is_left_out_wherever_it_stands() -> None:
    good, single = null(-0.7, name="good"), null(0.9, math.nan, name="single unit")
    for order in ((good, single), (single, good)):
        assert of(CLOSER, y_t(0.83), *order) == (PASS, "closer", "good")
    assert of(CLOSER, y_t(0.83), single) == (CANNOT_TELL, "no null", None)


def test_a_null_that_cannot_change_a_quantity_is_left_out_by_its_kind() -> None:
    blind = CloserThanNulls(blind=("shuffled sites",))
    # the name is for readers: another map may be called so
    shuffled, named = null(0.9, name="l1, shuffled", kind="shuffled sites"), null(-0.7, name="shuffled sites")
    assert of(blind, y_t(0.83), shuffled, named) == (PASS, "closer", "shuffled sites")
    assert of(blind, y_t(0.83), shuffled) == (CANNOT_TELL, "no null", None)
    assert of(CLOSER, y_t(0.83), shuffled, named)[0] is FAIL
    assert of(CloserThanNulls(blind=("",)), y_t(0.83), named)[0] is PASS  # no kind is no kind of blindness


def test_a_null_of_the_quantitys_own_counts_on_its_own_side() -> None:
    sides = {"below": Side("below", 1.0), "above": Side("above", 2.0)}
    for value, outcome, shown in ((1.82, PASS, "below"), (1.30, FAIL, "below"), (1.97, FAIL, "above")):
        found = of(CLOSER, y_t(value, 0.001, **sides), reference=Side("majority", 1.88, 0.01))
        assert (found[0], found[2]) == (outcome, shown)


@pytest.mark.parametrize(
    ("value", "error", "outcome", "code"),
    [
        (0.07, 0.01, PASS, "below"),
        (0.081, 0.01, CANNOT_TELL, BLURRED),
        (0.119, 0.01, CANNOT_TELL, BLURRED),
        (0.13, 0.01, FAIL, "not below"),
        (0.1, 0.0, FAIL, "not below"),  # with the error of the null it cannot tell
    ],
)
def test_to_lie_below_a_null_of_its_own(value: float, error: float, outcome: Outcome, code: str) -> None:
    rule, reference = LiesBelow(), Side("majority", 0.03, 0.005)
    row = Measurement("manifold", "spread of rows", value, error, above=Side("identity", 0.1))
    # nulls of the map's make do not count
    assert of(rule, row, null(0.0), reference=reference) == (outcome, code, "identity")
    bare = Measurement("manifold", "spread of rows", value, error)
    assert of(rule, bare, null(0.5), reference=reference) == (CANNOT_TELL, "no null", None)
    near = Side("majority", 0.09, 0.006)
    assert of(rule, row, reference=near) == (CANNOT_TELL, "unfit reference", "identity")


@pytest.mark.parametrize("rule", [CLOSER, Exceeds(), LiesBelow()])
def test_a_reference_that_is_no_rg_step_decides_nothing(rule: Rule) -> None:
    below, above = Side("d/2", 1.0, 0.03), Side("d", 2.0)
    for value in (0.2, 1.5, 1.9):
        row = y_t(value, 0.001, below=below, above=above)
        for r, s, shown in (
            (1.0, 0.0, "d/2"),
            (0.5, 0.0, "d/2"),
            (1.09, 0.04, "d/2"),
            (2.0, 0.0, "d"),
            (1.91, 0.05, "d"),
        ):
            found = of(rule, row, null(0.0), reference=Side("majority", r, s))
            assert found == (CANNOT_TELL, "unfit reference", shown)
        for r, s in ((1.11, 0.04), (1.89, 0.05)):  # more than two errors from either
            assert of(rule, row, null(0.0), reference=Side("majority", r, s))[1] != "unfit reference"


def test_agreement() -> None:
    # 2 sqrt(0.01^2 + 0.01^2) = 0.028
    for value, outcome, code in ((0.985, PASS, "agrees"), (0.99, FAIL, "does not agree"), (0.93, PASS, "agrees")):
        assert of(Agrees(), y_t(value), null(0.9)) == (outcome, code, None)


def test_to_exceed() -> None:
    below = Side("random signs", 0.23, 0.01)
    for value, outcome, code in (
        (0.27, PASS, "exceeds"),
        (0.25, FAIL, "does not exceed"),
        (0.1, FAIL, "does not exceed"),
    ):
        assert of(Exceeds(), y_t(value, below=below), null(0.9)) == (outcome, code, "random signs")
    assert of(Exceeds(), y_t(0.27), null(0.1)) == (CANNOT_TELL, "no null", None)


def test_what_is_described_is_not_judged() -> None:
    assert of(Described(), y_t(0.9, below=Side("below", 0.8)), null(0.1)) == (CANNOT_TELL, "described", None)


UNDEFINED = y_t(math.nan, math.nan, state=State.UNDEFINED, code="no places", why="no places on a lattice")
FORCED = y_t(0.96, state=State.FORCED, code="forced", why="no grid")
NOT_GIVEN = y_t(math.nan, math.nan, state=State.NOT_REQUESTED, code="no critical samples", why="none given")


@pytest.mark.parametrize("reference", [None, MAJORITY])
@pytest.mark.parametrize("measured", [UNDEFINED, FORCED, NOT_GIVEN, y_t(0.96)], ids=lambda row: str(row.state))
def test_what_has_no_number_fails_only_where_the_reference_has_one(
    measured: Measurement, reference: Side | None
) -> None:
    found = decide(measured, [null(-1.0)], reference)
    if measured.state is State.MEASURED:
        expected = (PASS, "closer") if reference else (CANNOT_TELL, "no reference")
    else:
        fails = reference is not None and measured.state is not State.NOT_REQUESTED
        expected = (FAIL if fails else CANNOT_TELL, measured.code)
        assert found.why == measured.why
    assert (found.outcome, found.code) == expected


def test_what_is_described_does_not_fail_without_a_number() -> None:
    row = Measurement("tiling", "coverage of sites", state=State.UNDEFINED, code="no fields", why="fewer than two")
    found = decide(row, [], Side("majority", 1.0))
    assert (found.outcome, found.code) == (CANNOT_TELL, "no fields")


numbers, errors = st.floats(-3, 3), st.floats(0, 1)


@given(
    r=numbers, s_r=errors, nulls=st.lists(st.tuples(numbers, errors), max_size=3), bounds=st.lists(numbers, max_size=2)
)
def test_the_reference_never_fails_its_own_comparison(
    r: float, s_r: float, nulls: list[tuple[float, float]], bounds: list[float]
) -> None:
    sides = dict(zip(("below", "above"), [Side("bound", bound) for bound in sorted(bounds)], strict=False))
    itself = y_t(r, s_r, **sides)
    for rule in (CLOSER, GENEROUS, Agrees(), Exceeds(), Described()):
        assert of(rule, itself, *[null(*one) for one in nulls], reference=Side("majority", r, s_r))[0] is not FAIL
    ratios = [null(math.exp(n), s * math.exp(n)) for n, s in nulls]
    q = math.exp(r)
    assert of(CloserThanNulls(log=True), y_t(q, s_r * q), *ratios, reference=Side("r", q, s_r * q))[0] is not FAIL
