"""Tasks on a Dask cluster: any scheduler by its address, or jobs of a batch system that this run requests.

Workers write their results to the store's folder, which they must see under the same path, and give back only how it
went: nothing is lost with a job that reaches its time limit. Needs the extra `cluster`.
"""

import os
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, NamedTuple

from blockspin.extras import lacking
from blockspin.runs.interrupts import Interrupts
from blockspin.runs.schedule import ATTEMPTS, Schedule, Workers
from blockspin.runs.settings import SettingsError
from blockspin.runs.store import Store, StoreError
from blockspin.runs.task import Task
from blockspin.runs.work import Outcome, perform, thread_variables, throttled, words, words_of_the_dead

TOPIC = "blockspin"
AHEAD = 2  # tasks given out for each thread of the cluster: one at work, one waiting
PATIENCE = 20.0  # seconds without its scheduler before a run gives up
ONE = threading.Lock()  # a worker with several threads still runs one task at a time: its cores belong to that one
SYSTEMS = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "sge": "SGECluster", "lsf": "LSFCluster"}


class ClusterError(RuntimeError):
    """The cluster cannot be reached, or is gone; the message says what to do. Finished tasks are stored."""


def check(cluster: str) -> None:
    """Look before there is a folder whether a cluster can be used. Raises ClusterError, SettingsError for its file."""
    if (why := lacking("dask_jobqueue" if _is_file(cluster) else "distributed", "cluster")) is not None:
        raise ClusterError(f"running on a cluster needs more packages: {why}")
    if _is_file(cluster):
        _described(Path(cluster))
    elif Path(cluster).is_file():
        raise SettingsError(f"a file of --cluster is dask-jobqueue's own, .yaml or .yml; got {cluster}")


def on_cluster(state: Schedule, cluster: str, n_jobs: int) -> None:
    """Run what the schedule gives on the workers of a scheduler (its address), or of `n_jobs` jobs (a file).

    Raises ClusterError, StoreError, SettingsError.
    """
    check(cluster)
    with _client(cluster, n_jobs, state.interrupts) as client:
        try:
            state.run(_Crowd(state, client, cluster))
        except (StoreError, ClusterError):
            raise
        except Exception as error:
            if client.status == "running":
                raise
            raise _gone(cluster) from error


class _Given(NamedTuple):
    """A task that is with the cluster: its future, and how many tasks were left by then."""

    task: Task
    future: Any
    n_left: int


class _Crowd(Workers):
    """The workers of the cluster, and the tasks that are with them."""

    def __init__(self, state: Schedule, client: Any, cluster: str) -> None:
        super().__init__(state)
        self.client, self.cluster = client, cluster
        self.folder = str(state.store.folder.resolve())
        self.given: dict[str, _Given] = {}
        self.news: queue.Queue[tuple[Any, ...]] = queue.Queue()  # a task's key, and how far it is; () where one ended
        self.n_given = 0
        self.threads, self.counted = 1, 0.0
        self.seen = time.monotonic()
        client.subscribe_topic(TOPIC, lambda event: self.news.put(tuple(event[1])))

    def room(self) -> bool:
        now = time.monotonic()
        if self.client.status == "running":
            self.seen = now
        elif self.client.status == "closed" or now - self.seen > PATIENCE:
            raise _gone(self.cluster)
        if now - self.counted > 2:
            self.counted = now
            with suppress(OSError, RuntimeError):  # of a scheduler that does not answer
                self.threads = max(1, sum(self.client.nthreads().values()))
        return len(self.given) < AHEAD * self.threads

    def busy(self) -> bool:
        return bool(self.given)

    def give(self, task: Task) -> None:
        self.n_given += 1
        name = f"{task.kind}-{task.key}-{self.state.name}-{self.n_given}"
        future = self.client.submit(_work, task.alone(), self.folder, self.state.name, key=name, pure=False)
        self.given[task.key] = _Given(task, future, len(self.state.left))
        future.add_done_callback(lambda _: self.news.put(()))

    def wait(self, patience: float | None) -> None:
        news = []
        with suppress(queue.Empty):
            news.append(self.news.get(timeout=0.25))
            while True:
                news.append(self.news.get_nowait())
        for given in list(self.given.values()):  # first, since the next task begins after it
            if given.future.status not in ("pending", "lost"):  # a lost one, whose worker is gone, is computed again
                self._take(given)
        for key, fraction, said in filter(None, news):
            if key in self.given:
                self._hear(self.given[key].task, fraction, said)

    def close(self) -> None:
        with suppress(Exception):  # a scheduler that is gone cannot be told
            self.client.cancel([given.future for given in self.given.values()], force=True)

    def _hear(self, task: Task, fraction: float, words: str) -> None:
        if task.key not in self.state.begun:
            self.state.started(task)
        if fraction or words:
            self.state.told(task, fraction, words)

    def _take(self, given: _Given) -> None:
        future = given.future
        del self.given[given.task.key]
        if future.status == "cancelled":
            self.state.ended(given.task, ("busy",))
        elif future.status != "error":
            self.state.ended(given.task, future.result())
        elif type(error := future.exception()).__name__ == "KilledWorker":
            self._died(given)
        else:
            self.state.ended(given.task, ("failed", words(error), ""))
        future.release()

    def _died(self, given: _Given) -> None:
        """Dask gives up a task that was with several workers when they died, at work or waiting there for its turn.

        Only the deaths that it began count against it; one of those that never began counts where nothing else
        ended in the meantime, so that workers that die by themselves end the run and do not keep it for ever.
        """
        trace, begun = words_of_the_dead(given.task, self.state.store, self.state.name)
        self.state.died(given.task, "KilledWorker", trace, max(begun, int(given.n_left == len(self.state.left))))


def _work(task: Task, folder: str, run: str) -> Outcome:
    """What a worker of a cluster does for a run."""
    from distributed import get_worker

    worker, store = get_worker(), Store(folder)
    os.environ |= thread_variables(worker.state.nthreads, os.environ)  # where it came without; jobs have theirs

    def tell(fraction: float, said: str) -> None:
        worker.log_event(TOPIC, (task.key, fraction, said))

    with ONE, store.at_work():  # at work itself: the run that asked may be gone, and another one come
        return perform(task, store, lambda: tell(0.0, ""), throttled(tell, 1.0), run)


@contextmanager
def _client(cluster: str, n_jobs: int, interrupts: Interrupts) -> Iterator[Any]:
    import dask
    from distributed import Client

    settings = {
        "distributed.scheduler.allowed-failures": ATTEMPTS - 1,
        "distributed.comm.timeouts.connect": "10s",
        "distributed.client.heartbeat": "2s",
    }
    jobs_or_none = jobs_of(Path(cluster), interrupts) if _is_file(cluster) else nullcontext()
    with dask.config.set(settings), jobs_or_none as jobs:
        if jobs is not None:
            jobs.adapt(minimum_jobs=n_jobs, maximum_jobs=n_jobs)  # replaces what is lost
        try:
            client = Client(cluster if jobs is None else jobs, timeout="10s")
        except (OSError, ValueError) as error:
            raise ClusterError(f"no Dask scheduler answers at {cluster}: {error}") from error
        try:
            yield client
        finally:
            with interrupts.held(), suppress(Exception):
                client.close(timeout=5)


@contextmanager
def jobs_of(path: Path, interrupts: Interrupts) -> Iterator[Any]:
    """The cluster of dask_jobqueue that a file describes. Raises SettingsError."""
    import dask
    import dask_jobqueue

    system, config = _described(path)
    with dask.config.set(config):  # for all the block: dask_jobqueue reads it again for every job
        try:
            jobs = getattr(dask_jobqueue, SYSTEMS[system])()
        except (ValueError, TypeError) as error:
            raise SettingsError(f"{path}: {error}") from error
        try:
            yield jobs
        finally:
            with interrupts.held(), suppress(Exception):
                jobs.close(timeout=20)  # jobs that nobody waits for are taken back


def _described(path: Path) -> tuple[str, dict[str, Any]]:
    """The batch system of a file of dask_jobqueue's configuration, and Dask's whole configuration with it.

    Threads are pinned before Python starts, as many as a job has cores. Raises SettingsError.
    """
    import dask
    import dask_jobqueue  # noqa: F401  its defaults

    if not path.is_file():
        raise SettingsError(f"there is no file {path}; --cluster takes one, or the address of a scheduler")
    try:
        given = dask.config.collect([str(path)], env={})
        (system,) = given["jobqueue"].keys() & SYSTEMS
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise SettingsError(f"{path} must hold jobqueue, and in it one of {', '.join(SYSTEMS)}: {error}") from error
    config = dask.config.merge(dask.config.config, given)
    own = config["jobqueue"][system]
    pinned = [f"export {name}={n}" for name, n in thread_variables(own["cores"] or 1, {}).items()]
    own["processes"] = 1
    own["job-script-prologue"] = [*pinned, *own["job-script-prologue"]]
    own["worker-extra-args"] = ["--nthreads", "1", *own["worker-extra-args"]]
    own["scheduler-options"] = {"dashboard_address": ":0", **own["scheduler-options"]}
    return system, config


def _is_file(cluster: str) -> bool:
    return cluster.endswith((".yaml", ".yml"))


def _gone(cluster: str) -> ClusterError:
    whose = f"the scheduler of the jobs of {cluster}" if _is_file(cluster) else cluster
    return ClusterError(f"{whose} is gone: finished tasks are stored; start a scheduler and run the same command again")
