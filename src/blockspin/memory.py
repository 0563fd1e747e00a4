"""Memory and disk that are free, and the refusal of what needs more: a sentence at once in place of a kill later."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

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
