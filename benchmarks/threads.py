"""Every quick preset and the test suite, alone and with one core busy: ./run python benchmarks/threads.py [NAME ...]

A NAME is an experiment or "suite"; all of them unless given. Medians of three runs, seconds by the clock and processor
seconds; the ratio is of the clock. On two cores a ratio of 2 is a fair share, and what threads that wait for each other
lose is above it. The machine must do nothing else.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from blockspin.experiments import EXPERIMENTS
from blockspin.runs.work import THREAD_VARIABLES

REPEATS = 3
SUITE = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "-m", "not slow"]


@contextmanager
def busy() -> Iterator[None]:
    """One core at work, pinned nowhere, while the block lasts."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def seconds(name: str) -> tuple[float, float]:
    """Seconds by the clock and of the processor of one run from nothing."""
    inherited = {variable: value for variable, value in os.environ.items() if variable not in THREAD_VARIABLES}
    with tempfile.TemporaryDirectory() as folder:
        run = [sys.executable, "-m", "blockspin", "run", name, "--preset", "quick", "--out", str(Path(folder) / "run")]
        used, started = processor(), time.monotonic()
        subprocess.run(SUITE if name == "suite" else run, env=inherited, check=True, capture_output=True)
        return time.monotonic() - started, processor() - used


def processor() -> float:
    """Processor seconds of all processes that this one has started and that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def medians(name: str, beside: bool) -> tuple[float, float]:
    """The medians over the repeats."""
    runs = []
    for _ in range(REPEATS):
        with busy() if beside else nullcontext():
            runs.append(seconds(name))
    clock, used = zip(*runs, strict=True)
    return statistics.median(clock), statistics.median(used)


def main(names: list[str]) -> None:
    """One row a preset, and the suite."""
    print(f"{'preset quick of':<20} {'alone':>8} {'(cpu)':>8} {'busy':>8} {'(cpu)':>8} {'ratio':>6}")
    for name in names:
        alone, beside = medians(name, beside=False), medians(name, beside=True)
        row = " ".join(f"{value:8.1f}" for value in (*alone, *beside))
        print(f"{name:<20} {row} {beside[0] / alone[0]:6.2f}", flush=True)


if __name__ == "__main__":
    seconds("exact-mapping")  # compiled kernels are stored once for all
    main(sys.argv[1:] or [*EXPERIMENTS, "suite"])
