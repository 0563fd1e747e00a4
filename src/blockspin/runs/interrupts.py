"""Ctrl-C while a run works: remembered, kept from libraries that cannot bear it, from processes that are just being
started, and from what must not be cut short.
"""

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Self

LOOKS = 0.1  # seconds between two looks for a place where the interrupt may be raised
AGAIN = 1.0  # seconds after which one that was raised counts as swallowed
PATIENCE = 1.0  # seconds after which it is raised inside a library, too
LAST = 3.0  # seconds after which the process leaves from where it is
LONGEST = 30.0  # the same while it is held: a folder that does not answer keeps nobody for ever
BEARING = {"blockspin", "__main__", "multiprocessing", "selectors", "threading", "concurrent"}  # our lines, and waits
FRAGILE = {"jax", "jaxlib"}  # they swallow it, turn it into other errors, or end in a segmentation fault


class Interrupts:
    """Ctrl-C for the length of a block, remembered, since a library may swallow the KeyboardInterrupt.

    Where Ctrl-C is ignored, as a shell has it for what it starts with &, it stays so.
    """

    def __init__(self) -> None:
        self.heard = False
        self.raised = 0.0  # when
        self.holds = 0
        self.last_acts: list[Callable[[], object]] = []

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
        if not self.holds and callable(self.before):
            self.before(number, frame)

    def check(self) -> None:
        """Raise the KeyboardInterrupt that was heard, unless it is held."""
        if self.heard and not self.holds:
            self.raised = time.monotonic()
            raise KeyboardInterrupt

    @contextmanager
    def held(self) -> Iterator[None]:
        """Ctrl-C waits for the end of this block."""
        before, self.holds = self.heard, self.holds + 1
        try:
            yield
        finally:
            self.holds -= 1
        if not before:
            self.check()

    @contextmanager
    def finally_do(self, act: Callable[[], object]) -> Iterator[None]:
        """What to do where Ctrl-C ends this block, also where the process leaves without coming back here."""
        self.last_acts.append(act)
        try:
            yield
        except KeyboardInterrupt:
            with self.held(), suppress(Exception):  # what goes wrong here must not hide the interrupt
                act()
            raise
        finally:
            self.last_acts.remove(act)

    @contextmanager
    def starting_processes(self) -> Iterator[None]:
        """Processes started here never hear Ctrl-C, and this one acts on it only when the block ends.

        A new process inherits the signals that are blocked. Interrupted halfway through a start, this one would
        leave a process without its instructions.
        """
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()  # its own start would lift the block
        with self.held():  # another thread may take the signal that this one blocks
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                yield
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Ending(Interrupts):
    """Ctrl-C for a program; its process ends with the block, without tearing down what still runs, as XLA's threads.

    The KeyboardInterrupt is raised as soon as this package's own lines are at work, or wait; after some patience
    in other libraries, but never under JAX, which may be compiling. A thread keeps looking, and leaves at last.
    """

    def __init__(self, code: int, farewell: str) -> None:
        super().__init__()
        self.code, self.farewell, self.first = code, farewell, 0.0

    def __enter__(self) -> Self:
        super().__enter__()
        if self.ours:
            heard, write = os.pipe()
            os.set_blocking(write, False)
            signal.set_wakeup_fd(write, warn_on_full_buffer=False)  # written to whatever the main thread is in
            threading.Thread(target=self._insist, args=(heard,), daemon=True).start()
            self.unraisable, sys.unraisablehook = sys.unraisablehook, self._unraisable
        return self

    def __exit__(self, *raised: object) -> None:
        self.holds += 1
        error = raised[1]
        code = 0 if error is None else error.code or 0 if isinstance(error, SystemExit) else None
        if not self.heard:
            if not isinstance(code, int):
                return  # a fault in the program: Python prints it
            atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code if isinstance(code, int) and not self.heard else self.code)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.heard:
            self.heard, self.first = True, now
        if now - self.raised > AGAIN and _bearable(frame, late=now - self.first > PATIENCE):
            self.check()

    def _insist(self, heard: int) -> None:
        os.read(heard, 1)
        started = time.monotonic()
        while time.monotonic() - started < (LONGEST if self.holds else LAST):
            time.sleep(LOOKS)
            if not self.holds:
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        closing = threading.Thread(target=self._close, daemon=True)
        closing.start()
        closing.join(1.0)
        os._exit(self.code)

    def _close(self) -> None:
        with suppress(OSError):
            cursor = b"\x1b[?25h" if os.isatty(2) else b""  # a progress bar hides it
            os.write(2, cursor + self.farewell.encode() + b"\n")
        for act in reversed(self.last_acts):
            with suppress(Exception):
                act()

    def _unraisable(self, found: Any) -> None:
        if not issubclass(found.exc_type, KeyboardInterrupt):
            self.unraisable(found)


@contextmanager
def hearing() -> Iterator[Interrupts]:
    """The Interrupts that hear Ctrl-C already, or new ones for the length of the block."""
    owner = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
    if isinstance(owner, Interrupts) and threading.current_thread() is threading.main_thread():
        yield owner
        return
    with Interrupts() as ours:
        yield ours


def _bearable(frame: FrameType | None, *, late: bool) -> bool:
    """Whether a KeyboardInterrupt may be raised in this frame: a library would meet it where it expects none."""
    if not late and _package(frame) not in BEARING:
        return False
    while frame is not None:
        # this file's own lines are on their way into a block that hears it, or out of one
        if frame.f_globals is globals() or _package(frame) in FRAGILE:
            return False
        frame = frame.f_back
    return True


def _package(frame: FrameType | None) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] if frame is not None else ""
