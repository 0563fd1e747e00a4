"""The dimers' worm on one core: ns a turned dimer, and decorrelated samples a second; a part of page.py.

Processor seconds, best of five. A sample is decorrelated after 2 tau steps, tau the largest integrated autocorrelation
time (1/2 + sum rho) of the density of parallel faces, of the columnar order |C| and of the windings Wx and Wy.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numba

from blockspin import statistics
from blockspin.lattice import Lattice
from blockspin.models.dimers import T_BKT, Dimers
from blockspin.sampling.chains import start

CHAINS = 16


def row(L: int, T: float) -> dict[str, Any]:
    """Worms a step (about a quarter sweep), ns a turn, the largest tau in steps, samples a second."""
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
    about = {"L": L, "T": f"{T:g}", "worms a step": running.clusters, "ns a turn": min(cost)}
    return about | {"tau, steps": max(tau), "samples a second": rate}


def measure() -> dict[str, Any]:
    """A row a lattice and temperature."""
    numba.set_num_threads(1)
    cases = ((8, math.inf), (32, math.inf), (64, math.inf), (128, math.inf), (32, 1.5), (32, T_BKT))
    return {"worms": [row(L, T) for L, T in cases]}
