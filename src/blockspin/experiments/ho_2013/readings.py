"""Numbers that the claims and the page both read off the measurements: means over seeds, and which machines to compare.

Every training is repeated with other images, initial weights and draws; all machines of a repetition share these, so
that differences between them are formed seed by seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.statistics import Estimate

FloatArray = NDArray[np.float64]
Meta = dict[str, Any]
Machine = tuple[str, float]
"""Penalty and strength."""

SIGMAS = 3.0
KEPT = 0.9  # of the gain in held-out likelihood that a machine without a penalty has


def over_seeds(values: Sequence[float] | FloatArray) -> Estimate:
    """The mean with its standard error from the scatter; nan where a seed has no number."""
    found = np.asarray(values, float)
    error = found.std(ddof=1) / math.sqrt(len(found)) if len(found) > 1 else math.nan
    return Estimate(float(found.mean()), float(error))


def clear(difference: FloatArray) -> bool:
    """Whether a difference is above zero for every seed, and its mean by more than 3 standard errors."""
    found = over_seeds(difference)
    return bool((difference > 0).all() and found.value > SIGMAS * found.error)


class Findings:
    """The measurements of one kind of image and one control, a meta a seed."""

    def __init__(self, metas: Sequence[Meta]) -> None:
        self.metas = list(metas)
        self.machines: list[Machine] = [(row["penalty"], row["strength"]) for row in self.metas[0]["machines"]]

    def __call__(self, machine: Machine, quantity: str, of: str = "") -> FloatArray:
        """A quantity of a machine, a value a seed, nan where there is none; of: "shuffled" or "restored" weights."""
        rows = [meta["machines"][self.machines.index(machine)] for meta in self.metas]
        return _array([(row[of] if of else row)[quantity] for row in rows])

    def beside(self, quantity: str, of: str = "") -> FloatArray:
        """A number that stands beside all machines, a value a seed, such as "independent"."""
        return _array([(meta[of] if of else meta)[quantity] for meta in self.metas])

    def gain(self, machine: Machine) -> FloatArray:
        """Held-out ln p above that of independent pixels, nats a pixel, a value a seed."""
        return self(machine, "held_out") - self.beside("independent")

    def kept(self, machine: Machine) -> float:
        """The share of the gain without a penalty that the machine has, of means over seeds."""
        return float(self.gain(machine).mean() / self.gain(("none", 0.0)).mean())

    def family(self, penalty: str) -> list[Machine]:
        """The machines of a penalty, from weak to strong."""
        return sorted(machine for machine in self.machines if machine[0] == penalty)

    def chosen(self, penalty: str) -> Machine | None:
        """The most local machine of a penalty (by its window) of those that keep `KEPT` of the gain; None if none does.

        Both penalties are given the same chance, and neither can buy locality with a machine that models nothing.
        """
        able = [machine for machine in self.family(penalty) if self.kept(machine) >= KEPT]
        return max(able, key=lambda machine: _low(self(machine, "window").mean()), default=None)

    def is_local(self, machine: Machine) -> dict[str, bool]:
        """Whether the machine's fields are nearer to one window of pixels than halfway from random weights, by measure.

        Halfway is the mean of the two shares for the window (1 for a field within it), and the geometric mean of the
        two counts for the participation ratio.
        """
        side = self.metas[0]["window"]
        start = {name: self.beside(name, "untrained").mean() for name in ("window", "participation")}
        return {
            "window": bool(self(machine, "window").mean() > (start["window"] + 1) / 2),
            "participation": bool(self(machine, "participation").mean() < math.sqrt(start["participation"] * side**2)),
        }

    def rival(self, machine: Machine, quantity: str) -> FloatArray:
        """A quantity of the L2 machines at this machine's held-out likelihood, a value a seed.

        Interpolated between the strengths of L2, no penalty being strength 0, from worst to best held-out likelihood;
        beyond these the end of the scan.
        """
        others = [("none", 0.0), *self.family("l2")]
        at = self(machine, "held_out")
        x = np.array([self(other, "held_out") for other in others])
        y = np.array([self(other, quantity) for other in others])
        found = []
        for seed, value in enumerate(at):
            order = np.argsort(x[:, seed])
            found.append(np.interp(value, x[order, seed], y[order, seed]))
        return np.array(found)


def label(machine: Machine) -> str:
    """A machine's name in tables: "none", "L1 0.06"."""
    return machine[0] if machine[0] == "none" else f"{machine[0].upper()} {machine[1]:g}"


def _array(values: Sequence[float | None]) -> FloatArray:
    return np.array([math.nan if value is None else value for value in values], float)


def _low(value: float) -> float:
    return -math.inf if math.isnan(value) else value
