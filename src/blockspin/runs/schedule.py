"""A run at work: what waits for what, what other runs have in hand, what failed, what to try again; and its loop."""

from __future__ import annotations

import heapq
import secrets
import time
from collections.abc import Iterable, Sequence
from graphlib import TopologicalSorter
from typing import Any, NamedTuple

from blockspin.runs.display import Display
from blockspin.runs.interrupts import Interrupts
from blockspin.runs.store import Store, StoreError
from blockspin.runs.task import Task, ordered
from blockspin.runs.work import Outcome, perform

ATTEMPTS = 3  # of a task that brings its process down; an error in Python is the same each time, and told at once
GLANCE = 0.5  # seconds between two looks at what other runs have in hand


class Failure(NamedTuple):
    """A task that failed, and why: a line for people and the traceback, or the log of the process that died."""

    task: Task
    problem: str
    trace: str


class TaskFailed(RuntimeError):
    """At least one task failed; all that does not depend on it was run. `failures` says which."""

    def __init__(self, failures: list[Failure], blocked: list[Task]) -> None:
        self.failures = failures
        named = _some([f"{failure.task}: {failure.problem}" for failure in failures], "; ", 6)
        waiting = f" Not run because of that: {_some([task.label for task in blocked], ', ', 12)}." if blocked else ""
        number = f"{len(failures)} task{'s' * (len(failures) > 1)}"
        super().__init__(f"{number} failed: {named}.{waiting} The traceback is in log.jsonl")


class Schedule:
    """Which tasks are ready, and what became of the others."""

    def __init__(self, tasks: Sequence[Task], store: Store, display: Display, interrupts: Interrupts) -> None:
        self.store, self.display, self.interrupts = store, display, interrupts
        self.name = secrets.token_hex(6)  # of this run, in the logs of its workers
        self.failures: list[Failure] = []
        self.plan = ordered(tasks)
        self.place = {task.key: n for n, task in enumerate(self.plan)}
        self.finished = [task for task in self.plan if store.has(task)]
        done = {task.key for task in self.finished}
        self.left = {task.key: task for task in self.plan if task.key not in done}
        for task in self.left.values():
            if store.path(task).exists():
                store.log("damaged", task)
        self.graph = TopologicalSorter(
            {key: [parent.key for parent in task.parents if parent.key in self.left] for key, task in self.left.items()}
        )
        self.graph.prepare()
        self.free: list[int] = []  # a heap: the order of the plan
        self._free(self.graph.get_ready())
        self.elsewhere: list[Task] = []  # in the hands of other runs, when last looked at
        self.looked = 0.0
        self.begun: dict[str, float] = {}  # when
        self.attempts: dict[str, int] = {}

    def run(self, workers: Workers) -> None:
        """Give out the tasks until none is left, here or in the hands of other runs. Raises StoreError."""
        try:
            while True:
                while workers.room() and (task := self._ready()) is not None:
                    workers.give(task)
                if workers.busy():
                    # with room to spare, look now and then whether another run has let go of something
                    workers.wait(GLANCE if self.elsewhere and workers.room() else None)
                elif self.elsewhere:
                    time.sleep(GLANCE)
                else:
                    return
        finally:
            with self.interrupts.held():
                workers.close()

    def started(self, task: Task) -> None:
        """A worker has begun a task."""
        self.begun[task.key] = time.monotonic()
        self._tell("start", task)

    def told(self, task: Task, fraction: float, words: str) -> None:
        """A task has come so far."""
        if task.key in self.begun:
            self.display.hear("progress", task, fraction=fraction, words=words)

    def ended(self, task: Task, outcome: Outcome) -> None:
        """A worker is through with a task, as `work.perform` says. Raises StoreError where it could not write."""
        word, *rest = outcome
        if word == "unwritable":
            raise StoreError(*rest)
        if word in ("done", "failed") and task.key not in self.begun:
            self.started(task)  # what a worker of a cluster said of it is still on its way
        if word == "done":
            size = self.store.path(task).stat().st_size
            facts = {"seconds": round(rest[0], 3), "weight": task.weight, "bytes": size, "device": rest[1]}
            self._tell("done", task, **facts)
            self._done(task)
        elif word == "failed":
            self._failed(Failure(task, *rest))
        elif word == "found":
            self._found(task)
        else:
            self._again(task)
            self.elsewhere.append(task)

    def died(self, task: Task, ending: str, trace: str, attempts: int = 1) -> None:
        """The task brought its process down, once or `attempts` times: it is tried again, so many times in all."""
        tried = self.attempts[task.key] = self.attempts.get(task.key, 0) + attempts
        if tried >= ATTEMPTS:
            problem = (
                f"its process died ({ending}) in each of {tried} attempts; out of memory, or a time limit shorter "
                "than the task, are the usual causes"
            )
            self._failed(Failure(task, problem, trace))
            return
        self.store.log("died", task, ending=ending, attempt=tried, log=trace)
        self._again(task)
        self._free([task.key])

    def check(self) -> None:
        """Raise TaskFailed where a task failed, and note which were not run because of that."""
        if not self.failures:
            return
        cause = {failure.task.key: failure.task.label for failure in self.failures}
        for task in self.left.values():
            cause[task.key] = next(cause[parent.key] for parent in task.parents if parent.key in cause)
            self.store.log("blocked", task, by=cause[task.key])
        raise TaskFailed(self.failures, list(self.left.values()))

    def _ready(self) -> Task | None:
        """The first task in order whose parents are all done, as far as this run knows."""
        self.interrupts.check()
        if self.elsewhere and time.monotonic() - self.looked >= GLANCE:
            self.looked = time.monotonic()
            before, self.elsewhere = self.elsewhere, []
            for task in before:
                if self.store.has(task):
                    self._found(task)
                else:
                    self._free([task.key])
        return self.plan[heapq.heappop(self.free)] if self.free else None

    def _found(self, task: Task) -> None:
        self.display.hear("found", task)
        self._done(task)

    def _done(self, task: Task) -> None:
        del self.left[task.key]
        self.begun.pop(task.key, None)
        self.graph.done(task.key)
        self._free(self.graph.get_ready())

    def _failed(self, failure: Failure) -> None:
        task, problem, trace = failure
        del self.left[task.key]
        seconds = time.monotonic() - self.begun.pop(task.key, time.monotonic())
        self.failures.append(failure)
        self._tell("failed", task, seconds=round(seconds, 3), problem=problem, traceback=trace)

    def _again(self, task: Task) -> None:
        if self.begun.pop(task.key, None) is not None:
            self.display.hear("again", task)

    def _free(self, keys: Iterable[str]) -> None:
        for key in keys:
            heapq.heappush(self.free, self.place[key])

    def _tell(self, event: str, task: Task, **facts: Any) -> None:
        self.store.log(event, task, **facts)
        self.display.hear(event, task, **facts)


class Workers:
    """Who computes, and tells the schedule what came of it: here this process, one task after the other."""

    def __init__(self, state: Schedule) -> None:
        self.state = state

    def room(self) -> bool:
        """Whether one more task may be given now."""
        return True

    def give(self, task: Task) -> None:
        """Have the task computed."""

        def progress(fraction: float, words: str = "") -> None:
            self.state.interrupts.check()
            self.state.told(task, fraction, words)

        outcome = perform(task, self.state.store, lambda: self.state.started(task), progress)
        if outcome[0] == "failed":
            self.state.interrupts.check()  # a library may have made another error of it
        self.state.ended(task, outcome)

    def busy(self) -> bool:
        """Whether a task is with them."""
        return False

    def wait(self, patience: float | None) -> None:
        """Wait for news of the tasks that are with them, at most so long (seconds), and pass them on."""

    def close(self) -> None:
        """Give up what they are at, and leave."""


def _some(words: list[str], between: str, most: int) -> str:
    more = [f"and {len(words) - most} more"] if len(words) > most else []
    return between.join([*words[:most], *more])
