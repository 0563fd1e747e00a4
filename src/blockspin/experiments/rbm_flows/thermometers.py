"""Three thermometers: the temperature of independent configurations (n, N) of spins, with its error over them.

A temperature of 0 means colder than the thermometer reads, an infinite one hotter; these have no error.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import blockspin as bs
from blockspin.experiments.rbm_flows.settings import KNOWN, TEMPERATURES
from blockspin.experiments.stored import Array, Stored
from blockspin.statistics import Estimate, jackknife, mean_over_chains

NAMES = ("energy", "coupling", "network")
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
        """Of each configuration, (n, 1): the mean of its answers to both signs, which the model does not tell apart."""
        return (self._answers(spins) + self._answers(-spins)) / 2

    def _answers(self, spins: Array) -> Array:
        ln_p = np.tanh(spins @ self.W + self.b) @ self.V + self.c
        p = np.exp(ln_p - ln_p.max(axis=1, keepdims=True))
        return np.asarray(p @ np.array(TEMPERATURES)[:, None] / p.sum(axis=1, keepdims=True))


def learned(rows: Array, seed: int) -> Network:
    """A network from rows (labels, 2 n, N): the first half trains it, the second gives its mean answers."""
    from sklearn.neural_network import MLPClassifier

    n, labels, none = rows.shape[1] // 2, np.arange(len(rows)), np.empty(0)
    how: dict[str, Any] = {"solver": "sgd", "learning_rate_init": 0.05, "batch_size": 100, "alpha": 1e-3}
    model = MLPClassifier((UNITS,), activation="tanh", random_state=seed, **how)
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


def by_network(spins: Array, network: Network) -> tuple[Estimate, float]:
    """The temperature at which the network's mean answer is that of these configurations.

    The second number is the error of the calibration, which all readings of one network share.
    """
    found, curve = mean_over_chains(network.answers(spins)), network.curve
    ground = float(network.answers(np.ones((1, spins.shape[1])))[0, 0])
    low = max(float(curve[0]), ground) + 1e-9  # rounding
    if not low < found.value < curve[-1]:
        return (COLD if found.value <= low else HOT), math.nan
    T, k = float(np.interp(found.value, curve, GRID)), int(np.searchsorted(curve, found.value))
    slope = np.interp(T, GRID, np.gradient(curve, GRID))
    return Estimate(T, float(found.error / slope)), float(network.error[k] / slope)


def by_energy(spins: Array) -> Estimate:
    """The temperature at which Kaufman's torus has the mean energy of these configurations."""
    from blockspin.judging.criteria.fidelity import effective_coupling

    return _temperature(effective_coupling(energy(spins), square(spins)), spins)


def by_coupling(spins: Array) -> Estimate:
    """1/K of the nearest-neighbour coupling that fits these configurations best."""
    from blockspin.rg.pseudolikelihood import of_spins

    lattice = square(spins)
    return _temperature(of_spins(spins.reshape(-1, 1, *lattice.shape), lattice, ["nn"])["nn"], spins)


def _temperature(K: Estimate, spins: Array) -> Estimate:
    if K.value > 0:
        return Estimate(1 / K.value, K.error / K.value**2)
    return COLD if energy(spins).value < -1 else HOT


def read(spins: Array, network: Network) -> list[tuple[float, float, float]]:
    """The temperature, its error over configurations, and that of the calibration, by each of NAMES."""
    found = (by_energy(spins), 0.0), (by_coupling(spins), 0.0), by_network(spins, network)
    return [(one.value, one.error, calibration) for one, calibration in found]


def between_labels(readings: Array, known: Array) -> Array:
    """Readings (..., thermometers, 3) with the network's corrected by those of samples at `KNOWN`, (known, 3).

    On large lattices its answer changes near Tc within less than the spacing of labels, which its own curve smooths.
    So what it reads of known samples, smooth in T, is the scale, and its error that of one sample's reading. Beyond
    `KNOWN`, and where fewer than half of these samples are read at all, nothing changes.
    """
    from scipy.interpolate import make_smoothing_spline

    T, (read, own, _) = np.array(KNOWN), known.T
    good = np.isfinite(read) & (own > 0)
    corrected = readings.copy()
    if 2 * good.sum() < len(T):
        return corrected
    scale = np.maximum.accumulate(T + make_smoothing_spline(T[good], (read - T)[good], 1 / own[good] ** 2)(T))
    now, error, _ = np.moveaxis(readings[..., -1, :], -1, 0)
    inside, at = (now > scale[0]) & (now < scale[-1]), np.interp(now, scale, T)
    slope = np.interp(at, T, 1 / np.maximum(np.gradient(scale, T), 0.01))  # where it is flat nothing is known
    found = [at, error * slope, np.interp(at, T[good], own[good]) * slope]
    corrected[..., -1, :] = np.where(inside[..., None], np.stack(found, axis=-1), readings[..., -1, :])
    return corrected


def energy(spins: Array) -> Estimate:
    """The mean energy, in J a site."""
    return mean_over_chains(bs.Ising(square(spins), 1.0).energy(spins)[:, None] / spins.shape[1])


def square(spins: Array) -> bs.Lattice:
    """The lattice of these configurations."""
    return bs.Lattice.square(math.isqrt(spins.shape[1]))


def warmest(L: int, step: float = 1e-4) -> float:
    """The temperature at which the L x L torus has its largest specific heat."""
    from scipy.optimize import minimize_scalar

    from blockspin.exact.ising2d import energy_per_site

    def energy(T: float) -> float:
        return energy_per_site(bs.Lattice.square(L), 1 / T)

    return float(minimize_scalar(lambda T: energy(T - step) - energy(T + step), bounds=(1.5, 4), method="bounded").x)
