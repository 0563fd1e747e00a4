"""What a worker does with a task: claim, load its parents' results, compute, store; the log it leaves if it dies."""

import faulthandler
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from blockspin import blas
from blockspin.runs import devices
from blockspin.runs.store import LAST_WORDS, Store, StoreError, now
from blockspin.runs.task import Progress, Result, Task

POOLS = ("NUMBA_NUM_THREADS", "PJRT_NPROC", "NPROC")  # the last two: XLA's pool of threads on a CPU
THREAD_VARIABLES = (*blas.VARIABLES, *POOLS)


Outcome = tuple[Any, ...]
"""How it went with a task: a word, and what belongs to it. ("done", seconds, device); ("failed", problem, traceback);
("busy",) where another run has the task in hand; ("found",) where another has finished it; ("unwritable", why)."""


def perform(
    task: Task, store: Store, begun: Callable[[], object], progress: Progress, asked_by: str | None = None
) -> Outcome:
    """Claim a task, compute it and store its result.

    begun: called when the claim is there. asked_by: the name of the run, where that is another process and a log of the
    task is to stay if this one dies.
    """
    try:
        claim = store.claim(task)
        if claim is None:
            return ("busy",)
        try:
            if store.has(task):
                return ("found",)
            begun()
            started = time.monotonic()
            with nullcontext(progress) if asked_by is None else last_words(task, store, progress, asked_by) as told:
                with blas.one_thread():
                    result = task.function(task.settings, [store.load(parent) for parent in task.parents], told)
                if not isinstance(result, Result):
                    raise TypeError(f"a task returns a Result; {task} returned {type(result).__name__}")
                store.save(task, result)
            return "done", time.monotonic() - started, devices.in_use()
        finally:
            claim.release()
    except StoreError as error:
        return "unwritable", str(error)
    except Exception as error:
        return "failed", words(error), traceback.format_exc()


@contextmanager
def last_words(task: Task, store: Store, progress: Progress, asked_by: str) -> Iterator[Progress]:
    """Keep a small log of a task that runs, which is gone when the block ends, but stays where the process dies.

    It holds how far the task had come, and Python's own traceback where a fault (a segmentation fault, an abort, but
    not a kill) ended it; it goes on from the logs of the dead attempts of the run that requested it (its name).
    """
    path = _words_path(store, task)
    try:
        # closed below, after faulthandler has let go of it
        file = open(path, "a" if _left(task, store, asked_by)[1] else "w")  # noqa: SIM115
    except OSError:  # the result will not be written either, and that says why
        yield progress
        return
    print(f"process {os.getpid()} began at {now()} for {asked_by}", file=file, flush=True)
    note = throttled(lambda fraction, said: print(f"{now()} {fraction:.0%} {said}", file=file, flush=True), 1.0)

    def report(fraction: float, words: str = "") -> None:
        with suppress(OSError):
            note(fraction, words)
        progress(fraction, words)

    faulthandler.enable(file)
    try:
        yield report
    finally:
        faulthandler.enable(sys.__stderr__) if sys.__stderr__ is not None else faulthandler.disable()
        with suppress(OSError):
            file.close()
        path.unlink(missing_ok=True)


def words_of_the_dead(task: Task, store: Store, asked_by: str) -> tuple[str, int]:
    """Take away the log that processes left when they died on a task; how many of those began it for this run."""
    text, begun = _left(task, store, asked_by)
    _words_path(store, task).unlink(missing_ok=True)
    return text, begun


def words(error: BaseException) -> str:
    """An error in one line: its type and what it says."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def throttled(send: Callable[[float, str], None], every: float) -> Progress:
    """Progress that is passed on at most so often (seconds)."""
    last = 0.0

    def report(fraction: float, words: str = "") -> None:
        nonlocal last
        if time.monotonic() - last >= every:
            last = time.monotonic()
            send(float(fraction), str(words))

    return report


def thread_variables(threads: int, said: Mapping[str, str]) -> dict[str, str]:
    """The environment that gives a process so many cores, BLAS one, and GPU memory as needed; the user's own stays."""
    own = {} if any(name in said for name in blas.VARIABLES) else dict.fromkeys(blas.VARIABLES, "1")
    pools = dict.fromkeys(POOLS, str(threads)) | devices.SHARED
    return own | {name: value for name, value in pools.items() if name not in said}


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _words_path(store: Store, task: Task) -> Path:
    return store.tasks / f"{LAST_WORDS}{task.key}"


def _left(task: Task, store: Store, asked_by: str) -> tuple[str, int]:
    try:
        text = _words_path(store, task).read_text(errors="replace")
    except OSError:
        return "", 0
    begun = re.findall(rf"^process .* for {asked_by}$", text, re.MULTILINE)
    return text[-6000:], len(begun)
