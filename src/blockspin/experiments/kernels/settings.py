"""Settings and presets of the experiment kernels; every value is this project's."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from blockspin.experiments import ranges
from blockspin.experiments.ranges import Different, Rate, Repetitions
from blockspin.runs.settings import Section

MEASURED = 4  # bytes of a spin at work where nothing is trained on it; 3.2 were measured
LEAST = 12  # sites along an edge: the coarse lattice must hold the operators that are fitted


class Learning(Section):
    """How rules are learned, all on L x L critical samples drawn for that alone.

    n_rows: rows of the least squares; n_samples: rows that give the means of operators, on the fine and four times as
    many on the coarse lattice; n_iter, learning_rate: epochs and rate of the likelihood, by contrastive divergence.
    """

    L: Annotated[int, Field(ge=LEAST)] = 32
    n_rows: Annotated[int, Field(ge=100)] = 10_000
    n_samples: Annotated[int, Field(ge=100)] = 100_000
    n_iter: Annotated[int, Field(ge=0)] = 40
    learning_rate: Rate = 0.02


class Second(Section):
    """A second critical start, by its couplings to nearest and next-nearest neighbours; n_samples: of it, 0 for none.

    They serve learning and, drawn anew, measuring on the first lattice. Couplings of two shells are slow to sample.
    """

    K: tuple[float, float] = (0.369768, 0.0509)
    n_samples: Annotated[int, Field(ge=0)] = 0


class Settings(Section):
    """The experiment in full; what a run folder keeps as settings.toml.

    L, n_samples: sides of the lattices on which all rules are measured, and samples of each, drawn anew; steps: by
    b = 2; weights: w of Kadanoff's rule; trainings: of each objective.
    """

    L: Annotated[tuple[Annotated[int, Field(ge=8)], ...], Field(min_length=1), Different] = (32,)
    n_samples: Annotated[int, Field(ge=100)] = 20_000
    chains: Annotated[int, Field(ge=8)] = 50
    steps: Annotated[int, Field(ge=1)] = 2
    weights: Annotated[tuple[Annotated[float, Field(gt=0, le=20)], ...], Different] = (0.5, 0.6, 0.75, 0.9, 1.2)
    trainings: Repetitions = 1
    learning: Learning = Learning()
    second: Second = Second()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        wrong = [L for L in self.L if L % 2**self.steps or L / 2**self.steps < 4]
        if wrong:
            raise ValueError(
                f"2^steps must divide every L and leave 4 x 4 spins; got steps = {self.steps}, L = {wrong}"
            )
        if self.learning.L % 2:
            raise ValueError(f"learning.L must be even; got {self.learning.L}")
        return self


def check_memory(settings: Settings, seed: int) -> None:
    """Raise ValueError where the samples want more memory than is free."""
    for L in settings.L:
        ranges.check_samples(L, settings.n_samples, "n_samples", MEASURED)
    ranges.check_samples(settings.learning.L, settings.learning.n_samples, "learning.n_samples")


PRESETS: dict[str, dict[str, Any]] = {
    # minutes on two cores
    "quick": {},
    # a second critical start
    "starts": {
        "n_samples": 40_000,
        "weights": (0.9,),
        "trainings": 2,
        "learning": {"n_samples": 400_000},
        "second": {"n_samples": 20_000},
    },
    # three trainings, two sizes, errors of y_h of 1 in 10,000
    "paper": {
        "L": (64, 128),
        "n_samples": 200_000,
        "chains": 100,
        "steps": 3,
        "trainings": 3,
        "learning": {"n_samples": 400_000},
        "second": {"n_samples": 20_000},
    },
}
