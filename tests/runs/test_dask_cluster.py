"""Runs on a Dask cluster: the same bytes, poison tasks by name; workers, schedulers and clients killed at random."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import toy_tasks as toy

from blockspin.runs.display import Display
from blockspin.runs.execute import execute
from blockspin.runs.schedule import TaskFailed
from blockspin.runs.settings import SettingsError
from blockspin.runs.store import Store, StoreError, read_log
from blockspin.runs.task import Task
from blockspin.runs.work import THREAD_VARIABLES

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

from blockspin.runs.cluster import ClusterError, jobs_of
from blockspin.runs.interrupts import Interrupts

HERE = Path(__file__).parent
SCRIPT = """
import sys
sys.path.insert(0, {here!r})
import toy_tasks as toy
from blockspin.runs.execute import execute
from blockspin.runs.store import Store

if __name__ == "__main__":
    execute(toy.graph(6, steps=3, pause=0.1), Store(sys.argv[1]), cluster=sys.argv[2])
"""


class Machines:
    """A scheduler and workers with nannies, each a process of its own that a test may kill."""

    def __init__(self, folder: Path, workers: int = 2) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []
        self.n = workers
        self.start_scheduler()

    def start_scheduler(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.scheduler = self._start("scheduler", "--port", str(port), "--no-dashboard", "--host", "127.0.0.1")
        for _ in range(self.n):
            self.start_worker()

    def start_worker(self) -> None:
        words = ("--nthreads", "1", "--no-dashboard", "--local-directory", str(self.folder), "--death-timeout", "60")
        self.workers.append(self._start("worker", self.address, *words))

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        path = os.pathsep.join([str(HERE), *filter(None, sys.path)])
        inherited = {name: value for name, value in os.environ.items() if name not in THREAD_VARIABLES}
        environment = {**inherited, "PYTHONPATH": path, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "2"}
        command = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet, start_new_session=True)

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            kill(process)
        self.workers = []


def kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    made = Machines(tmp_path_factory.mktemp("dask"))
    yield made
    made.stop()


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "tasks").glob("*.npz"))}


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    execute(toy.graph(6, steps=3, pause=0.1), Store(folder))
    return files(folder)


class Recorder(Display):
    def __init__(self):
        self.finished, self.updates, self.running, self.most = [], [], set(), 0

    def begin(self, *_):
        """Nothing to remember."""

    def hear(self, event, task, **facts):
        if event == "start":
            self.running.add(task.key)
            self.most = max(self.most, len(self.running))
        elif event == "progress":
            self.updates.append((task.label, facts["fraction"]))
        else:
            self.running.discard(task.key)
            self.finished.append(task.label)


def test_a_scheduler_gives_the_same_bytes_and_tells_progress(tmp_path, machines, reference):
    recorder = Recorder()
    execute(toy.graph(6, steps=3, pause=0.1), Store(tmp_path), cluster=machines.address, progress=recorder)
    assert files(tmp_path) == reference
    assert len(recorder.finished) == 13
    assert recorder.updates
    assert 2 <= recorder.most < 4  # at work on two workers, of the four that are given out at a time
    assert len([event for event in read_log(tmp_path) if event["event"] == "start"]) == 13
    assert not list((tmp_path / "tasks").glob(".words-*"))


def threads(settings, parents, progress):
    from blockspin.runs.task import Result

    return Result(meta={name: os.environ.get(name) for name in THREAD_VARIABLES})


def test_workers_that_came_without_get_the_threads_that_dask_gives_them(tmp_path, machines):
    task = Task("threads", "threads", threads, {})
    execute([task], Store(tmp_path), cluster=machines.address)
    assert set(Store(tmp_path).load(task).meta.values()) == {"1"}


def test_failures_are_named_and_the_rest_goes_on(tmp_path, machines):
    (score,) = toy.graph(2)
    bad = Task("bad", "the bad one", toy.fail, {})
    dead = Task("dead", "the dead one", toy.die, {})
    after = Task("after", "after", toy.score, {}, parents=(dead,))
    with pytest.raises(TaskFailed) as raised:
        execute([bad, dead, after, score], Store(tmp_path), cluster=machines.address)
    message = str(raised.value)
    assert "the bad one (bad" in message
    assert "no [bold]such[/] luck" in message
    assert "the dead one (dead" in message
    assert "its process died (KilledWorker) in each of" in message
    assert "Not run because of that: after" in message
    assert Store(tmp_path).has(score)
    logs = [event["traceback"] for event in read_log(tmp_path) if event["event"] == "failed"]
    assert any("process" in log and "began at" in log for log in logs)  # the log that the dead worker left


@pytest.mark.slow
def test_a_task_that_waits_on_a_dying_worker_is_not_blamed(tmp_path):
    """One worker, so that what Dask holds against the dying it holds against those that wait beside them too."""
    dying = [Task("dead", f"dead {n}", toy.die, {"n": n}) for n in range(3)]
    innocent = toy.graph(3)
    machines = Machines(tmp_path / "dask", workers=1)
    try:
        mixed = [dying[0], *innocent, dying[1], dying[2]]
        with pytest.raises(TaskFailed) as raised:
            execute(mixed, Store(tmp_path / "run"), cluster=machines.address)
    finally:
        machines.stop()
    assert {failure.task.label for failure in raised.value.failures} == {"dead 0", "dead 1", "dead 2"}
    execute(toy.graph(3), Store(tmp_path / "undisturbed"))
    assert files(tmp_path / "run") == files(tmp_path / "undisturbed")


def test_a_folder_that_cannot_be_written_stops_the_run(tmp_path, machines):
    task = Task("full", "full", fill, {})
    with pytest.raises(StoreError, match=r"cannot write .*File too large"):
        execute([task], Store(tmp_path), cluster=machines.address)


def fill(settings, parents, progress):
    import resource

    import numpy as np

    from blockspin.runs.task import Result

    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    return Result({"large": np.zeros(100_000)})


def test_no_scheduler_and_no_worker(tmp_path):
    with pytest.raises(ClusterError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        execute(toy.graph(), Store(tmp_path), cluster="tcp://127.0.0.1:1")


def jobs_file(folder: Path, system: str, own: dict) -> Path:
    path = folder / f"{system}.yaml"
    path.write_text(json.dumps({"jobqueue": {system: own}}))  # JSON is YAML
    return path


def test_jobs_need_their_cores(tmp_path):
    pytest.importorskip("dask_jobqueue")
    with pytest.raises(SettingsError, match=r"slurm\.yaml"), jobs_of(jobs_file(tmp_path, "slurm", {}), Interrupts()):
        pass


def test_jobs_pin_threads_before_python_starts(tmp_path):
    pytest.importorskip("dask_jobqueue")
    for system, words in (("slurm", "#SBATCH -t 00:20:00"), ("pbs", "#PBS -l walltime=00:20:00")):
        own = {"cores": 2, "memory": "2GB", "walltime": "00:20:00", "job-script-prologue": ["module load python"]}
        with jobs_of(jobs_file(tmp_path, system, own), Interrupts()) as cluster:
            script = cluster.job_script()
        assert words in script
        assert "export NUMBA_NUM_THREADS=2" in script
        assert "export OPENBLAS_NUM_THREADS=1" in script
        assert "export PJRT_NPROC=2" in script
        assert "module load python" in script
        assert script.index("module load python") < script.index("--nthreads 1")


QSUB = """#!/bin/sh
setsid sh "$1" >"$QUEUE/$$.log" 2>&1 &
echo $! | tee -a "$QUEUE/jobs"
"""
QDEL = """#!/bin/sh
kill -9 "-$1"
"""


@pytest.mark.slow
@pytest.mark.parametrize("system", ["pbs", "sge"])
def test_jobs_by_qsub(tmp_path, monkeypatch, system):
    """A stand-in for the batch system: qsub runs the script at once, qdel kills it. One job is killed by the way."""
    pytest.importorskip("dask_jobqueue")
    dask = pytest.importorskip("dask")
    programs, queue = tmp_path / "bin", tmp_path / "queue"
    programs.mkdir(), queue.mkdir()
    for name, script in {"qsub": QSUB, "qdel": QDEL}.items():
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("QUEUE", str(queue))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), *filter(None, sys.path)]))
    own = {"interface": "lo", "local-directory": str(tmp_path), "log-directory": str(queue)}
    jobs = jobs_file(tmp_path, system, {**own, "cores": 1, "memory": "700MB", "walltime": "00:10:00"})

    class Killer(Recorder):
        def hear(self, event, task, **facts):
            super().hear(event, task, **facts)
            if event == "done" and len(self.finished) == 2:
                first = int((queue / "jobs").read_text().split()[0])
                os.killpg(first, signal.SIGKILL)

    killer = Killer()
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "1s"}):  # Dask's 15 s would outlast the run
        execute(
            toy.graph(6, steps=3, pause=0.8), Store(tmp_path / "run"), workers=2, cluster=str(jobs), progress=killer
        )
    assert len(killer.finished) == 13
    monkeypatch.setattr(toy.time, "sleep", lambda seconds: None)
    execute(toy.graph(6, steps=3, pause=0.8), Store(tmp_path / "undisturbed"))
    assert files(tmp_path / "run") == files(tmp_path / "undisturbed")
    submitted = (queue / "jobs").read_text().split()
    assert len(submitted) >= 3  # the one that was killed has been replaced
    time.sleep(1)
    assert [group for group in submitted if alive(int(group))] == []


def alive(group: int) -> bool:
    stats = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    return any(int(pgid) == group and not stat.startswith("Z") for pgid, stat in map(str.split, stats.splitlines()))


def ended(process: subprocess.Popen[str], seconds: float) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
        return True
    return False


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_kill_9_of_worker_scheduler_and_client_ten_times(tmp_path, reference):
    """The moments differ from run to run, and must: nothing depends on them but where the kill strikes."""
    moments = random.Random(time.time_ns())
    script = tmp_path / "run.py"
    script.write_text(SCRIPT.format(here=str(HERE)))
    struck = {"worker": 0, "scheduler": 0, "client": 0}
    kills = 0
    machines = Machines(tmp_path)
    try:
        while kills < 10:
            folder = tmp_path / f"run{sum(struck.values())}-{kills}"
            victim = sorted(struck)[kills % 3]
            for _ in range(20):  # the same command again and again, until it ends well
                command = [sys.executable, str(script), str(folder), machines.address]
                client = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
                deadline = time.monotonic() + 60
                while not (folder / "log.jsonl").exists() and client.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.01)
                strikes = kills < 10 and not ended(client, moments.uniform(0, 2.5))
                if strikes:
                    kills += 1
                    struck[victim] += 1
                    if victim == "worker":
                        kill(machines.workers.pop(0))
                        machines.start_worker()
                    elif victim == "client":
                        kill(client)
                    else:
                        machines.stop()
                    victim = sorted(struck)[kills % 3]
                _, complaints = client.communicate(timeout=120)
                whole = files(folder)
                assert whole.items() <= reference.items()
                if machines.scheduler.poll() is not None:
                    if client.returncode != 0:  # it may have ended well just before
                        assert "is gone" in complaints or "ClusterError" in complaints, complaints[-2000:]
                    machines.start_scheduler()
                if client.returncode == 0:
                    break
            assert files(folder) == reference
    finally:
        machines.stop()
    assert min(struck.values()) >= 2, struck
