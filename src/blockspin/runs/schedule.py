"""A run at work: what waits for what, what other runs have in hand, what failed, what to try again; and its loop."""

from __future__ import annotations

import heapq
import secrets
import time
from collections.abc import Sequence
from typing import NamedTuple

from blockspin.runs.display import Display
from blockspin.runs.interrupts import Interrupts
from blockspin.runs.store import Store, StoreError
from blockspin.runs.task import Task, ordered
from blockspin.runs.work import Outcome

ATTEMPTS = 3  # of a task that brings its process down; an error in Python is the same each time, and told at once
GLANCE = 0.2  # seconds between two looks at what other runs have in hand, at first
LONGEST_GLANCE = 3.0


class Failure(NamedTuple):
    """A task that failed, and why: a line for people and the traceback, or the log of the process that died."""

    task: Task
    problem: str
    trace: str


class TaskFailed(RuntimeError):
    """At least one task failed; all that does not depend on it was run. `failures`, `blocked` say which."""

    def __init__(self, failures: list[Failure], blocked: list[Task]) -> None:
        self.failures = failures
        self.blocked = blocked
        named = "; ".join(f"{failure.task}: {failure.problem}" for failure in failures[:6])
        more = f"; and {len(failures) - 6} more" if len(failures) > 6 else ""
        waiting = f" Not run because of that: {_labels(blocked)}." if blocked else ""
        super().__init__(
            f"{len(failures)} task{'s' * (len(failures) > 1)} failed: {named}{more}.{waiting} "
            "The traceback is in log.jsonl"
        )


class Workers:
    """Who computes: this process, others of this machine, or a cluster. They tell the schedule what came of it."""

    def room(self) -> bool:
        """Whether they take one more task now."""
        return True

    def give(self, task: Task) -> None:
        """Have the task computed."""
        raise NotImplementedError

    def busy(self) -> bool:
        """Whether a task is with them."""
        return False

    def wait(self, patience: float | None) -> None:
        """Wait for news of the tasks that are with them, at most so long (seconds), and pass them on."""

    def close(self) -> None:
        """Give up what they are at, and leave."""


class Schedule:
    """Which tasks are ready, and what became of the others."""

    def __init__(self, tasks: Sequence[Task], store: Store, display: Display, interrupts: Interrupts) -> None:
        self.store, self.display, self.interrupts = store, display, interrupts
        self.name = secrets.token_hex(6)  # of this run, in the logs of its workers
        self.failures: list[Failure] = []
        self.blocked: list[Task] = []
        self.plan = ordered(tasks)
        self.place = {task.key: n for n, task in enumerate(self.plan)}
        self.finished = [task for task in self.plan if store.has(task)]
        done = {task.key for task in self.finished}
        self.waiting = {task.key: task for task in self.plan if task.key not in done}
        self.children: dict[str, list[Task]] = {}
        self.needs: dict[str, int] = {}
        for task in self.waiting.values():
            if store.path(task).exists():
                store.log("damaged", task)
            missing = {parent.key for parent in task.parents} - done
            self.needs[task.key] = len(missing)
            for key in missing:
                self.children.setdefault(key, []).append(task)
        self.free = [self.place[key] for key, n in self.needs.items() if not n]  # a heap: the order of the plan
        self.elsewhere: list[Task] = []  # in the hands of other runs, when last looked at
        self.begun: dict[str, float] = {}  # when
        self.attempts: dict[str, int] = {}
        self.looked, self.glance = 0.0, GLANCE

    def run(self, workers: Workers) -> None:
        """Give out the tasks until none is left, here or in the hands of other runs. Raises StoreError."""
        try:
            while True:
                while workers.room() and (task := self._ready()) is not None:
                    workers.give(task)
                if workers.busy():
                    # with room to spare, look now and then whether another run has let go of something
                    workers.wait(self.glance if self.elsewhere and workers.room() else None)
                elif self.free or self.elsewhere:
                    time.sleep(max(0.0, self.looked + self.glance - time.monotonic()))
                else:
                    return
        finally:
            with self.interrupts.held():
                workers.close()

    def started(self, task: Task) -> None:
        """A worker has begun a task."""
        self.begun[task.key] = time.monotonic()
        self.store.log("start", task)
        self.display.start(task)

    def told(self, task: Task, fraction: float, words: str) -> None:
        """A task has come so far."""
        if task.key in self.begun:
            self.display.update(task, fraction, words)

    def ended(self, task: Task, outcome: Outcome) -> None:
        """A worker is through with a task, as `work.perform` says. Raises StoreError where it could not write."""
        word, *rest = outcome
        if word == "unwritable":
            raise StoreError(*rest)
        if word in ("done", "failed") and task.key not in self.begun:
            self.started(task)  # what a worker of a cluster said of it is still on its way
        if word == "done":
            self._succeeded(task, *rest)
        elif word == "failed":
            self._failed(Failure(task, *rest))
        elif word == "elsewhere":
            self._found(task)
        else:
            self._again(task)
            self._leave(task)

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
        heapq.heappush(self.free, self.place[task.key])

    def _ready(self) -> Task | None:
        """The first task in order whose parents are all done, as far as this run knows."""
        self.interrupts.check()
        if self.elsewhere and time.monotonic() - self.looked >= self.glance:
            self._look_elsewhere()
        if not self.free:
            return None
        return self.waiting.pop(self.plan[heapq.heappop(self.free)].key)

    def _succeeded(self, task: Task, seconds: float) -> None:
        size = self.store.path(task).stat().st_size
        self.store.log("done", task, seconds=round(seconds, 3), weight=task.weight, bytes=size)
        self.begun.pop(task.key)
        self._free_children(task)
        self.display.end(task, "done", seconds)

    def _found(self, task: Task) -> None:
        self.waiting.pop(task.key, None)
        self.glance = GLANCE
        self._free_children(task)
        self.display.end(task, "elsewhere")

    def _failed(self, failure: Failure) -> None:
        """A task failed for good, and what builds on it cannot be run."""
        task, problem, trace = failure
        seconds = time.monotonic() - self.begun.pop(task.key, time.monotonic())
        self.failures.append(failure)
        self.store.log("failed", task, seconds=round(seconds, 3), problem=problem, traceback=trace)
        lost = [task]
        blocked: list[Task] = []
        while lost:
            for child in self.children.get(lost.pop().key, []):
                if child.key in self.waiting:
                    lost.append(self.waiting.pop(child.key))
                    blocked.append(child)
        for child in sorted(blocked, key=lambda one: self.place[one.key]):
            self.blocked.append(child)
            self.store.log("blocked", child, by=task.label)
        self.display.end(task, "failed", seconds, problem)

    def _again(self, task: Task) -> None:
        self.waiting[task.key] = task
        self.begun.pop(task.key, None)
        self.display.again(task)

    def _leave(self, task: Task) -> None:
        self.elsewhere.append(task)
        if len(self.elsewhere) == 1:
            self.looked = time.monotonic()

    def _look_elsewhere(self) -> None:
        self.looked, self.glance = time.monotonic(), min(LONGEST_GLANCE, 1.5 * self.glance)
        left, self.elsewhere = self.elsewhere, []
        for task in left:
            if self.store.has(task):
                self._found(task)
            else:
                heapq.heappush(self.free, self.place[task.key])

    def _free_children(self, task: Task) -> None:
        for child in self.children.get(task.key, []):
            self.needs[child.key] -= 1
            if not self.needs[child.key] and child.key in self.waiting:
                heapq.heappush(self.free, self.place[child.key])


def _labels(tasks: Sequence[Task], most: int = 12) -> str:
    more = f" and {len(tasks) - most} more" if len(tasks) > most else ""
    return ", ".join(task.label for task in tasks[:most]) + more
