"""What a run shows while it works: bars with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Literal, Self, TextIO

from rich.progress import TaskID
from rich.text import Text

from blockspin.progress import bars
from blockspin.progress import duration as duration
from blockspin.runs.costs import Costs, Forecast
from blockspin.runs.task import Task

Ending = Literal["done", "failed", "elsewhere"]  # the last: another run finished it


class Display:
    """Follows a run and shows nothing; the base of the others. Use it as a context manager."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self, tasks: Sequence[Task], done: Sequence[Task], costs: Costs, workers: int) -> None:
        """The run starts with these tasks, some done before; what tasks have cost, and how many run at once."""

    def start(self, task: Task) -> None:
        """A task starts."""

    def update(self, task: Task, fraction: float, words: str) -> None:
        """A running task has come so far."""

    def end(self, task: Task, ending: Ending, seconds: float = 0.0, problem: str = "") -> None:
        """A task is finished or has failed."""

    def again(self, task: Task) -> None:
        """A task is left, to be tried again."""

    def close(self) -> None:
        """The run is over."""


class Shown(Display):
    """A line when a task ends. On a terminal also a bar for the run, with the time left, and one for each running task;
    elsewhere a line on a running task at most every `every` seconds.
    """

    def __init__(self, stream: TextIO | None = None, every: float = 5.0) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.every, self.last = every, time.monotonic()
        self.bars = bars(self.stream)
        self.rows: dict[str, TaskID] = {}
        self.n_failed = 0

    def begin(self, tasks: Sequence[Task], done: Sequence[Task], costs: Costs, workers: int) -> None:
        self.forecast, self.n = Forecast(tasks, done, costs, workers), len(tasks)
        if self.bars is None:
            before = f"{len(done)} done before" if done else ""
            self._say(_joined(f"{self.n} tasks", before, self.forecast.time_left))
        else:
            self.whole = self.bars.add_task(f"{self.n} tasks", total=100, words="")
            self._draw()
            self.bars.start()

    def start(self, task: Task) -> None:
        self.forecast.update(task, 0.0)
        if self.bars is not None:
            self.rows[task.key] = self.bars.add_task(task.label, total=1.0, words="")

    def update(self, task: Task, fraction: float, words: str) -> None:
        self.forecast.update(task, fraction)
        if self.bars is not None:
            self.bars.update(self.rows[task.key], completed=fraction, words=words)
            self._draw()
        elif time.monotonic() - self.last >= self.every:
            self._tell(task, _joined(f"{fraction:.0%}", words))

    def end(self, task: Task, ending: Ending, seconds: float = 0.0, problem: str = "") -> None:
        self.forecast.end(task, seconds if ending == "done" else None, ours=ending in ("done", "failed"))
        self.n_failed += ending == "failed"
        told = f"done in {duration(seconds)}" if ending == "done" else "done by another run"
        self._leave(task, f"failed after {duration(seconds)}: {problem}" if ending == "failed" else told)

    def again(self, task: Task) -> None:
        if self.forecast.running.pop(task.key, None) is not None:
            self._leave(task, "to be tried again")

    def close(self) -> None:
        if self.bars is not None:
            self.bars.stop()

    def _leave(self, task: Task, words: str) -> None:
        if self.bars is not None and task.key in self.rows:
            self.bars.remove_task(self.rows.pop(task.key))
        self._tell(task, words)

    def _tell(self, task: Task, words: str) -> None:
        line = f"{task.label}: {words}"
        if self.bars is not None:
            self.bars.console.print(Text(line))
            self._draw()
        else:
            share = _joined(f"{self.forecast.percent:3.0f} %", self.forecast.time_left)
            self._say(f"[{share}; {self._counts()}] {line}")

    def _draw(self) -> None:
        assert self.bars is not None
        words = _joined(self._counts(), self.forecast.time_left)
        self.bars.update(self.whole, completed=self.forecast.percent, words=words)

    def _counts(self) -> str:
        running, left = len(self.forecast.running), len(self.forecast.tasks)
        failed = f"{self.n_failed} failed" if self.n_failed else ""
        done = self.n - left - self.n_failed
        return _joined(f"{done} done", f"{running} running", failed, f"{left - running} to come")

    def _say(self, line: str) -> None:
        self.last = time.monotonic()
        print(line, file=self.stream, flush=True)


def _joined(*words: str) -> str:
    return ", ".join(filter(None, words))
