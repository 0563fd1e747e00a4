"""Settings and presets of the experiment koch-janusz-ringel, with the source of each value."""

from __future__ import annotations

import math
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from blockspin.experiments import ranges
from blockspin.experiments.ranges import Coupling, Different, Repetitions
from blockspin.models.ising import KC_SQUARE
from blockspin.runs.settings import Section

Distances = Annotated[tuple[float, ...], Field(min_length=4), Different]
Temperature = Annotated[float, Field(ge=1 / 3, le=100)]
TORUS = 6  # the largest square torus whose block, ring and environment are summed exactly


class Filters(Section):
    """2 x 2 blocks on the exactly known 6 x 6 torus: couplings, samples of each, seeds of each."""

    K: Annotated[tuple[Annotated[Coupling, Field(ge=0.01)], ...], Different] = (0.408, KC_SQUARE)
    n_samples: Annotated[int, Field(ge=500)] = 10_000
    seeds: Annotated[Repetitions, Field(ge=2)] = 5


class Blocks(Section):
    """Larger blocks at Kc. Koch-Janusz and Ringel: 4 x 4 and 6 x 6, one hidden unit, a buffer about as wide."""

    L: Annotated[int, Field(ge=8)] = 24
    sides: Annotated[tuple[Annotated[int, Field(ge=3)], ...], Field(min_length=1), Different] = (4, 6)
    buffer: Annotated[int, Field(ge=0)] = 2
    environment: Annotated[int, Field(ge=1)] = 2
    n_samples: Annotated[int, Field(ge=500)] = 5_000
    seeds: Annotated[Repetitions, Field(ge=2)] = 5


class Curve(Section):
    """I(H:E) by temperature and buffer. Gokmen et al.: L = 64, block 4, buffers 0 to 8, environment 10.

    environment 1: by the Markov property the first ring holds all that matters; a wider one loosens the bound.
    """

    L: Annotated[int, Field(ge=8)] = 32
    b: Annotated[int, Field(ge=2)] = 4
    T: Annotated[tuple[Temperature, ...], Different] = (1.9, 2.1, 2.2, 1 / KC_SQUARE, 2.4, 2.6, 3.0)
    buffers: tuple[Annotated[int, Field(ge=0)], ...] = (1, 2, 3, 4, 6, 8)
    environment: Annotated[int, Field(ge=1)] = 1
    n_samples: Annotated[int, Field(ge=500)] = 4_000


class Flow(Section):
    """The flow: filters learned step by step from samples at K_filters, then applied to every set of samples.

    distances: K - Kc of the starting points, on both sides (Koch-Janusz and Ringel: L = 128, 5,000 samples a
    temperature, up to four steps, three starting temperatures for nu).
    """

    L: Annotated[int, Field(ge=16)] = 64
    steps: Annotated[int, Field(ge=2)] = 4
    distances: Distances = (-0.016, -0.008, -0.004, 0.004, 0.008, 0.016)
    K_filters: Coupling = 0.43
    n_samples: Annotated[int, Field(ge=500)] = 6_000


class Chain(Section):
    """The map over (lambda_1, lambda_2), exactly. Lenggenhager et al.: K = 0.1, two spins, a buffer of one site."""

    K: Annotated[tuple[Annotated[Coupling, Field(ge=0.05)], ...], Field(min_length=1), Different] = (0.1, 1.0)
    buffer: Annotated[int, Field(ge=0)] = 1
    largest: Annotated[float, Field(gt=0, le=100)] = 3.0
    points: Annotated[int, Field(ge=3, le=1001)] = 41

    @model_validator(mode="after")
    def _information_is_left(self) -> Chain:
        for K in self.K:
            if (left := math.tanh(K) ** (2 * min(self.buffer + 1, 10**6))) < 1e-9:
                raise ValueError(
                    f"at K = {K:g} nothing is seen beyond buffer = {self.buffer}: tanh(K)^2(buffer+1) = {left:.0e}"
                )
        return self


class Settings(Section):
    """The experiment in full; what a run folder keeps as settings.toml.

    n_iter: steps of a training at most; trainings: of everything, on other samples of the small torus each.
    """

    chains: Annotated[int, Field(ge=10)] = 50
    n_iter: Annotated[int, Field(ge=0)] = 3000
    trainings: Repetitions = 1
    filters: Filters = Filters()
    blocks: Blocks = Blocks()
    curve: Curve = Curve()
    flow: Flow = Flow()
    chain: Chain = Chain()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for side in self.blocks.sides:
            ranges.check_window(self.blocks.L, side, self.blocks.buffer, self.blocks.environment, "blocks.sides")
        for buffer in self.curve.buffers:
            ranges.check_window(self.curve.L, self.curve.b, buffer, self.curve.environment, "curve.buffers")
        if KC_SQUARE not in self.filters.K:
            raise ValueError(f"filters.K must hold the critical coupling {KC_SQUARE!r}; got {list(self.filters.K)}")
        if not any(abs(T * KC_SQUARE - 1) < 1e-9 for T in self.curve.T):
            raise ValueError(f"curve.T must hold the critical temperature {1 / KC_SQUARE!r}; got {list(self.curve.T)}")
        if len(self.curve.buffers) < 3 or list(self.curve.buffers) != sorted(set(self.curve.buffers)):
            raise ValueError(f"curve.buffers must be at least 3, ascending; got {list(self.curve.buffers)}")
        ranges.check_distances(self.flow.distances, KC_SQUARE, "flow.distances")
        for step in range(min(self.flow.steps, self.flow.L.bit_length())):
            if self.flow.L % 2**step:
                raise ValueError(f"2^flow.steps must divide flow.L; got {self.flow.steps} and {self.flow.L}")
            ranges.check_window(self.flow.L // 2**step, 2, 1, 1, f"flow.steps = {self.flow.steps}")
        return self


def check_memory(settings: Settings, seed: int) -> None:
    """Raise ValueError where samples want more memory than is free."""
    s = settings
    for name, L in (("filters", TORUS), ("blocks", s.blocks.L), ("curve", s.curve.L), ("flow", s.flow.L)):
        ranges.check_samples(L, getattr(s, name).n_samples, f"{name}.n_samples")


PRESETS: dict[str, dict[str, Any]] = {
    # minutes on two cores
    "quick": {},
    # the lattices of the papers
    "paper": {
        "trainings": 3,
        "filters": {"n_samples": 40_000, "seeds": 10},
        "blocks": {"L": 48, "n_samples": 10_000, "seeds": 10},
        "curve": {"L": 64, "T": (1.9, 2.1, 2.2, 1 / KC_SQUARE, 2.35, 2.4, 2.5, 2.6, 3.0), "n_samples": 10_000},
        "flow": {"L": 128, "n_samples": 10_000},
        "chain": {"points": 61},
    },
}
