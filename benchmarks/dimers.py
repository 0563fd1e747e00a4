"""The dimers' worm on one core: ns a turned dimer, and decorrelated samples a second.

./run python benchmarks/dimers.py. Processor seconds, best of five; absolute figures drift between machines.
A sample is decorrelated after 2 tau steps, tau the largest integrated autocorrelation time (1/2 + sum rho) of the
density of parallel faces, of the columnar order |C| and of the windings Wx and Wy. The last column is tau of the
signed C_x, whose sign `symmetric_images` draws anew.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path

import numba
import numpy as np

from blockspin import statistics
from blockspin.lattice import Lattice
from blockspin.models.dimers import T_BKT, Dimers
from blockspin.sampling.chains import start

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from oracles.dimers import columnar_order

CHAINS = 16


def measure(L: int, T: float) -> str:
    """One row: worms a step (about a quarter sweep), ns a turn, tau of each observable in steps, samples a second."""
    model = Dimers(Lattice.square(L), T)
    running = start(model, "worm", CHAINS, 1, "benchmark")
    running.measure_step()
    running.clusters = max(1, running.clusters // 4)
    steps = 1000
    running.advance(steps)
    times, cost = [], []
    for _ in range(5):
        began = time.process_time()
        turned = running.advance(steps).sum()
        times.append(time.process_time() - began)
        cost.append(times[-1] / turned * 1e9)
    seen = running.record(4 * steps)
    tau = [statistics.autocorrelation_time(seen[..., k]).tau for k in range(len(running.names))]
    rate = steps * CHAINS / min(times) / (2 * max(tau))
    taus = " ".join(f"{value:8.1f}" for value in tau)
    signed = []
    for _ in range(steps):
        running.advance(1)
        signed.append(columnar_order(model, running.spins())[:, 0])
    slow = f"{statistics.autocorrelation_time(np.transpose(signed)).tau:8.1f}" if math.isinf(T) else "       -"
    return f"{L:<5d} {T:<6g} {running.clusters:<6d} {min(cost):8.1f} {taus} {rate:12.0f} {slow}"


if __name__ == "__main__":
    numba.set_num_threads(1)
    print("L     T      worms  ns/turn     tau:  energy, |C|, Wx, Wy             samples/s   tau(C_x)")
    for L, T in ((8, math.inf), (32, math.inf), (64, math.inf), (128, math.inf), (32, 1.5), (32, T_BKT)):
        print(measure(L, T), flush=True)
