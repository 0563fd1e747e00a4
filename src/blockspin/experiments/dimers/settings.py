"""Settings and presets of the experiment dimers, in vertices; cells are twice as many a side."""

import math
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from blockspin.experiments.ranges import Different, Rate, Repetitions, check_samples, check_weights, check_window
from blockspin.runs.settings import Section

Temperature = Annotated[float, Field(ge=0.1, allow_inf_nan=True)]
PROJECT = 8  # canonical directions of the environment that the networks see


class Learning(Section):
    """How filters are learned; batch, temperatures and rate are Gokmen et al.'s for dimers, the rest this project's."""

    batch_size: Annotated[int, Field(ge=2)] = 400
    annealing: tuple[float, float, float] = (0.75, 0.1, 5e-3)
    learning_rate: Rate = 5e-3
    n_iter: Annotated[int, Field(ge=0)] = 2000
    project: Annotated[int, Field(ge=1)] = PROJECT

    @field_validator("annealing")
    @classmethod
    def _falls(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        first, last, rate = value
        if not 0 < last <= first <= 100 or not 0 <= rate <= 1:
            raise ValueError("annealing is (eps at first, a smaller eps at last, rate): 0 < last <= first <= 100")
        return value


class Machines(Section):
    """The RBMs on blocks with noise spins: hidden units of each, all else as `bs.RBM` has it; this project's values."""

    hidden: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1), Different] = (4, 16, 64, 256)
    learning_rate: Rate = 0.01
    n_iter: Annotated[int, Field(ge=1)] = 20
    n_samples: Annotated[int, Field(ge=100)] = 20_000


class Settings(Section):
    """The experiment in full; what a run folder keeps as settings.toml.

    L: vertices a side of the torus; block, buffer, environment: of the window, in vertices; temperatures: of the
    samples without noise (inf: free dimers), n_samples each in `chains`; noise: coupling of the pairs of noise spins
    added to free dimers; components: of the filters learned at the ends of the temperatures (two at the others);
    trainings: of everything that is learned; torus: vertices a side of the one that is summed over.
    """

    L: Annotated[int, Field(ge=8, multiple_of=2)] = 32
    block: Annotated[int, Field(ge=2)] = 8
    buffer: Annotated[int, Field(ge=0)] = 4
    environment: Annotated[int, Field(ge=1)] = 4
    temperatures: Annotated[tuple[Temperature, ...], Different] = (0.5, 1.0, math.inf)
    n_samples: Annotated[int, Field(ge=100)] = 4000
    chains: Annotated[int, Field(ge=10)] = 50
    components: Annotated[tuple[Annotated[int, Field(ge=1, le=8)], ...], Different] = (1, 2, 4)
    trainings: Repetitions = 1
    noise: Annotated[float, Field(gt=0, le=20)] = 3.0
    torus: Annotated[int, Field(ge=4, le=6, multiple_of=2)] = 6
    learning: Learning = Learning()
    machines: Machines = Machines()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_window(self.L, self.block, self.buffer, self.environment, "block")
        if math.inf not in self.temperatures or len(set(self.temperatures)) < 2:
            raise ValueError(
                f"temperatures must hold inf, free dimers, and a finite one; got {list(self.temperatures)}"
            )
        if 2 not in self.components:
            raise ValueError(f"components must hold 2, the pair of fields; got {list(self.components)}")
        return self


def check_memory(settings: Settings, seed: int) -> None:
    """Raise ValueError where samples, their windows or weights want more memory than is free."""
    check_samples(2 * settings.L, settings.n_samples, "n_samples")
    check_weights(2 * settings.block, max(settings.machines.hidden), "machines.hidden")


PRESETS: dict[str, dict[str, Any]] = {
    # a smaller lattice, minutes on two cores: not the papers' setting
    "quick": {"components": (2,)},
    # the lattice, block, buffer and environment of the papers
    "paper": {
        "L": 64,
        "temperatures": (0.5, 0.8, 1.0, 2.0, math.inf),
        "trainings": 3,
    },
}
