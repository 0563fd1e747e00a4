"""The figures and tables of the page; its words are in page.md."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from blockspin.experiments.core import Run
from blockspin.experiments.mehta_schwab.cards import SIZE, size, stack, studied
from blockspin.experiments.mehta_schwab.cards import courses as courses
from blockspin.experiments.mehta_schwab.settings import ALTERNATIVES, SOURCES, VARIANTS
from blockspin.experiments.stored import Array
from blockspin.models.ising import KC_SQUARE
from blockspin.report import forest, pictures, tables
from blockspin.report.lines import Panel, line_plot
from blockspin.report.page import Figure, Table
from blockspin.report.training import training as training
from blockspin.runs.settings import flat

KINDS = {"reference": "block rules", "learned": "learned", "null": "nulls"}
PICTURED = {"sklearn-default": "sklearn-default", "none": "none: no penalty", "l1": "l1: L1 penalty"}
TESTS = {"locality": "locality", "tiling": "tiling", "spectrum": "exponents"}
WINDOW = "share of w^2 in the best window"


def of_kind(run: Run, cards: Sequence[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    """The entries of scorecards.json whose maps are of these kinds: reference, learned or null."""
    return [card for card in cards if _kind(run, card["map"]) in kinds]


def compact(run: Run, name: str) -> str:
    """Per cent of a field's squared weight in its best window, first layer; empty where the run has no such number."""
    rows = [card.row("locality", WINDOW) for card in stack(run.cards, name)[:1]]
    return "".join(f"{100 * one.value:.0f}" for one in rows if one is not None and one.defined)


def tests(run: Run, name: str, outcome: str) -> str:
    """The tests of a map's first layer with this outcome ("pass", "fail", "cannot tell"), in words."""
    cards = stack(run.cards, name)[:1]
    found = [words for criterion, words in TESTS.items() for card in cards if card.outcome(criterion) == outcome]
    return " and ".join(part for part in (", ".join(found[:-1]), *found[-1:]) if part)


def first_fields(run: Run) -> Figure:
    """The picture that answers: the strongest fields of the first layer, with and without the penalty."""
    names = [name for name in PICTURED if name in run.settings.variants] or run.settings.variants
    fields = {PICTURED.get(name, name): _fields(run, name, 0) for name in names}
    relative = {words: some / (np.abs(some).max() or 1.0) for words, some in fields.items()}
    return pictures.weights(relative, unit="weight over the layer's largest")


def deeper_fields(run: Run) -> Figure:
    """The L1 stack, layer by layer."""
    fields = {f"layer {n + 1}": _fields(run, "l1", n) for n in range(len(run.settings.layers))}
    return pictures.weights(fields, scale="own", unit="effective weight")


def _fields(run: Run, name: str, n: int) -> Array:
    L = run.settings.L
    return np.asarray(run["measured"][name][n].arrays["fields"].reshape(-1, L, L), float)


def variants(run: Run) -> Table:
    """What each variant is."""
    return tables.table(("variant", "model"), [(name, VARIANTS[name]) for name in run.settings.variants])


def locality(run: Run) -> Figure:
    """Sites that a field covers, every map."""
    parts = [
        forest.Forest(SIZE, _rows(run, n, "locality", SIZE), f"layer {n + 1}", lines=[(one.b**2, "block")], log=True)
        for n, one in enumerate(stack(run.cards, "majority"))
    ]
    return forest.forest(parts)


def open_choices(run: Run) -> Figure:
    """How local the first layer is by the choices that the paper leaves open."""
    recipes, b = ("majority", "l1", *run.settings.alternatives), stack(run.cards, "majority")[0].b
    rows = {
        quantity: [row for row in _rows(run, 0, "locality", quantity) if row.label in recipes]
        for quantity in (SIZE, "background over peak")
    }
    lines = {SIZE: [(b**2, "block")]}
    return forest.forest([forest.Forest(name, some, lines=lines.get(name, [])) for name, some in rows.items()])


def choices(run: Run) -> Table:
    """What each alternative changes."""
    return tables.table(
        ("alternative", "change"), [(name, ALTERNATIVES[name][0]) for name in run.settings.alternatives]
    )


def centres(run: Run) -> Figure:
    """Where the fields of the first layer are."""
    L, b = run.settings.L, stack(run.cards, "majority")[0].b
    ideal, edges = (b - 1) / 2 + b * np.argwhere(np.ones((round(L / b),) * 2)), (-0.5, L - 0.5)
    labels = ("x (lattice spacings)", "y (lattice spacings)")
    plane = Panel(*labels, {}, x_scale="whole", y_scale="whole", joined="no", limits=(edges, edges), square=True)
    dots = {name: (_centres(run, name) + 0.5) % L - 0.5 for name in run.settings.variants}
    return line_plot(
        [
            replace(plane, curves={"block centres": ideal, name: some}, title=f"{name}, {len(some)} units")
            for name, some in dots.items()
        ]
    )


def _centres(run: Run, name: str) -> Array:
    """Centres of the living units, (n, 2); none where the units have no positions."""
    arrays = run["measured"][name][0].arrays
    found = arrays["centres"][arrays["alive"]] if "centres" in arrays else np.empty((0, 2))
    return np.asarray(found[np.isfinite(found).all(axis=1)])


def exponents(run: Run, layer: int) -> Figure:
    """y_t and y_h of a layer, every map."""
    rows = {name: _rows(run, layer - 1, "spectrum", name) for name in ("y_t", "y_h")}
    return forest.exponents(rows)


def _rows(run: Run, n: int, criterion: str, quantity: str) -> list[forest.Row]:
    rows = []
    for name in sorted(run.plan["measured"], key=lambda name: [*KINDS].index(_kind(run, name))):
        kind, row = _kind(run, name), stack(run.cards, name)[n].row(criterion, quantity)
        if row is None or (kind == "null" and name.partition(",")[0] not in run.settings.null_variants):
            continue
        at = row.value if row.defined else math.nan
        forced = not row.defined and math.isfinite(row.value)
        text = f"not defined ({tables.number(row.value, row.error)} if forced)" if forced else ""
        ticks = () if row.trainings is None else row.trainings.values
        rows.append(forest.Row(name, at, row.error, kind == "null", KINDS[kind], text, ticks))
    return rows


def _kind(run: Run, name: str) -> str:
    return str(run.plan["measured"][name][0].settings["kind"])


def study(run: Run) -> Figure:
    """Locality against the number of samples."""
    s, small = run.settings, run.settings.conditions
    points = {}
    for name, some in run["conditions"].items():
        sizes = {n / small.units: size(studied(one)) for n, one in some.items()}
        points[name] = [(a_unit, one.value, one.error) for a_unit, one in sizes.items()]
    panel = Panel(
        "training samples per hidden unit",
        "participation ratio (sites)",
        points,
        across=[(float(small.L**2 / small.units), "block")],
        down=[(s.n_samples * (1 - s.held_out) / s.layers[0], "the stacks of this run")],
        x_scale="log",
        y_scale="log",
    )
    return line_plot([panel])


def generative(run: Run) -> list[str]:
    """The variants that draw samples of their own; an autoencoder does not."""
    return [name for name in run.settings.variants if "G" in run["measured"][name][0].arrays]


def correlations(run: Run) -> Figure:
    """G(r) of free samples, first layers and data."""
    arrays = {name: run["measured"][name][0].arrays for name in generative(run)}
    first = next(iter(arrays.values()))
    r = np.arange(len(first["G"]))
    curves = {"data": np.column_stack([r, first["G_data"], first["G_data_error"]])}
    curves |= {name: np.column_stack([r, some["G"], some["G_error"]]) for name, some in arrays.items()}
    return line_plot([Panel("r (lattice spacings)", "G(r) = ⟨s_0 s_r⟩", curves, x_scale="whole", bands=True)])


def reconstructions(run: Run, name: str) -> Figure:
    """Held-out samples, and their reconstruction from each layer."""
    L = run.settings.L
    found = [one.arrays for one in run["measured"][name]]
    by_layer = {f"layer {n}": arrays["reconstructed"].reshape(-1, L, L) for n, arrays in enumerate(found, start=1)}
    shown = found[0]["shown"].reshape(-1, L, L)
    return pictures.reconstructions(shown, by_layer)


def configurations(run: Run) -> Figure:
    """What the data look like."""
    spins = [run["samples"][part].values for part in ("training", "critical")]
    shown = [one for part in spins for one in part[:: max(1, len(part) // 3), -1][:3]]
    names = [f"K = {run.settings.K:g}"] * 3 + [f"critical, K = {KC_SQUARE:.4f}"] * 3
    return pictures.configurations(np.array(shown), names)


def sources(run: Run) -> Table:
    """The values of the preset "paper", where they come from, and those of this run."""
    here = dict(flat(run.settings.model_dump()))
    rows = [(name, paper, source, here[name]) for name, (paper, source) in SOURCES.items()]
    return tables.table(("setting", "preset paper", "source", "this run"), rows)
