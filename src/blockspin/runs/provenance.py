"""Where a run's numbers come from: versions, commit, computer, seed, command and wall times, session by session.

No host, user or folder is named, so the file can be published.
"""

import importlib.metadata
import os
import platform
import secrets
import shlex
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from blockspin.files import Damaged, read_json
from blockspin.runs.store import Store, now, read_log, write_json
from blockspin.runs.work import cores
from blockspin.seals import digest_of

FILE = "provenance.json"
PACKAGES = ("blockspin", "numpy", "jax", "jaxlib", "numba", "scikit-learn", "scipy", "xarray")


class Provenance:
    """A session in the provenance.json of a run, written as it begins and when it has come to an `end`.

    A session that was killed ends where the log says it last did something, with the outcome "killed"; that is found
    out by the next session that is alone in the folder, as no other can be at work.
    """

    def __init__(self, store: Store, *, seed: int, command: list[str], workers: int, alone: bool = True) -> None:
        self.store, self.seed = store, seed
        self.own: dict[str, Any] = {
            "id": secrets.token_hex(4),
            "command": shlex.join(command),
            "start": now(),
            "end": None,
            "seconds": None,
            "outcome": None,
            "workers": workers,
            "versions": versions(),
            "commit": commit(Path(__file__).parent),
            "machine": machine(),
        }
        self.started = time.monotonic()
        self._write(alone=alone)

    def end(self, outcome: str) -> None:
        """The session ends: "finished", "failed" or "interrupted"."""
        self.own |= {"end": now(), "seconds": round(time.monotonic() - self.started, 1), "outcome": outcome}
        self._write()

    def _write(self, *, alone: bool = False) -> None:
        with self.store.turn():  # other sessions write here too
            path = self.store.folder / FILE
            earlier = read(self.store.folder)["sessions"] if os.path.lexists(path) else []
            sessions = [one for one in earlier if one.get("id") != self.own["id"]]
            if alone:
                times = [event["time"] for event in read_log(self.store.folder) if isinstance(event.get("time"), str)]
                for session in sessions:
                    if session["end"] is None:
                        session |= {"end": max(times, default=session["start"]), "outcome": "killed"}
            sessions.append(self.own)
            tasks = task_seconds(self.store)
            used = sorted({str(event["device"]) for event in read_log(self.store.folder) if "device" in event})
            stored = {"schema": 2, "seed": self.seed, "tasks": tasks, "devices": used, "sessions": sessions}
            write_json(path, {**stored, "sha256": digest_of(stored)})


def read(folder: Path) -> dict[str, Any]:
    """What a folder's provenance.json holds; raises `Damaged` where that is not what runs write."""
    try:
        stored = read_json(folder / FILE, sessions=list, tasks=dict)
    except OSError as error:
        raise Damaged(f"{folder / FILE} cannot be read: {error.strerror}") from error
    digest = stored.pop("sha256", None)
    if (digest is not None or stored.get("schema") != 1) and digest != digest_of(stored):  # schema 1 had no checksum
        raise Damaged(
            f"{folder / FILE} is damaged: its checksum does not hold; a run goes on without it, but then nothing says "
            "what was done before"
        )
    return stored


def task_seconds(store: Store) -> dict[str, float]:
    """Wall seconds of each task that was completed, by label, from the log: the last time it was computed."""
    last: dict[str, tuple[str, float]] = {}
    for event in read_log(store.folder):
        match event:
            case {"event": "done", "key": str(key), "label": str(label), "seconds": float() | int() as seconds}:
                last[key] = label, seconds
    found: dict[str, float] = {}
    for label, seconds in last.values():
        found[label] = round(found.get(label, 0.0) + seconds, 3)
    return found


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that decide the numbers."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}


def machine() -> dict[str, Any]:
    """The processor, the cores that this process may use, and the system; no names of hosts or people."""
    return {"cpu": _cpu(), "cores": cores(), "system": platform.system(), "architecture": platform.machine()}


def commit(folder: Path) -> dict[str, Any] | None:
    """The git commit of a folder under version control and whether files differ from it; None where there is none."""
    # a package installed inside somebody's checkout is not part of it, so ask for a tracked file
    if not _git(folder, "ls-files", "--error-unmatch", Path(__file__).name):
        return None
    head, _, modified = _git(folder, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*").partition("-")
    return {"hash": head, "modified": bool(modified)} if head else None


def _git(folder: Path, *words: str) -> str:
    try:
        return subprocess.check_output(
            ["git", "-C", str(folder), *words], stderr=subprocess.DEVNULL, text=True, timeout=10
        ).strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _cpu() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
