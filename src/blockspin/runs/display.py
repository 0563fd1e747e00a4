"""What a run shows while it works: one bar with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from blockspin.runs.task import Task


class Display:
    """Follows a run and shows nothing; the base of the others. Use it as a context manager."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self, tasks: Iterable[Task], done: Iterable[Task]) -> None:
        """The run starts with these tasks, some of them done before."""

    def start(self, task: Task) -> None:
        """A task starts."""

    def update(self, task: Task, fraction: float, words: str) -> None:
        """A running task has come so far."""

    def finish(self, task: Task, seconds: float, problem: str = "") -> None:
        """A task ended, well unless a problem is named."""

    def close(self) -> None:
        """The run is over."""


class _Counting(Display):
    """The share of the work done, by the tasks' weights, and the time left at the pace of this session."""

    def begin(self, tasks: Iterable[Task], done: Iterable[Task]) -> None:
        self.left = {task.key: task.weight for task in tasks}
        self.total = sum(self.left.values())
        self.running: dict[str, float] = {}
        for task in done:
            self.left.pop(task.key)
        self.at_start = self.done
        self.started = time.monotonic()

    @property
    def done(self) -> float:
        part = sum(self.left[key] * fraction for key, fraction in self.running.items())
        return self.total - sum(self.left.values()) + part

    @property
    def percent(self) -> float:
        return 100 * self.done / self.total if self.total else 100.0

    @property
    def time_left(self) -> str:
        gained = self.done - self.at_start
        if gained < 0.005 * self.total:
            return ""
        return f"{duration((time.monotonic() - self.started) * (self.total - self.done) / gained)} left"

    def start(self, task: Task) -> None:
        self.running[task.key] = 0.0

    def update(self, task: Task, fraction: float, words: str) -> None:
        self.running[task.key] = min(max(fraction, 0.0), 1.0)

    def finish(self, task: Task, seconds: float, problem: str = "") -> None:
        self.running.pop(task.key, None)
        self.left.pop(task.key, None)


class Lines(_Counting):
    """One line when a task ends, and one on a running task at most every `every` seconds."""

    def __init__(self, stream: TextIO, every: float = 5.0) -> None:
        self.stream = stream
        self.every = every
        self.last = time.monotonic()

    def begin(self, tasks: Iterable[Task], done: Iterable[Task]) -> None:
        tasks, done = list(tasks), list(done)
        super().begin(tasks, done)
        stored = f", {len(done)} done before" if done else ""
        self._say(f"{len(tasks)} tasks{stored}")

    def update(self, task: Task, fraction: float, words: str) -> None:
        super().update(task, fraction, words)
        if time.monotonic() - self.last >= self.every:
            self._say(f"{self._head()} {task.label}: {fraction:.0%}{', ' * bool(words)}{words}")

    def finish(self, task: Task, seconds: float, problem: str = "") -> None:
        super().finish(task, seconds, problem)
        ending = f"failed after {duration(seconds)}: {problem}" if problem else f"done in {duration(seconds)}"
        self._say(f"{self._head()} {task.label}: {ending}")

    def _head(self) -> str:
        left = self.time_left
        return f"[{self.percent:3.0f} %{', ' * bool(left)}{left}]"

    def _say(self, line: str) -> None:
        self.last = time.monotonic()
        print(line, file=self.stream, flush=True)


class Bars(_Counting):
    """A bar for the whole run with the time left, and one for each running task."""

    def __init__(self, console: Console) -> None:
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

    def close(self) -> None:
        self.progress.stop()

    def _whole(self) -> None:
        self.progress.update(self.whole, completed=self.percent, words=self.time_left)


def for_stream(stream: TextIO | None = None) -> Display:
    """Bars where the stream (standard error unless given) is a terminal, plain lines elsewhere."""
    stream = sys.stderr if stream is None else stream
    console = Console(file=stream)
    return Bars(console) if console.is_terminal and not console.is_dumb_terminal else Lines(stream)


@contextmanager
def one_task(label: str, stream: TextIO | None = None) -> Iterator[Callable[[float, str], None]]:
    """Show a single piece of work as it goes: gives the progress function to call with the fraction and words."""
    stream = sys.stderr if stream is None else stream
    console = Console(file=stream)
    if not console.is_terminal or console.is_dumb_terminal:
        last = time.monotonic()

        def say(fraction: float, words: str = "") -> None:
            nonlocal last
            if time.monotonic() - last >= 5:
                last = time.monotonic()
                print(f"[{fraction:4.0%}] {label}{': ' * bool(words)}{words}", file=stream, flush=True)

        yield say
        return
    with _bar(console) as bar:
        row = bar.add_task(label, total=1.0, words="")

        def show(fraction: float, words: str = "") -> None:
            bar.update(row, completed=fraction, words=words)

        yield show


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
