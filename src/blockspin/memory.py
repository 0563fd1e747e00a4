"""Memory that is free, compared with what an array wants before it is made."""

from __future__ import annotations

import os


def free() -> int | None:
    """Bytes of memory that are free; None where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            known = dict(line.split(":", 1) for line in lines)
        return int(known["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def require(bytes_wanted: int, what: str) -> None:
    """Raise ValueError where `what` wants more bytes than are free."""
    available = free()
    if available is not None and bytes_wanted > available:
        raise ValueError(f"{what} wants {bytes_wanted / 1e9:.3g} GB of memory; {available / 1e9:.3g} GB are free")
