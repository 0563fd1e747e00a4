"""What a run shows while it works: bars with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any, Self, TextIO

from rich.progress import TaskID
from rich.text import Text

from blockspin.progress import bars
from blockspin.progress import duration as duration
from blockspin.runs.costs import Costs, Forecast
from blockspin.runs.task import Task

TOLD = {
    "done": "done in {seconds}",
    "failed": "failed after {seconds}: {problem}",
    "found": "done by another run",
    "again": "to be tried again",
}


class Display:
    """Follows a run and shows nothing; the base of `Shown`. Use it as a context manager."""

    def begin(self, tasks: Sequence[Task], done: Sequence[Task], costs: Costs, workers: int) -> None:
        """The run starts with these tasks, some done before; what tasks have cost, and how many run at once."""

    def hear(self, event: str, task: Task, **facts: Any) -> None:
        """What becomes of a task: start; progress (fraction, words); done (seconds); failed (seconds, problem); found
        (another run finished it); again (it was given up, to be tried again).
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
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

    def begin(self, tasks: Sequence[Task], done: Sequence[Task], costs: Costs, workers: int) -> None:
        self.forecast = Forecast(tasks, done, costs, workers)
        if self.bars is not None:
            self.whole = self.bars.add_task(f"{len(tasks)} tasks", total=100, words="")
            self.bars.start()
        else:
            before = f"{len(done)} done before" if done else ""
            self._print(_joined(f"{len(tasks)} tasks", before, self.forecast.time_left))

    def hear(self, event: str, task: Task, **facts: Any) -> None:
        self.forecast.hear(event, task, **facts)
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
            words = _joined(self.forecast.counts, self.forecast.time_left)
            self.bars.update(self.whole, completed=self.forecast.percent, words=words)

    def __exit__(self, *_: object) -> None:
        if self.bars is not None:
            self.bars.stop()

    def _say(self, task: Task, words: str) -> None:
        if self.bars is not None:
            self.bars.console.print(Text(f"{task.label}: {words}"))
        else:
            share = _joined(f"{self.forecast.percent:3.0f} %", self.forecast.time_left)
            self._print(f"[{share}; {self.forecast.counts}] {task.label}: {words}")

    def _print(self, line: str) -> None:
        self.last = time.monotonic()
        print(line, file=self.stream, flush=True)


def _joined(*words: str) -> str:
    return ", ".join(filter(None, words))
