"""A made-up experiment around the toy tasks; as a script it is the `blockspin` command that knows it."""

from __future__ import annotations

import toy_tasks
from pydantic import Field, model_validator

from blockspin.experiments.claims import Answer, claim
from blockspin.experiments.core import Experiment, Run
from blockspin.judging.card import Scorecard
from blockspin.judging.measurement import State
from blockspin.judging.rules import Outcome
from blockspin.judging.verdict import Row
from blockspin.runs.settings import Section
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


def plan(settings: Settings, seed: int) -> dict[str, list[Task]]:
    if settings.samples == 13:
        raise ValueError("samples must not be 13")
    tasks = toy_tasks.graph(settings.samples, seed, steps=settings.steps, pause=settings.pause)
    if settings.behaviour == "fail":
        tasks.append(Task("fail", "the [bold]bad[/bold] one", toy_tasks.fail, {"seed": seed}))
    if settings.behaviour.startswith("interrupt "):
        mark = settings.behaviour.removeprefix("interrupt ")
        tasks.append(Task("interrupt", "interrupt", toy_tasks.interrupt_once, {"mark": mark}))
    return {"tasks": tasks}


def cards(run: Run) -> dict[str, Scorecard]:
    total = float(run["tasks"][0].arrays["total"].sum())
    row = Row("range", "total", total, float("nan"), State.MEASURED, Outcome.PASS, why="w")
    return {"toy": Scorecard("toy", 1, 2.0, (row,))}


@claim("T-1", "a source", "t", rule="Partly, always.")
def partly(run: Run) -> Answer:
    return Answer("partly", "w")


EXPERIMENT = Experiment(
    name="toy",
    summary="a made-up experiment",
    Settings=Settings,
    presets={"quick": {"samples": 2}, "paper": {"samples": 5, "field": 0.5, "layer": {"penalty": 0.1}}},
    plan=plan,
    claims=(partly,),
    page="toy_page",
    cards=cards,
)

if __name__ == "__main__":
    from blockspin.__main__ import main
    from blockspin.experiments import EXPERIMENTS

    EXPERIMENTS["toy"] = "toy_experiment:EXPERIMENT"
    main()
