"""The experiment on a small lattice: files, claims, a page redrawn to the same bytes; made-up numbers."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from blockspin.experiments import find
from blockspin.experiments.mcrg.claims import claims, full_capture, leaves, short_range
from blockspin.experiments.mcrg.experiment import scorecards
from blockspin.experiments.mcrg.plan import plan
from blockspin.experiments.mcrg.readings import growth, sides
from blockspin.experiments.mcrg.settings import EVEN, PUBLISHED, Settings
from blockspin.experiments.run import prepare, redraw, run
from blockspin.models import KC_SQUARE
from blockspin.runs.settings import SettingsError
from blockspin.runs.store import Store

MAPS = ("majority", "decimation", "rbm-l1", "pca")
SMALL = (
    "L=16", "n_samples=1000", "chains=10", "steps=1", "distances=[-0.04, 0.04]", f"maps={json.dumps(MAPS)}",
    "training.n_samples=200", "training.n_iter=[1]",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("run") / "small"
    run(prepare(find("mcrg"), overrides=SMALL, seed=1), target)
    return target


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, dict[str, Any]]:
    planned = prepare(find("mcrg"), overrides=SMALL, seed=1)
    store = Store(folder)
    assert isinstance(planned.settings, Settings)
    kept = store.load(plan(planned.settings, 1).information).meta["kept"]
    assert kept["majority"] == pytest.approx(0.8392, abs=1e-4)
    assert kept["decimation"] == pytest.approx(0.6927, abs=1e-4)
    return {name: store.load(task).meta for name, task in plan(planned.settings, 1).measured.items()}


def test_the_folder_is_complete(folder: Path) -> None:
    told = {claim["id"]: claim["status"] for claim in json.loads((folder / "claims.json").read_text())["claims"]}
    assert list(told) == ["MC-1", "MC-2", "MC-3", "MC-4"]
    assert told["MC-4"] == "partly"  # majority keeps 0.839 of I(V:E) and decimation 0.693
    cards = json.loads((folder / "scorecards.json").read_text())["scorecards"]
    assert [card["map"] for card in cards] == list(MAPS)
    text = (folder / "report.html").read_text()
    assert "<script" not in text
    assert "NaN" not in text
    assert text.count('class="plot"') >= 2 + 2 + 1  # exponents, planes of the rules, recursions
    before = (folder / "report.html").read_bytes()
    assert redraw(folder).read_bytes() == before


def test_majority_and_decimation_are_told_apart(found: dict[str, dict[str, Any]]) -> None:
    # L = 16, 1000 samples: y_t to 0.03, a coupling to 0.006; growth to 0.1. L = 32: 0.97, 0.364, 2.2; decimation's
    # nearest-neighbour coupling is 0.27
    majority, decimation = found["majority"], found["decimation"]
    (value, error) = majority["spectrum"][0]["y_t"]
    assert abs(value - 0.97) < 0.03 + 4.5 * error
    assert len(majority["spectrum"][0]["by_even"]) == 7
    assert len(majority["spectrum"][0]["by_odd"]) == 4
    assert abs(majority["couplings"][0]["K"][0][0] - KC_SQUARE) < 4.5 * majority["couplings"][0]["K"][0][1]
    assert majority["couplings"][1]["K"][0][0] > decimation["couplings"][1]["K"][0][0] + 0.05
    rows = growth(majority, 1)
    assert sides(rows) == pytest.approx([KC_SQUARE - 0.04, KC_SQUARE + 0.04])
    for value, error in rows.values():
        assert abs(value - 2.2) < 4.5 * error
    # the pca of 200 samples has no places, and no numbers
    assert found["pca"]["layers"] == 0
    assert found["pca"]["why"].startswith("layer 1: ")
    assert found["pca"]["spectrum"] == []


def made(found: dict[str, dict[str, Any]], **changed: float) -> dict[str, dict[str, Any]]:
    """The measurements with the published couplings as majority's first step, some of them moved."""
    some = copy.deepcopy(found)
    K = [[PUBLISHED[name][0] + changed.get(name, 0.0), 0.0005] for name in EVEN]
    some["majority"]["couplings"][1] = {"K": K, "nested": [], "why": ""}
    return some


def test_claims_follow_their_rules(found: dict[str, dict[str, Any]]) -> None:
    assert short_range(made(found)).status == "reproduced"
    assert short_range(made(found, nn=0.02)).status == "partly"  # short, but not the published ones
    assert short_range(made(found, third=-0.2)).status == "not reproduced"
    assert leaves(found).status == "reproduced"
    still = copy.deepcopy(found)
    for path in still["decimation"]["flow"]:
        path["nearest"][1] = [0.1, 0.001]
    assert leaves(still).status == "partly"
    rules = {name: meta for name, meta in found.items() if name in ("majority", "decimation")}
    information = {"kept": {"majority": 0.84, "decimation": 0.69}, "best": 0.85}
    first = claims(rules, scorecards(rules), information)[0]
    assert first.status == "not tested"
    for claim in claims(found, scorecards(found), information):
        assert "nan" not in claim.why


def test_more_information_and_less_range(found: dict[str, dict[str, Any]]) -> None:
    cards = scorecards(found)
    kept = {"majority": 0.84, "decimation": 0.69}
    assert full_capture(cards, {"kept": kept, "best": 0.85}).status == "partly"
    turned = {"majority": 0.69, "decimation": 0.84}
    assert full_capture(cards, {"kept": turned, "best": 0.85}).status == "not tested"
    assert full_capture(cards, {"kept": kept | {"decimation": 1.0}, "best": 1.0}).status == "not reproduced"
    assert full_capture(cards, {"kept": {"majority": 0.84}, "best": 0.85}).status == "not tested"


@pytest.mark.parametrize(
    "wrong",
    [
        "wrong",
        "distances=[0.02, 0.04]",
        'maps=["decimation"]',
        'maps=["majority", "mayority"]',
        "steps=4",
        "L=30",
        "L=8",
        "L=25",
        "distances=[-0.5, 0.1]",
        "distances=[-0.1, 0.1, 0.1]",
        'maps=["majority", "majority"]',
        "n_samples=1e12",
        "training.n_samples=1e12",
        "training.learning_rate=inf",
        "training.K=4",
        "chains=3",
    ],
)
def test_settings_that_do_not_fit(wrong: str) -> None:
    with pytest.raises(SettingsError, match=wrong.partition("=")[0].rpartition(".")[2]):
        prepare(find("mcrg"), overrides=(wrong,))
