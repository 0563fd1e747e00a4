"""What tasks cost: seconds and bytes by kind, from the logs of runs on this machine; and how long a run will take.

A task's weight is a rough cost in seconds of one core; what a kind really took, over what its weights promised, is
measured whenever a task ends, and corrects the promise of the others. A kind's first task also compiles, which took
16 s where its weight said 1: a ratio therefore starts from that of all kinds (that from 1), with the weight `PRIOR`.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from blockspin.progress import duration
from blockspin.runs.store import read_log
from blockspin.runs.task import Task

PRIOR = 20.0  # seconds


class Kind(NamedTuple):
    """Sums over the finished tasks of a kind: how many, their weights, seconds and bytes."""

    n: int = 0
    weight: float = 0.0
    seconds: float = 0.0
    bytes: float = 0.0


class Costs:
    """Measured costs by kind of task; `seconds` and `bytes` say what a task is likely to take."""

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = {}

    def add(self, kind: str, weight: float, seconds: float, size: float) -> None:
        """A task of this kind ended."""
        old = self.kinds.get(kind, Kind())
        self.kinds[kind] = Kind(old.n + 1, old.weight + weight, old.seconds + seconds, old.bytes + size)

    @property
    def pace(self) -> float:
        """Seconds a unit of weight over all kinds; 1 where nothing is measured."""
        seconds = sum(kind.seconds for kind in self.kinds.values())
        return (seconds + PRIOR) / (sum(kind.weight for kind in self.kinds.values()) + PRIOR)

    def ratio(self, name: str) -> float:
        """Seconds a unit of weight of tasks of this kind."""
        kind = self.kinds.get(name, Kind())
        return (kind.seconds + PRIOR * self.pace) / (kind.weight + PRIOR)

    def seconds(self, task: Task) -> float:
        """Expected seconds of a task."""
        return task.weight * self.ratio(task.kind)

    def bytes(self, task: Task) -> float | None:
        """Expected size of a task's file; None where none of its kind is known."""
        kind = self.kinds.get(task.kind)
        return task.weight * kind.bytes / kind.weight if kind else None


def measured(folders: Iterable[Path]) -> Costs:
    """The costs that the logs of these runs' folders tell; a folder without a log tells none."""
    costs = Costs()
    for event in (event for folder in folders for event in read_log(folder)):
        match event:
            case {
                "event": "done",
                "kind": str(kind),
                "weight": float() | int() as weight,
                "seconds": float() | int() as seconds,
                "bytes": float() | int() as size,
            }:
                costs.add(kind, weight, seconds, size)
    return costs


def beside(folder: Path) -> list[Path]:
    """The folder and those next to it: where runs of this machine are likely to have left their logs."""
    try:
        return [folder, *sorted(path.parent for path in folder.parent.glob("*/settings.toml") if path.parent != folder)]
    except OSError:
        return [folder]


class Forecast:
    """How many tasks of a run are done, running, failed and left, the share of its work that is done, the time left.

    Work is in expected seconds: the tasks' weights, corrected kind by kind by what tasks of the kind took, here or in
    the runs beside this one. The time left is at the pace of this session, begun at one expected second a second and
    worker; before a fiftieth of the work is done, it is told only where most kinds are measured.
    """

    def __init__(self, tasks: Sequence[Task], done: Sequence[Task], costs: Costs, workers: int) -> None:
        self.costs, self.workers = costs, workers
        self.tasks = {task.key: task for task in tasks}  # that are left
        self.running: dict[str, float] = {}  # the fraction done
        self.n_done = self.n_failed = 0
        # weights by kind
        self.all, self.left, self.ours = (defaultdict[str, float](float) for _ in range(3))  # ours: of this session
        for task in tasks:
            self.all[task.kind] += task.weight
            self.left[task.kind] += task.weight
        for task in done:
            self.hear("found", task)
        measured = sum(weight for kind, weight in self.left.items() if kind in costs.kinds)
        self.known = measured > 0.5 * sum(self.left.values())
        self.started = time.monotonic()

    def hear(self, event: str, task: Task, fraction: float = 0.0, seconds: float = 0.0, **_: object) -> None:
        """What becomes of a task, as `Display.hear`."""
        if event in ("start", "progress"):
            self.running[task.key] = min(max(fraction, 0.0), 1.0)
            return
        self.running.pop(task.key, None)
        if event == "again" or self.tasks.pop(task.key, None) is None:
            return
        self.left[task.kind] -= task.weight
        self.n_failed += event == "failed"
        self.n_done += event != "failed"
        if event != "found":
            self.ours[task.kind] += task.weight
        if event == "done":
            self.costs.add(task.kind, task.weight, seconds, 0.0)

    @property
    def counts(self) -> str:
        """How many tasks are done, running, failed and left."""
        failed = f", {self.n_failed} failed" if self.n_failed else ""
        running = len(self.running)
        return f"{self.n_done} done, {running} running{failed}, {len(self.tasks) - running} to come"

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
