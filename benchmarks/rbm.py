"""Epochs of RBM training beside its peers and the bound that matrix products set, in one run.

Run: python benchmarks/rbm.py [--rows 4000] [--repeats 5] [--threads 1 2] [--no-peers]. blockspin, scikit-learn
(float32, float64), rbms and learnergy train the same 0/1 rows, batches of 100 that divide them, one after the other in
every repeat; so do the five products that CD-1 needs, alone. The torch machines live in an environment of their own
(benchmarks/.peers/rbm, about 5 GB), left out with a word where it cannot be made. Each program is a process with as
many processors as threads. Seconds are medians over the repeats: processor time on one thread, which other load
disturbs little, and wall time, which it does. Ratios are what counts.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HOME = HERE / ".peers" / "rbm"
NEEDED = 8e9  # bytes on the disk
LAYERS = ((1600, 400), (400, 100), (100, 25))
OWN = ("blockspin", "products", "sklearn float32", "sklearn float64")
TORCH = ("rbms", "learnergy")


class Program:
    """A process that trains when told to, and says how long it took."""

    def __init__(self, python: str, script: str, threads: int, rows: int) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
        environment |= {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        environment |= {"PYTHONPATH": str(HERE.parent / "src"), "PYTHONWARNINGS": "ignore"}
        self.process = subprocess.Popen(
            [python, str(HERE / script), str(threads), str(rows)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def ask(self, **what: Any) -> dict[str, Any]:
        """One line of JSON there and one back."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process that was asked {what} ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        """Close its input, upon which it ends."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def torch_python() -> str | None:
    """The interpreter of the torch machines, installed on the first call; None where that cannot be."""
    python = HOME / "bin" / "python"
    if not python.exists():
        if shutil.disk_usage(HERE).free < NEEDED:
            print(f"no torch machines: {NEEDED / 1e9:.0f} GB of disk are needed")
            return None
        uv = shutil.which("uv") or str(HERE.parent / ".tools" / "bin" / "uv")
        install = [uv, "pip", "install", "--quiet", "--python", str(python)]
        subprocess.run([uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(HOME)], check=True)
        packages = ["torch", "learnergy==2.0.2", "h5py", "tqdm", "matplotlib", "scikit-learn", "typing_extensions"]
        subprocess.run([*install, *packages], check=True)
        # rbms 0.6.0 asks for Python 3.12; on 3.11 it lacks one name, which rbm_peers.py puts in its place
        forced = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--ignore-requires-python"]
        subprocess.run([*forced, "rbms==0.6.0"], check=True)
    return str(python)


def medians(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """Those of the processor times and of the wall times."""
    return statistics.median(one for one, _ in pairs), statistics.median(other for _, other in pairs)


def measure(threads: int, rows: int, repeats: int, python: str | None) -> None:
    """Print a table for so many threads."""
    own = Program(sys.executable, "rbm_own.py", threads, rows)
    programs = dict.fromkeys(OWN, own)
    if python is not None:
        programs |= dict.fromkeys(TORCH, Program(python, "rbm_peers.py", threads, rows))
    print(f"\n{threads} thread(s), seconds an epoch of {rows} rows: processor | wall (medians of {repeats})")
    for n_visible, n_hidden in LAYERS:
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
        for name in list(programs):
            answer = programs[name].ask(what=name, visible=n_visible, hidden=n_hidden)  # compiles
            if "why" in answer:
                print(f"{name} left out: {answer['why']}")
                del programs[name], times[name]
        for _ in range(repeats):
            for name, program in programs.items():
                answer = program.ask(what=name, visible=n_visible, hidden=n_hidden)
                times[name].append((answer["processor"], answer["wall"]))
        middle = {name: medians(pairs) for name, pairs in times.items()}
        print(f"{n_visible} -> {n_hidden}")
        flops = 10 * rows * n_visible * n_hidden
        for name, (processor, wall) in middle.items():
            ratios = [part / other for part, other in zip(middle["blockspin"], (processor, wall), strict=True)]
            rates = [flops / part / 1e9 for part in (processor, wall)]
            print(
                f"  {name:<16s} {processor:8.3f} | {wall:8.3f}   {rates[0]:6.0f} | {rates[1]:6.0f} GFLOP/s"
                f"   blockspin takes {ratios[0]:5.2f} | {ratios[1]:5.2f} of it"
            )
    print("memory of the compiled epoch, 1600 -> 400:", own.ask(what="memory", visible=1600, hidden=400)["text"])
    for program in set(programs.values()):
        program.end()


def main() -> None:
    """A table a number of threads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--no-peers", action="store_true")
    arguments = parser.parse_args()
    python = None if arguments.no_peers else torch_python()
    for threads in arguments.threads:
        measure(threads, arguments.rows, arguments.repeats, python)


if __name__ == "__main__":
    main()
