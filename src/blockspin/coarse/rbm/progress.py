"""How far training has come: a bar on a terminal, lines elsewhere, or the caller's own function."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[float, str], object]


@contextmanager
def reporting(verbose: int | Report) -> Iterator[Report]:
    """A function (fraction done in [0, 1], text) for the time of a fit, as `verbose` asks.

    0: silent; 1 or more: a bar with the time left where standard error is a terminal, otherwise a line each
    tenth of the way; a callable is called itself.
    """
    if callable(verbose):
        yield verbose
    elif not verbose:
        yield lambda fraction, text: None
    elif sys.stderr.isatty():
        with _bar() as report:
            yield report
    else:
        yield _lines()


@contextmanager
def _bar() -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("RBM", total=1.0)
        yield lambda fraction, text: progress.update(task, completed=fraction, description=text)


def _lines() -> Report:
    printed = -1

    def report(fraction: float, text: str) -> None:
        nonlocal printed
        if int(10 * fraction) > printed:
            printed = int(10 * fraction)
            print(f"{fraction:4.0%}  {text}", file=sys.stderr, flush=True)

    return report
