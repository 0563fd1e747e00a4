"""How far a computation has come: a bar on a terminal, lines elsewhere, the caller's own function, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import numpy as np

if TYPE_CHECKING:
    from rich.progress import Progress

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
    elif (drawn := bars(sys.stderr)) is None:
        yield _lines(label, sys.stderr)
    else:
        with drawn:
            yield _bar(label, drawn)


def part(report: Report, first: float, last: float) -> Report:
    """The report of a part of a computation, from `first` to `last` of the whole."""
    return lambda fraction, text: report(first + (last - first) * fraction, text)


def bars(stream: TextIO) -> Progress | None:
    """Bars, each with a description and `words`, on a terminal that can draw them; None for any other stream."""
    if not stream.isatty():
        return None
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(file=stream)
    if console.is_dumb_terminal:
        return None
    label, words = TextColumn("{task.description}", markup=False), TextColumn("{task.fields[words]}", markup=False)
    share = TextColumn("{task.percentage:3.0f} %")
    return Progress(label, BarColumn(), share, words, console=console, transient=True)


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


def _bar(label: str, drawn: Progress) -> Report:
    row, began = drawn.add_task(label, total=1.0, words=""), time.monotonic()

    def report(fraction: float, text: str) -> None:
        left = (time.monotonic() - began) * (1 / fraction - 1) if fraction else 0.0
        told = f"{duration(left)} left" if left else ""
        drawn.update(row, completed=fraction, description=_words(label, text), words=told)

    return report


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
