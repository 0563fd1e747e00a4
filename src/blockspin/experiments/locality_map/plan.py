"""The tasks of the experiment locality-map, laid out without importing what runs them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from blockspin.experiments.locality_map.settings import Layer, Settings
from blockspin.models.ising import KC_SQUARE
from blockspin.randomness import integer
from blockspin.runs.settings import SettingsError, build
from blockspin.runs.sweep import Point
from blockspin.runs.task import Task

TASKS = "blockspin.experiments.locality_map.tasks:"


@dataclass(frozen=True)
class Cell:
    """A point of a map with one seed, and the task that trains and measures its layer."""

    plane: str
    point: Point
    layer: Layer
    task: Task


class Plan:
    """Every task by what it is for: samples by lattice, coupling and seed, layers by plane."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings
        self.samples: dict[tuple[int, float, int, str], Task] = {}
        self.planes: dict[str, list[Cell]] = {}
        for plane, sweep in settings.planes.items():
            self.planes[plane] = [self._cell(plane, point) for point in sweep.points(seed)]

    @cached_property
    def tasks(self) -> list[Task]:
        """All tasks, parents before children."""
        layers = {cell.task.key: cell.task for cells in self.planes.values() for cell in cells}
        return [*self.samples.values(), *layers.values()]

    def _cell(self, plane: str, point: Point) -> Cell:
        try:
            layer = build(Layer, self.settings.layer.model_dump(), values=point.values)
        except SettingsError as error:
            raise SettingsError(f"planes.{plane}: at the point {point}: {error}") from error
        train = self._sample(layer.L, layer.K, point.seed, "train", self.n_drawn)
        critical = self._sample(layer.L, KC_SQUARE, point.seed, "critical", self.settings.n_critical)
        chosen = {"layer": layer.model_dump(mode="json"), "held_out": self.settings.held_out, "seed": point.seed}
        # five products a mini-batch, at 33 GFLOP/s beside the rest; then 0.8 s of annealing and measuring
        weight = 10 * layer.batch_size * layer.L**2 * layer.units * layer.updates * layer.k / 3.3e10 + 0.8
        task = Task(
            "layer",
            f"layer at {point}",
            f"{TASKS}run_layer",
            chosen,
            version=2,
            parents=(train, critical),
            weight=weight,
        )
        return Cell(plane, point, layer, task)

    @property
    def n_drawn(self) -> int:
        """Samples a coupling and seed; two chains' worth more than asked for, since sets are split by chains."""
        return math.ceil((self.settings.pool + self.settings.held_out) * (1 + 2 / self.settings.chains))

    def _sample(self, L: int, K: float, seed: int, use: str, n: int) -> Task:
        name = (L, K, seed, use)
        if name not in self.samples:
            chosen = {
                "L": L,
                "K": K,
                "n": n,
                "chains": self.settings.chains,
                "seed": integer(seed, use, L, f"{K:.12g}"),
            }
            label = f"{use} samples at K = {K:.4g}, seed {seed}"
            self.samples[name] = Task("sample", label, f"{TASKS}run_sample", chosen, weight=L**2 * n * 2e-7 + 0.1)
        return self.samples[name]
