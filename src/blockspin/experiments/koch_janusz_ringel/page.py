"""The figures and tables of the page; its words are in page.md."""

import math
from dataclasses import replace
from itertools import zip_longest
from operator import attrgetter

from blockspin.experiments.core import Run
from blockspin.experiments.koch_janusz_ringel import readings
from blockspin.experiments.koch_janusz_ringel.settings import TORUS
from blockspin.experiments.koch_janusz_ringel.tasks import AtBuffer
from blockspin.models.ising import KC_SQUARE
from blockspin.report import pictures, tables
from blockspin.report.levels import levels
from blockspin.report.lines import Panel, line_plot
from blockspin.report.page import Figure, Table
from blockspin.statistics import Estimate, mean_over_trainings


def mean(run: Run, name: str) -> Estimate:
    """A number of the flow: the mean over trainings, which share its samples."""
    return mean_over_trainings([getattr(readings.read_flow(one), name) for one in run.each])[0]


def least(run: Run) -> float:
    """The least share of what the best odd rule keeps, of all filters of all trainings."""
    return min(float(ratio) for one in run.each for found in one["filters"].values() for ratio in found.ratios)


def flow(run: Run) -> Figure:
    """The coupling after each step, a curve a starting point."""
    paths = {f"K = {K:.4f}": list(enumerate(found.arrays["K"])) for K, found in run["flow"].items()}
    return line_plot([Panel("steps", "K_n of the coarse spins", paths, x_scale="whole")])


def steps(run: Run) -> Table:
    """Slopes, exponents and crossings step by step."""
    columns, several = attrgetter("sizes", "slope", "y_t", "crossing", "spectrum"), len(run.each) > 1
    rows = [
        (f"{n}, to {size} × {size}" + several * f", training {number}", *some, *((y.y_t, y.y_h) if y else ("–", "–")))
        for number, training in enumerate(run.each, start=1)
        for n, (size, *some, y) in enumerate(zip_longest(*columns(readings.read_flow(training))), start=1)
    ]
    names = ("step", "∂K_n/∂K at Kc", "y_t", "Kc by crossing", "y_t of Monte Carlo RG", "y_h of Monte Carlo RG")
    return tables.table(names, rows, wide=True)


def kept(run: Run) -> Table:
    """What each rule of a 2 x 2 block keeps."""
    found = run["filters"].values()
    rows = [(name, *(f"{one.exact[name]:.8f}" for one in found)) for name in next(iter(found)).exact]
    worst = [min(min(one["filters"][K].kept) for one in run.each) for K in run["filters"]]
    rows.append(("learned, the least of all seeds", *(f"{one:.8f}" for one in worst)))
    for bound in ("classifier", "infonce"):
        rows.append((f"first seed, {bound} bound", *(getattr(one.estimates[0], bound) for one in found)))
    return replace(tables.table(("rule", *(f"K = {one.K:.5f}" for one in found)), rows), open=True)


def block_filters(run: Run) -> Figure:
    """Filters of larger blocks."""
    fields = {f"{b} × {b} block": found.filters for b, found in run["blocks"].items()}
    return pictures.weights(fields, count=5, columns=5, choose="evenly", scale="own")


def by_temperature(run: Run) -> Figure:
    """Information against temperature at several buffers."""
    found, buffers = run["curve"], run.settings.curve.buffers
    shown = [buffer for buffer in buffers if buffer in (1, 2, 4, 8)] or buffers
    rows = {T: {row.buffer: row for row in found[T].rows} for T in sorted(found)}
    panel = Panel(
        "T (J/k)",
        "I(H:E) (nats)",
        {f"buffer {buffer}": [(T, *_information(row[buffer])) for T, row in rows.items()] for buffer in shown},
        dashed={f"exact, 2 × 2 on {TORUS} × {TORUS}, buffer 1": [(T, found[T].exact["best"]) for T in rows]},
        across=[(math.log(2), "ln 2")],
        down=[(1 / KC_SQUARE, "T_c")],
    )
    return line_plot([panel])


def by_buffer(run: Run) -> Figure:
    """Information against distance at Tc and above."""
    lines = {"Tc": readings.critical(run), **{f"T = {T:.3f}": run["curve"][T] for T in readings.hot(run)}}
    decays = {
        name: [(buffer + one.half, at.value, at.error) for buffer, at in readings.points(one)]
        for name, one in lines.items()
    }
    labels = ("distance from the block's centre (sites)", "I(H:E) (nats)")
    return line_plot([Panel(*labels, decays, x_scale="log", y_scale="log")])


def plane(run: Run) -> Figure:
    """The exact map over two weights."""
    planes = {f"K = {K:g}": (found.arrays["lambdas"], found.arrays["kept"]) for K, found in run["chain"].items()}
    return levels(planes, labels=("λ_1", "λ_2"))


def _information(row: AtBuffer) -> tuple[float, float]:
    return row.information.value, row.information.error
