"""The scorecard: rows, outcomes of criteria, verdicts, distances from exact values, text and JSON."""

from __future__ import annotations

import json
import math

import pytest

from blockspin.judging import CRITERIA, Measured, Note, Outcome, Row, Scorecard, scorecard
from blockspin.judging.measurement import BLURRED, Measurement, Side, State, Trainings
from blockspin.judging.text import HEADER, summary
from blockspin.judging.verdict import Verdict
from blockspin.statistics import Estimate

PASS, FAIL, CANNOT_TELL = Outcome.PASS, Outcome.FAIL, Outcome.CANNOT_TELL
EXACT = Side("exact", 1.0, 0.03)
LEADING = {"locality": "radius of gyration", "tiling": "spacing of centres / b"}


def row(criterion: str, quantity: str, outcome: Outcome, **more: object) -> Row:
    return Row(criterion, quantity, 1.0, 0.1, State.MEASURED, outcome, **more)  # type: ignore[arg-type]


def card(**outcomes: Outcome) -> Scorecard:
    """A card of one row a criterion, two of the spectrum."""
    rows = [row(name, LEADING.get(name, name), outcome) for name, outcome in outcomes.items()]
    return Scorecard("m", 1, 2.0, tuple(rows))


def measured(name: str, value: float, kind: str = "") -> Measured:
    rows = [Measurement(criterion, quantity, value, 0.01) for criterion, quantity in LEADING.items()]
    rows += [Measurement("spectrum", "y_t", value, 0.01, exact=Side("exact", 1.0))]
    undefined = Measurement("spectrum", "y_h", state=State.UNDEFINED, code="no exponent", why="of neither side")
    return Measured(name, 1, 2.0, (*rows, undefined), kind)


@pytest.mark.parametrize(
    ("locality", "tiling", "spectrum", "verdict", "named"),
    [
        (PASS, PASS, PASS, Verdict.RENORMALIZES, ()),
        (PASS, PASS, CANNOT_TELL, Verdict.COARSE_GRAINS, ("locality", "tiling", "spectrum")),
        (PASS, FAIL, FAIL, Verdict.COARSE_GRAINS, ("locality",)),
        (FAIL, CANNOT_TELL, CANNOT_TELL, Verdict.DOES_NOT, ("tiling", "spectrum")),
        (FAIL, FAIL, FAIL, Verdict.DOES_NOT, ()),
        (CANNOT_TELL, CANNOT_TELL, CANNOT_TELL, Verdict.CANNOT_TELL, ()),
    ],
)
def test_the_decisive_criteria_decide(
    locality: Outcome, tiling: Outcome, spectrum: Outcome, verdict: Verdict, named: tuple[str, ...]
) -> None:
    for symmetry in Outcome:  # decides nothing
        made = card(locality=locality, tiling=tiling, spectrum=spectrum, symmetry=symmetry)
        assert made.verdict is verdict
        assert made.to_dict()["decisive"] == {"locality": locality, "tiling": tiling, "spectrum": spectrum}
    # what passes and what cannot tell is named in the summary, what fails is not
    assert {name for name in ("locality", "tiling", "spectrum") if name in summary(made.rows)} == set(named)


@pytest.mark.parametrize(
    ("manifold", "verdict"),
    [(PASS, Verdict.RENORMALIZES), (CANNOT_TELL, Verdict.RENORMALIZES), (FAIL, Verdict.COARSE_GRAINS)],
)
def test_the_manifold_denies_where_it_fails(manifold: Outcome, verdict: Verdict) -> None:
    for flow in Outcome:  # of the same group, and denies nothing
        made = card(locality=PASS, tiling=PASS, spectrum=PASS, manifold=manifold, flow=flow)
        assert made.verdict is verdict
        assert made.to_dict()["denied"] == (["manifold"] if manifold is FAIL else [])
        assert ("manifold" in summary(made.rows)) == (manifold is FAIL)
    assert card(locality=FAIL, tiling=FAIL, spectrum=FAIL, manifold=PASS).verdict is Verdict.DOES_NOT


def test_few_trainings_do_not_take_back_that_a_map_is_rough() -> None:
    some = (1.7787, 1.7960, 1.8015)  # 15 times as far as the majority rule, by 3.5 errors, and 1.8 of Student's
    between = Trainings(some, 0.0011, 0.0069, 3)
    exact, majority = Side("exact", 15 / 8), Side("majority", 1.8805, 0.0004)
    far = Row(
        "spectrum", "y_h", 1.7921, 0.0069, State.MEASURED, PASS, reference=majority, exact=exact, trainings=between
    )
    assert far.rough


@pytest.mark.parametrize(
    ("y_h", "error", "majority", "verdict"),
    [
        (1.7775, 0.0014, Side("majority", 1.8807, 0.0005), Verdict.ROUGHLY),  # 17 times as far
        (1.9725, 0.0014, Side("majority", 1.8807, 0.0005), Verdict.ROUGHLY),  # on the other side
        (1.8387, 0.0004, Side("majority", 1.8802, 0.0002), Verdict.RENORMALIZES),  # 7 times
        (1.8126, 0.0014, Side("majority", 1.8807, 0.0005), Verdict.RENORMALIZES),  # 11 times, within errors
        (1.7775, 0.0300, Side("majority", 1.8807, 0.0005), Verdict.RENORMALIZES),
        (1.7775, 0.0014, Side("majority", 1.8807, 0.0030), Verdict.RENORMALIZES),
        (1.8807, 0.0005, Side("majority", 1.8807, 0.0005), Verdict.RENORMALIZES),
        (1.8860, 0.0010, Side("majority", 1.8750, 0.0010), Verdict.RENORMALIZES),  # majority's own is 0 by chance
        (1.7775, 0.0014, None, Verdict.RENORMALIZES),
    ],
)
def test_many_times_farther_from_exact_than_the_reference_is_roughly(
    y_h: float, error: float, majority: Side | None, verdict: Verdict
) -> None:
    exact = Side("exact", 15 / 8)
    far = Row("spectrum", "y_h", y_h, error, State.MEASURED, PASS, reference=majority, exact=exact)
    others = (*card(locality=PASS, tiling=PASS).rows, row("spectrum", "y_t", PASS))
    made = Scorecard("m", 1, 2.0, (*others, far))
    assert made.verdict is verdict
    assert made.to_dict()["rough"] == (["y_h"] if verdict is Verdict.ROUGHLY else [])
    assert ("y_h" in summary(made.rows)) == (verdict is Verdict.ROUGHLY)
    # where the exponents do not pass the word does not change, nor for another quantity that is far from exact
    assert Scorecard("m", 1, 2.0, (*card(locality=PASS).rows, far)).verdict is Verdict.COARSE_GRAINS
    rows = Row(
        "manifold",
        "spread of rows",
        0.1,
        0.001,
        State.MEASURED,
        PASS,
        reference=Side("r", 0.001),
        exact=Side("exact", 0.0),
    )
    assert Scorecard("m", 1, 2.0, (*others, rows)).verdict is Verdict.RENORMALIZES


def test_a_criterion_passes_by_what_can_be_judged() -> None:
    def of(criterion: str, *found: tuple[Outcome, str]) -> Outcome:
        rows = [row(criterion, str(i), outcome, code=code) for i, (outcome, code) in enumerate(found)]
        return Scorecard("m", 1, 2.0, tuple(rows)).outcome(criterion)

    passes, fails = (PASS, "closer"), (FAIL, "not closer")
    described, blurred = (CANNOT_TELL, "described"), (CANNOT_TELL, BLURRED)
    assert of("locality", passes, described) is PASS
    assert of("locality", passes, fails, blurred) is FAIL
    assert of("locality", passes, blurred) is CANNOT_TELL
    assert of("locality", described) is of("locality") is CANNOT_TELL
    # of the spectrum one exponent of two is no RG step's
    assert of("spectrum", passes, passes) is PASS
    assert of("spectrum", passes, described) is of("spectrum", passes, blurred) is CANNOT_TELL
    assert of("spectrum", described, fails) is FAIL


def test_a_criterion_that_is_not_on_the_card_is_no_cannot_tell() -> None:
    made = card(tiling=PASS)
    for ask in (made.outcome, made.passes):
        with pytest.raises(ValueError, match="'spectra'"):
            ask("spectra")
    assert made.outcome("locality") is CANNOT_TELL
    assert (made.passes("tiling"), made.passes("locality")) == (True, False)
    assert made.row("tiling", LEADING["tiling"]) is made.rows[0]
    assert made.row("tiling", "dead units") is None


def test_a_card_compares_with_nulls_by_their_kind_and_with_the_reference_of_that_quantity() -> None:
    made = scorecard(measured("m", 0.9), [measured("l1, untrained", 0.0, "untrained")], measured("majority", 1.0))
    assert made.outcome("locality") is made.outcome("tiling") is PASS
    y_t = made.row("spectrum", "y_t")
    assert y_t is not None
    assert (y_t.null, y_t.reference) == (Side("l1, untrained", 0.0, 0.01), Side("majority", 1.0, 0.01))
    # neither side has y_h: nothing fails for it, and the spectrum is no whole
    y_h = made.row("spectrum", "y_h")
    assert y_h is not None
    assert (y_h.state, y_h.outcome, y_h.code, y_h.reference) == (State.UNDEFINED, CANNOT_TELL, "no exponent", None)
    assert made.verdict is Verdict.COARSE_GRAINS
    # a forced number is none for a reference, and one for a null
    forced = Measured("majority", 1, 2.0, (Measurement("spectrum", "y_t", 1.0, 0.01, state=State.FORCED),))
    assert scorecard(measured("m", 0.9), [], forced).rows[2].code == "no reference"
    made = scorecard(measured("m", 0.9), [forced], measured("majority", 0.7))
    assert made.rows[2].null == Side("majority", 1.0, 0.01)


def test_a_target_of_its_own_takes_the_place_of_the_block_rule() -> None:
    exact = Side("exact", -1.15)
    subject = Measured("m", 1, 2.0, (Measurement("fidelity", "energy a site", -1.1, 0.01, target=exact),))
    null, rule = (
        Measured(name, 1, 2.0, (Measurement("fidelity", "energy a site", value, 0.01),))
        for name, value in (("untrained", 0.0), ("majority", -0.5))
    )
    for beside in (None, rule):
        (found,) = scorecard(subject, [null], beside).rows
        assert (found.reference, found.outcome) == (exact, PASS)


def test_distance_from_the_exact_value_and_its_ratio_to_the_references() -> None:
    def of(reference: Side | None, value: float = 0.9, exact: Side | None = EXACT) -> Row:
        return Row("spectrum", "y_t", value, 0.04, State.MEASURED, PASS, reference=reference, exact=exact)

    assert of(None).distance == Estimate(pytest.approx(-0.1), pytest.approx(0.05))
    assert of(None).ratio is None
    # 4 errors of a reference with 0.04 and an exact value with 0.03 are 0.2: below, it is no yardstick
    for r, ratio in ((0.79, 0.1 / 0.21), (1.21, 0.1 / 0.21), (0.81, None), (1.19, None), (1.0, None)):
        assert of(Side("majority", r, 0.04)).ratio == (None if ratio is None else pytest.approx(ratio))
    assert of(Side("majority", 0.79, 0.04), value=1.1).ratio == pytest.approx(0.1 / 0.21)  # no sign
    assert of(Side("majority", 0.5, 0.04), exact=None).distance is of(Side("majority", 0.5), exact=None).ratio is None
    for state in (State.FORCED, State.UNDEFINED, State.NOT_REQUESTED):
        none = Row("spectrum", "y_t", 0.9, 0.04, state, FAIL, reference=Side("r", 0.5), exact=Side("exact", 1.0))
        assert none.distance is none.ratio is None


def test_the_text_has_every_quantity_and_the_reason_of_each_that_has_no_number() -> None:
    forced = Measurement("tiling", "dead units", 0.123456, 0.01, state=State.FORCED, code="f", why="a forced one")
    absent = [
        Measurement("flow", name, state=State.NOT_REQUESTED, code="n", why=f"nobody gave samples, {name[0]}")
        for name in ("growth of K - Kc", "K' - K at Kc")
    ]
    subject = Measured("m", 1, 2.0, (*measured("m", 0.9).measurements, forced, *absent))
    made = scorecard(subject, [measured("untrained", 0.0)], measured("majority", 0.8), [Note("c", "a note")])
    told = str(made)
    assert told == str(made)
    assert "none (0.123(10) if forced)" in told
    head, columns, *lines = told.splitlines()
    assert str(made.verdict) in head
    assert all(name in columns for name in HEADER)
    for one, line in zip(made.rows, lines, strict=False):
        assert one.criterion in line
        assert one.quantity in line
    undefined = [one for one in made.rows if not one.defined]
    assert len(undefined) == 4
    for one in undefined:
        (reason,) = [line for line in lines[len(made.rows) :] if one.why in line and one.quantity in line]
        assert str(one.state) in reason
    assert "a note" in lines[-1]
    # the distance of y_t with its ratio, 0.1 of 0.2
    assert "-0.100(10) (0.5 x majority)" in lines[2]


def test_names_and_notes_cannot_inject_html() -> None:
    made = scorecard(Measured("<script>", 1, 2.0), [], None, [Note("c", "<script>")])
    assert "<script>" not in made._repr_html_()
    assert made._repr_html_().count("&lt;script") == 5


def test_json_has_no_nan_and_comes_back() -> None:
    subject = measured("m", 0.9, "untrained")
    again = Measured.from_dict(json.loads(json.dumps(subject.to_dict(), allow_nan=False)))
    assert again.to_dict() == subject.to_dict()
    assert again.measurements[:3] == subject.measurements[:3]
    assert math.isnan(again.measurements[3].value)
    assert (again.kind, again.measurements[3].state) == ("untrained", State.UNDEFINED)
    made = scorecard(subject, [], measured("majority", 1.0), [Note("c", "t")])
    stored = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    assert [one["value"] for one in stored["rows"]] == [0.9, 0.9, 0.9, None]
    assert stored["notes"] == [{"code": "c", "text": "t"}]
    assert stored["rows"][2]["exact"] == {"name": "exact", "value": 1.0, "error": 0.0, "doi": ""}
    assert stored["verdict"] == made.verdict
    assert list(stored["decisive"]) == [name for name in CRITERIA if CRITERIA[name].decides]
    assert stored["outcomes"] == {row.criterion: made.outcome(row.criterion) for row in made.rows}
