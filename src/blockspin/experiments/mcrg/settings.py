"""Settings and presets of the experiment mcrg; every value is this project's, but for the table it is compared with."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import Field, model_validator

from blockspin.experiments.ranges import (
    Coupling,
    Penalty,
    Rate,
    check_different,
    check_distances,
    check_samples,
    check_weights,
)
from blockspin.models.ising import KC_SQUARE
from blockspin.runs.settings import Section

MAPS = {  # name: what it is
    "majority": "sign of a block's sum, ties by a fair coin",
    "decimation": "one spin of each block",
    "threshold": "sign of a block of four equal spins, else a fair coin",
    "weighted-majority": "sign of 3 s_1 + 2 s_2 + 2 s_3 + s_4, ties by a fair coin",
    "rbm-l1": "RBM with the L1 penalty, layer by layer",
    "rbm-none": "RBM without a penalty, layer by layer",
    "rbm-convolutional": "RBM with one 4 x 4 filter for all blocks, layer by layer",
    "pca": "principal components, cut at their medians",
    "random-projection": "Gaussian random projections, cut at their medians",
}
RULES = ("majority", "decimation", "threshold", "weighted-majority")
MACHINES = {"rbm-l1": True, "rbm-none": False}  # name: whether it has the penalty
EVEN = ("nn", "nnn", "third", "plaquette", "fourth", "fifth", "diamond")
ODD = ("magnetisation", "corner", "row", "diagonal")


class Training(Section):
    """How the machines are trained: on spins at coupling K, without biases; n_iter: epochs a layer."""

    K: Coupling = 0.408
    n_samples: Annotated[int, Field(ge=100)] = 10_000
    learning_rate: Rate = 0.01
    l1: Penalty = 0.02
    n_iter: tuple[Annotated[int, Field(ge=0)], ...] = (25, 60)


class Settings(Section):
    """The experiment in full; what a run folder keeps as settings.toml.

    L: side of the square torus; distances: couplings K - Kc of the samples beside the critical ones, on both sides;
    n_samples: of each; steps: by b = 2, each layer of a learned map trained on the coarse spins of the one below.
    """

    L: Annotated[int, Field(ge=8)] = 32
    distances: tuple[float, ...] = (-0.04, -0.02, 0.02, 0.04)
    n_samples: Annotated[int, Field(ge=100)] = 10_000
    chains: Annotated[int, Field(ge=4)] = 50
    steps: Annotated[int, Field(ge=1)] = 2
    maps: tuple[str, ...] = tuple(MAPS)
    training: Training = Training()

    @model_validator(mode="after")
    def _fits(self) -> Settings:
        check_distances(self.distances, KC_SQUARE, "distances")
        check_different(self.maps, "maps")
        if "majority" not in self.maps or not set(self.maps) <= set(MAPS):
            raise ValueError(
                f"maps must hold 'majority', the reference, and be among {', '.join(MAPS)}; got {', '.join(self.maps)}"
            )
        if len(self.training.n_iter) < self.steps:
            raise ValueError(
                f"training.n_iter needs a number of epochs for each of steps = {self.steps}; got {self.training.n_iter}"
            )
        if self.L % 2**self.steps:
            raise ValueError(f"2^steps must divide L; got steps = {self.steps} and L = {self.L}")
        if self.L / 2**self.steps < 4:
            raise ValueError(
                f"{self.steps} steps from L = {self.L} leave fewer than 4 x 4 spins, too few to see a flow"
            )
        return self


def check_memory(settings: Settings) -> None:
    """Raise ValueError where the samples, of which a measurement reads all, or weights want more than is free."""
    check_samples(settings.L, settings.n_samples * (1 + len(settings.distances)), "n_samples")
    check_samples(settings.L, settings.training.n_samples, "training.n_samples")
    check_weights(settings.L, settings.L**2 // 4, "L")


PRESETS: dict[str, dict[str, Any]] = {
    # minutes on two cores
    "quick": {},
    # the lattice of the literature's tables
    "paper": {
        "L": 64,
        "n_samples": 40_000,
        "steps": 3,
        "training": {"n_samples": 20_000, "n_iter": (25, 60, 100)},
    },
}

# A. Gonzalez-Arroyo and J. Salas, Phys. Lett. B 214, 418 (1988): 32 x 32 at Kc, one step of the majority rule, b = 2
PUBLISHED = {
    "nn": (0.3640, 0.0002),
    "nnn": (0.0820, 0.0002),
    "third": (-0.0072, 0.0001),
    "plaquette": (-0.0107, 0.0001),
    "fourth": (-0.0034, 0.0001),
    "fifth": (-0.0021, 0.0001),
    "diamond": (0.0014, 0.0001),
}
ALSO_PUBLISHED = {  # the same step
    "Swendsen 1984, step 1": {
        "nn": (0.3643, 0.0003),
        "nnn": (0.0814, 0.0002),
        "third": (-0.0068, 0.0002),
        "plaquette": (-0.0075, 0.0002),
        "fourth": (-0.0038, 0.0001),
        "fifth": (-0.0023, 0.0002),
        "diamond": (0.0026, 0.0002),
    },
    # its coupling at (2, 1) is 0.0035 with a sign that the copy at hand does not show: left out
    "Gonzalez-Arroyo & Okawa 1987, step 1": {
        "nn": (0.3609, 0.0003),
        "nnn": (0.0798, 0.0002),
        "third": (-0.0062, 0.0002),
        "plaquette": (0.0006, 0.0002),
        "fourth": (math.nan, math.nan),
        "fifth": (-0.0020, 0.0002),
        "diamond": (0.0059, 0.0002),
    },
}
TRUNCATION = 0.01  # by which the paper's own numbers move with the set of operators
