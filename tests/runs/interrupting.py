"""Ctrl-C at a moment of a command, as a terminal sends it, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SECONDS = 5.0  # from Ctrl-C to the end of the process
PARTIAL = (".aside-", ".words-", ".claim-")


@dataclass
class Ended:
    """How a process ended: its exit code, the seconds after Ctrl-C, its stderr, and whether it ended before."""

    code: int
    seconds: float
    said: str
    before: bool

    @property
    def well(self) -> bool:
        """Whether it heard Ctrl-C, left in time and left quietly; one that ended before it counts as well."""
        return (self.before or self.code == 130) and self.seconds < SECONDS and "Traceback" not in self.said


def blockspin(*words: object) -> list[str]:
    return [sys.executable, "-m", "blockspin", *map(str, words)]


def hearing() -> None:
    """Ctrl-C is heard, also where the shell has it ignored for these tests, as it does for what it starts with &."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def interrupt(
    command: list[str],
    moment: float,
    ready: Callable[[], bool] | None = None,
    *,
    again: float | None = None,
    **env: str,
) -> Ended:
    """Ctrl-C to the whole process group, `moment` seconds after it is `ready`; once more after `again` seconds.

    Ready, unless given, is a process that has begun to hear Ctrl-C.
    """
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hearing,
        env={**os.environ, **env},
    )
    try:
        while process.poll() is None and not (hears(process.pid) if ready is None else ready()):
            time.sleep(0.005)
        with suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        before, sent = process.poll() is not None, time.monotonic()
        for pause in (0.0,) if again is None else (0.0, again):
            time.sleep(pause)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    seconds = time.monotonic() - sent
    return Ended(process.returncode, seconds, said, before or (process.returncode == 0 and seconds < 0.3))


def hears(process: int) -> bool:
    """Whether the command line's first lines have been run: they start a thread that waits for Ctrl-C."""
    try:
        return len(os.listdir(f"/proc/{process}/task")) > 1
    except OSError:
        return False


def begun(folder: Path, kind: str = "") -> bool:
    """Whether a task (of the kind) has begun in the run's folder."""
    try:
        lines = (folder / "log.jsonl").read_text().splitlines()
    except FileNotFoundError:
        return False
    events = [json.loads(line) for line in lines]
    return any(event["event"] == "start" and kind in event["kind"] for event in events)


def partial(folder: Path) -> list[str]:
    """What is left of files that were being written and of tasks that were being computed."""
    return sorted(path.name for path in folder.rglob(".*") if path.name.startswith(PARTIAL))


def results(folder: Path) -> dict[str, bytes]:
    """The bytes of all that a run computes."""
    names = [*(folder / "tasks").glob("*.npz"), *(folder / name for name in ("scorecards.json", "claims.json"))]
    return {path.name: path.read_bytes() for path in names if path.exists()}
