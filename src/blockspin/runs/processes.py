"""Tasks in several processes of this computer: a process and a pipe a worker.

A pool of concurrent.futures would leave its workers behind when this process is killed, and would not say which task
brought a worker down.
"""

import multiprocessing
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from blockspin.runs.schedule import Schedule, Workers
from blockspin.runs.store import Store
from blockspin.runs.task import Task
from blockspin.runs.work import cores, perform, thread_variables, throttled, words_of_the_dead


@dataclass(eq=False)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    task: Task | None = None


class Processes(Workers):
    """So many new processes, each with its share of the cores."""

    def __init__(self, state: Schedule, n: int) -> None:
        super().__init__(state)
        self.n = n
        self.idle: list[_Worker] = []
        self.at_work: dict[Connection, _Worker] = {}

    def room(self) -> bool:
        return len(self.at_work) < self.n

    def busy(self) -> bool:
        return bool(self.at_work)

    def give(self, task: Task) -> None:
        worker = self.idle.pop() if self.idle else self._start()
        worker.task = task
        self.at_work[worker.pipe] = worker
        # a worker that died while idle leaves a broken pipe, which `wait` finds
        with suppress(BrokenPipeError, ConnectionResetError):
            worker.pipe.send(task.alone())

    def wait(self, patience: float | None) -> None:
        for pipe in connection.wait(list(self.at_work), patience):
            assert isinstance(pipe, Connection)
            self._hear(self.at_work[pipe])

    def close(self) -> None:
        workers = [*self.idle, *self.at_work.values()]
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join(2)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        of_the_work = (theirs, self.state.store.folder, self.state.name)
        process = context.Process(target=_work, args=of_the_work, daemon=True)
        variables = thread_variables(max(1, cores() // self.n), os.environ)  # only those that are not set
        os.environ.update(variables)
        try:
            with self.state.interrupts.starting_processes():
                process.start()
        finally:
            for name in variables:
                del os.environ[name]
        theirs.close()
        return _Worker(process, ours)

    def _hear(self, worker: _Worker) -> None:
        task = worker.task
        assert task is not None
        try:
            word, *rest = worker.pipe.recv()
        except (EOFError, ConnectionResetError):
            del self.at_work[worker.pipe]
            worker.process.join()
            code = worker.process.exitcode or 0
            ending = f"signal {-code}" if code < 0 else f"exit code {code}"
            self.state.died(task, ending, words_of_the_dead(task, self.state.store, self.state.name)[0])
            return
        if word == "begun":
            self.state.started(task)
        elif word == "progress":
            self.state.told(task, *rest)
        else:
            self.idle.append(self.at_work.pop(worker.pipe))
            self.state.ended(task, (word, *rest))


def _work(pipe: Connection, folder: Path, run: str) -> None:
    """The life of a worker: a task comes, is performed, and the outcome is reported. Ends with the parent process."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    store = Store(folder)
    with suppress(EOFError):
        while True:
            task: Task = pipe.recv()
            told = throttled(lambda fraction, said: pipe.send(("progress", fraction, said)), 0.1)
            pipe.send(perform(task, store, lambda: pipe.send(("begun",)), told, run))


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
