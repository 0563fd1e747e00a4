"""Ctrl-C while a run works: remembered, and kept from processes that are just being started."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from types import FrameType
from typing import Self


class Interrupts:
    """Ctrl-C for the length of a run, remembered, since a library may swallow the KeyboardInterrupt.

    numpy did so while its random module was imported by the first task that used it.
    """

    def __init__(self) -> None:
        self.heard = False
        self.deferring = False

    def __enter__(self) -> Self:
        self.before = signal.getsignal(signal.SIGINT)
        self.ours = threading.current_thread() is threading.main_thread() and callable(self.before)
        if self.ours:
            signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        if self.ours:
            signal.signal(signal.SIGINT, self.before)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.heard = True
        if not self.deferring and callable(self.before):
            self.before(number, frame)

    def check(self) -> None:
        """Raise the KeyboardInterrupt that was heard."""
        if self.heard:
            raise KeyboardInterrupt

    @contextmanager
    def starting_processes(self) -> Iterator[None]:
        """Processes started here never hear Ctrl-C, and this one acts on it only when the block ends.

        A new process inherits the signals that are blocked. Interrupted halfway through a start, this one would
        leave a process without its instructions.
        """
        resource_tracker.ensure_running()  # its own start would lift the block
        self.deferring = True  # another thread may take the signal that this one blocks
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            self.deferring = False
        self.check()
