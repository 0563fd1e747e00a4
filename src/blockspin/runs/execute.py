"""Execute tasks in the order of their dependence, skipping what is stored, in this process or in several.

Every result is on disk before its task counts as done, and a task reads its parents' results from disk, so a
run killed at any instant goes on where it was and ends with the same numbers.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType
from typing import Self

from blockspin.runs.display import Display
from blockspin.runs.store import Store, StoreError
from blockspin.runs.task import Progress, Result, Task, ordered

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "PJRT_NPROC",  # XLA's pool of threads on a CPU
    "NPROC",
)


@dataclass
class Failure:
    """A task that failed, and why: a line for people and the traceback."""

    task: Task
    problem: str
    trace: str


class TaskFailed(RuntimeError):
    """At least one task failed; all that does not depend on it was run. `failures`, `blocked` say which."""

    def __init__(self, failures: list[Failure], blocked: list[Task]) -> None:
        self.failures = failures
        self.blocked = blocked
        named = "; ".join(f"{failure.task}: {failure.problem}" for failure in failures)
        waiting = f" Not run because of that: {', '.join(task.label for task in blocked)}." if blocked else ""
        super().__init__(
            f"{len(failures)} task{'s' * (len(failures) > 1)} failed: {named}.{waiting} The traceback is in log.jsonl"
        )


class _Interrupts:
    """Ctrl-C for the length of a run, remembered, since a library may swallow the KeyboardInterrupt.

    numpy did so while its random module was imported by the first task that used it.
    """

    def __init__(self) -> None:
        self.heard = False
        self.deferring = False

    def __enter__(self) -> Self:
        self.before = signal.getsignal(signal.SIGINT)
        self.ours = threading.current_thread() is threading.main_thread() and callable(self.before)
        if self.ours:
            signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        if self.ours:
            signal.signal(signal.SIGINT, self.before)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.heard = True
        if not self.deferring and callable(self.before):
            self.before(number, frame)

    def check(self) -> None:
        """Raise the KeyboardInterrupt that was heard."""
        if self.heard:
            raise KeyboardInterrupt

    @contextmanager
    def starting_processes(self) -> Iterator[None]:
        """Processes started here never hear Ctrl-C, and this one acts on it only when the block ends.

        A new process inherits the signals that are blocked. Interrupted halfway through a start, this one would
        leave a process without its instructions.
        """
        resource_tracker.ensure_running()  # its own start would lift the block
        self.deferring = True  # another thread may take the signal that this one blocks
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            self.deferring = False
        self.check()


@dataclass
class _State:
    """Which tasks wait, and for what."""

    store: Store
    display: Display
    waiting: list[Task]
    done: set[str]
    interrupts: _Interrupts
    failures: list[Failure] = field(default_factory=list)
    blocked: list[Task] = field(default_factory=list)

    def ready(self) -> Task | None:
        """The first task in order whose parents are all done, taken from those that wait."""
        self.interrupts.check()
        for task in self.waiting:
            if all(parent.key in self.done for parent in task.parents):
                self.waiting.remove(task)
                return task
        return None

    def succeeded(self, task: Task, seconds: float) -> None:
        self.done.add(task.key)
        self.store.log("done", task, seconds=round(seconds, 3))
        self.display.finish(task, seconds)

    def failed(self, failure: Failure, seconds: float) -> None:
        self.failures.append(failure)
        self.store.log(
            "failed", failure.task, seconds=round(seconds, 3), problem=failure.problem, traceback=failure.trace
        )
        lost = {failure.task.key}
        for task in list(self.waiting):  # in order, so children of children are met after them
            if any(parent.key in lost for parent in task.parents):
                lost.add(task.key)
                self.waiting.remove(task)
                self.blocked.append(task)
                self.store.log("blocked", task, by=failure.task.label)
        self.display.finish(failure.task, seconds, failure.problem)


def execute(tasks: Sequence[Task], store: Store, *, workers: int = 1, progress: Display | None = None) -> None:
    """Run the tasks and all that they build on, skipping those whose result is stored and intact.

    workers: 1 runs in this process; more run in as many new processes, each with its share of the cores (the
    calling script then needs the usual ``if __name__ == "__main__"``).
    A task that fails stops only what depends on it. Raises TaskFailed at the end where any did, StoreError at
    once where a result cannot be written, ValueError for workers < 1, KeyboardInterrupt on Ctrl-C; the same
    call then goes on from what is stored. Only one run at a time may work on a store: StoreError for a second.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1; got {workers}")
    display = Display() if progress is None else progress
    with store.locked(), _Interrupts() as interrupts:
        state = _plan(tasks, store, display, interrupts)
        try:
            if min(workers, len(state.waiting)) > 1:
                _in_processes(state, min(workers, len(state.waiting)))
            else:
                _in_process(state)
        except KeyboardInterrupt:
            store.log("interrupted")
            raise
    if state.failures:
        raise TaskFailed(state.failures, state.blocked)


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _plan(tasks: Sequence[Task], store: Store, display: Display, interrupts: _Interrupts) -> _State:
    store.sweep()
    plan = ordered(tasks)
    finished = [task for task in plan if store.has(task)]
    done = {task.key for task in finished}
    waiting = [task for task in plan if task.key not in done]
    for task in waiting:
        if store.path(task).exists():
            store.log("damaged", task)
    display.begin(plan, finished)
    return _State(store, display, waiting, done, interrupts)


def _run(task: Task, store: Store, progress: Progress) -> None:
    result = task.function(task.settings, [store.load(parent) for parent in task.parents], progress)
    if not isinstance(result, Result):
        raise TypeError(f"a task returns a Result; {task.function.__qualname__} returned {type(result).__name__}")
    store.save(task, result)


def _in_process(state: _State) -> None:
    while (task := state.ready()) is not None:
        state.store.log("start", task)
        state.display.start(task)
        started = time.monotonic()
        try:
            _run(task, state.store, _reporter(state, task))
        except StoreError:
            raise
        except Exception as error:
            state.failed(Failure(task, _words(error), traceback.format_exc()), time.monotonic() - started)
        else:
            state.succeeded(task, time.monotonic() - started)


def _reporter(state: _State, task: Task) -> Progress:
    def report(fraction: float, words: str = "") -> None:
        state.interrupts.check()
        state.display.update(task, fraction, words)

    return report


# --- several processes: a process and a pipe a worker. A pool of concurrent.futures would leave its workers behind
# when this process is killed, and would not say which task brought a worker down.


@dataclass(eq=False)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    task: Task | None = None
    started: float = 0.0


def _in_processes(state: _State, n_workers: int) -> None:
    threads = max(1, cores() // n_workers)
    workers: list[_Worker] = []
    try:
        while True:
            idle = [worker for worker in workers if worker.task is None]
            while (idle or len(workers) < n_workers) and (task := state.ready()) is not None:
                worker = idle.pop() if idle else _start(state, threads)
                if worker not in workers:
                    workers.append(worker)
                _give(worker, task, state)
            busy = {worker.pipe: worker for worker in workers if worker.task is not None}
            if not busy:
                return
            for pipe in multiprocessing.connection.wait(list(busy)):
                if not _hear(busy[pipe], state):  # type: ignore[index]
                    workers.remove(busy[pipe])  # type: ignore[index]
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join(5)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()


def _start(state: _State, threads: int) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, state.store.folder), daemon=True)
    with _environment(dict.fromkeys(THREAD_VARIABLES, str(threads))), state.interrupts.starting_processes():
        process.start()
    theirs.close()
    return _Worker(process, ours)


def _give(worker: _Worker, task: Task, state: _State) -> None:
    worker.task, worker.started = task, time.monotonic()
    state.store.log("start", task)
    state.display.start(task)
    # a worker that died while idle leaves a broken pipe, which `_hear` finds
    with suppress(BrokenPipeError, ConnectionResetError):
        worker.pipe.send(task.alone())


def _hear(worker: _Worker, state: _State) -> bool:
    """Take one message from a worker; False where it is dead."""
    task = worker.task
    assert task is not None
    seconds = time.monotonic() - worker.started
    try:
        word, *rest = worker.pipe.recv()
    except (EOFError, ConnectionResetError):
        worker.process.join()
        code = worker.process.exitcode or 0
        ending = f"signal {-code}" if code < 0 else f"exit code {code}"
        problem = f"its process died ({ending}); out of memory is the usual cause"
        state.failed(Failure(task, problem, ""), seconds)
        return False
    if word == "progress":
        state.display.update(task, *rest)
        return True
    worker.task = None
    if word == "done":
        state.succeeded(task, *rest)
    elif word == "failed":
        state.failed(Failure(task, *rest), seconds)
    else:
        raise StoreError(*rest)
    return True


def _work(pipe: Connection, folder: Path) -> None:
    """The life of a worker: a task comes, is run and stored; its end is told. Ends with the parent process."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    store = Store(folder)
    while True:
        try:
            task: Task = pipe.recv()
        except EOFError:
            return
        started = time.monotonic()
        try:
            _run(task, store, _sender(pipe.send))
        except StoreError as error:
            pipe.send(("unwritable", str(error)))
        except Exception as error:
            pipe.send(("failed", _words(error), traceback.format_exc()))
        else:
            pipe.send(("done", time.monotonic() - started))


def _sender(send: Callable[[tuple[str, float, str]], None], every: float = 0.1) -> Progress:
    last = 0.0

    def report(fraction: float, words: str = "") -> None:
        nonlocal last
        if time.monotonic() - last >= every:
            last = time.monotonic()
            send(("progress", float(fraction), str(words)))

    return report


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
