"""Cost of Monte Carlo RG against L and operators, and the set task in full: ./run python benchmarks/mcrg.py [n]

Processor seconds for n configurations (2000 unless given), three majority steps; then L = 64 at Kc, 200,000
configurations from nothing, 7 even and 4 odd operators, three levels (4 GB of memory), in
processor seconds and seconds by the clock, on all threads that numba is given.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import xarray as xr

import blockspin as bs
from blockspin.models import KC_SQUARE
from blockspin.statistics import Estimate

NAMES = ["nn", "magnetisation", "nnn", "corner", "third", "plaquette", "row", "fourth", "fifth", "diamond", "diagonal"]
EVEN = ["nn", "nnn", "third", "plaquette", "fourth", "fifth", "diamond"]
TASK = ["nn", "nnn", "third", "fourth", "fifth", "plaquette", "diamond", "magnetisation", "corner", "row", "diagonal"]

Result = TypeVar("Result")


def timed(function: Callable[[], Result]) -> tuple[Result, float, float]:
    """What the function returns, processor seconds of all its threads, and seconds by the clock."""
    start, clock = time.process_time(), time.perf_counter()
    found = function()
    return found, time.process_time() - start, time.perf_counter() - clock


def critical(L: int, n: int, spacing: int | None = None) -> xr.DataArray:
    """Samples of the L x L torus at Kc."""
    return bs.sample(bs.Ising(bs.Lattice.square(L), K=KC_SQUARE), n, seed=1, spacing=spacing)


def majority(lattice: bs.Lattice) -> bs.Majority:
    """The majority rule with coins that depend on the row alone."""
    return bs.Majority(lattice, 2, random_state=1)


def against_size(n: int) -> None:
    """One row a lattice: seconds to sample, for mcrg with 2, 5 and 11 operators, for couplings of 7."""
    print(f"{n} configurations, processor seconds")
    print(f"{'L':>4} {'sample':>8} {'mcrg 2':>8} {'mcrg 5':>8} {'mcrg 11':>8} {'couplings 7':>12}")
    for L in (16, 32, 64, 128):
        samples, *row = timed(lambda L=L: critical(L, n))[:2]  # type: ignore[misc]
        for k in (2, 5, 11):
            row.append(timed(lambda k=k, s=samples: bs.rg.exponents(s, majority, 3, NAMES[:k]))[1])  # type: ignore[misc]
        row.append(timed(lambda s=samples: bs.rg.couplings(s, EVEN))[1])  # type: ignore[misc]
        print(f"{L:4d} " + " ".join(f"{seconds:8.2f}" for seconds in row))


def task(spacing: int | None) -> None:
    """The set task: seconds of its parts, exponents by the number of operators at each level."""
    samples, drawing, drawn = timed(lambda: critical(64, 200_000, spacing))
    levels, blocking, blocked = timed(lambda: bs.rg.exponents(samples, majority, 3, TASK))
    shape = f"{samples.sizes['chain'] * samples.sizes['draw']} configurations"
    between = "2 tau" if spacing is None else f"{spacing} sweeps"
    print(f"\nL = 64, {shape} {between} apart, 7 even and 4 odd operators, 3 levels, from nothing:")
    print(f"processor seconds {drawing:.1f} to sample + {blocking:.1f} = {drawing + blocking:.1f}")
    print(f"seconds by the clock {drawn:.1f} + {blocked:.1f} = {drawn + blocked:.1f}")
    for n, level in enumerate(levels, start=1):
        print(f"step {n} y_t {_row(level.y_t_by_operators)}   y_h {_row(level.y_h_by_operators)}")


def _row(estimates: Sequence[Estimate]) -> str:
    return " ".join(f"{estimate!s:>11}" for estimate in estimates)


def main() -> None:
    """Print the table against L and operators, then the task, with the usual spacing and with twice that."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    bs.rg.exponents(
        bs.sample(bs.Ising(bs.Lattice.square(8), K=KC_SQUARE), 100, seed=1), majority, 1
    )  # imports, compiles
    against_size(n)
    for spacing in (None, 800):
        task(spacing)


if __name__ == "__main__":
    main()
