"""The rule behind `passed`, and what a scorecard says."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockspin.judging.card import Criterion, Measured, Measurement, decide, scorecard, verdict


def row(value: float, error: float = 0.01, **more: object) -> Measurement:
    return Measurement("spectrum", "y_t", value, error, **more)  # type: ignore[arg-type]


MAJORITY = ("majority", row(0.96))


@pytest.mark.parametrize(
    ("value", "error", "null", "passed"),
    [
        (0.83, 0.01, -0.7, True),
        (0.10, 0.01, -0.7, False),  # closer to the null
        (0.20, 0.05, -0.7, False),  # closer to the reference, but within the errors
        (0.96, 0.01, 0.955, None),  # the null is the reference: nothing to tell
        (1.70, 0.01, -0.7, True),  # overshoots by less than half the null's distance
        (2.80, 0.01, -0.7, False),
    ],
)
def test_closer_to_the_reference_than_to_the_null(value: float, error: float, null: float, passed: bool | None) -> None:
    assert decide(row(value, error), [("null", row(null))], MAJORITY).passed is passed


def test_what_only_has_to_be_as_good_may_be_better() -> None:
    null, reference = row(0.75), ("majority", row(0.80))
    assert decide(row(0.90), [("null", null)], reference).passed is False
    assert decide(row(0.90, one_sided=True), [("null", null)], reference).passed is True
    assert decide(row(0.76, one_sided=True), [("null", null)], reference).passed is False
    assert decide(row(0.90, one_sided=True), [("null", row(0.95))], reference).passed is False  # towards the null


def test_a_value_without_an_error_cannot_tell() -> None:
    found = decide(row(0.9, math.nan), [("null", row(-0.7))], MAJORITY)
    assert (found.passed, found.why) == (None, "there is no error bar to compare with")


def test_a_spectrum_of_one_exponent_has_not_passed() -> None:
    def of(y_t: bool | None, y_h: bool | None) -> list[Criterion]:
        rows = [("locality", "p", True), ("tiling", "r", True), ("spectrum", "y_t", y_t), ("spectrum", "y_h", y_h)]
        return [Criterion(name, quantity, 1.0, 0.1, None, None, answer, "") for name, quantity, answer in rows]

    assert verdict(of(True, True)) == "renormalizes"
    assert verdict(of(None, True)) == "coarse-grains (locality, tiling; not told: spectrum)"
    assert verdict(of(None, False)) == verdict(of(True, False)) == "coarse-grains (locality, tiling)"


def test_a_criterion_that_is_not_on_the_card_is_no_cannot_tell() -> None:
    card = scorecard(Measured("m", 1, 2.0, (row(0.9),)), [], None)
    with pytest.raises(KeyError, match=r"a criterion must be one of locality, .*; got 'spectra'"):
        card.passed("spectra")
    assert card.passed("locality") is None


def test_the_hardest_null_decides_and_is_shown() -> None:
    found = decide(row(0.5), [("far", row(-5.0)), ("near", row(0.4))], MAJORITY)
    assert found.passed is False
    assert found.null is not None
    assert found.null["name"] == "near"


def test_what_is_not_defined_never_passes_and_is_no_zero() -> None:
    undefined = decide(row(math.nan, math.nan, why="no places on a lattice"), [("null", row(-1.0))], MAJORITY)
    assert undefined.passed is False
    assert "no places" in undefined.why
    forced = decide(row(0.96, forced=True, why="not defined: no grid"), [("null", row(-1.0))], MAJORITY)
    assert forced.passed is False


def test_orders_of_magnitude_are_compared_on_a_log_scale() -> None:
    def ratio(value: float) -> Measurement:
        return Measurement("locality", "participation ratio", value, 0.01 * value, scale="log")

    # 30 of 1600 sites: halfway between 4 and 1600 is 80 on the log scale, 802 on the linear one
    assert decide(ratio(30), [("null", ratio(1600))], ("majority", ratio(4))).passed is True
    assert decide(ratio(300), [("null", ratio(1600))], ("majority", ratio(4))).passed is False


def test_a_target_of_its_own_takes_the_place_of_the_block_rule() -> None:
    exact = {"name": "exact", "value": -1.15, "error": 0.0}
    subject = Measured("m", 1, 2.0, (Measurement("fidelity", "energy", -1.1, 0.01, target=exact),))
    null = Measured("untrained", 1, 2.0, (Measurement("fidelity", "energy", 0.0, 0.01),))
    card = scorecard(subject, [null], None)
    assert card.criteria[0].reference == exact
    assert card.criteria[0].passed is True


def test_verdicts_and_json() -> None:
    def measured(name: str, value: float) -> Measured:
        rows = tuple(Measurement(c, "q", value, 0.01) for c in ("locality", "tiling", "spectrum"))
        return Measured(name, 1, 2.0, (*rows, Measurement("fidelity", "f", math.nan, math.nan)))

    null, reference = measured("untrained", 0.0), measured("majority", 1.0)
    assert scorecard(measured("m", 0.9), [null], reference).verdict == "renormalizes"
    assert scorecard(measured("m", 0.1), [null], reference).verdict == "does not"
    card = scorecard(measured("m", 0.9), [null], reference)
    stored = json.loads(json.dumps(card.to_dict(), allow_nan=False))
    assert stored["criteria"][3]["value"] is None
    assert "renormalizes" in str(card)
    again = Measured.from_dict(json.loads(json.dumps(measured("m", 0.5).to_dict(), allow_nan=False)))
    assert math.isnan(again.measurements[3].value)
    assert again.measurements[0] == measured("m", 0.5).measurements[0]


def test_a_name_cannot_inject_html() -> None:
    measured = Measured("<script>", 1, 2.0, (row(0.9),))
    assert "<script>" not in scorecard(measured, [], None)._repr_html_()


@given(
    r=st.floats(-3, 3),
    n=st.floats(-3, 3),
    s_r=st.floats(0, 1),
    s_n=st.floats(0, 1),
)
def test_the_reference_never_fails_its_own_comparison(r: float, n: float, s_r: float, s_n: float) -> None:
    reference, null = Measurement("spectrum", "y_t", r, s_r), Measurement("spectrum", "y_t", n, s_n)
    assert decide(reference, [("null", null)], ("majority", reference)).passed is not False


def test_a_null_of_the_quantitys_own_counts_on_its_own_side() -> None:
    sides = ({"name": "below", "value": 1.0, "error": 0.0}, {"name": "above", "value": 2.0, "error": 0.0})
    reference = Measured("majority", 1, 2.0, (row(1.88),))
    for value, passed, shown in ((1.82, True, "below"), (1.30, False, "below"), (1.95, False, "above")):
        card = scorecard(Measured("m", 1, 2.0, (row(value, 0.001, trivial=sides),)), [], reference)
        assert card.criteria[0].passed is passed
        assert card.criteria[0].null is not None
        assert card.criteria[0].null["name"] == shown


def test_a_null_without_an_error_bar_is_left_out_wherever_it_stands() -> None:
    nulls = [("good", row(-0.7)), ("single unit", row(0.9, math.nan))]
    for order in (nulls, nulls[::-1]):
        found = decide(row(0.83), order, MAJORITY)
        assert found.passed is True
        assert found.null is not None
        assert found.null["name"] == "good"


def test_a_verdict_names_what_could_not_tell() -> None:
    def told(**answers: bool | None) -> str:
        return verdict([Criterion(name, name, 1.0, 0.1, None, None, answer, "") for name, answer in answers.items()])

    assert told(locality=True, tiling=True, spectrum=True) == "renormalizes"
    assert told(locality=True, tiling=True, spectrum=None) == "coarse-grains (locality, tiling; not told: spectrum)"
    assert told(locality=True, tiling=False, spectrum=False) == "coarse-grains (locality)"
    assert told(locality=False, tiling=None, spectrum=None) == "does not"
    assert told(locality=None, tiling=None, spectrum=None) == "cannot tell"
