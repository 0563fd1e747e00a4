from __future__ import annotations

import errno
import json
import os

import numpy as np
import pytest
import toy_tasks as toy

from blockspin import locks
from blockspin.runs.store import Store, StoreError, read_log, write_json, writing
from blockspin.runs.task import Result, Task

TASK = Task("sample", "sample [red]1[/]", toy.sample, {"seed": 1})


def result():
    random = np.random.default_rng(1)
    spins = (2 * random.integers(0, 2, (3, 5, 7, 3), dtype=np.int8) - 1).astype(np.int8)
    arrays = {
        "spins": spins,
        "one": np.array(-1, np.int8),
        "labels": np.array([-1, 0, 1, -128], np.int8),
        "empty": np.empty((0, 4), np.int8),
        "layer/weights": np.asfortranarray(random.normal(size=(6, 4))),
        "file": random.normal(size=4).astype(np.float32)[::2],
        "flags": np.array([True, False]),
        "names": np.array(["a", "bc"]),
    }
    return Result(
        arrays, {"tau": 1.5, "none": None, "nan": float("nan"), "numpy": np.float32(0.5), "nested": {"a": [1]}}
    )


def test_results_come_back_as_they_were(tmp_path):
    store = Store(tmp_path)
    assert not store.has(TASK)
    store.save(TASK, result())
    assert store.has(TASK)
    back = store.load(TASK)
    assert set(back.arrays) == set(result().arrays)
    for name, array in result().arrays.items():
        assert back.arrays[name].dtype == array.dtype
        assert back.arrays[name].shape == array.shape
        np.testing.assert_array_equal(back.arrays[name], array)
    assert np.isnan(back.meta.pop("nan"))
    assert back.meta == {"tau": 1.5, "none": None, "numpy": 0.5, "nested": {"a": [1]}}
    back.arrays["spins"][0] = 1  # ours to write on


def test_spins_take_one_bit_and_the_file_is_plain_numpy(tmp_path):
    store = Store(tmp_path)
    spins = np.ones((1000, 40, 40), np.int8)
    store.save(TASK, Result({"spins": spins}))
    assert store.path(TASK).stat().st_size < spins.size / 8 + 2000
    with np.load(store.path(TASK), allow_pickle=False) as archive:
        header = json.loads(archive["task.json"].tobytes())
    assert header["kind"] == "sample"
    assert header["settings"] == {"seed": 1}


def test_the_same_result_gives_the_same_bytes(tmp_path):
    first, second = Store(tmp_path / "a"), Store(tmp_path / "b")
    first.save(TASK, result())
    backwards = Result(dict(reversed(result().arrays.items())), dict(reversed(result().meta.items())))
    second.save(Task("sample", "another label", toy.sample, {"seed": 1}), backwards)
    assert first.path(TASK).read_bytes() == second.path(TASK).read_bytes()


def test_every_damaged_byte_and_every_cut_is_seen(tmp_path):
    store = Store(tmp_path)
    store.save(TASK, Result({"n": np.arange(3)}, {"a": 1}))
    path = store.path(TASK)
    good = path.read_bytes()
    for place in range(len(good)):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0x10]) + good[place + 1 :])
        assert not store.has(TASK), place
    for length in range(len(good)):
        path.write_bytes(good[:length])
        assert not store.has(TASK), length
    path.write_bytes(good + b"\0")
    assert not store.has(TASK)
    with pytest.raises(StoreError, match="damaged"):
        store.load(TASK)
    path.write_bytes(good)
    assert store.has(TASK)


def test_a_file_under_a_wrong_name_is_not_done(tmp_path):
    store = Store(tmp_path)
    other = Task("sample", "other", toy.sample, {"seed": 2})
    store.save(TASK, Result())
    os.replace(store.path(TASK), store.path(other))
    assert not store.has(other)


def test_a_missing_result_names_the_task(tmp_path):
    with pytest.raises(StoreError, match="'sample"):
        Store(tmp_path).load(TASK)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Result({"a": np.array([None])}), "holds objects"),
        (Result({"task.json": np.arange(2)}), "may not be named"),
        (Result({}, {"a": np.arange(2)}), "must be JSON"),
        (Result({}, {"a": object()}), "must be JSON"),
    ],
)
def test_what_cannot_be_stored_is_refused_and_leaves_nothing(tmp_path, bad, words):
    store = Store(tmp_path)
    with pytest.raises(ValueError, match=words):
        store.save(TASK, bad)
    assert list(store.tasks.iterdir()) == []


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_is_told_and_leaves_the_old_file(tmp_path, monkeypatch, call):
    store = Store(tmp_path)
    store.save(TASK, Result({"n": np.arange(3)}))
    before = store.path(TASK).read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    with pytest.raises(StoreError, match="No space left on device"):
        store.save(TASK, Result({"n": np.arange(4)}))
    assert store.path(TASK).read_bytes() == before
    assert [path.name for path in store.tasks.iterdir()] == [store.path(TASK).name]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot make the folder"):
        Store(tmp_path / "file" / "run")


def test_sweep_removes_only_what_is_half_written(tmp_path):
    store = Store(tmp_path)
    store.save(TASK, Result())
    (store.tasks / ".aside-1").write_text("half")
    (tmp_path / ".aside-2").write_text("half")
    store.sweep()
    assert not [*tmp_path.rglob(".aside-*")]
    assert store.has(TASK)


def test_an_interrupt_while_writing_leaves_nothing(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def interrupted():
        with writing(target) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_log_survives_a_line_cut_short(tmp_path):
    store = Store(tmp_path)
    store.log("start", TASK)
    with open(tmp_path / "log.jsonl", "a") as file:
        file.write('{"time": "2026')
    store.log("done", TASK, seconds=np.float64(1.5))
    assert [event["event"] for event in read_log(store.folder)] == ["start", "done"]
    assert read_log(store.folder)[1]["seconds"] == 1.5
    assert read_log(store.folder)[1]["key"] == TASK.key
    assert read_log(tmp_path / "new") == []


def test_runs_know_whether_they_are_alone(tmp_path):
    first, second = Store(tmp_path), Store(tmp_path)
    left = tmp_path / "tasks" / ".aside-left"
    left.write_text("half")
    with first.at_work() as alone, first.at_work() as again:
        assert alone
        assert again
        assert not left.exists()  # who is alone tidies up
        left.write_text("another's, being written")
        with second.at_work() as alone:
            assert not alone
        assert left.exists()
    with second.at_work() as alone:
        assert alone


def test_a_task_is_one_runs_at_a_time(tmp_path):
    first, second = Store(tmp_path), Store(tmp_path)
    claim = first.claim(TASK)
    assert second.claim(TASK) is None
    claim.release()
    assert not list(tmp_path.rglob(".claim-*"))
    again = second.claim(TASK)
    assert again is not None
    again.release()


def test_a_claim_file_that_is_gone_gives_no_right(tmp_path, monkeypatch):
    # between opening and locking the file its holder lets go of it and another takes a new one: a mutant without the
    # look at the inode gives the task to both
    path, lock, taken = tmp_path / "claim", locks._lock, []
    first = locks.claim(path)

    def between(handle, *, exclusive):
        monkeypatch.setattr(locks, "_lock", lock)
        first.release()
        taken.append(locks.claim(path))
        return lock(handle, exclusive=exclusive)

    monkeypatch.setattr(locks, "_lock", between)
    assert locks.claim(path) is None
    assert taken[0] is not None
    taken[0].release()
    assert not path.exists()


def test_a_claim_lets_go_of_its_own_file_alone(tmp_path):
    # the folder was removed with the claim's file in it, and made again by another: a mutant that removes whatever is
    # called so takes the other's file, and a third gets the same claim
    path = tmp_path / "claim"
    first = locks.claim(path)
    path.unlink()
    second = locks.claim(path)
    first.release()
    assert path.exists()
    assert locks.claim(path) is None
    second.release()
    assert not path.exists()


def test_json_for_pages_has_no_nan(tmp_path):
    write_json(tmp_path / "a.json", {"value": float("nan"), "error": [np.float64("inf"), np.int64(3)], "γ": (1.5,)})
    assert json.loads((tmp_path / "a.json").read_text()) == {"value": None, "error": [None, 3], "γ": [1.5]}
