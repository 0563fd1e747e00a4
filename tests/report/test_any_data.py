"""Every figure with data that a run may end with: dead, diverged, constant, alone, or none. Something is drawn."""

from __future__ import annotations

import re
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from blockspin.report import (
    curve,
    figures,
    flow_figures,
    information_figures,
    mapping_figures,
    phase_figures,
    trade_figures,
)
from blockspin.report.page import Figure

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


def rows(y: Any) -> list[figures.Row]:
    return [figures.Row(f"map {n}", float(value), float(value)) for n, value in enumerate(y)]


def points(y: Any) -> list[Any]:
    return [(float(n + 1), float(value), float(value)) for n, value in enumerate(y)]


def quads(y: Any) -> list[Any]:
    return [(float(value), float(value), 0.1, float(value)) for value in y]


def square(y: Any) -> Any:
    return np.resize(y, (len(y), len(y)))


def lattices(y: Any) -> Any:
    return np.stack([np.resize(y, (4, 4))] * 3)


WORDS = {"title": "title", "caption": "caption"}
# a figure of a function a name: what draws it from one array
FIGURES: dict[str, Callable[[Any], Figure]] = {
    "centres": lambda y: figures.centres({"one": np.stack([y, y], 1)}, (8, 8), 2.0, radii={"one": y}),
    "trajectories": lambda y: figures.trajectories(
        {"one": {"epoch": np.arange(len(y)), **{quantity.column: y for quantity in figures.QUANTITIES}}}
    ),
    "correlation": lambda y: figures.correlation(np.arange(len(y)), {"data": (y, y), "exact": (y, None)}),
    "correlation, log": lambda y: figures.correlation(np.arange(len(y)), {"data": (y, y)}, log=True),
    "weights": lambda y: figures.weights({"one": lattices(y)}),
    "weights, own": lambda y: figures.weights({"one": lattices(y)}, scale="own", choose="evenly", count=2),
    "effective_fields": lambda y: figures.effective_fields({"layer 1": lattices(y)}),
    "reconstructions": lambda y: figures.reconstructions(np.ones((3, 4, 4)), {"layer 1": lattices(y)}),
    "spectrum": lambda y: figures.spectrum({"y_t": rows(y), "y_h": rows(y)}),
    "locality": lambda y: figures.locality({"layer 1": rows(y)}, lines_by_layer={"layer 1": [(4.0, "block")]}),
    "locality, no lines": lambda y: figures.locality({"layer 1": rows(y)}),
    "locality, linear": lambda y: figures.locality({"layer 1": rows(y)}, log=False),
    "curve": lambda y: curve.figure({"one": points(y)}, x_label="x", y_label="y", **WORDS),
    "curve, lines": lambda y: curve.figure(
        {"one": points(y)}, x_label="x", y_label="y", across=[(0.5, "half")], down=[(2.0, "two")], **WORDS
    ),
    "plane": lambda y: flow_figures.plane(
        [flow_figures.Plane("one", "", [flow_figures.Path("K", -1, quads(y)), flow_figures.Path("K", 1, quads(y))])]
    ),
    "one_step": lambda y: flow_figures.one_step(np.arange(len(y)), {"one": y}, {"two": points(y)}, mark=0.4),
    "lines": lambda y: information_figures.lines(
        {"one": points(y)}, x_label="x", y_label="y", exact={"exact": points(y)}, across=[(0.5, "half")], **WORDS
    ),
    "levels": lambda y: information_figures.levels(
        {"one": (np.arange(len(y)), square(y))}, labels=("x", "y"), **WORDS
    ),
    "couplings": lambda y: mapping_figures.couplings(
        [mapping_figures.Spectrum("one", "", y, np.arange(len(y)) % 5 + 1, np.ones(len(y)))]
    ),
    "flow": lambda y: mapping_figures.flow({"one": (np.arange(len(y)), y, y), "two": (y, y, None)}),
    "tuned": lambda y: mapping_figures.tuned(
        np.arange(len(y)), [("log", "y", {"one": y}, True), ("linear", "y", {"one": y}, False)], axis="x", mark=0.4
    ),
    "phase_maps": lambda y: phase_figures.phase_maps(
        [phase_figures.Map("one", "", square(y), square(y), log=log, contour=square(y)) for log in (True, False)],
        phase_figures.Axis("x", range(len(y))), phase_figures.Axis("y", range(len(y))),
        marks=[phase_figures.Mark("M", "mark", 1.0, 2.0)], **WORDS,
    ),
    "trades": lambda y: trade_figures.trades(
        [trade_figures.Trade("one", "x", "y", {"a": quads(y)}, log=log) for log in (True, False)], **WORDS
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
    assert made.alt
