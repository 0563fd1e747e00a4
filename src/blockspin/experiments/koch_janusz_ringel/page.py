"""The figures and tables of the page; its words are in page.md."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import zip_longest

from blockspin.experiments.core import Run
from blockspin.experiments.koch_janusz_ringel import readings
from blockspin.experiments.koch_janusz_ringel.settings import TORUS
from blockspin.experiments.koch_janusz_ringel.tasks import AtBuffer
from blockspin.models.ising import KC_SQUARE
from blockspin.report import pictures, tables
from blockspin.report.levels import levels
from blockspin.report.lines import Panel, line_plot
from blockspin.report.page import Figure, Table


def flow(run: Run) -> Figure:
    """The coupling after each step, a curve a starting point."""
    paths = {f"K = {K:.4f}": list(enumerate(found.arrays["K"])) for K, found in run["flow"].items()}
    return line_plot(
        [Panel("steps", "K_n of the coarse spins", paths, x_scale="whole")],
        title="The flow from both sides of Kc",
        caption="The nearest-neighbour coupling that alone fits the spins best, a curve for each starting point. The "
        "first step leads to the rule's own Hamiltonian and may lower every K. From there the curves below Kc should "
        "fall, those above rise, and the one from Kc stay.",
    )


def steps(run: Run) -> Table:
    """Slopes, exponents and crossings step by step."""
    read = readings.read_flow(run)
    columns = zip_longest(read.sizes, read.slope, read.y_t, read.crossing, read.spectrum)
    rows = [
        (f"{n}, to {size} × {size}", slope, y_t, Kc, *((one.y_t, one.y_h) if one else ("–", "–")))
        for n, (size, slope, y_t, Kc, one) in enumerate(columns, start=1)
    ]
    return tables.table(
        ("step", "∂K_n/∂K at Kc", "y_t", "Kc by crossing", "y_t of Monte Carlo RG", "y_h of Monte Carlo RG"),
        rows,
        title="Step by step",
        caption="Cubic polynomials through K_n against K; errors over chains. Monte Carlo RG at Kc, on at least 8 × 8 "
        f"coarse spins. Exact: Kc = {KC_SQUARE:.6f}, y_t = 1, y_h = 1.875.",
        wide=True,
    )


def kept(run: Run) -> Table:
    """What each rule of a 2 x 2 block keeps."""
    found = run["filters"].values()
    rows = [(name, *(f"{one.exact[name]:.8f}" for one in found)) for name in next(iter(found)).exact]
    rows.append(("learned, the least of the trainings", *(f"{min(one.kept):.8f}" for one in found)))
    for bound in ("classifier", "infonce"):
        rows.append((f"first training, {bound} bound", *(getattr(one.estimates[0], bound) for one in found)))
    table = tables.table(
        ("rule", *(f"K = {one.K:.5f}" for one in found)),
        rows,
        title="Information kept, I(H:E) in nats",
        caption="Exact, but for the last two rows: lower bounds from samples, with errors over chains.",
    )
    return replace(table, open=True)


def block_filters(run: Run) -> Figure:
    """Filters of larger blocks."""
    return pictures.weights(
        {f"{b} × {b} block": found.filters for b, found in run["blocks"].items()},
        count=5,
        columns=5,
        choose="evenly",
        scale="own",
        title="Filters of several trainings",
        caption="Each square is a block; red weights are positive. A red rim around an inside near 0 is a filter that "
        "reads the block's boundary.",
    )


def by_temperature(run: Run) -> Figure:
    """Information against temperature at several buffers."""
    found, buffers = run["curve"], run.settings.curve.buffers
    shown = [buffer for buffer in buffers if buffer in (1, 2, 4, 8)] or buffers
    rows = {T: {row.buffer: row for row in found[T].rows} for T in sorted(found)}
    panel = Panel(
        "T (J/k)",
        "I(H:E) (nats)",
        {f"buffer {buffer}": [(T, *_allowed(row[buffer])) for T, row in rows.items()] for buffer in shown},
        dashed={f"exact, 2 × 2 on {TORUS} × {TORUS}, buffer 1": [(T, found[T].exact["best"]) for T in rows]},
        across=[(math.log(2), "ln 2")],
        down=[(1 / KC_SQUARE, "T_c")],
    )
    return line_plot(
        [panel],
        title="Information against temperature",
        caption="Below Tc a block shows the sign of the whole lattice across any buffer, ln 2. Above, a wide buffer "
        "leaves nothing. The step at Tc becomes sharper with the buffer. Dashed: the best odd rule of a 2 × 2 block, "
        "exactly.",
    )


def by_buffer(run: Run) -> Figure:
    """Information against distance at Tc and above."""
    lines = {"Tc": readings.critical(run), **{f"T = {T:.3f}": run["curve"][T] for T in readings.hot(run)}}
    decays = {
        name: [(buffer + one.half, at.value, at.error) for buffer, at in readings.points(one)]
        for name, one in lines.items()
    }
    labels = ("distance from the block's centre (sites)", "I(H:E) (nats)")
    return line_plot(
        [Panel(*labels, decays, x_scale="log", y_scale="log")],
        title="Decay with the buffer",
        caption="Logarithmic axes: a power, as at Tc, is a straight line; an exponential, as above Tc, bends. Points "
        "end where the information is no longer clear of its error.",
    )


def plane(run: Run) -> Figure:
    """The exact map over two weights."""
    return levels(
        {f"K = {K:g}": (found.arrays["lambdas"], found.arrays["kept"]) for K, found in run["chain"].items()},
        labels=("λ_1", "λ_2"),
        title="Share of I(V:E) that is kept",
        caption="Stronger blue is more. Ridges run along the axes, where one spin decides: decimation. The diagonal is "
        "majority, a valley between them; the other diagonal, the difference of the spins, is a deeper one.",
    )


def _allowed(row: AtBuffer) -> tuple[float, float]:
    return (math.nan, math.nan) if row.why else (row.classifier.value, row.classifier.error)
