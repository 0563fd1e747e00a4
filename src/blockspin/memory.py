"""Memory and disk that are free, and the refusal of what needs more: a sentence at once in place of a kill later."""

import math
import mmap
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

PART = 2**20  # entries that a check looks at together
LARGE = 2**28  # bytes of an array that is handled at once, and is held in memory; larger ones go part by part
SMALL = 2**26  # bytes of which nobody is asked whether they are free
INFO, OWN_GROUP, GROUPS = Path("/proc/meminfo"), Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
GB = 1e9


def free() -> int:
    """Bytes of memory that this process may still take.

    On Linux what is available, and no more than the control groups (version 2) of the process leave; elsewhere what the
    system says, or all of it where it says nothing of what is free.
    """
    return min([_available(), *_left_by_groups()])


def require(wanted: float, what: str) -> None:
    """Raise ValueError where `what` takes more bytes of memory than are free; `what` names the arguments to blame."""
    if wanted > SMALL and wanted > (left := free()):
        raise ValueError(f"{what} would take {wanted / GB:.3g} GB of memory, and {left / GB:.3g} GB are free")


def require_disk(wanted: float, path: Path, what: str) -> None:
    """Raise ValueError where `what` takes more bytes than are free on the disk of a path, in a folder that exists."""
    left = free_disk(path)
    if wanted > left:
        raise ValueError(
            f"{what} would take {wanted / GB:.3g} GB of disk, and {left / GB:.3g} GB are free in {path.parent}"
        )


def pieces(shape: tuple[int, ...], most: int = LARGE) -> Iterator[tuple[Any, ...]]:
    """Indices of the parts of an array, in order, of at most so many entries (one row of the last axes is whole)."""
    row = math.prod(shape[1:])
    if row > most and len(shape) > 1:
        yield from ((i, *rest) for i in range(shape[0]) for rest in pieces(shape[1:], most))
    else:
        step = max(1, most // max(row, 1))
        yield from ((slice(start, start + step),) for start in range(0, shape[0] if shape else 1, step))


def parts(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The parts of an array, in order; the memory of what has gone by is released."""
    for at in pieces(array.shape, PART):
        yield array[at]
        release(array)


def held(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array to be filled: in memory, or where it is large in a file that is gone when the array is."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size <= LARGE:
        return np.empty(shape, dtype)
    folder = Path(tempfile.gettempdir())
    require_disk(size, folder / "x", f"an array of shape {shape}")
    with tempfile.TemporaryFile(dir=folder) as file:
        file.truncate(size)
        return np.memmap(file, dtype, "r+", shape=shape)


def by_rows(function: Callable[..., Any], *arrays: NDArray[Any], most: int | None = None) -> NDArray[Any]:
    """What a function makes of the rows of arrays (n, ...); large ones part by part, into an array that is `held`."""
    first, made = arrays[0], None
    if first.nbytes <= (LARGE if most is None else most):
        return np.asarray(function(*arrays))
    for at in pieces(first.shape, LARGE // 8 // first.itemsize):
        part = function(*(one[at] for one in arrays))
        made = held((len(first), *part.shape[1:]), part.dtype) if made is None else made
        made[at] = part
        release(made, *arrays)
    return np.asarray(made)


def mapped(array: Any) -> mmap.mmap | None:
    """The map of the file that an array lies in, or None."""
    while hasattr(array, "base"):
        array = array.base
    return array if isinstance(array, mmap.mmap) else None


def release(*arrays: Any) -> None:
    """Let the system take back the memory of arrays that lie in files; their values stay."""
    for array in arrays:
        if (file := mapped(array)) is not None and hasattr(mmap, "MADV_DONTNEED"):
            file.madvise(mmap.MADV_DONTNEED)


def free_disk(path: Path) -> int:
    """Bytes that are free on the disk of a path, in a folder that exists."""
    return shutil.disk_usage(path.resolve().parent).free


def _available() -> int:
    try:
        (kib,) = (line.split()[1] for line in INFO.read_text().splitlines() if line.startswith("MemAvailable:"))
        return int(kib) * 1024
    except (OSError, ValueError):
        pass
    for pages in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"):
        try:
            return os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, OSError, ValueError):  # no sysconf, or it does not know the name
            continue
    return sys.maxsize


def _left_by_groups() -> Iterator[int]:
    """What the process's control group and those above it leave: the limit less what is held and cannot be dropped."""
    try:
        (own,) = (line[3:] for line in OWN_GROUP.read_text().splitlines() if line.startswith("0::"))
    except (OSError, ValueError):
        return
    group = GROUPS / own.strip("/")
    for folder in (group, *group.parents):
        if not folder.is_relative_to(GROUPS):
            return
        try:
            limit = int((folder / "memory.max").read_text())  # "max" is no limit
            held = int((folder / "memory.current").read_text())
            cached = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            yield max(0, limit - held + int(cached.get("inactive_file", 0)))
        except (OSError, ValueError):
            continue


def read_only(values: NDArray[Any]) -> NDArray[Any]:
    """A view of the values that cannot be written to: who wants to, copies it first."""
    view = values.view()
    view.flags.writeable = False
    return view
