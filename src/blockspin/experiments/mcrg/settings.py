"""Settings and presets of the experiment mcrg; every value is this project's."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from blockspin.experiments import ranges
from blockspin.experiments.mcrg.maps import MAPS
from blockspin.experiments.ranges import Coupling, Different, Penalty, Rate, Repetitions
from blockspin.models.ising import KC_SQUARE
from blockspin.runs.settings import Section


class Training(Section):
    """How the RBMs are trained: on spins at coupling K, without biases; n_iter: epochs a layer."""

    K: Coupling = 0.408
    n_samples: Annotated[int, Field(ge=100)] = 10_000
    learning_rate: Rate = 0.01
    l1: Penalty = 0.02
    n_iter: tuple[Annotated[int, Field(ge=0)], ...] = (25, 60)


class Settings(Section):
    """The experiment in full; what a run folder keeps as settings.toml.

    L: side of the square torus; distances: couplings K - Kc of the other samples, on both sides of the critical ones;
    n_samples: of each; steps: by b = 2, each layer of a learned map trained on the coarse spins of the one below;
    trainings: of every learned map, on the same samples.
    """

    L: Annotated[int, Field(ge=8)] = 32
    distances: Annotated[tuple[float, ...], Different] = (-0.04, -0.02, 0.02, 0.04)
    n_samples: Annotated[int, Field(ge=100)] = 10_000
    chains: Annotated[int, Field(ge=4)] = 50
    steps: Annotated[int, Field(ge=1)] = 2
    maps: Annotated[tuple[str, ...], Different] = tuple(MAPS)
    training: Training = Training()
    trainings: Repetitions = 1

    @model_validator(mode="after")
    def _fits(self) -> Self:
        ranges.check_distances(self.distances, KC_SQUARE, "distances")
        steps, epochs = self.steps, self.training.n_iter
        if "majority" not in self.maps or not set(self.maps) <= set(MAPS):
            raise ValueError(f"maps must hold 'majority' and be among {', '.join(MAPS)}; got {', '.join(self.maps)}")
        if len(epochs) < steps:
            raise ValueError(f"training.n_iter needs epochs for each of steps = {steps} layers; got {epochs}")
        if self.L % 2**steps or self.L / 2**steps < 4:
            raise ValueError(f"2^steps must divide L and leave 4 x 4 spins; got steps = {steps} and L = {self.L}")
        return self


def check_memory(settings: Settings, seed: int) -> None:
    """Raise ValueError where the samples, of which a measurement reads all, or weights want more than is free."""
    ranges.check_samples(settings.L, settings.n_samples * (1 + len(settings.distances)), "n_samples")
    ranges.check_samples(settings.L, settings.training.n_samples, "training.n_samples")
    ranges.check_weights(settings.L, settings.L**2 // 4, "L")


PRESETS: dict[str, dict[str, Any]] = {
    # minutes on two cores
    "quick": {},
    # the lattice of the literature's tables
    "paper": {
        "L": 64,
        "n_samples": 40_000,
        "steps": 3,
        "training": {"n_samples": 20_000, "n_iter": (25, 60, 100)},
        "trainings": 3,
    },
}
