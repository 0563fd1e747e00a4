"""Every figure with data that a run may end with: dead, diverged, constant, alone, or none. Something is drawn."""

from __future__ import annotations

import re
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from blockspin.report import pictures
from blockspin.report.forest import Forest, Row, exponents, forest
from blockspin.report.levels import levels
from blockspin.report.lines import Panel, line_plot
from blockspin.report.page import Figure
from blockspin.report.phase_map import Axis, Map, Mark, phase_map
from blockspin.report.training import COLUMNS, training

N = 6
DATA: dict[str, np.ndarray[Any, Any]] = {
    "nan": np.full(N, np.nan),
    "inf": np.full(N, np.inf),
    "minus inf": np.full(N, -np.inf),
    "zero": np.zeros(N),
    "constant": np.full(N, 0.3),
    "negative": np.linspace(-2, -1, N),
    "one point": np.array([np.nan, np.nan, 0.7, np.nan, np.nan, np.nan]),
    "one zero": np.array([0.5, 0.7, 0.0, 0.6, 0.5, 0.4]),
    "one inf": np.array([0.5, 0.7, np.inf, 0.6, 0.5, 0.4]),
    "huge": np.linspace(1, 2, N) * 1e300,
    "tiny": np.linspace(1, 2, N) * 1e-310,
    "wide": np.array([1e-300, 1.0, 1e300, -1e300, 1e-5, 1e5]),
    "of length 1": np.array([0.4]),
    "empty": np.zeros(0),
}


def rows(y: Any) -> list[Row]:
    return [Row(f"map {n}", float(value), float(value), ticks=y) for n, value in enumerate(y)]


def points(y: Any) -> list[Any]:
    return [(float(n), float(value), float(value), 0.1) for n, value in enumerate(y)]


def square(y: Any) -> Any:
    return np.resize(y, (len(y), len(y)))


def lattices(y: Any) -> Any:
    return np.stack([np.resize(y, (4, 4))] * 3)


def lines(y: Any, **more: Any) -> Figure:
    turned = [(value, n, *errors) for n, value, *errors in points(y)]
    lines_to = {"across": [(0.5, "half")], "down": [(2.0, "two")]}
    parts = [Panel("x", "y", {"a": points(y), "b": turned}, dashed={"c": points(y)}, **lines_to, **more)] * 2
    return line_plot(parts, same_axes=more.get("joined") == "arrows")


def forests(y: Any, **more: Any) -> Figure:
    return forest([Forest("q", rows(y), **more)])


# a figure of a function a name: what draws it from one array
FIGURES: dict[str, Callable[[Any], Figure]] = {
    "lines": lines,
    "lines, log": lambda y: lines(y, x_scale="log", y_scale="log"),
    "lines, from 0": lambda y: lines(y, x_scale="from 0", bands=True),
    "lines, arrows": lambda y: lines(y, joined="arrows"),
    "lines, points": lambda y: lines(y, joined="no", square=True, rings={"a": (1.0, *y[:1])} if len(y) else {}),
    "training": lambda y: training(
        {"one": {"epoch": np.arange(len(y)), **dict.fromkeys(COLUMNS, y)}, "two": {"epoch": [1], "weight_change": [1]}},
    ),
    "weights": lambda y: pictures.weights({"one": lattices(y)}),
    "weights, own": lambda y: pictures.weights({"one": lattices(y)}, scale="own", choose="evenly", count=2),
    "reconstructions": lambda y: pictures.reconstructions(np.ones((3, 4, 4)), {"layer 1": lattices(y)}),
    "exponents": lambda y: exponents({"y_t": rows(y), "y_h": rows(y)}),
    "forest, log": lambda y: forests(y, log=True, lines=[(4.0, "block")]),
    "forest, no lines": lambda y: forests(y, log=True),
    "forest, linear": forests,
    "forest, limits": lambda y: forests(y, log=True, limits=(1e-6, 1.0)),
    "levels": lambda y: levels({"one": (np.arange(len(y)), square(y))}, labels=("x", "y")),
    "phase map": lambda y: phase_map(
        [Map("one", "", square(y), square(y), log=log, inside=square(y) > 0) for log in (True, False)],
        Axis("x", range(len(y))), Axis("y", range(len(y))), marks=[Mark("M", "mark", 1.0, 2.0)],
    ),
}  # fmt: skip


FAST = ("nan", "zero")


@pytest.mark.parametrize(
    "data", [data if data in FAST else pytest.param(data, marks=pytest.mark.slow) for data in DATA]
)
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_draws_any_data(name: str, data: str) -> None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error")
        made = FIGURES[name](DATA[data])
    assert isinstance(made, Figure)
    assert "NaN" not in made.body
    for svg in re.findall(r"<svg.*?</svg>", made.body, re.S):
        ElementTree.fromstring(svg.replace("&#8203;", ""))
    assert 'aria-label=""' not in made.body
