"""What RBMs of one shape save when they are trained together; a part of page.py.

Eight RBMs 256 -> 64, 20 epochs of 4,000 Ising rows with their records. Processor seconds on one thread, the ways in
turn, medians of rounds after one that also compiles; ratios are those within a round.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

if hasattr(os, "sched_setaffinity"):  # before jax starts its threads
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np

import blockspin as bs

ROUNDS = 5
X = bs.to_matrix(bs.sample(bs.Ising(bs.Lattice.square(16), K=0.42), 4000, seed=1, chains=100))
OWN = [np.random.default_rng(number).permutation(X) for number in range(8)]


def some(seeds: int) -> list[bs.RBM]:
    """Eight RBMs of as many penalties, of one seed or of eight."""
    common = {"units": "spin", "biases": False, "learning_rate": 0.01, "n_iter": 20}
    return [bs.RBM(64, l1=0.003 * number, random_state=number % seeds, **common) for number in range(8)]


WAYS: dict[str, Callable[[], object]] = {
    "one by one": lambda: [machine.fit(X) for machine in some(8)],
    "together, eight seeds": lambda: bs.RBM.fit_many(some(8), X),
    "together, one seed": lambda: bs.RBM.fit_many(some(1), X),
    "together, one seed, rows of their own": lambda: bs.RBM.fit_many(some(1), OWN),
}


def measure() -> dict[str, Any]:
    """A row a way: seconds, and how many times as long one by one takes."""
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(ROUNDS + 1):
        for name, way in WAYS.items():
            start = time.process_time()
            way()
            seconds[name].append(time.process_time() - start)
    alone = seconds["one by one"][1:]
    return {
        "ways": [
            {
                "eight RBMs": name,
                "s": statistics.median(later),
                "one by one over this": statistics.median(a / b for a, b in zip(alone, later, strict=True)),
            }
            for name, (_, *later) in seconds.items()
        ]
    }
