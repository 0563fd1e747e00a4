"""Settings and presets of the experiment locality-map.

A map (plane) is a sweep over parameters of one layer: 3 seeds or more at each point, each with samples of its own.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from blockspin.experiments.ranges import Coupling, Momentum, Penalty, Rate, check_block, check_samples, check_weights
from blockspin.runs.settings import Section, nearest
from blockspin.runs.sweep import Sweep

TOGETHER = 8  # layers that a task trains, fewer than twice as many: more gain little, and a stop loses them


class Layer(Section):
    """One layer and what it is trained on: spins -1/+1, no biases, CD, a proximal L1 penalty.

    updates: mini-batches, so that layers with few and with many different samples train equally long.
    """

    L: Annotated[int, Field(ge=4)] = 16
    units: Annotated[int, Field(ge=4)] = 64
    K: Coupling = 0.408
    n_samples: Annotated[int, Field(ge=50)] = 8000
    l1: Penalty = 0.01
    learning_rate: Rate = 0.01
    init_scale: Annotated[float, Field(gt=0, le=10)] = 0.01
    momentum: Momentum = 0.5
    batch_size: Annotated[int, Field(ge=1)] = 100
    k: Annotated[int, Field(ge=1)] = 1
    updates: Annotated[int, Field(ge=1)] = 2000

    @model_validator(mode="after")
    def _fits(self) -> Layer:
        check_block(self.L, self.units, "units")
        return self


class Settings(Section):
    """The experiment in full; what a run folder keeps as settings.toml.

    layer: the parameters at every point that a map does not vary. pool: different training samples that are drawn a
    coupling and seed, of which a layer takes its n_samples; held_out, n_critical: samples to judge on.
    """

    layer: Layer = Layer()
    pool: Annotated[int, Field(ge=100)] = 16_000
    held_out: Annotated[int, Field(ge=100)] = 2000
    n_critical: Annotated[int, Field(ge=100)] = 6000
    chains: Annotated[int, Field(ge=10)] = 100
    planes: dict[str, Sweep] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _planes_vary_the_layer(self) -> Self:
        least = math.ceil(4 * self.pool / max(self.chains - 4, 1))
        if self.held_out < least:
            raise ValueError(f"held_out must be four chains' worth, {least} here; got {self.held_out}")
        for plane, sweep in self.planes.items():
            for name in sweep.names:
                if name not in Layer.model_fields:
                    raise ValueError(f"planes.{plane}: {nearest('parameter of the layer', name, Layer.model_fields)}")
            if not sweep.names:
                raise ValueError(f"planes.{plane} must vary at least one parameter of the layer, not the seed alone")
            largest = max(self.values("n_samples", plane))
            if largest > self.pool:
                raise ValueError(f"planes.{plane}: n_samples is at most the pool, {self.pool}; got {largest}")
        return self

    def values(self, name: str, *planes: str) -> set[float]:
        """The numbers that a parameter of the layer has, in all maps unless some are named.

        What is no number is refused where the layer of its point is built.
        """
        chosen = [self.planes[plane] for plane in planes or self.planes]
        swept = [value for sweep in chosen for axes in (sweep.grid, sweep.zip) for value in axes.get(name, ())]
        numbers = [one for one in [getattr(self.layer, name), *swept] if isinstance(one, int | float)]
        return {float(one) for one in numbers if math.isfinite(one)}


def check_memory(settings: Settings, seed: int) -> None:
    """Raise ValueError where samples or weights want more memory than is free."""
    L, units = (math.ceil(max(settings.values(name))) for name in ("L", "units"))
    together = 2 * TOGETHER
    pools = min(together, len(settings.values("K")))
    check_samples(L, pools * (settings.pool + settings.held_out), f"pool and held_out of {pools} K, layer.L or planes")
    check_samples(L, settings.n_critical, "n_critical")
    check_weights(L, together * units, f"layer.units of {together} layers")


def _planes(seeds: int, **axes: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "-"): {"seeds": seeds, "grid": grid} for name, grid in axes.items()}


PRESETS: dict[str, dict[str, Any]] = {
    "quick": {
        "planes": _planes(
            3,
            penalty_coupling={"l1": (0.001, 0.003, 0.01, 0.03, 0.1), "K": (0.36, 0.408, 0.44068679, 0.48)},
            samples_penalty={"n_samples": (500, 2000, 8000, 16_000), "l1": (0.0, 0.003, 0.01)},
            rate_scale={"learning_rate": (0.003, 0.01, 0.03, 0.1), "init_scale": (0.001, 0.01, 0.1)},
        )
    },
    # 3.5 times the points of `quick`, twice its updates
    "full": {
        "layer": {"updates": 4000},
        "pool": 32_000,
        "planes": _planes(
            3,
            penalty_coupling={
                "l1": (0.0003, 0.001, 0.002, 0.004, 0.008, 0.016, 0.03, 0.06, 0.12),
                "K": (0.3, 0.36, 0.39, 0.408, 0.425, 0.44068679, 0.46, 0.5),
            },
            samples_penalty={
                "n_samples": (500, 1000, 2000, 4000, 8000, 16_000, 32_000),
                "l1": (0.0, 0.001, 0.003, 0.01, 0.03),
            },
            rate_scale={
                "learning_rate": (0.001, 0.003, 0.01, 0.03, 0.06, 0.1, 0.2),
                "init_scale": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3),
            },
        ),
    },
}
