"""The figures and tables of the page; its words are in page.md."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from blockspin.experiments.core import Run
from blockspin.experiments.mcrg.claims import EXACT
from blockspin.experiments.mcrg.claims import JUDGED as JUDGED
from blockspin.experiments.mcrg.claims import MEASURED as MEASURED
from blockspin.experiments.mcrg.maps import MAPS
from blockspin.experiments.mcrg.published import EVEN, ODD, PUBLISHED
from blockspin.experiments.mcrg.tasks import Found
from blockspin.models.ising import KC_SQUARE
from blockspin.report import forest
from blockspin.report.lines import Panel, Point, line_plot
from blockspin.report.page import Figure, Table
from blockspin.report.tables import table
from blockspin.rg.recursions import decimation, migdal_kadanoff
from blockspin.statistics import UNDEFINED, Estimate, mean_over_trainings


def placed(run: Run) -> dict[str, Found]:
    """The maps that have a lattice, in the first training."""
    return {name: found for name, found in run["measured"].items() if found.layers}


def closest(run: Run) -> list[forest.Row]:
    """The learned map whose y_t is closest to the exact one in the first step, a row a step; [] without a lattice."""
    rows = exponents(run)["y_t"]
    first = [row for row in rows[: len(run.settings.maps)] if not MAPS[row.label].rule and math.isfinite(row.value)]
    best = min(first, key=lambda row: abs(row.value - EXACT["y_t"]), default=None)
    return [row for row in rows if best is not None and row.label == best.label]


def exponents(run: Run) -> dict[str, list[forest.Row]]:
    """y_t and y_h, means over trainings: a row a map that has positions, step by step; in the first step all maps."""
    rows: dict[str, list[forest.Row]] = {key: [] for key in EXACT}
    for step in range(run.settings.steps):
        for name in run.settings.maps:
            each = _trained(run, name)
            steps = [one.spectrum[step] for one in each if step < one.layers]
            if step and not steps:
                continue  # once is enough
            for key, some in rows.items():
                values = [getattr(one, key) for one in steps]
                one, text = _mean(values, len(each)), "" if steps else "no lattice"
                ticks = [one.value for one in values if math.isfinite(one.value)] if len(each) > 1 else ()
                some.append(forest.Row(name, one.value, one.error, group=f"step {step + 1}", text=text, ticks=ticks))
    return rows


def _trained(run: Run, name: str) -> list[Found]:
    """A map in each training; a block rule, in which nothing is trained, once."""
    return [one["measured"][name] for one in (run.each[:1] if MAPS[name].rule else run.each)]


def _mean(values: Sequence[Estimate], trainings: int) -> Estimate:
    """The mean over trainings where most of them have the number, as cards have it."""
    known = [one for one in values if math.isfinite(one.value)]
    return mean_over_trainings(known)[0] if 2 * len(known) > trainings else UNDEFINED


def by_operators(run: Run, key: str) -> Table:
    """y_t or y_h as operators are added."""
    names = {"y_t": EVEN, "y_h": ODD}[key]
    rows = _rows(run, lambda found, step: getattr(found.spectrum[step - 1], f"{key}_by_operators"))
    return table(("map", names[0], *(f"+ {name}" for name in names[1:])), rows, wide=True)


def planes(run: Run) -> Figure:
    """The plane of two couplings, a panel a map."""
    return line_plot([_plane(name, found) for name, found in placed(run).items()], same_axes=True)


def _plane(name: str, found: Found) -> Panel:
    paths: dict[str, list[Point]] = {"from below Kc": [], "from Kc": [], "from above Kc": []}
    for path in found.flow:
        off = path.K - KC_SQUARE
        side = "from Kc" if abs(off) < 1e-9 else "from below Kc" if off < 0 else "from above Kc"
        paths[side] += [*map(_point, path.levels), (math.nan, math.nan)]  # no arrow from one path to the next
    if (fixed := found.fixed[-1].K) is not None:
        paths["fixed point"] = [_point(fixed)]
    return Panel(
        "J_1, nearest neighbours",
        "J_2, next-nearest",
        {side: points for side, points in paths.items() if points},
        f"{name}, {found.layers} step{'s' * (found.layers > 1)}",
        across=[(0.0, "")],
        joined="arrows",
    )


def fixed_points(run: Run) -> Table:
    """The fixed point as each step sees it."""
    operators = run["measured"]["majority"].flow[0].operators
    return table(("map", *operators), _rows(run, lambda found, step: found.fixed[step - 1].K), wide=True)


def couplings(run: Run) -> Table:
    """Couplings of the coarse spins at Kc, with the published ones."""
    first: list[Any] = [(source, *map(_cell, map(Estimate, *pairs))) for source, pairs in PUBLISHED.items()]
    first += [("Ising, as sampled", *map(_cell, run["measured"]["majority"].couplings[0].K))]
    rows = _rows(run, lambda found, step: found.couplings[step].K)
    return replace(table(("map", *EVEN), first + rows, wide=True), open=True)


def recursions(run: Run) -> Figure:
    """K' against K of the maps and of closed recursions."""
    sampled = [path.K for path in run["measured"]["majority"].flow]
    grid = np.linspace(max(min(sampled) - 0.12, 0.0), max(sampled) + 0.06, 61)
    closed = {
        "Migdal-Kadanoff": [(float(K), migdal_kadanoff.step(K)) for K in grid],
        "K' = K": [(float(K), float(K)) for K in grid],
        "decimation cut to K, twice by √2": [(float(K), decimation.square(decimation.square(K))) for K in grid],
    }
    points = {
        name: [(path.K, path.nearest[1].value, path.nearest[1].error) for path in found.flow]
        for name, found in placed(run).items()
    }
    panel = Panel("K, fine spins", "K', coarse spins", points, dashed=closed, down=[(KC_SQUARE, "Kc")])
    return line_plot([panel])


def maps(run: Run) -> Table:
    """What each map is, and how far its units have positions."""
    rows = [(name, found.about, found.why or "at every step") for name, found in run["measured"].items()]
    return table(("map", "what it is", "positions on a lattice"), rows, wide=True)


def _rows(run: Run, numbers: Callable[[Found, int], list[Estimate] | None]) -> list[Any]:
    """A row a step of each map that has a lattice, where it has these numbers: means over trainings."""
    rows = []
    for name in run.settings.maps:
        each = _trained(run, name)
        for step in range(1, 1 + max(one.layers for one in each)):
            found = [some for one in each if step <= one.layers and (some := numbers(one, step))]
            cells = [_cell(_mean(column, len(each))) for column in zip(*found, strict=True)]
            rows += [(f"{name}, step {step}", *cells)] if cells else []
    return rows


def _point(K: list[Estimate]) -> tuple[float, float, float, float]:
    return K[0].value, K[1].value, K[1].error, K[0].error


def _cell(one: Estimate) -> Any:
    return "–" if math.isnan(one.value) else (one.value, one.error)
