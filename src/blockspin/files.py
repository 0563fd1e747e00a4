"""Files that appear whole or not at all; errors of the disk, and of damaged or foreign files, name the file."""

from __future__ import annotations

import errno
import io
import json
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

ASIDE = ".aside-"  # begins the name of a file that is being written


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Give errors of the disk that come without a file's name the name of this one."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is not None and ASIDE not in os.fspath(error.filename):
            raise
        raise _of(error, path) from error


def _of(error: OSError, path: Path) -> OSError:
    return OSError(error.errno or errno.EIO, reason(error), str(path))


def reason(error: OSError) -> str:
    """Why the disk failed, without the number and the file."""
    return error.strerror or str(error)


def check_place(path: Path) -> None:
    """Look before long work whether a file can be written there after it, replacing one that exists.

    Raises ValueError for what is no file (a folder, a device) and for a folder that is missing, OSError where the disk
    takes no file (read-only, no permission, full).
    """
    try:
        if path.exists() and not path.is_file():
            raise ValueError(f"{path} must be the name of a file; it is a {'folder' if path.is_dir() else 'device'}")
        if not path.resolve().parent.is_dir():
            raise ValueError(f"the path {path} lies in no folder: there is no folder {path.parent}")
        with tempfile.TemporaryFile(dir=path.parent) as probe:
            probe.write(bytes(4096))  # a full disk takes an empty file
            probe.flush()
    except OSError as error:
        raise _of(error, path) from error  # whatever name the probe had


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A new file that takes the place of `path` when the block ends well: written aside, fsynced, moved.

    Raises OSError with the file's name where that fails (full disk, no permission); `path` is then as it was.
    """
    aside = None
    with named(path):
        try:
            handle, aside = tempfile.mkstemp(dir=path.parent, prefix=ASIDE)
            with open(handle, "w+b") as file:
                yield file
                file.flush()
                os.fchmod(file.fileno(), 0o644)  # mkstemp makes files that nobody else may read
                os.fsync(file.fileno())
            move(Path(aside), path)
        finally:
            if aside is not None:
                Path(aside).unlink(missing_ok=True)


def move(source: Path, target: Path) -> None:
    """Move a finished file into place, so that it lasts once this returns."""
    os.replace(source, target)
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Deferring(io.RawIOBase):
    """An open file for HDF5 to write into, which keeps the first error of the disk in `failed` for later.

    HDF5 cannot close a file that it could not write: it raises, and then crashes the process.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.handle = file.fileno()
        self.place = 0
        self.failed: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all the bytes at the present offset, or keep the error."""
        left, at = memoryview(data).cast("B"), self.place
        size = len(left)
        self.place += size
        try:
            while left and self.failed is None:
                written = os.pwrite(self.handle, left, at)
                left, at = left[written:], at + written
        except OSError as error:
            self.failed = error
        return size

    def truncate(self, size: int | None = None) -> int:
        """Set the length of the file, or keep the error."""
        size = self.place if size is None else size
        try:
            os.ftruncate(self.handle, size)
        except OSError as error:
            self.failed = self.failed or error
        return size

    def readinto(self, buffer: Any) -> int:
        """Read from the present offset."""
        into = memoryview(buffer).cast("B")
        found = os.pread(self.handle, len(into), self.place)
        into[: len(found)] = found
        self.place += len(found)
        return len(found)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the file."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self.place, os.SEEK_END: os.fstat(self.handle).st_size}[whence]
        self.place = start + offset
        return self.place

    def tell(self) -> int:
        """The present offset."""
        return self.place


class Damaged(ValueError):
    """A file that is not what its name or its place promises; the message names it and says what is wrong."""


@contextmanager
def parsed(path: str | os.PathLike[str]) -> Iterator[None]:
    """Raise `Damaged` with the file's name for anything that reading its bytes raises.

    The parsers of zip, HDF5, netCDF, .npy and JSON raise a dozen kinds of errors on bytes that are none of theirs.
    """
    try:
        yield
    except Damaged:
        raise
    except Exception as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise Damaged(f"{path} is damaged, or of another kind: {why}") from error


def read_arrays(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz file by name, or that of an .npy file under the name "array"; no pickle is loaded.

    Raises OSError where the file cannot be opened, `Damaged` where it holds anything but arrays of numbers or text, or
    a checksum of the archive does not hold.
    """
    import numpy as np

    with open(path, "rb") as file, parsed(path):
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"array": loaded}
        arrays = {name: loaded[name] for name in loaded.files}
        for name, array in arrays.items():
            if not isinstance(array, np.ndarray):
                raise Damaged(f"{path} must hold arrays; {name} in it is none")
        return arrays


def read_json(path: str | os.PathLike[str], **entries: type) -> dict[str, Any]:
    """The JSON object in a file. entries: those that it must have, and their kinds.

    Raises OSError where the file cannot be opened, `Damaged` where it is no such object.
    """
    with open(path, "rb") as file, parsed(path):
        stored = json.loads(file.read().decode())
    if not isinstance(stored, dict):
        raise Damaged(f"{path} must hold a JSON object; it holds a {type(stored).__name__}")
    for name, kind in entries.items():
        if not isinstance(stored.get(name), kind):
            raise Damaged(f"{path} must have the entry {name!r}, a {kind.__name__}; got {stored.get(name)!r:.60}")
    return stored


def write_text(path: Path, text: str) -> None:
    """Replace a text file at once: readers see the old text or the new. Raises OSError."""
    with writing(path) as file:
        file.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file at once; nan and infinities become null. Raises OSError, or ValueError if not JSON."""
    try:
        text = json.dumps(_finite(value), indent=1, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path.name} must be JSON: {error}") from error
    write_text(path, text + "\n")


def _finite(value: Any) -> Any:
    if hasattr(value, "dtype"):  # of numpy, which writing JSON need not import
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    return value
