"""Operators evaluated, in bytes of spins a second, against a copy of the spins: ./run python benchmarks/operators.py"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from blockspin.rg.operators import SQUARE, evaluate

EVEN = ("nn", "nnn", "third", "fourth", "fifth", "plaquette", "diamond")
ODD = ("magnetisation", "corner", "row", "diagonal")


def seconds(function: Callable[[], object], repeats: int = 3) -> float:
    """The least processor time of a few runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """One row a lattice: GB/s of a copy, of one operator, of eleven, and of eleven times their number."""
    print(f"{'L':>4} {'copy':>8} {'nn':>8} {'eleven':>8} {'x 11':>8}   GB/s")
    everything = tuple(SQUARE[name] for name in EVEN + ODD)
    for L in (8, 16, 32, 64, 128):
        spins = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (2**25 // L**2, L, L))
        size = spins.nbytes / 1e9
        copy = size / seconds(spins.copy)
        one = size / seconds(lambda spins=spins: evaluate([SQUARE["nn"]], spins))  # type: ignore[misc]
        eleven = size / seconds(lambda spins=spins: evaluate(everything, spins))  # type: ignore[misc]
        print(f"{L:4d} {copy:8.2f} {one:8.3f} {eleven:8.3f} {11 * eleven:8.2f}")


if __name__ == "__main__":
    main()
