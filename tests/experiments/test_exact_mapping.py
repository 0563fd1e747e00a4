"""The experiment on a small ring: every file, every claim with its status, a page that is redrawn to the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blockspin.experiments import find
from blockspin.experiments.exact_mapping import tasks
from blockspin.experiments.exact_mapping.claims import claims
from blockspin.experiments.exact_mapping.page import rows_by_kind
from blockspin.experiments.exact_mapping.plan import CASES, FLOWS, plan
from blockspin.experiments.exact_mapping.settings import PRESETS, Settings
from blockspin.experiments.run import prepare, redraw, run
from blockspin.mapping import flow
from blockspin.runs.settings import SettingsError
from blockspin.runs.store import Store

SMALL = ("ring=8", "K=0.6", "flow=[0.3, 0.6]", "n_draws=500", "n_iter=3", "starts=4")


def test_the_plan_names_what_there_is() -> None:
    assert tuple(tasks.CASES) == CASES
    assert tuple(flow.FLOWS) == FLOWS


def test_couplings_are_sorted_into_kinds() -> None:
    bodies = np.array([1, 2, 2, 2, 2, 3, 4, 5, 6])
    ranges = np.array([0, 1, 2**0.5, 3, 3.5, 2, 2, 2, 2.0])
    K = np.array([1e-17, -0.5, 0.25, 0.1, 0.0625, 0.03, -0.02, 0.011, 1e-9])
    assert {row.label: row.text for row in rows_by_kind(K, bodies, ranges)} == {
        "1 spin": "0", "pairs, r = 1": "−0.5", "pairs, r ≤ 2": "0.25", "pairs, r ≤ 3": "0.1", "pairs, r > 3": "0.0625",
        "3 spins": "0.03", "4 spins": "−0.02", "5 and more": "0.011",
    }  # fmt: skip
    unplaced = rows_by_kind(K, bodies, np.where(bodies > 1, np.nan, 0))
    assert [(row.label, row.value) for row in unplaced[:2]] == [("1 spin", 1e-17), ("pairs", 0.5)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("run") / "small"

    run(prepare(find("exact-mapping"), overrides=SMALL, seed=1), target)
    return target


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, dict[str, Any]]:
    small = Settings(ring=8, K=0.6, flow=(0.3, 0.6), n_draws=500, n_iter=3, starts=4)
    store = Store(folder)
    return {name: store.load(task).meta for name, task in plan(small, 1).cases.items()}


def test_the_folder_is_complete(folder: Path) -> None:
    for name in ("settings.toml", "provenance.json", "scorecards.json", "claims.json", "report.html", "log.jsonl"):
        assert (folder / name).stat().st_size > 0, name
    told = {claim["id"]: claim for claim in json.loads((folder / "claims.json").read_text())["claims"]}
    assert {name: claim["status"] for name, claim in told.items()} == {
        "EM-1": "reproduced",
        "EM-2": "partly",
        "EM-3": "not reproduced",
        "EM-4": "not reproduced",
        "EM-5": "reproduced",
    }
    for claim in told.values():
        assert claim["evidence"]
        assert "nan" not in claim["why"]


def test_the_page_is_redrawn_to_the_same_bytes(folder: Path) -> None:
    before = (folder / "report.html").read_bytes()
    assert redraw(folder).read_bytes() == before
    text = before.decode()
    assert "<script" not in text
    assert text.count('class="plot"') >= len(CASES) - 4
    for words in ("no flow", "decimation", "Walsh-Hadamard", "tanh"):
        assert words in text


def test_every_expectation_of_what_is_written_down_comes_out(found: dict[str, dict[str, Any]]) -> None:
    assert set(found) == set(CASES)
    for name, meta in found.items():
        if "likelihood" not in name:
            assert [outcome for outcome in meta["outcomes"] if not outcome["met"]] == [], name


def test_claims_follow_the_numbers(found: dict[str, dict[str, Any]]) -> None:
    def statuses(name: str, **readings: float) -> dict[str, str]:
        changed = found[name] | {"readings": found[name]["readings"] | readings}
        return {claim.id: claim.status for claim in claims(found | {name: changed})}

    assert statuses("random", identity=1e-3)["EM-1"] == "not reproduced"
    assert statuses("bond", dF=0.1)["EM-2"] == "not reproduced"
    unmatched = {
        name: found[name] | {"readings": found[name]["readings"] | {"dF": 1.0}} for name in ("matched", "shifted")
    }
    assert {c.id: c.status for c in claims(found | unmatched)}["EM-2"] == "reproduced"
    assert statuses("bond", KL=0.1)["EM-3"] == "partly"
    assert statuses("shifted", dF=2.0)["EM-4"] == "partly"


def test_results_are_what_the_cases_say(folder: Path) -> None:
    settings = Settings(ring=8, K=0.6, flow=(0.3, 0.6), n_draws=500, n_iter=3, starts=4)
    planned, store = plan(settings, 1), Store(folder)
    flow = store.load(planned.flows["decimation"]).arrays
    np.testing.assert_allclose(flow["K_coarse"], np.arctanh(np.tanh(flow["K"]) ** 2), atol=1e-12)
    np.testing.assert_allclose(store.load(planned.flows["bond machine"]).arrays["K_coarse"], flow["K"], atol=1e-12)
    couplings = store.load(planned.cases["decimation"]).arrays
    assert (np.diff(np.abs(couplings["couplings"])) <= 0).all()
    assert len(couplings["couplings"]) == 2**4 - 1
    detuned = store.load(planned.detuned).arrays
    exact = np.isclose(detuned["K"], 0.6)
    assert (detuned["KL"][exact] < 1e-12).all()
    assert (detuned["KL"][~exact] > 1e-9).all()
    np.testing.assert_allclose(detuned["dF +4"], detuned["dF +0"] + 4, atol=1e-11)


def test_a_task_depends_on_what_it_uses() -> None:
    first = plan(Settings(), 1)
    for changes, moved in (
        ({"n_iter": 5}, {"cd", "cd-l1", "cd-l2"}),
        ({"l1": 0.5}, {"cd-l1"}),
        ({"K_torus": 0.3}, {name for name in CASES if name.startswith("torus")}),
        ({"starts": 9}, {"likelihood", "likelihood-full"}),
    ):
        second = plan(Settings.model_validate(changes), 1)
        assert {name for name in CASES if first.cases[name].key != second.cases[name].key} == moved
    assert first.cases["decimation"].key == plan(Settings(), 2).cases["decimation"].key
    assert first.cases["random"].key != plan(Settings(), 2).cases["random"].key


def test_presets_and_bad_settings() -> None:
    made = {name: Settings.model_validate(values) for name, values in PRESETS.items()}
    assert next(iter(made)) == "quick"
    assert "large-majority" in plan(made["fine"], 1).cases
    for wrong in (
        "ring=7", "ring=14", "torus=[4, 6]", "torus=[3, 4]", "torus=[2, 4]", "K=nan", "K=0", "flow=[0.1, 9]", "flow=[]",
        "flow=[0.4, 0.4]", "n_draws=1e12", "l1=inf", "starts=true",
    ):  # fmt: skip
        with pytest.raises(SettingsError, match=wrong.partition("=")[0]):
            prepare(find("exact-mapping"), overrides=(wrong,))
