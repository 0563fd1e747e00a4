"""Ratios of kernels to their own references in one run, next to those in drift.json: ./run python benchmarks/drift.py

One thread, processor seconds, medians of rounds in which both take turns: load changes such ratios little. CI prints
them, and fails where one is off by more than a factor of 3, which no load explains. `--keep` writes those of today.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

if hasattr(os, "sched_setaffinity"):  # before jax starts its threads
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numba
import numpy as np
import rbm_programs

import blockspin as bs
import sampling
from blockspin.models import KC_SQUARE

KEPT = Path(__file__).with_name("drift.json")
FACTOR = 3
MODEL = bs.Ising(bs.Lattice.square(40), KC_SQUARE)


def in_turns(work: Callable[[], object], reference: Callable[[], object], rounds: int = 5) -> float:
    """The median of the ratios of processor times; a first round compiles."""
    ratios = []
    for _ in range(rounds + 1):
        spent = []
        for one in (work, reference):
            start = time.process_time()
            one()
            spent.append(time.process_time() - start)
        ratios.append(spent[0] / spent[1])
    return statistics.median(ratios[1:])


def clusters() -> float:
    """Swendsen-Wang over heat bath."""
    cost = sampling.clusters(MODEL)
    return cost["swendsen-wang"] / cost["heat-bath"]


def epoch(*shape: int) -> float:
    """An epoch of an RBM over its five products."""
    return in_turns(rbm_programs.blockspin(*shape), rbm_programs.products(*shape))


def record() -> float:
    """A record of training over an epoch, 256 -> 64."""
    X = 2 * rbm_programs.rows(2000, 256) - 1
    rbm = bs.RBM(64, units="spin", random_state=0)
    rbm.n_features_in_ = 256
    state, recorder, number = rbm._start(X), rbm._recorder(X, None), count()
    return in_turns(lambda: rbm._record(recorder, next(number), state), rbm_programs.blockspin(2000, 256, 64, "spin"))


def together() -> float:
    """Eight RBMs in one program over eight alone, 64 -> 16."""
    X = 2 * rbm_programs.rows(1000, 64) - 1

    def new() -> list[bs.RBM]:
        return [bs.RBM(16, units="spin", n_iter=10, random_state=seed) for seed in range(8)]

    return in_turns(lambda: bs.RBM.fit_many(new(), X), lambda: [one.fit(X) for one in new()], 3)


RATIOS: dict[str, Callable[[], float]] = {
    "time of random bits over that of multi-spin Metropolis": lambda: sampling.metropolis(MODEL, 1) / sampling.bound(),
    "Swendsen-Wang over heat bath": clusters,
    "RBM epoch over its five products, 1600 -> 400": lambda: epoch(1000, 1600, 400),
    "RBM epoch over its five products, 256 -> 64": lambda: epoch(2000, 256, 64),
    "record of training over an epoch": record,
    "eight RBMs together over eight alone": together,
}


def main() -> int:
    """Print the ratios; 1 where one has drifted."""
    numba.set_num_threads(1)
    kept, found = json.loads(KEPT.read_text()), {name: round(ratio(), 3) for name, ratio in RATIOS.items()}
    for name, value in found.items():
        print(f"{name:<56} {value:7.3f}   kept {kept.get(name, np.nan):7.3f}")
    if "--keep" in sys.argv:
        KEPT.write_text(json.dumps(found, indent=1) + "\n")
        return 0
    return int(any(abs(np.log(value / kept[name])) > np.log(FACTOR) for name, value in found.items()))


if __name__ == "__main__":
    sys.exit(main())
