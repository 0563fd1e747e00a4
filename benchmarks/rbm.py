"""Epochs of RBM training, their peers, and the bound that matrix products set, in one run; a part of page.py.

Each program has a process of its own, as many processors as threads, and trains alone after a rest, when the threads of
the one before spin no more. Ratios are medians of those within a round: of processor time on one thread, which other
load disturbs little, and of time by the clock on two.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from rbm_programs import PROGRAMS

HERE = Path(__file__).resolve().parent
TORCH = ("rbms", "learnergy")  # about 5 GB
LAYERS = ((1600, 400), (400, 100), (100, 25))
ROWS, ROUNDS, REST = 4000, 7, 0.5


def torch_python() -> str:
    """The interpreter of the torch programs, installed on the first call."""
    home = HERE / ".peers" / "rbm"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        uv = shutil.which("uv") or str(HERE.parent / ".tools" / "bin" / "uv")
        packages = ["torch", "learnergy==2.0.2", "h5py", "tqdm", "matplotlib", "scikit-learn", "typing_extensions"]
        subprocess.run([uv, "venv", "--quiet", "--seed", "--clear", "--python", sys.executable, str(home)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), *packages], check=True)
        forced = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--ignore-requires-python"]
        subprocess.run([*forced, "rbms==0.6.0"], check=True)
        (home / "ready").touch()
    return str(python)


def started(name: str, threads: int) -> subprocess.Popen[str]:
    """A process that trains when a shape comes in."""
    environment = {one: value for one, value in os.environ.items() if not one.startswith("OPENBLAS_")}
    environment |= {f"{one}_NUM_THREADS": str(threads) for one in ("OMP", "MKL", "OPENBLAS")}
    environment |= {"PYTHONPATH": str(HERE.parent / "src"), "PYTHONWARNINGS": "ignore"}
    python = torch_python() if name in TORCH else sys.executable
    command = [python, str(HERE / "rbm_programs.py"), name, str(threads), str(ROWS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, text=True, env=environment, **pipes)


def seconds(process: subprocess.Popen[str], shape: tuple[int, int]) -> tuple[float, float]:
    """Of the processor and by the clock, of an epoch after a rest."""
    time.sleep(REST)
    print(json.dumps(shape), file=process.stdin, flush=True)
    processor, clock = json.loads(process.stdout.readline())
    return processor, clock


def compared(threads: int) -> list[dict[str, Any]]:
    """A row a program: seconds and rate on the largest layer, and blockspin's share of its time on each."""
    programs = {name: started(name, threads) for name in PROGRAMS}
    rows: dict[str, dict[str, Any]] = {name: {"program": name} for name in PROGRAMS}
    for shape in LAYERS:
        spent = np.array([[seconds(one, shape) for one in programs.values()] for _ in range(ROUNDS + 1)])[1:]
        times = spent[..., 0 if threads == 1 else 1]  # the first round compiles
        for number, row in enumerate(rows.values()):
            if shape == LAYERS[0]:
                middle = float(np.median(times[:, number]))
                row |= {"seconds": middle, "GFLOP/s": 10 * ROWS * shape[0] * shape[1] / middle / 1e9}
            row["{} -> {}".format(*shape)] = float(np.median(times[:, 0] / times[:, number])) if number else None
    for one in programs.values():
        one.communicate()
    return list(rows.values())


def measure() -> dict[str, Any]:
    """A table a number of threads."""
    return {"one_thread": compared(1), "two_threads": compared(2)}
