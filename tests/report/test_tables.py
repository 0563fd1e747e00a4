"""The tables: numbers with errors, findings not by colour alone, everything escaped, bad input named."""

from __future__ import annotations

import re
from typing import Any

import pytest

from blockspin.report import tables
from blockspin.runs.settings import flat

EVIL = "<script>alert('x')</script>"


HEADLINES = {"locality": ("participation ratio",), "spectrum": ("y_t", "y_h")}


def row(criterion: str, quantity: str, value: float | None, error: float | None, outcome: str) -> dict[str, Any]:
    return {
        "criterion": criterion,
        "quantity": quantity,
        "value": value,
        "error": error,
        "null": {"name": "untrained", "value": -2.0, "error": 0.1},
        "reference": {"name": "majority", "value": 0.967, "error": 0.003},
        "exact": {"name": "exact", "value": 1.875, "error": 0.0} if quantity == "y_h" else None,
        "state": "undefined" if value is None else "measured",
        "outcome": outcome,
        "code": "",
        "why": "closer to majority",
    }


def card(name: str = "l1", layer: int = 1) -> dict[str, Any]:
    rows = [
        row("locality", "participation ratio", 5.23, 0.11, "pass"),
        row("locality", "radius of gyration", 1.93, 0.02, "fail"),
        row("tiling", "coverage of sites", 0.9, 0.01, "cannot tell"),
        row("spectrum", "y_t", None, None, "fail"),
        row("spectrum", "y_h", 1.88, 0.002, "pass"),
    ]
    outcomes = {"locality": "fail", "tiling": "cannot tell", "spectrum": "fail"}
    told = {"verdict": "does not", "decisive": outcomes, "outcomes": outcomes}
    return {"map": name, "layer": layer, "b": 2.0, **told, "rows": rows}


def test_scorecard_gives_numbers_errors_and_findings_in_words() -> None:
    html = tables.scorecard_table([card(), card("majority", 2)], headlines=HEADLINES).body
    for part in ("5.23(11)", "−2.00(10)", "0.967(3)", "not defined", "✓", "✗", "–", "1 of 2", "0.005(2)", "tiling"):
        assert part in html
    for words in ("passes", "fails", "cannot tell"):
        assert f'aria-label="{words}"' in html
    assert html.count("<details>") == 2 + 2  # all criteria, all quantities, and in these a map each


def test_a_forced_number_is_not_shown_as_the_map_s_own() -> None:
    forced = card()
    forced["rows"][4] |= {"value": 1.77, "error": 0.02, "outcome": "fail", "state": "forced", "why": "no places"}
    html = tables.scorecard_table([forced], headlines=HEADLINES).body
    summary, details = html.split("All quantities")
    assert "1.77(2)" not in summary
    assert "1.77(2) if forced" in details
    assert "−0.105" not in details  # no distance from the exact value


@pytest.mark.parametrize(
    ("state", "said"), [("undefined", "not defined"), ("forced", "not defined"), ("not requested", "not requested")]
)
def test_a_state_has_its_words(state: str, said: str) -> None:
    made = card()
    made["rows"] = [row("spectrum", "y_h", 1.77 if state == "forced" else None, None, "cannot tell") | {"state": state}]
    summary, details = tables.scorecard_table([made], headlines=HEADLINES).body.split("All quantities")
    assert said in summary
    assert said in details


def test_a_criterion_has_the_outcome_that_the_judge_gave_it() -> None:
    # one exponent of two passes and the other cannot tell: the spectrum cannot either
    made = card() | {"outcomes": {"spectrum": "cannot tell"}}
    made["rows"] = [row("spectrum", name, 1.0, 0.1, said) for name, said in (("y_t", "pass"), ("y_h", "cannot tell"))]
    summary, _ = tables.scorecard_table([made], headlines=HEADLINES).body.split("All quantities")
    assert 'aria-label="passes"' not in summary
    assert 'aria-label="cannot tell"' in summary


@pytest.mark.parametrize(
    ("outcomes", "codes", "shown"),
    [
        (("pass", "fail", "pass"), ("", "", ""), "radius 2.00(10)"),
        (("pass", "cannot tell", "pass"), ("", "within errors", ""), "radius 2.00(10)"),
        (("cannot tell", "cannot tell", "pass"), ("no null", "within errors", ""), "radius 2.00(10)"),
        (("cannot tell", "pass", "pass"), ("no null", "", ""), "radius 2.00(10)"),
        (("fail", "fail", "pass"), ("", "", ""), "1.00(10)"),
        (("cannot tell",) * 3, ("described",) * 3, "1.00(10)"),
    ],
)
def test_a_criterion_shows_the_quantity_that_decided(
    outcomes: tuple[str, ...], codes: tuple[str, ...], shown: str
) -> None:
    names = ("participation ratio", "radius", "share")
    made = card()
    made["rows"] = [
        row("locality", name, n, 0.1, outcome) | {"code": code}
        for n, (name, outcome, code) in enumerate(zip(names, outcomes, codes, strict=True), start=1)
    ]
    said = "fail" if "fail" in outcomes else "cannot tell" if "within errors" in codes else "pass"
    made["outcomes"] = {"locality": said if said in outcomes else "cannot tell"}
    summary, _ = tables.scorecard_table([made], headlines=HEADLINES).body.split("All quantities")
    cell = summary.rpartition("<tbody>")[2].partition("<td>")[2].partition("</td>")[0]
    assert re.sub(r"<[^>]*>", "", cell.partition("<small>")[2]) == shown


def test_the_first_view_is_a_row_a_map_with_the_distance_from_exact() -> None:
    near, far = card("near"), card("far")
    far["rows"][4] |= {"value": 1.9, "error": 0.003, "ratio": 5.02}
    view = tables.scorecard_table([near, far], headlines=HEADLINES).body.partition('<div class="details">')[0]
    assert re.findall(r'<th scope="row">(.*?)</th>', view) == ["near", "far"]
    assert "0.005(2)" in view
    assert "0.025(3)" in view
    assert re.findall(r"<small>([\d.]+) × majority's</small>", view) == ["5"]
    assert "y" not in re.sub(r"<[^>]*>", "", view.partition("<tbody>")[2]).replace("majority", "")  # y_h alone has one


def test_a_map_without_a_criterion_keeps_its_columns() -> None:
    short = {**card("decimation"), "rows": [row("locality", "participation ratio", 1.0, None, "cannot tell")]}
    assert tables.scorecard_table([card(), short], headlines=HEADLINES).body.count("<small>not measured</small>") == 2


def test_names_are_escaped() -> None:
    evil = card(EVIL) | {"verdict": EVIL, "notes": [{"code": EVIL, "text": EVIL}]}
    evil["rows"][0] |= {"why": EVIL, "quantity": EVIL, "null": {"name": EVIL, "value": 1.0, "error": None}}
    claim = dict.fromkeys(("id", "source", "text", "status", "why"), EVIL) | {
        "evidence": [{"map": EVIL, "layer": 1}, EVIL]
    }
    bodies = [
        tables.scorecard_table([evil], headlines={EVIL: (EVIL,)}).body,
        tables.claim_cards([claim]).body,
        tables.key_value_table([(EVIL, [EVIL, 1])], title="").body,
    ]
    for body in bodies:
        assert "<script" not in body
        assert "&lt;script" in body


def test_claims_carry_status_and_evidence() -> None:
    claim = {
        "id": "MS-1",
        "source": "Mehta & Schwab 2014",
        "text": "Fields are local.",
        "status": "partly",
        "why": "In one layer.",
        "rule": "Reproduced where it holds.",
        "evidence": [{"map": "l1", "layer": 1, "quantity": "participation ratio", "value": 5.2, "error": 0.1}],
    }
    html = tables.claim_cards([claim]).body
    assert "l1, layer 1: participation ratio 5.20(10)" in html
    assert "Mehta &amp; Schwab" in html
    seen, folded = html.split("<details>")
    assert "In one layer." in seen
    assert "Reproduced where it holds." in folded
    claim["evidence"] = [
        {"map": "T = 2", "quantity": "u", "value": 1.5, "error": None},
        {"map": "l1", "layer": 1, "quantity": "y_h", "value": 1.7, "error": 0.1, "state": "forced"},
        {"map": "l1", "layer": 1, "quantity": "y_t", "value": None, "error": None, "state": "undefined"},
        {"map": "shifted", "KL": 2.0},
    ]
    shown = re.findall(r"<li>(.*?)</li>", re.sub("</?(i|sub)>", "", tables.claim_cards([claim]).body))
    assert shown[:2] == ["T = 2: u 1.5", "l1, layer 1: yh 1.70(10) (forced)"]
    assert shown[2:] == ["l1, layer 1: yt not defined", "shifted: KL 2"]
    del claim["rule"]  # a folder of an older version
    assert "Reproduced" not in tables.claim_cards([claim]).body


def test_settings_are_written_for_people() -> None:
    html = tables.key_value_table(flat({"L": 40, "recipe": {"l1": 2e-4, "biases": True, "n_iter": (25, 60)}}), title="")
    for part in ("recipe.l1", "0.0002", "yes", "25, 60"):
        assert part in html.body


def test_plain_table_writes_pairs_with_their_error() -> None:
    html = tables.table(["map", "y_t"], [["majority", (0.9671, 0.0031)], ["none", None]]).body
    assert "0.967(3)" in html


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"2 cells \(map, y_t\); got 1"):
        tables.table(["map", "y_t"], [["majority"]])
    with pytest.raises(ValueError, match="text, status, why"):
        tables.claim_cards([{"id": 1, "source": 2}])
    for key in ("map", "layer", "verdict", "decisive", "rows"):
        with pytest.raises(ValueError, match=key):
            tables.scorecard_table([{name: value for name, value in card().items() if name != key}], headlines={})
    for key in row("locality", "participation ratio", 1.0, 0.1, "pass").keys() - {"code"}:
        broken = card()
        del broken["rows"][0][key]
        with pytest.raises(ValueError, match=f"l1 .*{key}"):
            tables.scorecard_table([broken], headlines={})


def test_claims_that_a_run_does_not_test_are_folded() -> None:
    tested = {"id": "T-1", "source": "s", "text": "t", "status": "partly", "why": "w", "rule": "", "evidence": []}
    body = tables.claim_cards([tested, {**tested, "id": "N-1", "status": "not tested"}]).body
    folded = body[body.index("<details>") :]
    assert "<summary>Not tested by this run: N-1</summary>" in folded
    assert body.count('<article class="claim">') == 2
    assert folded.count('<article class="claim">') == 1
    assert "Not tested" not in tables.claim_cards([tested]).body
