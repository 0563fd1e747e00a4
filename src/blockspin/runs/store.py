"""The store of a run: one immutable file a task, written aside and moved into place, checked when it is read.

A task's file is a zip of .npy arrays (``numpy.load`` opens it) whose comment is the SHA-256 of the key and all
that comes before it, so a wrong or missing byte, or a wrong name, makes the file count as not there. Arrays of
spins -1/+1 (int8) are kept as one bit a spin.
"""

import json
import os
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from blockspin import files, locks
from blockspin.runs.task import Result, Task
from blockspin.seals import DIGITS, Seal

Array = np.ndarray[Any, Any]

HEADER = "task.json"
MARK = b"sha256:"
LAST_WORDS = ".words-"


class StoreError(RuntimeError):
    """The run's folder cannot be written or read; the message says which file, why, and what to do."""


class ResultError(StoreError):
    """A result that is needed is missing or damaged; the message names the task and its file."""


class Store:
    """The stored results of a run, under ``folder/tasks``, and its log, ``folder/log.jsonl``.

    Raises StoreError where the folder cannot be made or written.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.tasks = self.folder / "tasks"
        self._alone = False  # as it came
        self._handle: int | None = None  # of the lock, while it is at work
        with _explained(self.tasks, "make the folder"):
            self.tasks.mkdir(parents=True, exist_ok=True)

    def path(self, task: Task) -> Path:
        """The file of a task, there or not."""
        return self.tasks / f"{task.key}.npz"

    def has(self, task: Task) -> bool:
        """Whether the task's file exists and its checksum holds."""
        try:
            with open(self.path(task), "rb") as file:
                return _seal(task.key).holds(file)
        except OSError:
            return False

    def load(self, task: Task) -> Result:
        """The stored result of a task; raises ResultError where there is none or its file is damaged."""
        path = self.path(task)
        try:
            with open(path, "rb") as file:
                if not _seal(task.key).holds(file):
                    raise ResultError(f"{path} ({task.label}) is damaged: run the experiment again")
                file.seek(0)
                with np.load(file, allow_pickle=False) as archive:
                    header = json.loads(archive[HEADER].tobytes())
                    arrays = {name: archive[name] for name in archive.files if name != HEADER}
        except OSError as error:
            raise ResultError(f"no stored result of {task.label!r}, {path}: {files.reason(error)}") from error
        for name, shape in header["packed"].items():
            arrays[name] = _unpack(arrays[name], shape)
        return Result(arrays, header["meta"])

    def meta(self, task: Task) -> dict[str, Any]:
        """The meta of a task's result without its arrays; raises ResultError as `load` does."""
        path = self.path(task)
        try:
            return dict(header(path)["meta"])
        except OSError as error:
            raise ResultError(f"no stored result of {task.label!r}, {path}: {files.reason(error)}") from error

    def save(self, task: Task, result: Result) -> None:
        """Write a task's result; the file appears whole or not at all, and lasts once this returns.

        Raises ValueError where an array holds objects or the meta is not JSON, StoreError where writing fails.
        """
        packed = {name: list(array.shape) for name, array in result.arrays.items() if _is_spins(np.asarray(array))}
        header = {**task.identity, "packed": packed, "meta": result.meta}
        try:
            text = json.dumps(header, sort_keys=True, default=_plain)
        except (TypeError, ValueError) as error:
            raise ValueError(f"the meta of task {task.label!r} must be JSON: {error}") from error
        members = {HEADER: np.frombuffer(text.encode(), np.uint8)}
        for name in sorted(result.arrays):
            array = np.asarray(result.arrays[name])
            if name == HEADER or not name:
                raise ValueError(f"an array of task {task.label!r} may not be named {name!r}")
            if array.dtype.hasobject:
                raise ValueError(f"array {name!r} of task {task.label!r} holds objects; only numbers are stored")
            members[name] = np.packbits(array.ravel() > 0) if name in packed else array
        with writing(self.path(task)) as file:
            _write(file, members, task.key)

    @contextmanager
    def at_work(self) -> Iterator[bool]:
        """Be at work on this store, with other runs; gives whether it was alone at its start, and then tidied up.

        The system forgets a run with its process, however that ends. Without file locks (not POSIX, some network file
        systems) every run assumes that others are at work.
        """
        if self._handle is not None:
            yield self._alone
            return
        path = self.tasks / locks.LOCK
        with _explained(path, "write"):
            with locks.presence(path) as self._alone:
                if self._alone:
                    self.sweep()
            self._handle = locks.share(path)
        try:
            yield self._alone
        finally:
            self.leave()

    def leave(self) -> None:
        """Be no longer at work; who leaves last removes what interrupted workers had half written."""
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        os.close(handle)
        with suppress(OSError), locks.presence(self.tasks / locks.LOCK) as last:
            if last:
                self.sweep()

    def claim(self, task: Task) -> locks.Claim | None:
        """The right to compute a task, or None where another run has it; for those `at_work`, or it is swept away.

        Raises StoreError for a read-only folder.
        """
        path = self.tasks / f"{locks.CLAIM}{task.key}"
        with _explained(path, "write"):
            return locks.claim(path)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One run at a time, for what is read and written again (provenance, conclusions)."""
        path = self.tasks / f"{locks.LOCK}-turn"
        with _explained(path, "write"), locks.turn(path):
            yield

    def sweep(self) -> None:
        """Remove what killed runs left half written or claimed, where no run is at work."""
        for folder in (self.folder, self.tasks):
            for path in [path for left in (files.ASIDE, LAST_WORDS, locks.CLAIM) for path in folder.glob(f"{left}*")]:
                path.unlink(missing_ok=True)

    def log(self, event: str, task: Task | None = None, **fields: Any) -> None:
        """Append one line of JSON to log.jsonl: time (UTC), event, and label, kind and key of the task."""
        about = {} if task is None else {"label": task.label, "kind": task.kind, "key": task.key}
        line = json.dumps({"time": now(), "event": event, **about, **fields}, default=_plain) + "\n"
        path = self.folder / "log.jsonl"
        with _explained(path, "write"), open(path, "ab+") as file:
            locks.wait(file.fileno())  # other runs write here too
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # a killed run's last words
                    file.write(b"\n")
            file.write(line.encode())


def header(path: Path) -> dict[str, Any]:
    """What a result's file says of it: kind, version, settings and parents of the task, and meta."""
    with np.load(path, allow_pickle=False) as archive:
        return dict(json.loads(archive[HEADER].tobytes()))


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The lines of a folder's log.jsonl, oldest first, without those cut short by a kill; none without a log."""
    events = []
    with suppress(OSError):
        for line in (folder / "log.jsonl").read_text(errors="replace").splitlines():
            with suppress(ValueError):
                events.append(json.loads(line))
    return [event for event in events if isinstance(event, dict)]


def now() -> str:
    """The time of this moment, as logs have it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A new file of the run as `files.writing` makes it. Raises StoreError; `path` is then as it was."""
    with _explained(path, "write"), files.writing(path) as file:
        yield file


def write_text(path: Path, text: str) -> None:
    """Replace a text file of the run at once: readers see the old text or the new. Raises StoreError."""
    with _explained(path, "write"):
        files.write_text(path, text)


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file of the run at once, as `files.write_json`. Raises StoreError, or ValueError if not JSON."""
    with _explained(path, "write"):
        files.write_json(path, value)


def _write(file: IO[bytes], members: dict[str, Array], key: str) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in members.items():
            # ZipInfo's own date is 1980: the same result gives the same bytes
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    _seal(key).write(file, file.seek(0, os.SEEK_END) - 2)


def _seal(key: str) -> Seal:
    """The archive's comment, its length before it, over the archive as it is without one."""
    return Seal((len(MARK) + DIGITS).to_bytes(2, "little") + MARK, first=key.encode(), last=b"\0\0")


def _is_spins(array: Array) -> bool:
    return array.dtype == np.int8 and array.size > 0 and bool(((array == 1) | (array == -1)).all())


def _unpack(packed: Array, shape: list[int]) -> Array:
    bits = np.unpackbits(packed, count=int(np.prod(shape, dtype=np.int64))).view(np.int8)
    return (2 * bits - 1).astype(np.int8, copy=False).reshape(shape)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")


@contextmanager
def _explained(path: Path, action: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"cannot {action} {path}: {files.reason(error)}. Nothing done so far is lost: "
            "give the folder room and permission, and run the same command again"
        ) from error
