"""Cost of Monte Carlo RG against L and operators, a task in full, and operators against a copy; a part of page.py.

Processor seconds of all threads, and for the task by the clock too: L = 64 at Kc, 200,000 configurations from nothing,
7 even and 4 odd operators, three majority steps (4 GB of memory).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import xarray as xr

import blockspin as bs
from blockspin.models import KC_SQUARE
from blockspin.rg.operators import SQUARE, evaluate

NAMES = ["nn", "magnetisation", "nnn", "corner", "third", "plaquette", "row", "fourth", "fifth", "diamond", "diagonal"]
EVEN = ["nn", "nnn", "third", "plaquette", "fourth", "fifth", "diamond"]
TASK = ["nn", "nnn", "third", "fourth", "fifth", "plaquette", "diamond", "magnetisation", "corner", "row", "diagonal"]

Result = TypeVar("Result")


def timed(function: Callable[[], Result]) -> tuple[Result, float, float]:
    """What the function returns, processor seconds of all its threads, and seconds by the clock."""
    start, clock = time.process_time(), time.perf_counter()
    found = function()
    return found, time.process_time() - start, time.perf_counter() - clock


def critical(L: int, n: int) -> xr.DataArray:
    """Samples of the L x L torus at Kc."""
    return bs.sample(bs.Ising(bs.Lattice.square(L), K=KC_SQUARE), n, seed=1)


def majority(lattice: bs.Lattice) -> bs.Majority:
    """The majority rule with coins that depend on the row alone."""
    return bs.Majority(lattice, 2, random_state=1)


def against_size(n: int = 2000) -> list[dict[str, Any]]:
    """A row a lattice: seconds to sample n configurations, for exponents of 2, 5 and 11 operators, for 7 couplings."""
    rows = []
    for L in (16, 32, 64, 128):
        samples, spent, _ = timed(lambda L=L: critical(L, n))
        works: dict[str, Callable[[], object]] = {
            f"exponents, {k} operators": lambda k=k, samples=samples: bs.rg.exponents(samples, majority, 3, NAMES[:k])
            for k in (2, 5, 11)
        }
        works["couplings, 7 operators"] = lambda samples=samples: bs.rg.couplings(samples, EVEN)
        rows.append({"L": L, "sample": spent} | {name: timed(work)[1] for name, work in works.items()})
    return rows


def task() -> dict[str, Any]:
    """Seconds of the parts of the task."""
    samples, drawing, drawn = timed(lambda: critical(64, 200_000))
    _, blocking, blocked = timed(lambda: bs.rg.exponents(samples, majority, 3, TASK))
    row = {"to sample": drawing, "the rest": blocking, "together": drawing + blocking}
    return row | {"by the clock": drawn + blocked}


def operators() -> list[dict[str, Any]]:
    """A row a lattice: GB of int8 spins a second, of a copy, of one operator and of eleven."""
    rows, everything = [], tuple(SQUARE[name] for name in NAMES)
    for L in (8, 16, 32, 64, 128):
        spins = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (2**25 // L**2, L, L))
        works: dict[str, Callable[[], object]] = {
            "copy": spins.copy,
            "nn": lambda spins=spins: evaluate([SQUARE["nn"]], spins),
            "eleven": lambda spins=spins: evaluate(everything, spins),
        }
        rate = {name: spins.nbytes / 1e9 / min(timed(work)[1] for _ in range(3)) for name, work in works.items()}
        rows.append({"L": L} | rate | {"times 11, of the copy": 11 * rate["eleven"] / rate["copy"]})
    return rows


def measure() -> dict[str, Any]:
    """Every table."""
    bs.rg.exponents(critical(8, 100), majority, 1)  # imports, compiles
    return {"against_size": against_size(), "operators": operators(), "task": [task()]}
