"""What a run shows while it works: bars with the time left on a terminal, plain lines elsewhere."""

import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Self, TextIO

from rich.progress import TaskID
from rich.text import Text

from blockspin.progress import bars, duration
from blockspin.runs.costs import PRIOR, Costs
from blockspin.runs.task import Task

TOLD = {
    "done": "done in {seconds}",
    "failed": "failed after {seconds}: {problem}",
    "found": "done by another run",
    "again": "to be tried again",
}


class Display:
    """Follows a run and shows nothing: how many tasks are done, running and left, the share done and the time left.

    Work is in expected seconds: the tasks' weights, corrected kind by kind by what tasks of the kind took, here or in
    the runs next to this one. The time left is at the pace of this session, begun at one expected second a second and
    worker; before a fiftieth of the work is done, it is shown only where most kinds are measured.
    """

    def begin(self, tasks: Sequence[Task], done: Sequence[Task], costs: Costs, workers: int) -> None:
        """The run starts with these tasks, some done before; what tasks have cost, and how many run at once."""
        self.costs, self.workers, self.started = costs, workers, time.monotonic()
        self.tasks = {task.key: task for task in tasks}  # that are left
        self.running: dict[str, float] = {}  # the fraction done
        self.n_done = self.n_failed = 0
        # weights by kind: of all, of what is left, of what this session did
        self.all, self.left, self.ours = (defaultdict[str, float](float) for _ in range(3))
        for task in tasks:
            self.all[task.kind] += task.weight
            self.left[task.kind] += task.weight
        for task in done:
            self._count("found", task)
        measured = sum(weight for kind, weight in self.left.items() if kind in costs.kinds)
        self.known = measured > 0.5 * sum(self.left.values())

    def hear(self, event: str, task: Task, **facts: Any) -> None:
        """What becomes of a task: start; progress (fraction, words); done (seconds); failed (seconds, problem); found
        (another run finished it); again (it was given up, to be tried again).
        """
        self._count(event, task, **facts)

    @property
    def counts(self) -> str:
        """How many tasks are done, running, failed and left."""
        failed = f"{self.n_failed} failed" if self.n_failed else ""
        running = len(self.running)
        return _joined(f"{self.n_done} done", f"{running} running", failed, f"{len(self.tasks) - running} to come")

    @property
    def percent(self) -> float:
        """The share done; 100 sharp in the end."""
        return 100 * (1 - self._remaining / self._seconds(self.all)) if self.tasks else 100.0

    @property
    def time_left(self) -> str:
        """Such as "3 min 5 s left"; "" where nothing can be said yet, or nothing is left."""
        gained, remaining = self._seconds(self.ours) + self._begun, self._remaining
        if not remaining or not (self.known or gained >= 0.02 * (gained + remaining)):
            return ""
        pace = (time.monotonic() - self.started + PRIOR / self.workers) / (gained + PRIOR)
        return f"{duration(remaining * pace)} left"

    @property
    def _remaining(self) -> float:
        return max(0.0, self._seconds(self.left) - self._begun) if self.tasks else 0.0

    @property
    def _begun(self) -> float:
        return sum(self.costs.seconds(self.tasks[key]) * part for key, part in self.running.items())

    def _seconds(self, weights: dict[str, float]) -> float:
        return sum(weight * self.costs.ratio(kind) for kind, weight in weights.items())

    def _count(self, event: str, task: Task, fraction: float = 0.0, seconds: float = 0.0, **_: object) -> None:
        if event in ("start", "progress"):
            self.running[task.key] = min(max(fraction, 0.0), 1.0)
            return
        self.running.pop(task.key, None)
        if event == "again":
            return
        del self.tasks[task.key]
        self.left[task.kind] -= task.weight
        self.n_failed += event == "failed"
        self.n_done += event != "failed"
        if event != "found":
            self.ours[task.kind] += task.weight
        if event == "done":
            self.costs.add(task.kind, task.weight, seconds, 0.0)


class Shown(Display):
    """The lines `first`, then a line when a task ends. On a terminal also a bar for the run, with the time left, and
    one for each running task; elsewhere a line on a running task at most every `every` seconds.
    """

    def __init__(self, stream: TextIO | None = None, every: float = 5.0, first: Iterable[str] = ()) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.every, self.last = every, time.monotonic()
        self.bars = bars(self.stream)
        self.rows: dict[str, TaskID] = {}
        for line in first:
            self._print(line)

    def begin(self, tasks: Sequence[Task], done: Sequence[Task], costs: Costs, workers: int) -> None:
        super().begin(tasks, done, costs, workers)
        if self.bars is not None:
            self.whole = self.bars.add_task(f"{len(tasks)} tasks", total=100, words="")
            self.bars.start()
        else:
            before = f"{len(done)} done before" if done else ""
            self._print(_joined(f"{len(tasks)} tasks", before, self.time_left))

    def hear(self, event: str, task: Task, **facts: Any) -> None:
        super().hear(event, task, **facts)
        if event in TOLD:
            if self.bars is not None and task.key in self.rows:
                self.bars.remove_task(self.rows.pop(task.key))
            self._say(task, TOLD[event].format(**facts | {"seconds": duration(facts.get("seconds", 0.0))}))
        elif self.bars is not None:
            if event == "start":
                self.rows[task.key] = self.bars.add_task(task.label, total=1.0, words="")
            else:
                self.bars.update(self.rows[task.key], completed=facts["fraction"], words=facts["words"])
        elif event == "progress" and time.monotonic() - self.last >= self.every:
            self._say(task, _joined(f"{facts['fraction']:.0%}", facts["words"]))
        if self.bars is not None:
            words = _joined(self.counts, self.time_left)
            self.bars.update(self.whole, completed=self.percent, words=words)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bars is not None:
            self.bars.stop()

    def _say(self, task: Task, words: str) -> None:
        if self.bars is not None:
            self.bars.console.print(Text(f"{task.label}: {words}"))
        else:
            share = _joined(f"{self.percent:3.0f} %", self.time_left)
            self._print(f"[{share}; {self.counts}] {task.label}: {words}")

    def _print(self, line: str) -> None:
        self.last = time.monotonic()
        print(line, file=self.stream, flush=True)


def _joined(*words: str) -> str:
    return ", ".join(filter(None, words))
