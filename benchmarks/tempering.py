"""Does trajectory tempering win? Autocorrelation times of m times machines. Run: ./run python benchmarks/tempering.py

Machines of 16 hidden units trained by CD-1 on 5000 samples of the 8 x 8 Ising model at K = 0.6, in 20 epochs
with a copy after each mini-batch: -1/+1 units without biases, and 0/1 units with biases (centred gradient).
Sampled by plain block Gibbs; by parallel tempering in temperature, machines beta W, beta c with beta evenly spaced from
0 to 1, for 0/1 units also as the -1/+1 machine of the same law (the row that `algorithm="pt"` keeps); and along the
trajectory, by copies between which about 0.3 or more of the exchanges are accepted. 100 chains a machine, from rows of
the data. tau is the integrated autocorrelation time of m in sweeps; tau x machines is its price in block Gibbs steps of
one machine. z compares <m> with the sum over hidden states. Seconds are processor time, with compilation.
"""

from __future__ import annotations

import copy
import math
import time
from typing import Any

import numpy as np
from scipy.special import logsumexp

import blockspin as bs
from blockspin.coarse.rbm import summation, trajectory_tempering
from blockspin.coarse.rbm.units import spin_from_binary
from blockspin.exact import ising2d
from blockspin.statistics import autocorrelation_time, mean_over_chains

PARTS, N_PARTS, LEAST_RATE = 50, 1000, 0.3
N_CHAINS, N_SWEEPS, DISCARDED, LONGER = 100, 5000, 500, 12
RATES = {"spin": 0.005, "binary": 0.02}


def along_a_fit(units: str, X: np.ndarray) -> list[bs.RBM]:
    """Copies of one machine from before training on, after every mini-batch of 100 rows."""
    biased = units == "binary"
    run = bs.RBM(
        16, units=units, biases=biased, centered=biased, learning_rate=RATES[units], n_iter=0, random_state=0
    ).fit(X[::PARTS])
    machines = [copy.deepcopy(run)]
    for part in range(N_PARTS):
        run.partial_fit(X[part % PARTS :: PARTS])
        machines.append(copy.deepcopy(run))
    return machines


def thinned(along: list[bs.RBM], start: np.ndarray) -> list[int]:
    """Which copies make a row: bisect between the first and the last until neighbours exchange often enough."""
    chosen = [0, len(along) - 1]
    while True:
        row = [along[index] for index in chosen]
        rates = trajectory_tempering(row, len(start), 200, thin=200, start=start, random_state=0).exchange_rates
        pairs = zip(chosen, chosen[1:], rates, strict=False)
        new = {(low + high) // 2 for low, high, rate in pairs if rate < LEAST_RATE and high > low + 1}
        if not new:
            return chosen
        chosen = sorted({*chosen, *new})


def along_temperature(machine: bs.RBM, n: int) -> list[bs.RBM]:
    """The machine with beta W and beta c."""
    W, b, c = machine.components_, machine.intercept_visible_, machine.intercept_hidden_
    return [bs.RBM.from_weights(beta * W, b, beta * c, units=machine.units_) for beta in np.linspace(0, 1, n)]


def exact_magnetisation(machine: bs.RBM) -> float:
    """<m> by summing over the hidden states."""
    H = summation.binary_states(len(machine.components_))
    H = 2 * H - 1 if machine.units_ == "spin" else H
    W, b, c = (np.asarray(part, float) for part in machine._machine(np.float64))
    field = H @ W + b
    log_p = H @ c + (np.logaddexp(-field, field) if machine.units_ == "spin" else np.logaddexp(0, field)).sum(axis=1)
    return float(np.exp(log_p - logsumexp(log_p)) @ magnetisation(machine.visible_mean(H), machine.units_))


def magnetisation(visible: np.ndarray, units: str) -> Any:
    """m of -1/+1 spins, whatever the units."""
    m = visible.mean(axis=-1, dtype=np.float64)
    return m if units == "spin" else 2 * m - 1


def measure(name: str, machines: list[bs.RBM], start: np.ndarray, exact: float) -> None:
    """One row of the table, by chains that start from rows of the data."""
    units, rates = machines[-1].units_, np.array([math.nan])
    began = time.process_time()
    if len(machines) == 1:
        visible = machines[0].gibbs_chain(start, LONGER * N_SWEEPS, thin=LONGER, random_state=1)
    else:
        visible, rates = trajectory_tempering(machines, N_CHAINS, N_SWEEPS, start=start, random_state=1)
    seconds = time.process_time() - began
    m = magnetisation(visible[DISCARDED:], units).T
    crossings = (np.diff(np.sign(m), axis=1) != 0).sum()
    try:
        found = autocorrelation_time(m)
        scale = LONGER if len(machines) == 1 else 1
        tau, price = f"{scale * found.tau:.1f}({scale * found.error:.1f})", f"{scale * len(machines) * found.tau:.0f}"
    except ValueError:
        tau = price = "not seen"
    mean = mean_over_chains(m)
    z = (mean.value - exact) / mean.error if mean.error else math.nan
    print(
        f"{units:7} {name:12} {len(machines):8} {rates.min():8.2f} {tau:>12} {price:>10} {mean!s:>12} {z:6.1f} "
        f"{crossings:10} {seconds:6.1f}",
        flush=True,
    )


def main() -> None:
    """Two kinds of units, four samplers each."""
    model = bs.Ising(bs.Lattice.square(8), K=0.6)
    N = model.lattice.n_sites
    spins = bs.features(bs.sample(model, 5000, seed=1))
    best = (-model.energy(spins).mean() - ising2d.log_partition(model.lattice, model.K)) / N
    print(f"{'':20} machines  rate >= {'tau':>12} {'x machines':>10} {'<m>':>12} {'z':>6}  crossings seconds")
    for units in RATES:
        X = spins if units == "spin" else ((spins + 1) // 2).astype(np.int8)
        start = X[:: len(X) // N_CHAINS]
        along = along_a_fit(units, X)
        last, chosen = along[-1], thinned(along, start)
        row, exact = [along[index] for index in chosen], exact_magnetisation(last)
        kl = best - last.log_likelihood(X).value / N
        print(f"{units}: KL {kl:.5f} nats a site from the Ising model, <m> = {exact:.4f}; copies {chosen}", flush=True)
        measure("block Gibbs", [last], start, exact)
        for n in (10, 20):
            measure("temperature" if units == "spin" else "W, c alone", along_temperature(last, n), start, exact)
        if units == "binary":  # the same law of 2 v - 1, and temperature no longer acts as a field
            parts = (last.components_, last.intercept_visible_, last.intercept_hidden_)
            signed = bs.RBM.from_weights(*spin_from_binary(*parts), units="spin")
            for n in (10, 20):
                measure("as -1/+1", along_temperature(signed, n), 2 * start - 1, exact)
        measure("trajectory", row, start, exact)


if __name__ == "__main__":
    main()
