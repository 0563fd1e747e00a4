"""The core: what a task's key holds, where its parents go, what is stored of a result, how a claim is answered."""

from __future__ import annotations

import math
import pickle
from pathlib import Path
from typing import Any

import made_tasks as made
import numpy as np
import pytest

from blockspin.experiments.claims import Answer, NotTested, claim, graded, row
from blockspin.experiments.task import laid_out, value
from blockspin.experiments.tree import lazy, leaves, mapped
from blockspin.runs.execute import execute
from blockspin.runs.store import Store
from blockspin.runs.task import Result, Task
from blockspin.statistics import Estimate


def test_a_key_holds_kind_version_settings_and_parents() -> None:
    parents = made.numbers(3), made.numbers(n=4)
    one = made.sums([parents[0]], {"b": parents[1]}, recipe=made.Recipe())
    settings = {"recipe": {"rate": 0.1, "n_iter": [1, 2]}}
    assert one.key == Task("sums", "any", _function, settings, parents=parents).key
    assert made.drawn(L=4).key == Task("draw", "any", _function, {"L": 4}, 3).key
    assert (made.drawn(4).label, made.drawn(4).weight) == ("L = 4", 16)
    assert made.numbers(3).label == "numbers to 3"


def test_what_is_not_given_is_not_in_the_key() -> None:
    assert made.numbers(3).settings == {"n": 3}
    assert made.numbers(3).key != made.numbers(3, start=0).key


def _function(settings: Any, parents: Any, progress: Any) -> Result:
    return Result()


def test_parents_come_in_their_places_and_results_as_their_types(tmp_path: Path) -> None:
    store = Store(tmp_path)
    few, many = made.numbers(3), made.numbers(5)
    tasks = [
        made.sums([few, many], {"again": few}, recipe=made.Recipe()),
        made.sums([few], None, recipe=made.Recipe(n_iter=(3,)), weight=1.0),
        made.spins(made.drawn(4)),
    ]
    execute(tasks, store, workers=1)
    first, second, third = (value(task, store.load(task)) for task in tasks)
    np.testing.assert_array_equal(first.weights, 2 * np.array([3, 10, 3]))
    np.testing.assert_array_equal(second.weights, 4 * np.array([3]))
    assert isinstance(first, made.Found)
    assert math.isnan(first.rate)
    assert first.one.value == 1.5
    assert math.isnan(first.one.error)
    assert third.meta == {"dims": ["chain", "draw", "x", "y"], "sum": 96}


def test_two_workers_give_the_same_files(tmp_path: Path) -> None:
    tasks = [made.spins(made.drawn(4)), made.sums([made.numbers(3)], None, recipe=made.Recipe())]
    for name, workers in (("one", 1), ("two", 2)):
        execute(tasks, Store(tmp_path / name), workers=workers)
    files = [
        {path.name: path.read_bytes() for path in (tmp_path / name / "tasks").glob("*.npz")} for name in ("one", "two")
    ]
    assert len(files[0]) == 4
    assert files[0] == files[1]


def test_a_task_goes_to_another_process_by_its_name() -> None:
    task = made.sums([made.numbers(3)], None, recipe=made.Recipe())
    again = pickle.loads(pickle.dumps(task))
    assert again == task
    assert again.function == task.function


def test_other_places_of_the_same_parents_are_refused() -> None:
    a, b = made.numbers(3), made.numbers(4)
    one = made.sums([a], {"b": b}, recipe=made.Recipe())
    other = made.sums([a, b], None, recipe=made.Recipe())
    assert one.key == other.key
    assert laid_out([one, one]) == [one, one]
    with pytest.raises(ValueError, match="positions"):
        laid_out([one, other])


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: made.numbers("three"), ValueError),
        (lambda: made.numbers(3, misspelt=1), TypeError),
        (lambda: made.spins(samples=made.drawn(4)), TypeError),
        (lambda: made.spins(3), TypeError),
    ],
)
def test_a_wrong_call_fails_when_it_is_laid_out(call: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        call()


def test_a_task_returns_one_of_three_kinds(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="int"):
        execute([made.wrong()], Store(tmp_path), workers=1)


def test_trees_keep_their_shape_and_are_read_leaf_by_leaf() -> None:
    tree = {"a": [1, 2], "b": {"c": None, "d": 3}}
    assert leaves(tree) == [1, 2, 3]
    assert mapped(tree, str) == {"a": ["1", "2"], "b": {"c": None, "d": "3"}}
    read: list[int] = []
    slow = lazy(tree, lambda one: read.append(one) or one * 10)
    assert read == []
    assert slow["a"][1] == 20
    assert read == [2]
    assert list(slow["b"]) == ["c", "d"]
    assert slow["b"]["c"] is None
    assert [*slow["a"]] == [10, 20]
    with pytest.raises(KeyError, match=r"e.*c, d"):
        slow["b"]["e"]


def test_a_claim_is_answered_or_says_why_not() -> None:
    @claim("X-1", "nobody 2014", "A claim.", rule="Reproduced where n > 1.")
    def more(run: Any) -> Answer:
        if "n" not in run:
            raise NotTested("no n", [row("map", "n", math.inf)])
        return Answer(graded(run["n"] > 1, run["n"] > 0), "why", [row("map", "n", Estimate(run["n"], 0.5))])

    told = [more({"n": n})["status"] for n in (2, 1, 0)]
    assert told == ["reproduced", "partly", "not reproduced"]
    assert more({"n": 2})["evidence"] == [{"map": "map", "quantity": "n", "value": 2, "error": 0.5}]
    entry = more({})
    assert (entry["status"], entry["why"], entry["rule"]) == ("not tested", "no n", "Reproduced where n > 1.")
    assert entry["evidence"][0]["value"] is None


def test_a_number_of_the_evidence_keeps_its_layer_and_its_state() -> None:
    number = {"map": "map", "quantity": "n", "value": 1.5, "error": None}
    assert row("map", "n", 1.5) == number
    assert row("map", "n", 1.5, layer=2, state="forced") == number | {"layer": 2, "state": "forced"}
