"""How far a computation has come: a bar on a terminal, lines elsewhere, the caller's own function, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

import numpy as np

Report = Callable[[float, str], object]
"""Called with the fraction done, in [0, 1], and a text."""
Wish = bool | int | Report | None
"""What a caller says: None, False or 0 (show nothing), True or 1 (on standard error), or a `Report` of one's own."""

EVERY = 5.0  # seconds between two lines at least: what is soon done says nothing


@contextmanager
def reporting(wish: Wish, label: str = "", *, name: str = "progress") -> Iterator[Report]:
    """The report function of a computation, as its caller wishes; name: of the argument that says so.

    On a terminal a bar with the time left, elsewhere a line each tenth of the way, but no two within 5 seconds.
    Raises TypeError for a wish that is none of these.
    """
    if callable(wish):
        yield wish
    elif wish is not None and not isinstance(wish, (bool, int, np.integer, np.bool_)):
        raise TypeError(f"{name} must be True, False, None or a function (fraction, text); got {wish!r}")
    elif not wish:
        yield lambda fraction, text: None
    elif sys.stderr.isatty():
        with _bar(label) as report:
            yield report
    else:
        yield _lines(label, sys.stderr)


def part(report: Report, first: float, last: float) -> Report:
    """The report of a part of a computation, from `first` to `last` of the whole."""
    return lambda fraction, text: report(first + (last - first) * fraction, text)


@contextmanager
def _bar(label: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if console.is_dumb_terminal:
        yield _lines(label, sys.stderr)
        return
    words = TextColumn("{task.description}", markup=False)
    columns = (words, BarColumn(), TextColumn("{task.percentage:3.0f} %"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=1.0)
        yield lambda fraction, text: bar.update(task, completed=fraction, description=_words(label, text))


def _lines(label: str, stream: TextIO) -> Report:
    began, tenth = time.monotonic(), 0

    def report(fraction: float, text: str) -> None:
        nonlocal began, tenth
        if int(10 * fraction) > tenth and time.monotonic() - began >= EVERY:
            began, tenth = time.monotonic(), int(10 * fraction)
            print(f"[{fraction:4.0%}] {_words(label, text)}", file=stream, flush=True)

    return report


def _words(label: str, text: str) -> str:
    return ": ".join(part for part in (label, text) if part)
