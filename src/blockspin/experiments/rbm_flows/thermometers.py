"""Three thermometers: the temperature of independent configurations (n, N) of spins, with its error over them.

A temperature of 0 means colder than the thermometer reads, an infinite one hotter; these have no error.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import blockspin as bs
from blockspin.experiments.rbm_flows.settings import TEMPERATURES
from blockspin.experiments.stored import Array, Stored
from blockspin.statistics import Estimate, jackknife, mean_over_chains

NAMES = ("energy", "coupling", "network")
K_HOT, K_COLD = 0.01, 3.0  # couplings between which energies are inverted
UNITS, EPOCHS = 64, 20  # of the network; Veiga & Vicente have layers of 512, 256 and 64, and 215 epochs
GROUPS = 10  # of rows that calibrate it
GRID = np.linspace(TEMPERATURES[0], TEMPERATURES[-1], 241)  # of the calibration, smooth between labels
COLD, HOT = Estimate(0.0, math.nan), Estimate(math.inf, math.nan)


class Network(Stored):
    """A classifier of configurations by temperature, and its mean answer at each of GRID, with error.

    Logarithms of the labels' chances are tanh(x W + b) V + c, but for a constant; an answer is the mean label.
    """

    W: Array
    b: Array
    V: Array
    c: Array
    curve: Array
    error: Array

    def answers(self, spins: Array) -> Array:
        """Of each configuration, (n, 1)."""
        ln_p = np.tanh(spins @ self.W + self.b) @ self.V + self.c
        p = np.exp(ln_p - ln_p.max(axis=1, keepdims=True))
        return np.asarray(p @ np.array(TEMPERATURES)[:, None] / p.sum(axis=1, keepdims=True))


def learned(rows: Array, seed: int) -> Network:
    """A network from rows (labels, 2 n, N): the first half trains it, the second gives its mean answers."""
    from sklearn.neural_network import MLPClassifier

    n, labels, none = rows.shape[1] // 2, np.arange(len(rows)), np.empty(0)
    model = MLPClassifier(
        (UNITS,),
        activation="tanh",
        solver="sgd",
        learning_rate_init=0.05,
        batch_size=100,
        alpha=1e-3,
        random_state=seed,
    )
    for _ in range(EPOCHS):
        model.partial_fit(rows[:, :n].reshape(len(rows) * n, -1), np.repeat(labels, n), classes=labels)
    (W, V), (b, c) = model.coefs_, model.intercepts_
    return calibrated(Network(W=W, b=b, V=V, c=c, curve=none, error=none), rows[:, n:])


def calibrated(network: Network, rows: Array) -> Network:
    """The network with its mean answers to rows (labels, n, N), smooth between labels; errors by jackknife."""
    from scipy.interpolate import make_smoothing_spline

    answers = network.answers(rows.reshape(-1, rows.shape[2])).reshape(rows.shape[:2])
    means = np.array([some.mean(axis=1) for some in np.array_split(answers, GROUPS, axis=1)])
    weights = 1 / np.maximum(means.std(axis=0), means.std(axis=0).max() / 100) ** 2
    curve, error = jackknife(means, lambda one: make_smoothing_spline(TEMPERATURES, one, weights)(GRID))
    return network.model_copy(update={"curve": np.maximum.accumulate(curve), "error": error})


def by_network(spins: Array, network: Network) -> Estimate:
    """The temperature at which the network's mean answer is that of these configurations; errors of both are joined."""
    found, curve = mean_over_chains(network.answers(spins)), network.curve
    if not curve[0] < found.value < curve[-1]:
        return COLD if found.value <= curve[0] else HOT
    T, k = float(np.interp(found.value, curve, GRID)), int(np.searchsorted(curve, found.value))
    slope = np.interp(T, GRID, np.gradient(curve, GRID))
    return Estimate(T, float(math.hypot(found.error, network.error[k]) / slope))


def by_energy(spins: Array) -> Estimate:
    """The temperature at which Kaufman's torus has the mean energy of these configurations."""
    from scipy.optimize import brentq

    from blockspin.exact.ising2d import energy_per_site

    lattice, found = square(spins), energy(spins)
    if not energy_per_site(lattice, K_COLD) < found.value < energy_per_site(lattice, K_HOT):
        return _beyond(spins)
    K = float(brentq(lambda K: energy_per_site(lattice, K) - found.value, K_HOT, K_COLD))
    return Estimate(1 / K, found.error / specific_heat(lattice, 1 / K))


def by_coupling(spins: Array) -> Estimate:
    """1/K of the nearest-neighbour coupling that fits these configurations best."""
    from blockspin.rg.pseudolikelihood import of_spins

    lattice = square(spins)
    K = of_spins(spins.reshape(-1, 1, *lattice.shape), lattice, ["nn"])["nn"]
    return Estimate(1 / K.value, K.error / K.value**2) if K.value > 0 else _beyond(spins)


def read(spins: Array, network: Network) -> list[tuple[float, float]]:
    """The temperature with its error, by each of NAMES."""
    found = by_energy(spins), by_coupling(spins), by_network(spins, network)
    return [(one.value, one.error) for one in found]


def energy(spins: Array) -> Estimate:
    """The mean energy, in J a site."""
    return mean_over_chains(bs.Ising(square(spins), 1.0).energy(spins)[:, None] / spins.shape[1])


def square(spins: Array) -> bs.Lattice:
    """The lattice of these configurations."""
    return bs.Lattice.square(math.isqrt(spins.shape[1]))


def specific_heat(lattice: Any, T: float, step: float = 1e-4) -> float:
    """dE/dT of the torus, a site, in units of k."""
    from blockspin.exact.ising2d import energy_per_site

    return (energy_per_site(lattice, 1 / (T + step)) - energy_per_site(lattice, 1 / (T - step))) / (2 * step)


def warmest(L: int) -> float:
    """The temperature at which the L x L torus has its largest specific heat."""
    from scipy.optimize import minimize_scalar

    lattice = bs.Lattice.square(L)
    return float(minimize_scalar(lambda T: -specific_heat(lattice, T), bounds=(1.5, 4), method="bounded").x)


def _beyond(spins: Array) -> Estimate:
    return COLD if energy(spins).value < -1 else HOT
