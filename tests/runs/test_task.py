from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
import toy_tasks as toy

from blockspin.runs.task import Result, Task, canonical, ordered


def task(**changes):
    given = {
        "kind": "sample",
        "label": "a",
        "function": toy.sample,
        "settings": {"seed": 1, "K": 0.44, "shape": (4, 4)},
    }
    return Task(**{**given, **changes})


def test_the_key_is_a_contract():
    # A changed value here means that every stored run of every user is computed again: think twice.
    # The values come from sha256sum on the canonical JSON written by hand.
    parent = task()
    child = Task("train", "b", toy.train, {"layers": [4, 2], "l1": None, "name": "γ"}, version=3, parents=(parent,))
    assert parent.key == "1cd54956e38787f8a30f7c7b"
    assert child.key == "be5b6dad44909601ba040b17"


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "train"},
        {"version": 2},
        {"settings": {"seed": 2, "K": 0.44, "shape": (4, 4)}},
        {"settings": {"seed": 1, "K": 0.44}},
        {"settings": {"seed": 1, "K": math.nextafter(0.44, 1), "shape": (4, 4)}},
        {"parents": (Task("other", "p", toy.sample, {}),)},
    ],
)
def test_the_key_follows_the_meaning(changes):
    assert task(**changes).key != task().key
    assert task(**changes) != task()


def test_the_key_ignores_names_costs_code_and_the_order_of_settings():
    same = task(label="b", weight=7.0, function=toy.train, settings={"shape": [4, 4], "K": 0.44, "seed": 1})
    assert same.key == task().key
    assert same == task()
    assert len({same, task()}) == 1


def test_the_order_of_parents_is_part_of_the_key():
    a, b = Task("a", "a", toy.sample, {}), Task("b", "b", toy.sample, {})
    assert task(parents=(a, b)).key != task(parents=(b, a)).key


def test_later_changes_of_the_settings_do_not_reach_the_task():
    settings = {"seed": 1, "inner": {"a": [1]}}
    made = task(settings=settings)
    settings["inner"]["a"].append(2)
    assert made.settings == {"seed": 1, "inner": {"a": [1]}}
    assert made.key == task(settings=made.settings).key


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"K": math.nan}, "Out of range"),
        ({"K": np.arange(2)}, "ndarray"),
        ({"K": {1: 2}}, "names in JSON are strings"),
        ([1], "must be a dict"),
    ],
)
def test_settings_must_be_json(settings, words):
    with pytest.raises(ValueError, match=words):
        task(settings=settings)


def test_functions_must_be_importable_and_weights_positive():
    with pytest.raises(ValueError, match="top of a module"):
        task(function=lambda settings, parents, progress: Result())
    with pytest.raises(ValueError, match="weight"):
        task(weight=0)


def test_order_is_parents_first_each_once():
    (last,) = toy.graph(3)
    names = [entry.label for entry in ordered([last, last.parents[1], last])]
    assert names == ["sample 0", "train 0", "sample 1", "train 1", "sample 2", "train 2", "score"]


def test_long_chains_are_no_problem():
    chain = Task("link", "0", toy.train, {"i": 0})
    for i in range(1, 3000):
        chain = Task("link", str(i), toy.train, {"i": i}, parents=(chain,))
    assert [entry.settings["i"] for entry in ordered([chain])] == list(range(3000))
    sent = pickle.loads(pickle.dumps(chain.alone()))
    assert sent == chain
    assert sent.parents[0] == chain.parents[0]
    assert sent.identity == chain.identity
    assert len(chain.parents[0].parents) == 1


def test_canonical_json():
    assert canonical({"b": 1.0, "a": [1, None, True, "γ"]}) == '{"a":[1,null,true,"\\u03b3"],"b":1.0}'
