"""Locks between processes that share a folder: who is at work there, and which task or file is whose.

The system drops a lock with the process that holds it, however that ends. Where a file system has no locks (fcntl is
missing or refuses) nothing is guarded: two runs may then compute a task twice, but never tear a file.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

CLAIM = ".claim-"
LOCK = ".lock"


class Claim:
    """The right to compute one task, until `release` or the end of this process."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self.handle = handle

    def release(self) -> None:
        """Let others have the task."""
        with suppress(OSError):
            if _same(self.path, self.handle):  # its folder may have gone, and come again with somebody else's
                self.path.unlink()  # before the lock goes: who holds the old file finds that it is no longer there
        with suppress(OSError):
            os.close(self.handle)


def claim(path: Path) -> Claim | None:
    """Take the claim file for this process; None where another has it. Raises OSError where it cannot be written."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if not _lock(handle, exclusive=True):
            os.close(handle)
            return None
        if _same(path, handle):
            return Claim(path, handle)
        os.close(handle)  # its last holder took the file away between our two steps


@contextmanager
def presence(path: Path) -> Iterator[bool]:
    """Be at work together with others while the block lasts; gives whether nobody else was, as the block begins."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield _lock(handle, exclusive=True)
    finally:
        os.close(handle)


def share(path: Path) -> int:
    """Be at work together with others: a handle to close in the end. Waits while somebody has the file alone."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    wait(handle, exclusive=False)
    return handle


def wait(handle: int, *, exclusive: bool = True) -> None:
    """Lock an open file, waiting for those who hold it for a moment; it is free again when the file is closed."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)


@contextmanager
def turn(path: Path, patience: float = 60.0) -> Iterator[None]:
    """One at a time: waits for the others' turns, of some milliseconds each, but not for ever."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + patience
        while not _lock(handle, exclusive=True) and time.monotonic() < deadline:
            time.sleep(0.01)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, *, exclusive: bool) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _same(path: Path, handle: int) -> bool:
    try:
        there, ours = os.stat(path), os.fstat(handle)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
