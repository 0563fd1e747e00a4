from __future__ import annotations

import json

import pytest
import toy_tasks as toy

from blockspin.runs.costs import PRIOR, Costs, beside, measured
from blockspin.runs.execute import execute
from blockspin.runs.store import Store
from blockspin.runs.task import Task, ordered


def task(kind: str, weight: float) -> Task:
    return Task(kind, kind, toy.score, {}, weight=weight)


def test_what_is_not_measured_costs_its_weight():
    costs = Costs()
    assert costs.seconds(task("a", 3.0)) == 3.0
    assert costs.bytes(task("a", 3.0)) is None


def test_a_kind_has_its_own_pace_and_the_others_that_of_all():
    costs = Costs()
    for _ in range(100):
        costs.add("slow", 10.0, 30.0, 500)
        costs.add("fast", 10.0, 5.0, 100)
    # 2000 weights took 3500 s; the prior of 20 hardly counts
    assert costs.seconds(task("slow", 2.0)) == pytest.approx(6.0, rel=0.03)
    assert costs.seconds(task("fast", 2.0)) == pytest.approx(1.0, rel=0.05)
    assert costs.seconds(task("other", 2.0)) == pytest.approx(3.5, rel=0.03)
    assert costs.bytes(task("slow", 2.0)) == 100


def test_a_first_task_that_compiles_does_not_stretch_the_forecast():
    costs = Costs()
    costs.add("sample", 1.15, 16.3, 0)  # as it was measured
    left = [task("sample", 15.0), *(task("train", 1.0) for _ in range(130))]
    expected = sum(map(costs.seconds, left))
    assert 145 < expected < 2.2 * 145
    assert PRIOR == 20


def test_costs_come_from_the_logs_of_the_runs_beside(tmp_path):
    execute(toy.graph(2, pause=0.02), Store(tmp_path / "a"))
    (tmp_path / "a" / "settings.toml").write_text("")
    execute(toy.graph(3, seed=9), Store(tmp_path / "no run"))
    with open(tmp_path / "a" / "log.jsonl", "a") as file:
        file.write('{"event": "done", "kind": "sample"}\nnot json "done"\n')
    new = tmp_path / "b"
    assert beside(new) == [new, tmp_path / "a"]
    costs = measured(beside(new))
    assert {kind: known.n for kind, known in costs.kinds.items()} == {"sample": 2, "train": 2, "score": 1}
    sample = next(one for one in ordered(toy.graph(2, pause=0.02)) if one.kind == "sample")
    assert costs.bytes(sample) == Store(tmp_path / "a").path(sample).stat().st_size
    assert json.dumps(costs.kinds["sample"].seconds)
    assert beside(tmp_path / "nowhere" / "c") == [tmp_path / "nowhere" / "c"]
