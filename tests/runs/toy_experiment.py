"""A made-up experiment around the toy tasks; as a script it is the `blockspin` command that knows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import toy_tasks
from pydantic import Field, model_validator

from blockspin.runs.settings import Section
from blockspin.runs.store import Store
from blockspin.runs.task import Task


class Layer(Section):
    n_hidden: int = Field(default=4, gt=0)
    penalty: float | None = None


class Settings(Section):
    samples: int = Field(default=3, gt=0)
    steps: int = 1
    pause: float = 0.0
    layer: Layer = Layer(n_hidden=9)
    sizes: tuple[int, ...] = (4, 2)
    field: float | None = None
    name: str = "toy"
    behaviour: str = "well"

    @model_validator(mode="after")
    def _enough(self) -> Settings:
        if self.name == "paper" and self.samples < 5:
            raise ValueError(f"a toy named paper needs 5 samples; got {self.samples}")
        return self


class Toy:
    name = "toy"
    summary = "a made-up experiment"
    Settings = Settings
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "quick": {"samples": 2},
        "paper": {"samples": 5, "field": 0.5, "layer": {"penalty": 0.1}},
    }

    def tasks(self, settings: Settings, seed: int) -> list[Task]:
        if settings.samples == 13:
            raise ValueError("samples must not be 13")
        tasks = toy_tasks.graph(settings.samples, seed, steps=settings.steps, pause=settings.pause)
        if settings.behaviour == "fail":
            tasks.append(Task("fail", "the [bold]bad[/bold] one", toy_tasks.fail, {"seed": seed}))
        if settings.behaviour.startswith("interrupt "):
            mark = settings.behaviour.removeprefix("interrupt ")
            tasks.append(Task("interrupt", "interrupt", toy_tasks.interrupt_once, {"mark": mark}))
        return tasks

    def conclude(self, settings: Settings, seed: int, store: Store) -> dict[str, Any]:
        total = store.load(self.tasks(settings, seed)[0]).arrays["total"]
        row = {"criterion": "sum", "quantity": "total", "value": float(total.sum()), "error": float("nan")}
        row |= {"state": "measured", "outcome": "pass", "code": "", "why": "w"}
        card = {"map": "toy", "layer": 1, "verdict": "renormalizes", "decisive": {"sum": "pass"}}
        card |= {"outcomes": {"sum": "pass"}, "rows": [row]}
        return {
            "scorecards": [card],
            "claims": [{"id": "T-1", "text": "t", "status": settings.name, "why": "w"}]
            if settings.name != "toy"
            else [{"id": "T-1", "text": "t", "status": "partly", "why": "w"}],
        }

    def page(self, folder: Path) -> str:
        card = json.loads((folder / "scorecards.json").read_text())["scorecards"][0]
        return f"<html>{card['rows'][0]['value']}</html>"


EXPERIMENT = Toy()

if __name__ == "__main__":
    from blockspin.__main__ import main
    from blockspin.experiments import EXPERIMENTS

    EXPERIMENTS["toy"] = "toy_experiment:EXPERIMENT"
    main()
