"""The tables: numbers with errors, findings not by colour alone, everything escaped, bad input named."""

from __future__ import annotations

from typing import Any

import pytest

from blockspin.report import tables

EVIL = "<script>alert('x')</script>"


def criterion(
    name: str, quantity: str, value: float | None, error: float | None, passed: bool | None
) -> dict[str, Any]:
    return {
        "name": name,
        "quantity": quantity,
        "value": value,
        "error": error,
        "null": {"name": "untrained", "value": -2.0, "error": 0.1},
        "reference": {"name": "majority", "value": 0.967, "error": 0.003},
        "passed": passed,
        "why": "closer to majority",
    }


def card(name: str = "l1", layer: int = 1) -> dict[str, Any]:
    rows = [
        criterion("locality", "participation ratio", 5.23, 0.11, True),
        criterion("locality", "radius of gyration", 1.93, 0.02, False),
        criterion("tiling", "coverage of sites", 0.9, 0.01, None),
        criterion("spectrum", "y_t", None, None, False),
        criterion("spectrum", "y_h", 1.88, 0.002, True),
    ]
    return {"map": name, "layer": layer, "b": 2.0, "verdict": "coarse-grains (locality)", "criteria": rows}


def test_scorecard_gives_numbers_errors_and_findings_in_words() -> None:
    html = tables.scorecard_table([card(), card("majority", 2)]).body
    for part in ("5.23(11)", "−2.00(10)", "0.967(3)", "not defined", "✓", "✗", "–", "1 of 2"):
        assert part in html
    for words in ("passes", "fails", "cannot tell"):
        assert f'aria-label="{words}"' in html
    assert html.count("<details>") == 2


def test_a_forced_number_is_not_shown_as_the_map_s_own() -> None:
    forced = card()
    forced["criteria"][4] |= {"value": 1.77, "error": 0.02, "passed": False, "why": "not defined: no places"}
    html = tables.scorecard_table([forced]).body
    summary, details = html.split('<div class="details">')
    assert "1.77(2)" not in summary
    assert "1.77(2) if forced" in details


def test_a_map_without_a_criterion_keeps_its_columns() -> None:
    short = {**card("decimation"), "criteria": [criterion("locality", "participation ratio", 1.0, None, None)]}
    assert tables.scorecard_table([card(), short]).body.count("<small>not measured</small>") == 2


def test_names_are_escaped() -> None:
    evil = card(EVIL) | {"verdict": EVIL, "notes": [EVIL]}
    evil["criteria"][0] |= {"why": EVIL, "quantity": EVIL, "null": {"name": EVIL, "value": 1.0, "error": None}}
    claim = dict.fromkeys(("id", "source", "text", "status", "why"), EVIL) | {
        "evidence": [{"map": EVIL, "layer": 1}, EVIL]
    }
    bodies = [
        tables.scorecard_table([evil]).body,
        tables.claims_table([claim]).body,
        tables.key_value_table({EVIL: EVIL, "deep": {EVIL: [EVIL, 1]}}).body,
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
        "evidence": [{"map": "l1", "layer": 1, "quantity": "participation ratio", "value": 5.2, "error": 0.1}],
    }
    html = tables.claims_table([claim]).body
    assert "l1, layer 1: participation ratio 5.20(10)" in html
    assert "Mehta &amp; Schwab" in html


def test_settings_flatten_with_dots() -> None:
    html = tables.key_value_table({"L": 40, "recipe": {"l1": 2e-4, "biases": True, "n_iter": (25, 60)}}).body
    for part in ("recipe.l1", "0.0002", "yes", "25, 60"):
        assert part in html


def test_plain_table_writes_pairs_with_their_error() -> None:
    html = tables.table(["map", "y_t"], [["majority", (0.9671, 0.0031)], ["none", None]]).body
    assert "0.967(3)" in html


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"a row must have 2 cells \(map, y_t\); got 1"):
        tables.table(["map", "y_t"], [["majority"]])
    with pytest.raises(ValueError, match="a claim must have text, status, why"):
        tables.claims_table([{"id": 1, "source": 2}])
    with pytest.raises(ValueError, match="a scorecard must have verdict"):
        tables.scorecard_table([{"map": "l1", "layer": 1, "criteria": []}])
    broken = card()
    del broken["criteria"][0]["why"]
    with pytest.raises(ValueError, match="a criterion of l1 must have why"):
        tables.scorecard_table([broken])
