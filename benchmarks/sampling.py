"""Speed of the samplers: ns a site, ns a flipped site, seconds for 20,000 configurations of the 40 x 40 torus.

Run: python benchmarks/sampling.py [threads]. Best of five; quote ratios, absolute figures drift between machines.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numba
import numpy as np

from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising, Potts, potts_kc
from blockspin.models.ising import KC_CUBIC, KC_TRIANGULAR
from blockspin.sampling import cluster, sample


def best(function: Callable[[], object], repeats: int = 5) -> float:
    """The least of the wall times, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def kernels() -> None:
    """ns a site of Swendsen-Wang and heat bath, ns a changed site of Wolff, at the critical coupling."""
    print(f"{'model':<28s} swendsen-wang  heat-bath  wolff (a changed site)")
    models = [Ising(Lattice.square(L), KC_SQUARE) for L in (40, 256, 1024)]
    models += [Ising(Lattice.triangular(256), KC_TRIANGULAR), Ising(Lattice.cubic(40), KC_CUBIC)]
    models += [Potts(Lattice.square(256), potts_kc(q), q) for q in (2, 3, 10)]
    for model in models:
        N = model.lattice.n_sites
        chains, steps = max(1, 12_800 // N), max(6, 4_000_000 // N)
        spins, state = np.ones((chains, N), np.int8), cluster.generators(1, chains, "benchmark")
        cluster.advance(model, "swendsen-wang", spins, state, 50)
        cost = {}
        for algorithm in ("swendsen-wang", "heat-bath"):
            run = lambda name=algorithm: cluster.advance(model, name, spins, state, steps)  # noqa: E731, B023
            cost[algorithm] = best(run) / (steps * spins.size) * 1e9
        times = []
        for _ in range(5):
            start = time.perf_counter()
            changed = cluster.advance(model, "wolff", spins, state, steps, clusters=3).sum()
            times.append((time.perf_counter() - start) / changed * 1e9)
        name = f"{model.lattice}" + (f", q = {model.q}" if isinstance(model, Potts) else "")
        print(f"{name:<28s} {cost['swendsen-wang']:<14.1f} {cost['heat-bath']:<10.1f} {min(times):.1f}")


def samples() -> None:
    """Seconds for 20,000 decorrelated configurations of the 40 x 40 torus."""
    for K in (0.408, KC_SQUARE):
        model = Ising(Lattice.square(40), K)
        for algorithm in ("swendsen-wang", "wolff"):
            run = lambda model=model, name=algorithm: sample(model, 20_000, seed=1, algorithm=name)  # noqa: E731
            print(f"20,000 samples, K = {K:.4f}, {algorithm:<14} {best(run, 3):.2f} s")


if __name__ == "__main__":
    numba.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    kernels()
    samples()
