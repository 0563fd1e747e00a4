"""The experiment at a size for tests: every file, every claim, a page that opens."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from blockspin.experiments import find
from blockspin.experiments.mehta_schwab.claims import STILL, claims
from blockspin.experiments.mehta_schwab.conditions import Finding
from blockspin.experiments.mehta_schwab.machines import build
from blockspin.experiments.mehta_schwab.plan import plan, recipe_of
from blockspin.experiments.mehta_schwab.settings import PRESETS, Settings
from blockspin.experiments.run import prepare, redraw, run
from blockspin.judging import Measured, Measurement, Outcome, Scorecard, State, scorecard
from blockspin.runs.settings import SettingsError

# small enough for seconds; nothing physical is asserted of it
SMALL = (
    "L=8",
    "n_samples=400",
    "n_critical=400",
    "chains=10",
    "layers=[16, 4]",
    "recipe.n_iter=[3, 3]",
    'variants=["sklearn-default", "none", "l1"]',
    "conditions.n_samples=[100, 300]",
    "conditions.L=8",
    "conditions.units=16",
    "conditions.updates=20",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("run") / "small"
    run(prepare(find("mehta-schwab"), overrides=SMALL, seed=1), target)
    return target


def test_the_folder_is_complete(folder: Path) -> None:
    for name in ("settings.toml", "provenance.json", "scorecards.json", "claims.json", "report.html", "log.jsonl"):
        assert (folder / name).stat().st_size > 0, name
    cards = json.loads((folder / "scorecards.json").read_text())
    assert cards["schema"] == 2
    seen = {(card["map"], card["layer"]) for card in cards["scorecards"]}
    for name in ("majority", "decimation", "none", "l1", "l1, K=0 data", "l1, permuted data", "l1, untrained"):
        assert {(name, 1), (name, 2)} <= seen
    for card in cards["scorecards"]:
        assert card["verdict"]
        for row in card["rows"]:
            assert row["outcome"] in list(Outcome)
            assert row["state"] in list(State)
            assert (row["value"] is None) == (row["state"] in ("undefined", "not requested"))
            assert row["why"]
    told = json.loads((folder / "claims.json").read_text())["claims"]
    assert [claim["id"] for claim in told] == ["MS-1", "SK-1", "HO-1", "MS-2", "OF-1", "RG-1"]


def test_a_page_is_redrawn_to_the_same_bytes(folder: Path) -> None:
    before = (folder / "report.html").read_bytes()
    assert redraw(folder).read_bytes() == before
    assert b"<script" not in before


def test_a_second_run_computes_nothing(folder: Path) -> None:
    stamps = {path.name: path.stat().st_mtime_ns for path in (folder / "tasks").iterdir()}
    run(prepare(find("mehta-schwab"), overrides=SMALL, seed=1), folder)
    assert {path.name: path.stat().st_mtime_ns for path in (folder / "tasks").iterdir()} == stamps


def test_presets_are_valid_and_say_what_the_paper_says() -> None:
    made = {name: Settings.model_validate(values) for name, values in PRESETS.items()}
    paper = made["paper"]
    assert (paper.L, paper.K, paper.layers) == (40, 0.408, (400, 100, 25))
    assert paper.recipe.l1 == 2e-4
    assert paper.recipe.n_iter == (200, 200, 200)
    assert round(paper.n_samples * (1 - paper.held_out)) == 20_000
    with pytest.raises(ValueError, match=r"recipe\.n_iter"):
        Settings(layers=(144, 36, 9))


@pytest.mark.parametrize(
    "wrong",
    [
        "conditions.units=49", "conditions.L=9", "chains=5", "L=25", "held_out=1e-9", "recipe.l1=inf", "n_samples=1e9",
        "n_critical=1e12", "conditions.chains=10", "conditions.n_samples=[1e12]", "layers=[]", "layers=[100, 36]",
        "layers=[576, 36]", 'variants=["l3"]', 'variants=["l1", "l1"]', "recipe.n_iter=[1, -1]", "recipe.biases=2",
        "recipe.k=true", "recipe.momentum=1", "K=-inf", "K=4", "conditions.held_out=0.999",
    ],
)  # fmt: skip
def test_settings_that_cannot_end_well_are_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match=wrong.partition("=")[0].rpartition(".")[2]):
        prepare(find("mehta-schwab"), overrides=(wrong,))


def test_only_the_penalty_differs_between_the_variants() -> None:
    recipe = Settings().recipe.model_dump() | {"n_iter": 5}
    none, l2, l1 = (build(name, 16, recipe_of(name, recipe), 1, 7).get_params() for name in ("none", "l2", "l1"))
    for other, penalty in ((l2, "l2"), (l1, "l1")):
        assert {key for key in none if none[key] != other[key]} == {penalty, "random_state"}
    assert build("sklearn-default", 16, recipe_of("sklearn-default", recipe), 1, 7).batch_size == 10  # as it comes


def test_a_change_of_penalty_recomputes_one_variant_only() -> None:
    first, second = plan(Settings(), 1), plan(Settings.model_validate({"recipe": {"l1": 0.01}}), 1)
    assert first.samples.key == second.samples.key
    changed = {
        one.name
        for one, other in zip(first.maps, second.maps, strict=True)
        if [task.key for task in one.trained] != [task.key for task in other.trained]
    }
    assert changed == {name for name in changed if name.startswith("l1")} != set()
    assert plan(Settings(), 2).samples.key != first.samples.key


def test_a_fixed_state_needs_both_weights_and_likelihood() -> None:
    epoch = np.array([0, 1, 2, 5, 10, 20])

    def told(change: float, left: float) -> str:
        pseudo = np.array([0.0, 0.5, 0.8, 0.9, 1.0 - left, 1.0]) - 1
        path = {
            "epoch": epoch,
            "pseudo_log_likelihood": pseudo,
            "weight_change": np.array([np.nan, 1, 1, 1, 1, change]),
        }
        return next(c.status for c in claims({}, {("none", 1): path}, (16,)) if c.id == "MS-2")

    assert told(STILL / 2, STILL / 2) == "reproduced"
    assert told(STILL * 2, STILL / 2) == "not reproduced"
    assert told(STILL / 2, STILL * 2) == "not reproduced"


def card(name: str, participation: float) -> Scorecard:
    def measured(label: str, value: float) -> Measured:
        return Measured(label, 1, 2.0, (Measurement("locality", "participation ratio", value, 0.01 * value),))

    return scorecard(measured(name, participation), [measured("untrained", 90.0)], measured("majority", 4.0))


def test_whose_fields_are_local_decides_who_makes_them_local() -> None:
    wide, small = 80.0, 5.0

    def told(none: float, l2: float, l1: float, plenty: float | None = None) -> str:
        cards = {("none", 1): card("none", none), ("l2", 1): card("l2", l2), ("l1", 1): card("l1", l1)}
        studied = [] if plenty is None else [Finding("none", 64_000, 1000.0, card("none", plenty), 0.1)]
        return next(c.status for c in claims(cards, {}, (16,), studied) if c.id == "HO-1")

    assert told(wide, wide, small) == "reproduced"
    assert told(wide, wide, small, plenty=wide) == "reproduced"
    assert told(wide, wide, small, plenty=small) == "partly"
    assert told(small, wide, small) == "not reproduced"
    assert told(wide, wide, wide) == "not reproduced"


def test_claims_without_data_are_not_tested() -> None:
    assert {claim.status for claim in claims({}, {}, (16, 4))} == {"not tested"}
