"""Tasks in several processes of this machine: a process and a pipe a worker.

A pool of concurrent.futures would leave its workers behind when this process is killed, and would not say which task
brought a worker down.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from blockspin.runs.schedule import Failure, Schedule
from blockspin.runs.store import Store, StoreError
from blockspin.runs.task import Progress, Task
from blockspin.runs.work import compute, cores, last_words, thread_variables, throttled, words, words_of_the_dead


@dataclass(eq=False)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    task: Task | None = None
    started: float = 0.0


def in_processes(state: Schedule, n_workers: int) -> None:
    """Run what the schedule gives in so many new processes, each with its share of the cores."""
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
                if state.over:
                    return
                state.rest()
                continue
            # with room to spare, look now and then whether another run has let go of something
            patience = state.glance if len(busy) < n_workers and state.elsewhere else None
            for pipe in multiprocessing.connection.wait(list(busy), patience):
                if not _hear(busy[pipe], state):  # type: ignore[index]
                    workers.remove(busy[pipe])  # type: ignore[index]
    finally:
        with state.interrupts.held():
            _end(workers)


def _end(workers: list[_Worker]) -> None:
    for worker in workers:
        worker.process.terminate()
    for worker in workers:
        worker.process.join(2)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.pipe.close()


def _start(state: Schedule, threads: int) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, state.store.folder), daemon=True)
    with _environment(thread_variables(threads, os.environ)), state.interrupts.starting_processes():
        process.start()
    theirs.close()
    return _Worker(process, ours)


def _give(worker: _Worker, task: Task, state: Schedule) -> None:
    worker.task, worker.started = task, time.monotonic()
    state.started(task)
    # a worker that died while idle leaves a broken pipe, which `_hear` finds
    with suppress(BrokenPipeError, ConnectionResetError):
        worker.pipe.send(task.alone())


def _hear(worker: _Worker, state: Schedule) -> bool:
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
        state.died(task, ending, seconds, words_of_the_dead(task, state.store))
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
            with last_words(task, store, _sender(pipe)) as progress:
                compute(task, store, progress)
        except StoreError as error:
            pipe.send(("unwritable", str(error)))
        except Exception as error:
            pipe.send(("failed", words(error), traceback.format_exc()))
        else:
            pipe.send(("done", time.monotonic() - started))


def _sender(pipe: Connection) -> Progress:
    return throttled(lambda fraction, told: pipe.send(("progress", fraction, told)), 0.1)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


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
