"""The figures and tables of the page; its words are in page.md."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from blockspin.experiments.core import Run
from blockspin.experiments.dimers import patterns
from blockspin.experiments.dimers.claims import LN4
from blockspin.experiments.dimers.claims import span as span
from blockspin.experiments.dimers.tasks import Filters
from blockspin.models.dimers import T_BKT
from blockspin.report.lines import Panel, Point, line_plot
from blockspin.report.page import Figure, Table
from blockspin.report.pictures import weights
from blockspin.report.tables import table
from blockspin.statistics import Estimate, mean_over_trainings

inf = math.inf  # for the words
BOUNDS = {"classifier": "classifier", "InfoNCE": "infonce"}


def pairs(run: Run, T: float | str) -> list[Filters]:
    """The two filters at T of each training."""
    return [one["filters"][T, 2] for one in run.each]


def kept(run: Run, T: float, bound: str = "classifier") -> Estimate:
    """A lower bound of what two filters at T keep, in nats: the mean over trainings, which share their samples."""
    return mean_over_trainings([one.bounds[bound].measured for one in pairs(run, T)])[0]


def most_noise(run: Run) -> float:
    """The largest share of the squared weight of an RBM that is on noise."""
    found: float = max(rbm["total"] for one in run.each for rbm in one["machines"].meta["machines"])
    return found


def filters(run: Run) -> Figure:
    """The filters as they read dimers."""
    b = 2 * run.settings.block
    exact = np.stack([patterns.pattern(name, b) for name in ("E_x", "E_y", "P_1", "P_2")]).reshape(-1, b, b)
    shown = {"exact: E_x, E_y, P_1, P_2": exact}
    for (T, n), one in run["filters"].items():
        if n == 2 or (T, n) == (math.inf, 4):
            read = patterns.readable(one.filters)
            shown[f"{_name(T)}, {n} filters"] = (read / np.linalg.norm(read, axis=1)[:, None]).reshape(-1, b, b)
    return weights(shown, count=4, columns=4, unit="weight, each filter of length 1")


def overlaps(run: Run) -> Table:
    """How much of each filter lies in the planes of the patterns."""
    keys = ("staggered", "columnar", "plaquette", "column", "turn")
    rows = [
        (name, *(_numbers(one.reads[key]) for key in keys), f"{one.reads['staggered covered']:.2f}")
        for name, one in _learned(run)
    ]
    columns = ("filters", "staggered", "columns' plane", "one plaquette", "one column", "n_x − n_y", "fields covered")
    return table(columns, rows, wide=True)


def information(run: Run) -> Figure:
    """I(H:E) of two filters by temperature."""
    order = sorted(run.settings.temperatures)
    found = {name: {T: kept(run, T, key) for T in order} for name, key in BOUNDS.items()}
    curves = {
        name: [(1 / T if math.isfinite(T) else 0.02, one.value, one.error) for T, one in some.items()]
        for name, some in found.items()
    }
    panel = Panel(
        "1/T (T = inf at 0.02)",
        "I(H:E) of two filters, nats",
        curves,
        across=[(LN4, "ln 4")],
        down=[(1 / T_BKT, "transition")],
        x_scale="log",
        y_scale="log",
    )
    return line_plot([panel])


def bounds(run: Run) -> Table:
    """The bounds of every training."""
    rows = []
    for name, one in _learned(run, noise=False):
        numbers = [number for key in BOUNDS.values() for number in (one.bounds[key].measured, one.bounds[key].training)]
        rows.append((name, *map(_pair, numbers), one.bounds["classifier"].why or "–"))
    columns = ("filters", "classifier", "on training rows", "InfoNCE", "on training rows", "refused")
    return table(columns, rows, wide=True)


def decay(run: Run) -> Figure:
    """How the coldest plaquette filter's output decays."""
    curves: dict[str, list[Point]] = {}
    for T, one in sorted(run["decays"].items()):
        if len(curves) < 6 or not math.isfinite(T):
            some = zip(one.learned.R, one.learned.G, one.learned.errors, one.factor, strict=True)
            curves[_name(T)] = [(R, G / F, e / F) for R, G, e, F in some if R >= 2]
    return line_plot([Panel("R, vertices", "G(R) / (G(0) F(R))", curves, x_scale="log", y_scale="log")])


def dimensions(run: Run) -> Table:
    """Scaling dimensions by temperature, from correlations and from windings."""
    rows = []
    for T, one in sorted(run["decays"].items()):
        g, learned = one.g, mean_over_trainings([some["decays"][T].learned.dimension for some in run.each])[0]
        from_g = Estimate(1 / (2 * g.value), g.error / (2 * g.value**2))
        rows.append((_name(T), *map(_pair, (learned, one.exact.dimension, g, from_g))))
    columns = ("T", "d, learned filter", "d, exact pattern P_1", "g from windings", "1/(2 g)")
    return table(columns, rows, wide=True)


def rbm_fields(run: Run) -> Figure:
    """The strongest units of the RBMs on blocks with noise."""
    b, arrays = 2 * run.settings.block, run["machines"].arrays
    fields = {f"{M} hidden units": arrays[f"weights_{M}"].reshape(-1, b, b) for M in run.settings.machines.hidden}
    return weights(fields, count=12, columns=4, scale="own")


def rbms(run: Run) -> Table:
    """What the RBMs read."""
    rows = [
        (
            f"{one['hidden']} hidden units{of}",
            f"{one['total']:.3f}",
            f"{sum(share > 0.9 for share in one['noise'])} of {one['hidden']}",
            f"{one['columnar'] ** 0.5:.2f}",
            f"{one['staggered'] ** 0.5:.2f}",
        )
        for of, training in _trainings(run)
        for one in training["machines"].meta["machines"]
    ]
    columns = ("RBM", "w^2 on noise", "units on noise", "columns", "staggered")
    return table(columns, rows, wide=True)


def filters_with_noise(run: Run) -> Table:
    """What the filters read where there is noise."""
    rows = [
        (
            f"training {n}",
            _numbers(one.noise, 3),
            _numbers(one.reads["staggered"]),
            f"{one.reads['staggered covered']:.2f}",
        )
        for n, one in enumerate(pairs(run, "noise"), start=1)
    ]
    columns = ("RSMI", "w^2 on noise", "overlap with the fields", "fields covered")
    return table(columns, rows)


def torus(run: Run) -> Table:
    """The small torus summed over: what the estimator says against what is so."""
    rows = [
        (
            f"{_name(T)}, {_filters(some.components)}{of}",
            f"{some.kept:.4f}",
            *(_pair(some.bounds[key].measured) for key in BOUNDS.values()),
            f"{(best := one.best[f'{2**some.components} states']):.4f}",
            f"{some.kept / best:.3f}",
            f"{one.information:.4f}",
        )
        for of, training in _trainings(run)
        for T, one in sorted(training["exact"].items())
        for some in one.learned
    ]
    columns = ("filters", "kept, exactly", *BOUNDS, "best rule", "kept / best", "I(V:E)")
    return table(columns, rows, wide=True)


def _trainings(run: Run) -> list[tuple[str, Run]]:
    """Each training with what a table's row says of it, nothing where there is one."""
    several = len(run.each) > 1
    return [(f", training {n}" if several else "", one) for n, one in enumerate(run.each, start=1)]


def _learned(run: Run, noise: bool = True) -> Iterator[tuple[str, Filters]]:
    for of, training in _trainings(run):
        for (T, n), found in training["filters"].items():
            if noise or T != "noise":
                yield f"{_name(T)}, {_filters(n)}{of}", found


def _filters(n: int) -> str:
    return f"{n} filter{'s' if n > 1 else ''}"


def _name(T: float | str) -> str:
    return "T = inf with noise" if isinstance(T, str) else f"T = {T:g}"


def _numbers(values: Sequence[float], digits: int = 2) -> str:
    return ", ".join(f"{value:.{digits}f}" for value in values)


def _pair(one: Estimate) -> tuple[float, float] | None:
    return (one.value, one.error) if math.isfinite(one.value) and math.isfinite(one.error) else None
