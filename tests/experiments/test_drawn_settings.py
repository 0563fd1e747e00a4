"""Settings drawn from the schema: refused at once in a sentence that names the key, or run to the page.

A drawing changes one to three keys of tiny settings to what a hurried user might give: edges, huge and non-finite
numbers, other types, empty lists, entries twice, unknown names, and values that look right.
"""

from __future__ import annotations

import itertools
import math
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import BaseModel
from tiny import TINY

from blockspin.experiments import EXPERIMENTS, find
from blockspin.experiments.plan import Plan, forecast
from blockspin.experiments.run import CLAIMS, REPORT, prepare, redraw, run
from blockspin.runs.settings import SettingsError
from blockspin.runs.task import ordered

EDGES = ("0", "-1", "1e9", "1e15", "10" * 200, "1e-12", "1e300", "nan", "inf", "-inf")
SMALL = ("1", "2", "3", "4", "5", "7", "12", "20", "100", "0.5", "0.1", "1.5")
OTHERS = ("none", "true", "[]", "{}", '"word"', '""', "[[1]]", "[nan]")
LONGEST = 60.0  # expected seconds of a run, beyond which a drawing is only forecast


def leaves(settings: BaseModel, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every key with its annotation and its value, sections inside sections."""
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", field.annotation, value


def names_in(annotation: Any) -> list[str]:
    """The names that a key may hold."""
    if typing.get_origin(annotation) is Literal:
        return list(typing.get_args(annotation))
    return [name for inside in typing.get_args(annotation) for name in names_in(inside)]


def drawn_value(annotation: Any, value: Any, random: np.random.Generator) -> str:
    """What a drawing gives a key, in TOML: most often what looks right."""
    kind = random.random()
    if kind < 0.05:
        return one_of(OTHERS, random)
    if isinstance(value, bool):
        return one_of(("true", "false", "3"), random)
    if isinstance(value, (int, float)):
        half = value / 2 if isinstance(value, float) else value // 2
        near = [toml(one) for one in (value - 1, value + 1, 2 * value, half, 4 * value)]
        return one_of(EDGES if kind < 0.2 else SMALL if kind < 0.5 else near, random)
    if isinstance(value, (tuple, list)):
        entries = [toml(entry) for entry in value]
        new = drawn_value(annotation, value[0] if value else 1, random)
        changed = ([], entries[:1], entries[::-1], entries * 2, [*entries[:-1], new], [*entries, new], [new])
        return "[" + ", ".join(changed[random.integers(len(changed))]) + "]"
    named = [f'"{name}"' for name in names_in(annotation)]
    return one_of(named if named and kind > 0.2 else ['"unknown"', "3"], random)


def one_of(some: Sequence[str], random: np.random.Generator) -> str:
    return some[random.integers(len(some))]


def toml(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return "[" + ", ".join(map(toml, value)) + "]" if isinstance(value, (tuple, list)) else repr(value)


def drawn(name: str, random: np.random.Generator) -> tuple[str, ...]:
    """One to three changed keys."""
    keys = list(leaves(prepare(find(name), overrides=TINY[name]).settings))
    chosen = random.choice(len(keys), random.choice([1, 1, 2, 3]), replace=False)
    return tuple(
        f"{key}={drawn_value(annotation, value, random)}" for key, annotation, value in (keys[i] for i in chosen)
    )


def plan_of(name: str, changes: Sequence[str]) -> Plan | None:
    """The plan of the tiny settings with these changes; None where they are refused, by a sentence that names a key."""
    said = ""
    try:
        return prepare(find(name), overrides=(*TINY[name], *changes), seed=1)
    except SettingsError as error:
        said = str(error)
    keys = [change.partition("=")[0].rpartition(".")[2] for change in changes]
    assert any(key in said for key in keys), f"{changes}: {said}"
    return None


def judged(name: str, changes: Sequence[str], folder: Path, most: float = LONGEST) -> str:
    """What became of a drawing: "refused", "long" or "ran"; anything else is an error."""
    plan = plan_of(name, changes)
    if plan is None:
        return "refused"
    weights = [task.weight for task in ordered(plan.tasks)]
    assert all(0 < weight < math.inf for weight in weights)
    if sum(weights) > most:
        assert any("expected time" in line for line in forecast(plan, folder))
        return "long"
    run(plan, folder)
    assert (folder / CLAIMS).exists()
    page = (folder / REPORT).read_bytes()
    assert redraw(folder).read_bytes() == page
    return "ran"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_drawn_settings_are_refused_or_forecast(name: str, tmp_path: Path) -> None:
    # what is refused is refused before anything is there, and what is not has a plan and a cost
    for number in range(40):
        changes = drawn(name, np.random.default_rng([1, number]))
        judged(name, changes, tmp_path / str(number), most=0.0)


@pytest.mark.parametrize("number", range(3))
def test_a_few_drawn_settings_run_to_the_page(number: int, tmp_path: Path) -> None:
    changes = next(
        some
        for seed in itertools.count(3 * number)
        if plan_of("exact-mapping", some := drawn("exact-mapping", np.random.default_rng([2, seed]))) is not None
    )
    assert judged("exact-mapping", changes, tmp_path / "run") in ("ran", "long")


@pytest.mark.slow
@pytest.mark.parametrize("number", range(72))
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_drawn_settings_are_refused_or_run_to_the_page(name: str, number: int, tmp_path: Path) -> None:
    judged(name, drawn(name, np.random.default_rng([3, number])), tmp_path / "run")


RESULTS = {  # odd settings whose runs end well: dead and diverged machines, ordered samples, the least of everything
    "mehta-schwab": (
        "recipe.l1=0.3", "recipe.l1=100", "K=3", "layers=[16, 16]", "conditions.n_samples=[]", "recipe.n_iter=[0, 0]",
        'variants=["sklearn-default"]', "recipe.learning_rate=1", "recipe.batch_size=10000", "held_out=0.5",
    ),
    "mcrg": ("training.l1=100", "training.n_iter=[0]", "distances=[-0.44, 2.5]", 'maps=["majority"]', "training.K=3"),
    "ho-2013": ("learning_rate=1", "momentum=0.999", "controls=[]", "hidden=2", "digits.threshold=1", "batch_size=1"),
    "exact-mapping": ("flow=[3]", "K=3", "K=1e-9", "l1=100", "K_torus=3"),
    "kernels": ("weights=[]", "weights=[20]", "trainings=2", "L=[8]", "second.n_samples=400", "learning.n_iter=0"),
    "locality-map": ("planes={}", "layer.l1=100", "layer.units=4", "planes={a={grid={l1=[0, 100], K=[0.4, 3]}}}"),
    "dimers": ("noise=1e-9", "learning.n_iter=0", "machines.hidden=[1]", "temperatures=[0.1, inf]", "block=2"),
    "koch-janusz-ringel": ("n_iter=0", "chain.K=[3]", "chain.largest=1e-9", "filters.K=[3, 0.44068679350977147]"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("name", "change"), [(name, change) for name in RESULTS for change in RESULTS[name]])
def test_odd_settings_run_to_the_page(name: str, change: str, tmp_path: Path) -> None:
    assert judged(name, (change,), tmp_path / "run") == "ran"
