"""Settings and presets of the experiment rbm-flows."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from blockspin.experiments import ranges
from blockspin.experiments.ranges import Different, Momentum, Penalty, Rate, Repetitions
from blockspin.runs.settings import Section

TEMPERATURES = tuple(n / 4 for n in range(25))  # 0 to 6, the published set, and the labels of the network
KNOWN = tuple(1.75 + n / 40 for n in range(61))  # where the network is calibrated between labels, as it needs near Tc
TESTED = (1.91, 2.11, 2.29, 2.38, 2.64, 3.06, 4.6)  # where all thermometers are tested, between those and above


class Learning(Section):
    """How RBMs of flows are trained, by CD-1; n_samples: rows a temperature.

    Veiga & Vicente: 1600 rows of 10 x 10 spins, rate 0.01, no momentum, 8000 epochs. The time of learning, batches of
    100 rows times rate / (1 - momentum), is 32,000 there, 30,000 in the preset quick and 32,000 in paper.

    learning_rate: up to 10 x 10 spins. Above it falls as the inverse number of spins, since each adds to a unit's
    input: with 0.2 an RBM of 32 x 32 spins jumps to large weights in its first epoch, and learns no more.
    """

    n_samples: Annotated[int, Field(ge=8)] = 200
    learning_rate: Rate = 0.2
    momentum: Momentum = 0.9
    n_iter: Annotated[int, Field(ge=0)] = 300


class Stack(Section):
    """Two layers of spins, each a quarter of that below, on critical L x L samples, as many to train and to measure."""

    L: Annotated[int, Field(ge=8, multiple_of=4)] = 16
    n_samples: Annotated[int, Field(ge=400)] = 4000
    learning_rate: Rate = 0.02
    n_iter: Annotated[int, Field(ge=0)] = 100
    l1: Annotated[tuple[Penalty, ...], Field(min_length=1), Different] = (0.0, 0.02)


class Settings(Section):
    """The experiment in full; what a run folder keeps as settings.toml.

    L: sides of the lattices of flows; hidden: N_h / N_v of their RBMs, the first for all data; trainings: of each RBM;
    chains: of a flow from each start; steps: reconstructions at which it is read, claims at the last; n_labelled: rows
    a temperature that train the network of the third thermometer, and as many that calibrate it.
    """

    L: Annotated[tuple[Annotated[int, Field(ge=4)], ...], Field(min_length=1), Different] = (10,)
    hidden: Annotated[tuple[Annotated[float, Field(ge=0.07, le=4)], ...], Field(min_length=1), Different] = (1.0, 0.64)
    trainings: Repetitions = 3
    chains: Annotated[int, Field(ge=100)] = 500
    steps: Annotated[tuple[Annotated[int, Field(ge=1, le=100_000)], ...], Field(min_length=1), Different] = (
        1, 2, 5, 10, 20, 40, 400
    )  # fmt: skip
    n_labelled: Annotated[int, Field(ge=20)] = 2000
    learning: Learning = Learning()
    stack: Stack = Stack()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if list(self.steps) != sorted(self.steps):
            raise ValueError(f"steps must increase; got {self.steps}")
        return self


def check_memory(settings: Settings, seed: int) -> None:
    """Raise ValueError where the samples or weights want more memory than is free."""
    s, L = settings, max(settings.L)
    rows = len(TEMPERATURES) * max(2 * s.n_labelled, s.trainings * s.learning.n_samples)
    ranges.check_samples(L, rows, "n_labelled, learning.n_samples, trainings")
    ranges.check_samples(L, s.chains, "chains")
    ranges.check_weights(L, s.trainings * round(max(s.hidden) * L**2), "hidden, trainings")
    ranges.check_samples(s.stack.L, 2 * s.stack.n_samples, "stack.n_samples")
    ranges.check_weights(s.stack.L, s.trainings * s.stack.L**2 // 4, "stack.L, trainings")


PRESETS: dict[str, dict[str, Any]] = {
    "quick": {},  # minutes on two cores
    "paper": {  # three sizes, five trainings, the published number of rows, and time of learning on 10 x 10
        "L": (10, 16, 32),
        "trainings": 5,
        "chains": 1000,
        "n_labelled": 4000,
        "learning": {"n_samples": 1600, "n_iter": 40},
        "stack": {"L": 32, "n_samples": 10_000},
    },
}
