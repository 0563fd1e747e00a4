"""What other samplers of the Ising model do in the same time: one JSON line a figure; run by sampling.py.

Runs in an environment of its own that holds mcising, peapods and isingenerator, on one thread. Times are processor
seconds of this process, the least of three.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import mcising
import numpy as np
import peapods
from isingenerator import Simulation

from blockspin import statistics

KC = 0.5 * np.log(1 + np.sqrt(2))


def least(function: Callable[[], object], repeats: int = 3) -> float:
    """The least of the processor times, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def tell(**figure: object) -> None:
    """One figure, as a line of JSON."""
    print(json.dumps(figure), flush=True)


def mcising_kernels(L: int) -> None:
    """flips/ns of Metropolis, ns a site of Swendsen-Wang, ns a flipped site of Wolff, at Kc."""
    sweeps = max(2, 1_000_000 // L**2)
    for algorithm in ("metropolis", "swendsen_wang", "wolff"):
        chain = mcising.IsingSimulation(L, 1.0, 0.0, 0.0, 0.0, 1, algorithm="swendsen_wang")
        chain.sweep(20, temperature=1 / KC)
        spins, chain = chain.get_spins(), mcising.IsingSimulation(L, 1.0, 0.0, 0.0, 0.0, 1, algorithm=algorithm)
        chain.set_spins(spins)
        rates = []
        for _ in range(5):
            start = time.process_time()
            accepted, attempted, _ = chain.sweep(sweeps, temperature=1 / KC)
            spent = (time.process_time() - start) * 1e9
            rates.append(
                {"metropolis": attempted, "swendsen_wang": sweeps * L**2, "wolff": accepted}[algorithm] / spent
            )
        name = algorithm.replace("_", "-")
        tell(peer="mcising", what=name, L=L, value=max(rates) if name == "metropolis" else 1 / max(rates))


def other_kernels(L: int) -> None:
    """flips/ns of Metropolis of the two others, and the ns a site that a Swendsen-Wang update adds in peapods."""
    sweeps = max(10, 2_000_000 // L**2)
    model = peapods.Ising((L, L), temperatures=np.array([1 / KC]))
    metropolis = least(lambda: model.sample(sweeps, warmup_ratio=0.0))
    both = least(lambda: model.sample(sweeps, warmup_ratio=0.0, cluster_update_interval=1, cluster_mode="sw"))
    tell(peer="peapods", what="metropolis", L=L, value=sweeps * L**2 / metropolis / 1e9)
    tell(peer="peapods", what="swendsen-wang", L=L, value=(both - metropolis) * 1e9 / (sweeps * L**2))
    other = Simulation(rows=L, cols=L, J=1.0)
    spent = least(lambda: other.run_single_temperature(1 / KC, sweeps, 1, 1, 1))
    tell(peer="isingenerator", what="metropolis", L=L, value=(sweeps + 1) * L**2 / spent / 1e9)


def samples(K: float, L: int = 40) -> None:
    """Configurations a second, 2 tau apart, of mcising's three algorithms, without their equilibration."""
    for algorithm in ("metropolis", "swendsen_wang", "wolff"):
        chain = mcising.IsingSimulation(L, 1.0, 0.0, 0.0, 0.0, 1, algorithm=algorithm)
        chain.sweep(5000, temperature=1 / K)
        length = 40_000 if algorithm != "swendsen_wang" else 8000
        seen = chain.production_sweeps(length, 1, temperature=1 / K, store_configs=False)
        series = (seen["energies"], np.abs(seen["magnetizations"]))
        tau = max(statistics.autocorrelation_time(one).tau for one in series)
        spacing = max(1, int(np.ceil(2 * tau)))
        n = max(50, 200_000 // spacing) if algorithm != "swendsen_wang" else 500
        spent = least(lambda: chain.production_sweeps(n, spacing, temperature=1 / K, store_configs=True))  # noqa: B023
        tell(peer="mcising", what="samples", algorithm=algorithm, K=K, tau=tau, value=n / spent)


if __name__ == "__main__":
    for extent in (40, 1024):
        mcising_kernels(extent)
        other_kernels(extent)
    for coupling in (0.408, KC):
        samples(coupling)
    sys.exit()
