from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import toy_tasks as toy
from interrupting import hearing

from blockspin.runs.display import Display, Shown
from blockspin.runs.execute import execute
from blockspin.runs.schedule import TaskFailed
from blockspin.runs.store import Store, StoreError, read_log
from blockspin.runs.task import Result, Task, ordered

HERE = Path(__file__).parent


class Recorder(Display):
    """Remembers what it was told."""

    def __init__(self):
        self.started, self.finished, self.updates, self.done = [], [], [], []

    def begin(self, tasks, done, costs, workers):
        self.done = [task.label for task in done]

    def hear(self, event, task, **facts):
        if event == "start":
            self.started.append(task.label)
        elif event == "progress":
            self.updates.append((task.label, facts["fraction"], facts["words"]))
        else:
            self.finished.append((task.label, facts.get("problem", "")))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "tasks").iterdir())}


def run(folder, tasks=None, **options):
    recorder = Recorder()
    execute(toy.graph() if tasks is None else tasks, Store(folder), progress=recorder, **options)
    return recorder


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    run(folder)
    return files(folder)


def test_parents_reach_their_children(tmp_path):
    run(tmp_path)
    store = Store(tmp_path)
    (score,) = toy.graph()
    weights = []
    for i in range(3):
        sample = store.load(score.parents[i].parents[0])
        weights.append(sample.arrays["spins"].astype(float).mean(axis=(0, 1)) + sample.arrays["noise"].sum())
        assert store.load(score.parents[i]).meta == {"from": i}
    np.testing.assert_array_equal(store.load(score).arrays["total"], np.sum(weights, axis=0))


def test_a_second_run_computes_nothing(tmp_path, reference):
    first = run(tmp_path)
    assert first.done == []
    assert len(first.started) == 7
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "tasks").iterdir()}
    second = run(tmp_path)
    assert len(second.done) == 7
    assert second.started == []
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "tasks").iterdir()} == written
    assert files(tmp_path) == reference


def test_one_more_task_computes_only_itself_and_what_follows(tmp_path):
    run(tmp_path)
    before = files(tmp_path)
    more = run(tmp_path, toy.graph(4))
    assert more.started == ["sample 3", "train 3", "score"]
    assert before.items() <= files(tmp_path).items()


def test_a_damaged_file_is_computed_again(tmp_path, reference):
    run(tmp_path)
    (score,) = toy.graph()
    path = Store(tmp_path).path(score.parents[1])
    path.write_bytes(path.read_bytes()[:-40])
    (path.parent / ".aside-left by a kill").write_text("half")
    assert run(tmp_path).started == ["train 1"]
    assert files(tmp_path) == reference
    assert [event["label"] for event in read_log(tmp_path) if event["event"] == "damaged"] == ["train 1"]


def test_a_failing_task_stops_only_what_needs_it(tmp_path):
    (score,) = toy.graph()
    bad = Task("bad", "the bad one", toy.fail, {}, parents=(score.parents[0].parents[0],))
    worse = Task("worse", "worse", toy.score, {}, parents=(bad, score.parents[1]))
    worst = Task("worst", "worst", toy.score, {}, parents=(worse,))
    with pytest.raises(TaskFailed) as raised:
        run(tmp_path, [worst, score])
    message = str(raised.value)
    assert f"the bad one (bad {bad.key[:8]}): ValueError: no [bold]such[/] luck" in message
    assert "Not run because of that: worse, worst" in message
    assert Store(tmp_path).has(score)
    (event,) = [event for event in read_log(tmp_path) if event["event"] == "failed"]
    assert event["label"] == "the bad one"
    assert "toy_tasks.py" in event["traceback"]
    assert "Traceback" in event["traceback"]
    with pytest.raises(TaskFailed):  # and again: a failure is not remembered as done
        run(tmp_path, [worst, score])


def test_a_task_must_return_a_result(tmp_path):
    with pytest.raises(TaskFailed, match="Result; odd"):
        execute([Task("odd", "odd", dict_like, {})], Store(tmp_path))


def dict_like(settings, parents, progress):
    return {}


@pytest.mark.parametrize("workers", [2, 3])
def test_several_processes_give_the_same_bytes(tmp_path, reference, workers):
    recorder = run(tmp_path, workers=workers)
    assert files(tmp_path) == reference
    assert sorted(recorder.started) == sorted(task.label for task in ordered(toy.graph()))
    assert all(problem == "" for _, problem in recorder.finished)
    assert run(tmp_path, workers=workers).started == []


def test_several_processes_and_failures(tmp_path):
    (score,) = toy.graph()
    bad = Task("bad", "bad", toy.fail, {})
    dead = Task("dead", "dead", toy.die, {})
    after = Task("after", "after", toy.score, {}, parents=(dead,))
    with pytest.raises(TaskFailed) as raised:
        run(tmp_path, [bad, dead, after, score], workers=2)
    message = str(raised.value)
    assert "bad (bad" in message
    assert "no [bold]such[/] luck" in message
    assert "its process died (exit code 7)" in message
    assert "Not run because of that: after" in message
    assert Store(tmp_path).has(score)


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_is_told(tmp_path, workers):
    tasks = [Task("sample", f"s{i}", toy.sample, {"seed": 1, "index": i, "steps": 4, "pause": 0.12}) for i in range(2)]
    recorder = run(tmp_path, tasks, workers=workers)
    assert {label for label, _, _ in recorder.updates} == {"s0", "s1"}
    assert ("s0", 0.5, "step 2 of 4") in recorder.updates


def test_a_full_disk_stops_the_run_at_once(tmp_path, monkeypatch):
    def full(*_):
        raise StoreError("cannot write x: No space left on device")

    monkeypatch.setattr(Store, "save", full)
    recorder = Recorder()
    with pytest.raises(StoreError, match="No space left"):
        execute(toy.graph(), Store(tmp_path), progress=recorder)
    assert recorder.started == ["sample 0"]


def test_what_another_run_has_in_hand_is_left_to_it_and_waited_for(tmp_path, reference):
    (score,) = toy.graph()
    other, one = Store(tmp_path), score.parents[0].parents[0]

    def finish(claim):
        time.sleep(0.5)
        other.save(one, toy.sample(one.settings, [], lambda *_: None))
        claim.release()

    with other.at_work():
        helper = threading.Thread(target=finish, args=(other.claim(one),))
        helper.start()
        recorder = run(tmp_path)
        helper.join()
    assert "sample 0" not in recorder.started
    assert recorder.started[-1] == "score"
    assert files(tmp_path) == reference


def test_a_claim_that_is_given_back_without_a_result_is_taken(tmp_path, reference):
    other = Store(tmp_path)
    with other.at_work():
        claim = other.claim(toy.graph()[0].parents[0].parents[0])
        threading.Timer(0.3, claim.release).start()
        assert run(tmp_path).started[0] == "sample 1"
    assert files(tmp_path) == reference


def test_workers_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match="workers"):
        run(tmp_path, workers=0)


def test_an_interrupt_is_logged_and_the_next_call_goes_on(tmp_path):
    (score,) = toy.graph()
    stop = Task("stop", "stop", toy.interrupt_once, {"mark": str(tmp_path / "mark")}, parents=(score.parents[0],))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, [stop, score])
    assert read_log(tmp_path)[-1]["event"] == "interrupted"
    again = run(tmp_path, [stop, score])
    assert again.done == ["sample 0", "train 0"]
    assert again.started[0] == "stop"


SCRIPT = """
import sys
sys.path.insert(0, {here!r})
import toy_tasks as toy
from blockspin.runs.execute import execute
from blockspin.runs.store import Store

if __name__ == "__main__":
    execute(toy.graph(3, steps=2, pause=0.05), Store(sys.argv[1]), workers=int(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("script") / "run.py"
    path.write_text(SCRIPT.format(here=str(HERE)))
    return path


@pytest.fixture(scope="module")
def slow_reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slow")
    run(folder, toy.graph(3, steps=2, pause=0.05))
    return files(folder)


@pytest.mark.parametrize(
    ("workers", "most"), [(1, 3), (2, 3), *(pytest.param(n, 12, marks=pytest.mark.slow) for n in (1, 2))]
)
def test_killed_at_any_moment_the_same_command_ends_with_the_same_bytes(
    tmp_path, script, slow_reference, workers, most
):
    command = [sys.executable, str(script), str(tmp_path), str(workers)]
    # the moments differ from run to run, and must: nothing here depends on them but where the kill strikes
    moments = random.Random(time.time_ns())
    longest = 0.2 if workers == 1 else 1.0  # new processes take a while to begin
    kills = 0
    for _ in range(12):
        if kills == most:
            break
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        started = len(read_log(tmp_path))
        deadline = time.monotonic() + 60
        while process.poll() is None and len(read_log(tmp_path)) == started and time.monotonic() < deadline:
            time.sleep(0.005)  # the interpreter is up: kill it among the tasks, not in its imports
        time.sleep(moments.uniform(0, longest))
        process.kill()
        _, complaints = process.communicate()
        if process.returncode == 0:
            if kills:
                break
            shutil.rmtree(tmp_path)  # it was done before the kill: begin again
            tmp_path.mkdir()
            continue
        assert process.returncode == -signal.SIGKILL, complaints
        kills += 1
        whole = {name: data for name, data in files(tmp_path).items() if not name.startswith(".")}
        assert whole.items() <= slow_reference.items()
    subprocess.run(command, check=True, timeout=60)
    assert kills >= 1
    assert files(tmp_path) == slow_reference
    for line in (tmp_path / "log.jsonl").read_text().splitlines()[-3:]:
        json.loads(line)


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_runs_leave_no_process_behind(tmp_path, script, workers):
    process = subprocess.Popen([sys.executable, str(script), str(tmp_path), str(workers)], start_new_session=True)
    while not read_log(tmp_path):
        time.sleep(0.01)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while members(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert members(process.pid) == []


def members(session: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(entry.parent.name))
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_all_and_the_next_call_goes_on(tmp_path, script, slow_reference, workers):
    command = [sys.executable, str(script), str(tmp_path), str(workers)]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True, preexec_fn=hearing)
    while not any(event["event"] == "start" for event in read_log(tmp_path)):
        time.sleep(0.01)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
    _, complaints = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert complaints.count("Traceback") == 1, complaints  # this script's own; the workers are silent
    assert read_log(tmp_path)[-1]["event"] == "interrupted"
    subprocess.run(command, check=True, timeout=60)
    assert files(tmp_path) == slow_reference


def test_lines_say_what_is_done_and_what_is_left(tmp_path, capsys):
    folder = tmp_path / "alone"  # runs in the folder beside would tell how long tasks take
    with Shown(sys.stderr, every=0.0) as display:
        execute(toy.graph(2), Store(folder), progress=display)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "5 tasks"
    assert "sample 0: 100%, step 1 of 1" in lines[1]
    assert lines[-1].startswith("[100 %")
    assert "score: done in" in lines[-1]
    with Shown(sys.stderr) as display:
        execute(toy.graph(2), Store(folder), progress=display)
    assert capsys.readouterr().err.splitlines() == ["5 tasks, 5 done before"]


def test_an_interrupt_that_a_library_swallows_still_stops_the_run(tmp_path):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, [Task("swallow", "swallow", swallow, {}), Task("later", "later", toy.score, {})])
    assert len(list((tmp_path / "tasks").glob("*.npz"))) <= 1
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler


def swallow(settings, parents, progress):
    with contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    return Result()
