"""The state of a run at work: what waits for what, what other runs have in hand, what failed, what to try again."""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence

from blockspin.locks import Claim
from blockspin.runs.display import Display
from blockspin.runs.interrupts import Interrupts
from blockspin.runs.store import Store
from blockspin.runs.task import Task, ordered

ATTEMPTS = 3  # of a task that brings its process down; an error in Python is the same each time, and told at once
GLANCE = 0.2  # seconds between two looks at what other runs have in hand, at first
LONGEST_GLANCE = 3.0


class Failure:
    """A task that failed, and why: a line for people and the traceback, or the log of the process that died."""

    def __init__(self, task: Task, problem: str, trace: str) -> None:
        self.task = task
        self.problem = problem
        self.trace = trace


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


class Schedule:
    """Which tasks are ready, and what became of the others.

    claiming: take the claim of a task before it is given out; a cluster's workers take it themselves.
    """

    def __init__(
        self, tasks: Sequence[Task], store: Store, display: Display, interrupts: Interrupts, *, claiming: bool = True
    ) -> None:
        self.store = store
        self.display = display
        self.interrupts = interrupts
        self.claiming = claiming
        self.failures: list[Failure] = []
        self.blocked: list[Task] = []
        self.plan = ordered(tasks)
        self.place = {task.key: n for n, task in enumerate(self.plan)}
        finished = [task for task in self.plan if store.has(task)]
        done = {task.key for task in finished}
        self.waiting = {task.key: task for task in self.plan if task.key not in done}
        for task in self.waiting.values():
            if store.path(task).exists():
                store.log("damaged", task)
        self.children: dict[str, list[Task]] = {}
        self.needs: dict[str, int] = {}
        for task in self.waiting.values():
            missing = {parent.key for parent in task.parents} - done
            self.needs[task.key] = len(missing)
            for key in missing:
                self.children.setdefault(key, []).append(task)
        self.free = [self.place[key] for key, n in self.needs.items() if not n]  # a heap: the order of the plan
        self.elsewhere: list[int] = []  # in the hands of other runs, when last looked at
        self.claims: dict[str, Claim] = {}
        self.attempts: dict[str, int] = {}
        self.looked, self.glance = 0.0, GLANCE
        display.begin(self.plan, finished)

    @property
    def over(self) -> bool:
        """Whether nothing is left to give out, here or in the hands of other runs."""
        return not self.free and not self.elsewhere

    def ready(self) -> Task | None:
        """The first task in order whose parents are all done and that no other run has in hand; now this run's."""
        self.interrupts.check()
        self._look_elsewhere()
        while self.free:
            place = heapq.heappop(self.free)
            task = self.plan[place]
            if not self.claiming:
                del self.waiting[task.key]
                return task
            claim = self.store.claim(task)
            if claim is None:
                self._leave(place)
                continue
            if self.store.path(task).exists() and self.store.has(task):
                claim.release()
                self.found(task)
                continue
            self.claims[task.key] = claim
            del self.waiting[task.key]
            return task
        return None

    def rest(self, most: float = LONGEST_GLANCE) -> None:
        """Wait a moment for other runs to get on."""
        time.sleep(max(0.0, min(most, self.looked + self.glance - time.monotonic())))

    def busy(self, task: Task) -> None:
        """A worker found the task in the hands of another run: look again later."""
        self.waiting[task.key] = task
        self.display.leave(task)
        self._leave(self.place[task.key])

    def found(self, task: Task) -> None:
        """Another run finished the task."""
        self.waiting.pop(task.key, None)
        self.glance = GLANCE
        self._free_children(task)
        self.display.found(task)

    def started(self, task: Task) -> None:
        """A task begins."""
        self.store.log("start", task)
        self.display.start(task)

    def succeeded(self, task: Task, seconds: float) -> None:
        """The task's result is stored."""
        size = self.store.path(task).stat().st_size
        self.store.log("done", task, seconds=round(seconds, 3), weight=task.weight, bytes=size)
        self._release(task)
        self._free_children(task)
        self.display.finish(task, seconds)

    def died(self, task: Task, ending: str, seconds: float, trace: str, attempts: int = 1) -> None:
        """The task brought its process down, once or `attempts` times: it is tried again, so many times in all."""
        tried = self.attempts[task.key] = self.attempts.get(task.key, 0) + attempts
        if tried >= ATTEMPTS:
            problem = (
                f"its process died ({ending}) in each of {tried} attempts; out of memory, or a time limit shorter "
                "than the task, are the usual causes"
            )
            self.failed(Failure(task, problem, trace), seconds)
            return
        self.store.log("died", task, ending=ending, attempt=tried, log=trace)
        self._release(task)
        self.waiting[task.key] = task
        heapq.heappush(self.free, self.place[task.key])
        self.display.leave(task)

    def failed(self, failure: Failure, seconds: float) -> None:
        """The task failed for good, and what builds on it cannot be run."""
        self.failures.append(failure)
        self.store.log(
            "failed", failure.task, seconds=round(seconds, 3), problem=failure.problem, traceback=failure.trace
        )
        self._release(failure.task)
        lost = [failure.task]
        blocked: dict[int, Task] = {}
        while lost:
            for child in self.children.get(lost.pop().key, []):
                if child.key in self.waiting:
                    lost.append(self.waiting.pop(child.key))
                    blocked[self.place[child.key]] = child
        for _, task in sorted(blocked.items()):
            self.blocked.append(task)
            self.store.log("blocked", task, by=failure.task.label)
        self.display.finish(failure.task, seconds, failure.problem)

    def close(self) -> None:
        """Give back every claim."""
        for claim in self.claims.values():
            claim.release()
        self.claims.clear()

    def _leave(self, place: int) -> None:
        self.elsewhere.append(place)
        if len(self.elsewhere) == 1:
            self.looked = time.monotonic()

    def _look_elsewhere(self) -> None:
        if not self.elsewhere or time.monotonic() - self.looked < self.glance:
            return
        self.looked, self.glance = time.monotonic(), min(LONGEST_GLANCE, 1.5 * self.glance)
        left, self.elsewhere = self.elsewhere, []
        for place in left:
            task = self.plan[place]
            if self.store.path(task).exists() and self.store.has(task):
                self.found(task)
            else:
                heapq.heappush(self.free, place)

    def _release(self, task: Task) -> None:
        claim = self.claims.pop(task.key, None)
        if claim is not None:
            claim.release()

    def _free_children(self, task: Task) -> None:
        for child in self.children.get(task.key, []):
            self.needs[child.key] -= 1
            if not self.needs[child.key] and child.key in self.waiting:
                heapq.heappush(self.free, self.place[child.key])


def _labels(tasks: Sequence[Task], most: int = 12) -> str:
    more = f" and {len(tasks) - most} more" if len(tasks) > most else ""
    return ", ".join(task.label for task in tasks[:most]) + more
