"""What a run shows while it works: one bar with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from blockspin.runs.costs import PRIOR, Costs
from blockspin.runs.task import Task


class Display:
    """Follows a run and shows nothing; the base of the others. Use it as a context manager."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def expect(self, costs: Costs, workers: int) -> None:
        """What tasks have cost before, and how many of them run at once; told before `begin`."""

    def begin(self, tasks: Iterable[Task], done: Iterable[Task]) -> None:
        """The run starts with these tasks, some of them done before."""

    def start(self, task: Task) -> None:
        """A task starts."""

    def update(self, task: Task, fraction: float, words: str) -> None:
        """A running task has come so far."""

    def finish(self, task: Task, seconds: float, problem: str = "") -> None:
        """A task ended, well unless a problem is named."""

    def leave(self, task: Task) -> None:
        """A running task is taken back, to be tried again."""

    def found(self, task: Task) -> None:
        """Another run finished the task."""

    def close(self) -> None:
        """The run is over."""


class _Counting(Display):
    """Which tasks are done, running, failed and left, the share of the work done, and the time left.

    Work is in expected seconds: the tasks' weights, corrected kind by kind by what tasks of the kind took, here or in
    the runs beside this one. The time left is at the pace of this session, and before there is one, that of as many
    workers as expected.
    """

    def __init__(self) -> None:
        self.costs = Costs()
        self.workers = 1

    def expect(self, costs: Costs, workers: int) -> None:
        self.costs, self.workers = costs, workers

    def begin(self, tasks: Iterable[Task], done: Iterable[Task]) -> None:
        self.left = {task.key: task for task in tasks}
        before = [self.left.pop(task.key) for task in done]
        self.running: dict[str, float] = {}
        # weights by kind: of what was done before or elsewhere, of what this session did, of what is left
        self.weight_before: dict[str, float] = defaultdict(float)
        self.weight_ended: dict[str, float] = defaultdict(float)
        self.weight_left: dict[str, float] = defaultdict(float)
        for task in before:
            self.weight_before[task.kind] += task.weight
        for task in self.left.values():
            self.weight_left[task.kind] += task.weight
        self.n_done, self.n_failed = len(before), 0
        self.known = bool(self.costs.kinds) and self.costs.known(self.left.values()) > 0.5
        self.started = time.monotonic()

    @property
    def gained(self) -> float:
        """Expected seconds of what this session did."""
        return self._seconds(self.weight_ended) + self._begun

    @property
    def remaining(self) -> float:
        """Expected seconds of what is left, on one worker."""
        return max(0.0, self._seconds(self.weight_left) - self._begun) if self.left else 0.0

    @property
    def percent(self) -> float:
        gained = self.gained + self._seconds(self.weight_before)
        total = gained + self.remaining
        return 100 * (gained / total) if total else 100.0  # 100 sharp in the end

    @property
    def time_left(self) -> str:
        gained, remaining = self.gained, self.remaining
        elapsed = time.monotonic() - self.started
        if not remaining:
            return ""
        enough = gained >= 0.02 * (gained + remaining)
        if not enough and not self.known:
            return ""
        # the session's own pace, begun at one expected second a second and worker: its first tasks compile
        pace = (elapsed + PRIOR / self.workers) / (gained + PRIOR)
        return f"{duration(remaining * pace)} left"

    @property
    def _begun(self) -> float:
        return sum(self.costs.seconds(self.left[key]) * part for key, part in self.running.items() if key in self.left)

    def _seconds(self, weights: dict[str, float]) -> float:
        return sum(weight * self.costs.ratio(kind) for kind, weight in weights.items())

    @property
    def counts(self) -> str:
        """How many tasks are done, running, failed and left."""
        waiting = len(self.left) - len(self.running)
        failed = f", {self.n_failed} failed" if self.n_failed else ""
        return f"{self.n_done} done, {len(self.running)} running{failed}, {waiting} to come"

    def start(self, task: Task) -> None:
        self.running[task.key] = 0.0

    def update(self, task: Task, fraction: float, words: str) -> None:
        self.running[task.key] = min(max(fraction, 0.0), 1.0)

    def leave(self, task: Task) -> None:
        self.running.pop(task.key, None)

    def found(self, task: Task) -> None:
        self.leave(task)
        if self.left.pop(task.key, None) is not None:
            self.weight_left[task.kind] -= task.weight
            self.weight_before[task.kind] += task.weight
            self.n_done += 1

    def finish(self, task: Task, seconds: float, problem: str = "") -> None:
        self.running.pop(task.key, None)
        if self.left.pop(task.key, None) is None:
            return
        self.weight_left[task.kind] -= task.weight
        self.weight_ended[task.kind] += task.weight
        if problem:
            self.n_failed += 1
        else:
            self.n_done += 1
            self.costs.add(task.kind, task.weight, seconds, 0.0)


class Lines(_Counting):
    """One line when a task ends, and one on a running task at most every `every` seconds."""

    def __init__(self, stream: TextIO, every: float = 5.0) -> None:
        super().__init__()
        self.stream = stream
        self.every = every
        self.last = time.monotonic()

    def begin(self, tasks: Iterable[Task], done: Iterable[Task]) -> None:
        tasks, done = list(tasks), list(done)
        super().begin(tasks, done)
        stored = f", {len(done)} done before" if done else ""
        left = f", {self.time_left}" if self.time_left else ""
        self._say(f"{len(tasks)} tasks{stored}{left}")

    def update(self, task: Task, fraction: float, words: str) -> None:
        super().update(task, fraction, words)
        if time.monotonic() - self.last >= self.every:
            self._say(f"{self._head()} {task.label}: {fraction:.0%}{', ' * bool(words)}{words}")

    def finish(self, task: Task, seconds: float, problem: str = "") -> None:
        super().finish(task, seconds, problem)
        ending = f"failed after {duration(seconds)}: {problem}" if problem else f"done in {duration(seconds)}"
        self._say(f"{self._head()} {task.label}: {ending}")

    def leave(self, task: Task) -> None:
        was_running = task.key in self.running
        super().leave(task)
        if was_running and task.key in self.left:
            self._say(f"{self._head()} {task.label}: to be tried again")

    def found(self, task: Task) -> None:
        super().found(task)
        self._say(f"{self._head()} {task.label}: done by another run")

    def _head(self) -> str:
        left = self.time_left
        return f"[{self.percent:3.0f} %{', ' * bool(left)}{left}; {self.counts}]"

    def _say(self, line: str) -> None:
        self.last = time.monotonic()
        print(line, file=self.stream, flush=True)


class Bars(_Counting):
    """A bar for the whole run with the time left, and one for each running task."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.progress = _bar(console)
        self.rows: dict[str, TaskID] = {}

    def begin(self, tasks: Iterable[Task], done: Iterable[Task]) -> None:
        tasks, done = list(tasks), list(done)
        super().begin(tasks, done)
        self.whole = self.progress.add_task(f"{len(tasks)} tasks", total=100, words="")
        self._whole()
        self.progress.start()

    def start(self, task: Task) -> None:
        super().start(task)
        self.rows[task.key] = self.progress.add_task(task.label, total=1.0, words="")

    def update(self, task: Task, fraction: float, words: str) -> None:
        super().update(task, fraction, words)
        self.progress.update(self.rows[task.key], completed=fraction, words=words)
        self._whole()

    def finish(self, task: Task, seconds: float, problem: str = "") -> None:
        super().finish(task, seconds, problem)
        self.progress.remove_task(self.rows.pop(task.key))
        ending = f"failed after {duration(seconds)}: {problem}" if problem else duration(seconds)
        self.progress.console.print(Text(f"{task.label}  {ending}", style="red" if problem else ""))
        self._whole()

    def leave(self, task: Task) -> None:
        super().leave(task)
        if task.key in self.rows:
            self.progress.remove_task(self.rows.pop(task.key))

    def found(self, task: Task) -> None:
        super().found(task)
        self._whole()

    def close(self) -> None:
        self.progress.stop()

    def _whole(self) -> None:
        left = self.time_left
        self.progress.update(self.whole, completed=self.percent, words=f"{self.counts}{', ' * bool(left)}{left}")


def for_stream(stream: TextIO | None = None) -> Display:
    """Bars where the stream (standard error unless given) is a terminal, plain lines elsewhere."""
    stream = sys.stderr if stream is None else stream
    console = Console(file=stream)
    return Bars(console) if console.is_terminal and not console.is_dumb_terminal else Lines(stream)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TextColumn("{task.fields[words]}", style="dim", markup=False),
        console=console,
        transient=True,
    )


def duration(seconds: float) -> str:
    """Seconds for people: 0.4 s, 12 s, 3 min 5 s, 2 h 10 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
