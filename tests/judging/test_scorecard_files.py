"""scorecards.json: schema 2 as it is, schema 1 brought to it, and no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blockspin.judging import Comparison, Measured, Scorecard, scorecard
from blockspin.judging.critical import EXACT
from blockspin.judging.files import document, read_cards
from blockspin.judging.measurement import Measurement, Side
from blockspin.report.tables import scorecard_table

SIDES = {
    "null": {"name": "l1, untrained", "value": 193.6, "error": 1.1},
    "reference": {"name": "majority", "value": 4.0, "error": 0.0},
}


def old(name: str, quantity: str, value: float | None, passed: bool | None, why: str) -> dict[str, Any]:
    error = None if value is None else 0.01
    return {"name": name, "quantity": quantity, "value": value, "error": error, "passed": passed, "why": why, **SIDES}


# rows as schema 1 wrote them, with the state, the outcome and the quantity that they are
WITHIN, NEAR = "within half of the null's distance from majority", "not clearly within half of the null's distance"
ROWS = [
    (old("locality", "participation ratio", 5.69, True, WITHIN), "measured", "pass"),
    (old("locality", "share of w^2 in the best 3-site window", 0.72, True, WITHIN), "measured", "pass"),
    (old("locality", "radius of gyration", 7.3, None, "no null to compare with"), "measured", "cannot tell"),
    (old("tiling", "residual of the embedding / b", 0.7, False, NEAR), "measured", "fail"),
    (old("tiling", "coverage of sites", 0.91, None, "described, not judged"), "measured", "cannot tell"),
    (old("fidelity", "G(6)", 0.21, False, NEAR), "measured", "fail"),
    (old("fidelity", "KL a site", None, None, "the weights rest on 5.0 chains"), "undefined", "cannot tell"),
    (old("spectrum", "y_t", -0.65, False, "not defined: the fields' centres lie 1.91 from a grid"), "forced", "fail"),
    (old("spectrum", "y_h", None, False, "the 144 units have no places on a lattice"), "undefined", "fail"),
]
CARD = {"map": "l1", "layer": 1, "b": 2.0, "verdict": "coarse-grains (locality)", "notes": ["few draws"]}


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_a_file_of_schema_1_is_brought_to_schema_2(tmp_path: Path) -> None:
    stored = {**CARD, "criteria": [row for row, *_ in ROWS]}
    (card,) = read_cards(write(tmp_path / "scorecards.json", {"schema": 1, "scorecards": [stored]}))
    assert [(row["state"], row["outcome"]) for row in card["rows"]] == [tuple(rest) for _, *rest in ROWS]
    for row, (before, *_) in zip(card["rows"], ROWS, strict=True):
        assert row["criterion"] == before["name"]
        assert {key: row[key] for key in ("value", "error", "why", *SIDES)} == {
            key: before[key] for key in ("value", "error", "why", *SIDES)
        }
    quantities = [row["quantity"] for row in card["rows"]]
    assert (quantities[0], quantities[1], quantities[5]) == (
        "participation ratio", "share of w^2 in the best window", "G(L/4)",
    )  # fmt: skip
    assert (card["verdict"], card["b"]) == ("coarse-grains", 2.0)
    assert card["decisive"] == {"locality": "pass", "tiling": "fail", "spectrum": "fail"}
    assert card["outcomes"] == card["decisive"] | {"fidelity": "fail"}
    assert [note["text"] for note in card["notes"]] == ["few draws"]
    assert {"map", "layer", "verdict", "decisive", "outcomes", "rows"} <= set(card)
    assert "5.690(10)" in scorecard_table([card], headlines={}).body  # the page takes it


def test_a_spectrum_of_one_exponent_of_two_has_not_passed_in_old_files_either(tmp_path: Path) -> None:
    rows = [
        old("spectrum", "y_t", 1.0, True, WITHIN),
        old("spectrum", "y_h", 1.8, None, "the nulls look like majority"),
    ]
    stored = {**CARD, "verdict": "cannot tell", "criteria": rows}
    (card,) = read_cards(write(tmp_path / "scorecards.json", {"schema": 1, "scorecards": [stored]}))
    assert card["decisive"] == dict.fromkeys(("locality", "tiling", "spectrum"), "cannot tell")
    assert card["outcomes"] == {"spectrum": "cannot tell"}


def test_a_file_of_schema_2_comes_back_as_it_was_written(tmp_path: Path) -> None:
    measured = Measured("m", 1, 2.0, (Measurement("spectrum", "y_t", 0.9, 0.01, exact=Side("exact", 1.0)),))
    cards = [scorecard(measured, [], None).to_dict()]
    assert document(cards)["schema"] == 2
    assert read_cards(write(tmp_path / "scorecards.json", document(cards))) == cards


def test_the_first_files_of_schema_2_had_no_outcomes_but_of_decisive_criteria(tmp_path: Path) -> None:
    rows = tuple(Measurement("fidelity", name, 0.9, 0.01, target=Side("exact", 0.9)) for name in ("G(L/4)", "|m|"))
    whole = scorecard(Measured("m", 1, 2.0, rows), [], None).to_dict()
    whole["rows"][0] |= {"outcome": "pass", "code": "closer"}
    for code, outcome in (("within errors", "cannot tell"), ("no null", "pass")):
        whole["rows"][1] |= {"outcome": "cannot tell", "code": code}
        first = {key: value for key, value in whole.items() if key != "outcomes"}
        (card,) = read_cards(write(tmp_path / "scorecards.json", document([first])))
        assert card["outcomes"] == {"fidelity": outcome}
        assert {key: card[key] for key in first} == first


def test_cards_of_before_dois_load_and_those_of_today_print_them(tmp_path: Path) -> None:
    exact = EXACT["square"]["y_t"]
    made = scorecard(Measured("m", 1, 2.0, (Measurement("spectrum", "y_t", 0.9, 0.01, exact=exact),)), [], None)
    (today,) = read_cards(write(tmp_path / "scorecards.json", document([made.to_dict()])))
    assert Scorecard.from_dict(today) == made
    assert str(Scorecard.from_dict(today)).count(exact.doi) == str(Comparison({"m": made})).count(exact.doi) == 1
    assert exact.doi in scorecard_table([today], headlines={}).body
    assert list(made.to_dataframe()["exact_doi"]) == [exact.doi]
    before = {**today, "rows": [{**row, "exact": {**row["exact"]}} for row in today["rows"]]}
    for row in before["rows"]:
        assert row["exact"].pop("doi") == exact.doi
    (card,) = read_cards(write(tmp_path / "scorecards.json", document([before])))
    assert card == before
    again = Scorecard.from_dict(card)
    assert again.rows[0].distance == made.rows[0].distance
    for shown in (str(again), scorecard_table([card], headlines={}).body):
        assert "doi" not in shown


def test_a_row_that_is_none_is_named_in_one_line() -> None:
    card = scorecard(
        Measured("a", 1, 2.0, (Measurement("locality", "radius of gyration", 1.0, 0.1),)), (), None
    ).to_dict()
    card["rows"][0]["outcome"] = "maybe"
    with pytest.raises(ValueError, match=r"^rows\.0\.outcome: [^\n]*$"):
        Scorecard.from_dict(card)


@pytest.mark.parametrize("content", [{"schema": 3, "scorecards": []}, {"scorecards": []}, [], "schema 1", 2])
def test_another_schema_is_refused_by_the_files_name(content: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cards-of-tomorrow\.json"):
        read_cards(write(tmp_path / "cards-of-tomorrow.json", content))
