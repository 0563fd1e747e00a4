"""Tasks on a Dask cluster: any scheduler by its address, or jobs of a batch system that this run asks for.

Workers write their results to the store's folder, which they must see under the same path, and give back only how it
went: nothing is lost with a job that reaches its time limit. Needs the extra `cluster`.
"""

from __future__ import annotations

import os
import queue
import shlex
import socket
import sys
import threading
import time
import tomllib
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from blockspin.extras import lacking
from blockspin.runs.interrupts import Interrupts
from blockspin.runs.schedule import ATTEMPTS, Failure, Schedule
from blockspin.runs.settings import SettingsError, nearest
from blockspin.runs.store import Store, StoreError
from blockspin.runs.task import Task
from blockspin.runs.work import compute, last_words, thread_variables, throttled, times_begun, words, words_of_the_dead

TOPIC = "blockspin"
AHEAD = 2  # tasks given out for each thread of the cluster: one at work, one waiting
PATIENCE = 20.0  # seconds without its scheduler before a run gives up
ONE = threading.Lock()  # a worker with several threads still runs one task at a time: its cores belong to that one
SYSTEMS = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "sge": "SGECluster", "lsf": "LSFCluster"}


class ClusterError(RuntimeError):
    """The cluster cannot be reached, or is gone; the message says what to do. Finished tasks are stored."""


class Jobs(BaseModel):
    """The jobs to ask a batch system for: what ``--cluster FILE.toml`` holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: Literal["slurm", "pbs", "sge", "lsf"]
    jobs: Annotated[int, Field(ge=1)] = 1
    threads: Annotated[int, Field(ge=1)] = 1
    memory: str = "4GB"
    walltime: str = "01:00:00"
    before: tuple[str, ...] = ()
    options: dict[str, Any] = {}


def described(path: Path) -> dict[str, Any]:
    """The jobs that a TOML file describes, checked. Raises SettingsError."""
    try:
        return Jobs.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).model_dump()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        raise SettingsError(f"{path}: {'; '.join(map(_wrong_entry, error.errors(include_url=False)))}") from error


def _wrong_entry(problem: Mapping[str, Any]) -> str:
    where = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        return nearest("entry", where, Jobs.model_fields)
    if problem["type"] == "missing":
        return f"the entry {where} is missing. The entries are: {', '.join(Jobs.model_fields)}"
    return f"{where}: {problem['msg'].lower()}; got {problem['input']!r}"


def check_extra(*, jobs: bool) -> None:
    """Raise ClusterError unless the packages of the extra `cluster` are there, for jobs those of batch systems too."""
    for name in ("distributed", "dask_jobqueue")[: 1 + jobs]:
        if (why := lacking(name, "cluster")) is not None:
            raise ClusterError(f"running on a cluster needs more packages: {why}")


def on_cluster(state: Schedule, scheduler: str | None, cluster: Mapping[str, Any] | None) -> None:
    """Run what the schedule gives on the workers of a scheduler, or of jobs. Raises ClusterError, StoreError."""
    check_extra(jobs=cluster is not None)
    import distributed

    with _client(distributed, scheduler, cluster, state.interrupts) as client:
        _Crowd(state, client, scheduler or "the scheduler of this run's jobs").run()


class _Crowd:
    """The tasks that are with the cluster at the moment."""

    def __init__(self, state: Schedule, client: Any, address: str) -> None:
        self.state = state
        self.client = client
        self.address = address
        self.folder = str(state.store.folder.resolve())
        self.name = f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}"
        self.out: dict[str, _Given] = {}
        self.begun: set[str] = set()  # keys of those that a worker has told to be at work, and not only waiting there
        self.ended: queue.Queue[str] = queue.Queue()
        self.told: queue.Queue[tuple[str, float, str]] = queue.Queue()
        self.n_given, self.n_ended = 0, 0
        self.threads, self.counted = 1, 0.0
        self.seen = time.monotonic()

    def run(self) -> None:
        with self._asking():
            self.client.subscribe_topic(TOPIC, lambda event: self.told.put(event[1]))
        try:
            while True:
                self._check_scheduler()  # first of all: a closed client takes no task
                self._give()
                if not self.out:
                    if self.state.over:
                        return
                    self._check_scheduler()
                    self.state.rest()
                    continue
                with suppress(queue.Empty):
                    self._take(self.ended.get(timeout=0.25))
                    while True:
                        self._take(self.ended.get_nowait())
                self._tell()
                self._check_scheduler()
        finally:
            with self.state.interrupts.held(), suppress(Exception):  # a scheduler that is gone cannot be told
                self.client.cancel([given.future for given in self.out.values()], force=True)

    def _give(self) -> None:
        if time.monotonic() - self.counted > 2:
            self.counted = time.monotonic()
            with suppress(OSError, RuntimeError):  # of a scheduler that does not answer; `_check_scheduler` says so
                self.threads = max(1, sum(self.client.nthreads().values()))
        while len(self.out) < AHEAD * self.threads and (task := self.state.ready()) is not None:
            self.n_given += 1
            name = f"{task.kind}-{task.key}-{self.name}-{self.n_given}"
            with self._asking():
                future = self.client.submit(perform, task.alone(), self.folder, self.name, key=name, pure=False)
            self.out[name] = _Given(task, future, time.monotonic(), self.n_ended)
            future.add_done_callback(lambda one: self.ended.put(one.key))

    def _take(self, name: str) -> None:
        if name not in self.out:
            return
        given = self.out[name]
        task, status = given.task, given.future.status
        if status in ("lost", "pending"):
            return
        del self.out[name]
        begun = task.key in self.begun
        self.begun.discard(task.key)
        seconds = time.monotonic() - given.at
        self.seen = time.monotonic()
        if status == "cancelled":
            self.state.busy(task)
            return
        with self._asking():
            error = given.future.exception() if status == "error" else None
            word, *rest = ("error",) if error is not None else given.future.result()
        given.future.release()
        if not begun and word in ("done", "failed"):
            self.state.started(task)  # what the worker said of it is still on its way
        if type(error).__name__ == "KilledWorker":
            self._died(given, seconds)
        elif error is not None:
            self.state.failed(Failure(task, words(error), words_of_the_dead(task, self.state.store)), seconds)
        elif word == "done":
            self.state.succeeded(task, *rest)
        elif word == "busy":
            self.state.busy(task)
            return
        elif word == "found":
            self.state.found(task)
        elif word == "failed":
            self.state.failed(Failure(task, *rest), seconds)
        else:
            raise StoreError(*rest)
        if task.key not in self.state.waiting:  # else it is to be tried again
            self.n_ended += 1

    def _died(self, given: _Given, seconds: float) -> None:
        """Dask gives up a task that was with several workers when they died, at work or waiting there for its turn.

        Only the deaths that it began count against it; one of those that never began counts where nothing else
        ended in the meantime, so that workers that die by themselves end the run and do not keep it for ever.
        """
        begun = times_begun(given.task, self.state.store, self.name)
        trace = words_of_the_dead(given.task, self.state.store)
        alone = self.n_ended == given.n_ended
        self.state.died(given.task, "KilledWorker", seconds, trace, max(begun, int(alone)))

    def _tell(self) -> None:
        running = {given.task.key: given.task for given in self.out.values()}
        with suppress(queue.Empty):
            while True:
                key, fraction, said = self.told.get_nowait()
                if key in running and key not in self.begun:
                    self.begun.add(key)
                    self.state.started(running[key])
                if key in running and (fraction or said):
                    self.state.display.update(running[key], fraction, said)

    def _check_scheduler(self) -> None:
        if self.client.status == "running":
            self.seen = time.monotonic()
        elif self.client.status == "closed" or time.monotonic() - self.seen > PATIENCE:
            raise self._gone()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Tell what Dask raises when it has lost its scheduler between two looks as just that."""
        try:
            yield
        except Exception as error:
            if self.client.status == "running":
                raise
            raise self._gone() from error

    def _gone(self) -> ClusterError:
        return ClusterError(
            f"{self.address} is gone: finished tasks are stored; start a scheduler and run the same command again"
        )


class _Given(NamedTuple):
    """A task that is with the cluster: its future, since when (seconds), and how many had ended by then."""

    task: Task
    future: Any
    at: float
    n_ended: int


def perform(task: Task, folder: str, asked_by: str) -> tuple[Any, ...]:
    """What a worker of a cluster runs for a run: claim the task, compute, store; gives a word and no result."""
    from distributed import get_worker

    store = Store(folder)
    with ONE, store.at_work():  # at work itself: the run that asked may be gone, and another one come
        claim = store.claim(task)
        if claim is None:
            return ("busy",)
        try:
            if store.path(task).exists() and store.has(task):
                return ("found",)
            worker = get_worker()
            worker.log_event(TOPIC, (task.key, 0.0, ""))
            told = throttled(lambda fraction, said: worker.log_event(TOPIC, (task.key, fraction, said)), 1.0)
            started = time.monotonic()
            with last_words(task, store, told, asked_by) as progress:
                compute(task, store, progress)
            return ("done", time.monotonic() - started)
        except StoreError as error:
            return ("unwritable", str(error))
        except Exception as error:
            return ("failed", words(error), traceback.format_exc())
        finally:
            claim.release()


@contextmanager
def _client(
    distributed: Any, scheduler: str | None, cluster: Mapping[str, Any] | None, interrupts: Interrupts
) -> Iterator[Any]:
    import dask

    settings = {
        "distributed.scheduler.allowed-failures": ATTEMPTS - 1,
        "distributed.comm.timeouts.connect": "10s",
        "distributed.client.heartbeat": "2s",
    }
    with dask.config.set(settings):
        jobs = None if cluster is None else batch(Jobs.model_validate(cluster))
        try:
            if jobs is not None:
                assert cluster is not None
                jobs.adapt(minimum_jobs=cluster["jobs"], maximum_jobs=cluster["jobs"])  # replaces what is lost
            try:
                client = distributed.Client(jobs if jobs is not None else scheduler, timeout="10s")
            except (OSError, ValueError) as error:
                raise ClusterError(f"no Dask scheduler answers at {scheduler}: {error}") from error
            try:
                client.register_plugin(_pinned(distributed))
                yield client
            finally:
                with interrupts.held(), suppress(Exception):
                    client.close(timeout=5)
        finally:
            if jobs is not None:
                with interrupts.held(), suppress(Exception):
                    jobs.close(timeout=20)  # jobs that nobody waits for are taken back


def batch(jobs: Jobs) -> Any:
    """The cluster object of `dask_jobqueue` that asks for these jobs; threads are pinned before Python starts."""
    import dask_jobqueue

    pinned = [f"export {name}={value}" for name, value in thread_variables(jobs.threads, {}).items()]
    options = dict(jobs.options)
    prologue = [*pinned, *jobs.before, *options.pop("job_script_prologue", [])]
    kind = getattr(dask_jobqueue, SYSTEMS[jobs.system])
    return kind(
        cores=jobs.threads,
        processes=1,
        memory=jobs.memory,
        walltime=jobs.walltime,
        python=options.pop("python", shlex.quote(sys.executable)),
        job_script_prologue=prologue,
        worker_extra_args=["--nthreads", "1", *options.pop("worker_extra_args", [])],
        scheduler_options={"dashboard_address": ":0", **options.pop("scheduler_options", {})},
        **options,
    )


def _pinned(distributed: Any) -> Any:
    class Pinned(distributed.WorkerPlugin):  # type: ignore[misc]
        """Threads of numerical libraries for workers that came without: as many as the worker has."""

        name = "blockspin-threads"

        def setup(self, worker: Any) -> None:
            os.environ |= thread_variables(worker.state.nthreads, os.environ)

    return Pinned()
