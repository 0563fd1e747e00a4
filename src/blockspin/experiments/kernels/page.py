"""The figures and tables of the page; its words are in page.md."""

from dataclasses import replace
from typing import Any

import numpy as np

from blockspin.experiments.core import Run
from blockspin.experiments.kernels.claims import EXACT, learned, mean_of, step
from blockspin.experiments.kernels.tasks import LEARNED, OPERATORS, OWN, STARTS
from blockspin.report import forest, pictures
from blockspin.report.lines import Panel, Point, line_plot
from blockspin.report.page import Figure, Table
from blockspin.report.tables import table
from blockspin.rg.operators import SQUARE


def plane(run: Run) -> Figure:
    """All rules in the plane of both exponents, first steps on the first lattice."""
    L = run.settings.L[0]

    def points(names: list[str]) -> list[Point]:
        pairs = [(one.y_t, one.y_h) for one in (step(run, L, name, 1) for name in names)]
        return [(t.value, h.value, h.error, t.error) for t, h in pairs]

    curves = {
        "one weight": points([f"w = {w:g}" for w in sorted(run.settings.weights)]),
        "majority": points(["majority"]),
        **{kind: points(learned(run, kind)) for kind in LEARNED},
    }
    exact = [(EXACT["y_t"], "exact")], [(EXACT["y_h"], "exact")]
    return line_plot([Panel("y_t", "y_h", curves, down=exact[0], across=exact[1], joined="no")])


def by_step(run: Run) -> Figure:
    """Exponents by step and lattice of the majority rule and of each learned one, mean over trainings."""
    rows: dict[str, list[forest.Row]] = {y: [] for y in EXACT}
    for L in run.settings.L:
        for number in range(1, run.settings.steps + 1):
            for name, rules in {"majority": ["majority"], **{kind: learned(run, kind) for kind in LEARNED}}.items():
                for y, some in rows.items():
                    one = mean_of(run, L, rules, number, y)
                    some.append(forest.Row(name, one.value, one.error, group=f"L = {L}, step {number}"))
    return forest.exponents(rows)


def second(run: Run) -> Table:
    """Rules of either start at either start, first step, mean over trainings."""
    L, rows = run.settings.L[0], []
    for name, rules in {
        "majority": ["majority"],
        f"learned at the {STARTS[0]} start": learned(run, "self-similar"),
        f"learned at the {STARTS[1]}": learned(run, "self-similar", STARTS[1]),
    }.items():
        cells = [mean_of(run, L, rules, 1, y, start) for start in STARTS for y in EXACT]
        rows.append((name, *((one.value, one.error) for one in cells)))
    columns = ("rule", *(f"{y}, {start}" for start in STARTS for y in EXACT))
    return replace(table(columns, rows, wide=True), open=True)


def by_operators(run: Run, y: str) -> Table:
    """y_t or y_h of first steps as operators are added."""
    names = [name for name in OPERATORS if SQUARE[name].even == (y == "y_t")]
    L = run.settings.L[0]
    rows: list[Any] = []
    for rule in ("majority", *learned(run)):
        found = getattr(step(run, L, rule, 1), f"{y}_by_operators")
        rows.append((rule, *((one.value, one.error) for one in found)))
    return table(("rule", names[0], *(f"+ {name}" for name in names[1:])), rows, wide=True)


def weights(run: Run) -> Table:
    """The weights of learned rules, and what is left of the misfit."""
    rows: list[Any] = []
    for name in [name for name in run.plan["rules"] if "," in name]:
        rule = run["rules"][name]
        for feature, one in zip(rule.features, rule.theta, strict=True):
            rows.append((name, feature, (one.value, one.error)))
        if rule.divergence is not None:
            rows.append((name, "D, nats a configuration", f"{rule.divergence:.2g}"))
    return table(("rule", "feature", "weight"), rows)


def zoomed(run: Run) -> Figure:
    """Three levels of a lattice at one size: by each rule, and the model's own of that size."""
    images, titles = [], []
    for level in (1, 2, 3):
        for name in ("majority", LEARNED[0], OWN):
            one = run["zoom"].arrays[f"{name} {level}"]
            images.append(np.kron(one, np.ones((2 ** (level - 1),) * 2, np.int8)))
            titles.append(f"{len(one)} × {len(one)}, {name}")
    return pictures.configurations(np.stack(images), titles)
