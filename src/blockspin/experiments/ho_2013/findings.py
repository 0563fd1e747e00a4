"""Numbers that claims and page read off the measurements: means over seeds, and which RBMs are compared.

Every training is repeated with other images, initial weights and draws. All RBMs of a repetition share these, so that
differences between them are formed seed by seed.
"""

from typing import Any, NamedTuple

import numpy as np

from blockspin.arrays import FloatArray
from blockspin.experiments.claims import every
from blockspin.experiments.ho_2013.settings import IMAGES
from blockspin.statistics import mean_over_seeds

SIGMAS = 3.0
KEPT = 0.9  # of the gain in held-out likelihood that an RBM without a penalty has
SIZES = ("participation", "window")  # the two measures of locality


class Machine(NamedTuple):
    """An RBM by its penalty."""

    penalty: str
    strength: float

    def __str__(self) -> str:
        return self.penalty if self == NONE else f"{self.penalty.upper()} {self.strength:g}"


NONE = Machine("none", 0.0)


def clear(difference: FloatArray) -> bool | None:
    """Whether a difference is above zero for every seed, and its mean by at least 3 standard errors.

    None, undecided, where it is so neither above nor below zero, or a number is missing. Of three seeds without a
    difference 4.8 % are above so, by Student's t, and as many below.
    """
    found, above = mean_over_seeds(difference), difference > 0
    sure = abs(found.value) >= SIGMAS * found.error and above.all() == above.any()
    return bool(above.all()) if sure else None


class Findings:
    """The measurements of a run on one kind of image, or on a control of it; numbers are arrays, a value a seed."""

    def __init__(self, run: Any, data: str, control: str = IMAGES) -> None:
        self.name = data if control == IMAGES else f"{data} {control}"
        self.metas = [one.meta for one in run["measured"][data][control]]
        self.machines = [Machine(row["penalty"], row["strength"]) for row in self.metas[0]["machines"]]

    def __call__(self, machine: Machine, quantity: str, of: str = "") -> FloatArray:
        """A quantity of an RBM, nan where there is none; of: "shuffled" or "restored" weights."""
        rows = [meta["machines"][self.machines.index(machine)] for meta in self.metas]
        return np.array([(row[of] if of else row)[quantity] for row in rows], float)

    def common(self, quantity: str, of: str = "") -> FloatArray:
        """A number that all RBMs are compared with, such as "independent"; of: "untrained" weights."""
        return np.array([(meta[of] if of else meta)[quantity] for meta in self.metas], float)

    def gain(self, machine: Machine) -> FloatArray:
        """Held-out ln p above that of independent pixels, nats a pixel."""
        return self(machine, "held_out") - self.common("independent")

    def kept(self, machine: Machine) -> float:
        """The share of the gain without a penalty that the RBM has, of means over seeds."""
        return float(self.gain(machine).mean() / self.gain(NONE).mean())

    def family(self, penalty: str) -> list[Machine]:
        """The RBMs of a penalty, from weak to strong."""
        return sorted(machine for machine in self.machines if machine.penalty == penalty)

    def chosen(self, penalty: str) -> Machine | None:
        """The RBM of a penalty with the fullest window of those that keep `KEPT` of the gain; None if none does.

        Both penalties are given the same chance, and neither can buy locality with an RBM that models nothing.
        """
        able = [machine for machine in self.family(penalty) if self.kept(machine) >= KEPT]
        return max(able, key=lambda machine: np.nan_to_num(self(machine, "window").mean(), nan=-1.0), default=None)

    def halfway(self, size: str) -> FloatArray:
        """Halfway from random weights to a filter within one window: the mean of shares, the geometric mean of counts.

        Beyond it filters are local. A filter within the window has the share 1 and the window's pixels.
        """
        start = self.common(size, "untrained")
        return (start + 1) / 2 if size == "window" else np.sqrt(start * self.metas[0]["window"] ** 2)

    def local(self, machine: Machine) -> list[bool | None]:
        """Whether the RBM's filters are local, by each of `SIZES`."""
        count, share = (self(machine, size) - self.halfway(size) for size in SIZES)
        return [clear(-count), clear(share)]

    def more_local(self, machine: Machine, count: FloatArray, share: FloatArray) -> bool | None:
        """Whether its filters have clearly less pixels than a count, and clearly fuller windows than a share."""
        return every([clear(count - self(machine, "participation")), clear(self(machine, "window") - share)])

    def rival(self, machine: Machine, size: str) -> FloatArray:
        """The size of L2's filters at this RBM's held-out likelihood; nan where that of an RBM is not known.

        Interpolated in the held-out likelihood between the strengths of L2 and none; beyond them the end of the scan.
        """
        others = [NONE, *self.family("l2")]
        x = np.stack([self(other, "held_out") for other in others])
        y = np.stack([self(other, size) for other in others])
        order = np.argsort(x, axis=0)
        x, y = (np.take_along_axis(values, order, axis=0) for values in (x, y))
        found = np.array([np.interp(*one) for one in zip(self(machine, "held_out"), x.T, y.T, strict=True)])
        return np.where(np.isnan(x).any(axis=0), np.nan, found)
