"""The experiment on a small ring: every claim with its status and its counts, every case with what is known of it."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pytest

from blockspin.boltzmann_map.cases import CASES
from blockspin.experiments import find
from blockspin.experiments.core import Run
from blockspin.experiments.exact_mapping import claims
from blockspin.experiments.exact_mapping.page import RING, rows_by_kind
from blockspin.experiments.exact_mapping.settings import PRESETS, Settings
from blockspin.experiments.exact_mapping.tasks import FLOWS, Found, plan
from blockspin.experiments.run import prepare, run
from blockspin.runs.settings import SettingsError
from blockspin.runs.store import Store

SMALL = ("ring=8", "K=0.6", "flow=[0.3, 0.6]", "n_draws=500", "n_iter=3", "starts=4")


def test_the_plan_names_what_there_is() -> None:
    assert {*FLOWS.values(), *RING} <= set(CASES)
    assert {*chain(*(case.uses for case in CASES.values()))} <= {*Settings.model_fields, "seed"}


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
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run") / "small"
    planned = prepare(find("exact-mapping"), overrides=SMALL, seed=1)
    run(planned, folder)
    return Run(planned.experiment, planned.settings, 1, Store(folder))


@pytest.fixture(scope="module")
def cases(finished: Run) -> dict[str, Found]:
    return dict(finished["cases"])


def with_readings(case: Found, **readings: float) -> Found:
    return case.model_copy(update={"readings": case.readings.model_copy(update=readings)})


def test_every_claim_has_its_status(finished: Run) -> None:
    told = {claim.id: claim(finished) for claim in claims.CLAIMS}
    assert {name: entry["status"] for name, entry in told.items()} == {
        "EM-1": "reproduced",
        "EM-2": "partly",
        "EM-3": "not reproduced",
        "EM-4": "not reproduced",
        "EM-5": "reproduced",
    }
    assert all(entry["evidence"] for entry in told.values())


def test_every_expectation_of_what_is_written_down_is_met(cases: dict[str, Found]) -> None:
    assert set(cases) == set(CASES)
    for name, case in cases.items():
        if "likelihood" not in name:
            assert [outcome for outcome in case.outcomes if not outcome.met] == [], name


@pytest.mark.parametrize(
    ("claim", "case", "readings", "status"),
    [
        (claims.identity, "random", {"identity": 1e-3}, "not reproduced"),
        (claims.only_if, "bond", {"dF": 0.1}, "not reproduced"),
        (claims.exactness_is_renormalization, "bond", {"KL": 0.1}, "partly"),
        (claims.same_objective, "shifted", {"dF": 2.0}, "partly"),
    ],
)
def test_claims_follow_the_numbers(
    cases: dict[str, Found], claim: Any, case: str, readings: dict[str, float], status: str
) -> None:
    assert claim({"cases": cases | {case: with_readings(cases[case], **readings)}})["status"] == status


def test_the_trace_condition_alone_would_do_without_counterexamples(cases: dict[str, Found]) -> None:
    others = {name: with_readings(cases[name], dF=1.0) for name in ("matched", "shifted")}
    assert claims.only_if({"cases": cases | others})["status"] == "reproduced"


def counted(claim: Any, cases: dict[str, Found]) -> list[tuple[int, int]]:
    """Every "n of m" of a claim's sentence."""
    return [(int(n), int(m)) for n, m in re.findall(r"(\d+) of (\d+)", claim({"cases": cases})["why"])]


def test_sentences_count_what_there_is(cases: dict[str, Found]) -> None:
    machines = sum(case.readings.identity == case.readings.identity for case in cases.values())
    wrong = with_readings(cases["random"], identity=1.0)
    assert counted(claims.identity, cases) == [(machines, machines)]
    assert counted(claims.identity, cases | {"random": wrong}) == [(machines - 1, machines)]

    meeting = sum(case.readings.trace < 1e-10 for case in cases.values())
    wrong = with_readings(cases["bond"], dF=1.0)
    assert counted(claims.only_if, cases) == [(meeting, meeting)]
    assert counted(claims.only_if, cases | {"bond": wrong}) == [(meeting - 1, meeting)]

    moved = cases["decimation"].model_copy(update={"K_coarse": (0.1, 0.0)})
    assert counted(claims.exactness_is_renormalization, cases) == [(2, 5)]
    assert counted(claims.exactness_is_renormalization, cases | {"decimation": moved}) == [(1, 5)]

    layers = cases["layers"]
    missed = [replace(one, measured=one.measured + 1) for one in layers.outcomes]
    n = sum(one.quantity.startswith("K after") for one in missed)
    assert counted(claims.one_dimension, cases) == [(n, n)]
    assert counted(claims.one_dimension, cases | {"layers": layers.model_copy(update={"outcomes": missed})}) == [(0, n)]


def test_results_are_what_the_cases_say(finished: Run) -> None:
    flow = finished["flows"]["decimation"].arrays
    np.testing.assert_allclose(flow["K_coarse"], np.arctanh(np.tanh(flow["K"]) ** 2), atol=1e-12)
    np.testing.assert_allclose(finished["flows"]["bond machine"].arrays["K_coarse"], flow["K"], atol=1e-12)
    couplings = finished["cases"]["decimation"].couplings
    assert (np.diff(np.abs(couplings)) <= 0).all()
    assert len(couplings) == 2**4 - 1
    detuned = finished["detuned"].arrays
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
        assert {name for name in CASES if first["cases"][name].key != second["cases"][name].key} == moved
    assert first["cases"]["decimation"].key == plan(Settings(), 2)["cases"]["decimation"].key
    assert first["cases"]["random"].key != plan(Settings(), 2)["cases"]["random"].key


def test_presets_and_bad_settings() -> None:
    made = {name: Settings.model_validate(values) for name, values in PRESETS.items()}
    assert next(iter(made)) == "quick"
    assert "large-majority" in plan(made["fine"], 1)["cases"]
    for wrong in (
        "ring=7", "ring=14", "torus=[4, 6]", "torus=[3, 4]", "torus=[2, 4]", "K=nan", "K=0", "flow=[0.1, 9]", "flow=[]",
        "flow=[0.4, 0.4]", "n_draws=1e12", "l1=inf", "starts=true",
    ):  # fmt: skip
        with pytest.raises(SettingsError, match=wrong.partition("=")[0]):
            prepare(find("exact-mapping"), overrides=(wrong,))
