"""Plots of a run's numbers: centres, training, exponents, locality, correlations, as inline SVG."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import ArrayLike, NDArray

from blockspin.report.page import Figure, minus
from blockspin.report.pictures import configurations, effective_fields, reconstructions, weights
from blockspin.report.svg import WIDTH, legend, panels, plot
from blockspin.report.theme import GREY, GRID, INK, KINDS, PAGE, SOFT, VERMILION, Style, styles
from blockspin.statistics import brackets

__all__ = [
    "Quantity",
    "Row",
    "centres",
    "configurations",
    "correlation",
    "effective_fields",
    "forest",
    "locality",
    "reconstructions",
    "spectrum",
    "trajectories",
    "weights",
]


PANEL = WIDTH - 0.75  # inches of a lattice's picture between the margins
FAR = 2.0  # a value this far from the line that it should meet is drawn as an arrow, lest it squeeze the others
LABELS, NUMBERS = 1.62, 0.95  # inches left and right of a forest plot
STEPS = (1, 2, 2.5, 5, 10)  # of ticks


@dataclass(frozen=True)
class Row:
    """A line of a forest plot: a label, a value with its standard error (nan where not defined), and its kind.

    kind is "learned", "reference", "null" or "exact"; group puts rows under a heading; note stands in the place of a
    value that is not defined.
    """

    label: str
    value: float
    error: float = math.nan
    kind: str = "learned"
    group: str = ""
    note: str = "not defined"


@dataclass(frozen=True)
class Quantity:
    """A panel of `trajectories`: the column drawn, a second one dashed beside it, and the axis.

    best: whether a ring marks where the dashed column is highest, which is where early stopping goes back to.
    """

    column: str
    title: str
    unit: str
    dashed: str = ""
    log: bool = False
    zero: bool = False
    best: bool = False


QUANTITIES = (
    Quantity("weight_change", "Weight change", "relative change an epoch", log=True),
    Quantity("log_likelihood", "Log-likelihood", "nats a site", dashed="log_likelihood_validation", best=True),
    Quantity(
        "pseudo_log_likelihood",
        "Pseudo-log-likelihood",
        "nats a site",
        dashed="pseudo_log_likelihood_validation",
    ),
    Quantity("free_energy_gap", "Free-energy gap, held out − training", "nats a sample", zero=True),
    Quantity("reconstruction_error", "Reconstruction error", "mean squared, a site"),
)


def centres(
    positions_by_variant: Mapping[str, ArrayLike],
    shape: tuple[int, int],
    spacing: float,
    *,
    radii: Mapping[str, ArrayLike] | None = None,
    offsets: Mapping[str, tuple[float, float]] | None = None,
    title: str = "Centres of the fields",
    caption: str = (
        "A dot is the centre of a unit's squared weight on the periodic lattice; small crosses mark the ideal grid of "
        "block centres. A map that tiles the lattice puts one dot at each cross."
    ),
    alt: str | None = None,
) -> Figure:
    """Field centres (n_units, 2) of each variant in lattice spacings, on a lattice (Lx, Ly) with the grid of blocks.

    spacing is the side b of a block; radii (n_units,) draws each unit's radius of gyration as a circle; offsets shifts
    a variant's grid, which otherwise has a block's centre at ((b - 1)/2, (b - 1)/2), sites being at integers.
    Units whose centre is not finite are left out. Raises ValueError where there is not a radius a unit.
    """
    parts = []
    for name, positions in positions_by_variant.items():
        every = np.asarray(positions, float).reshape(-1, 2)
        living = np.isfinite(every).all(axis=1)
        where, radius = every[living], None
        if radii is not None and name in radii:
            given = np.asarray(radii[name], float)
            if given.shape != living.shape:
                raise ValueError(f"radii of {name} must have {len(living)} values, one a unit; got {given.shape}")
            radius = np.nan_to_num(given[living])
        start = (offsets or {}).get(name, ((spacing - 1) / 2, (spacing - 1) / 2))
        words = (
            f"{len(where)} field centres of {name} on a {shape[0]} by {shape[1]} lattice, ideal grid every {spacing:g}"
        )
        draw = _centres_panel(where, radius, shape, spacing, start)
        height = PANEL * shape[1] / shape[0] + 0.65
        parts.append(
            (name, f"{len(where)} units", plot(draw, alt=words, height=height, margins=(0.6, 0.15, 0.5, 0.15)))
        )
    words = alt or f"Field centres of {', '.join(positions_by_variant)} beside the ideal grid of spacing {spacing:g}"
    return Figure(panels(parts), title, caption, words)


def trajectories(
    by_variant: Mapping[str, Mapping[str, ArrayLike]],
    *,
    quantities: Sequence[Quantity] = QUANTITIES,
    title: str = "Training",
    caption: str = "Training over epochs (logarithmic from 1 on); solid: training chains, dashed: held-out chains.",
    alt: str | None = None,
) -> Figure:
    """Small multiples over a common epoch axis, one panel a quantity, one colour a variant.

    Each variant is a table of columns of equal length, "epoch" among them; a column that is missing or all nan is left
    out, and a quantity that no variant has gets no panel. Raises ValueError where "epoch" is missing.
    """
    for name, table in by_variant.items():
        if "epoch" not in table:
            raise ValueError(f"the trajectory of {name} must have a column epoch; got {', '.join(table)}")
    looks = styles(list(by_variant))
    last = max((float(np.max(np.asarray(table["epoch"]))) for table in by_variant.values()), default=1.0)
    parts = []
    for quantity in quantities:
        having = [name for name, table in by_variant.items() if _has(table, quantity.column)]
        if having:
            words = f"{quantity.title} in {quantity.unit} over epochs 0 to {last:g} for {', '.join(having)}"
            draw = _trajectory_panel(by_variant, having, quantity, looks, last)
            parts.append((quantity.title, "", plot(draw, alt=words, height=2.9, margins=(0.78, 0.2, 0.5, 0.12))))
    words = alt or f"Training of {', '.join(by_variant)}: {', '.join(part[0] for part in parts)}"
    return Figure(legend(list(looks.items())) + panels(parts), title, caption, words)


def forest(
    rows: Sequence[Row],
    quantity: str,
    *,
    log: bool = False,
    lines: Sequence[tuple[float, str]] = (),
    limits: tuple[float, float] | None = None,
) -> Markup:
    """One panel: a row a map with its error bar and its number at the right; values beyond the limits are arrows.

    lines: (value, label) drawn across all rows, such as an exact value. The first is full, the others dashed.
    """
    words = f"{quantity}: " + "; ".join(f"{row.label} {_value(row)}" for row in rows)
    entries = _entries(rows)
    height = 0.34 + sum(size for _, _, size in entries) + 0.58
    draw = _forest_panel(entries, quantity, log, lines, limits or _span(rows, lines, log))
    return plot(draw, alt=words, height=height, margins=(LABELS, NUMBERS, 0.55, 0.3))


def spectrum(
    rows_by_exponent: Mapping[str, Sequence[Row]],
    *,
    exact: Mapping[str, float] | None = None,
    title: str = "Exponents",
    caption: str = (
        "Scaling exponents of each map at the critical point with standard errors; the line is the exact value. A row "
        "that is not defined belongs to a map whose units have no places on a lattice, or whose data support no number."
    ),
    alt: str | None = None,
) -> Figure:
    """Forest plots of the exponents, {"y_t": rows, "y_h": rows}, each with its exact value as a vertical line."""
    known = {"y_t": 1.0, "y_h": 1.875} if exact is None else dict(exact)
    names = {"y_t": "y_t, thermal", "y_h": "y_h, magnetic"}
    parts = []
    for exponent, rows in rows_by_exponent.items():
        lines = [(known[exponent], f"exact {known[exponent]:g}")] if exponent in known else []
        parts.append(("", "", forest(rows, names.get(exponent, exponent), lines=lines)))
    kinds = [row.kind for rows in rows_by_exponent.values() for row in rows]
    words = alt or f"Exponents {', '.join(rows_by_exponent)} of the maps with error bars against the exact values"
    return Figure(_kind_legend(kinds) + panels(parts), title, caption, words)


def locality(
    rows_by_layer: Mapping[str, Sequence[Row]],
    *,
    quantity: str = "participation ratio (sites)",
    log: bool = True,
    lines_by_layer: Mapping[str, Sequence[tuple[float, str]]] | None = None,
    title: str = "Locality",
    caption: str = (
        "How many sites a unit's field covers: the participation ratio of its squared weights (mean over units, "
        "standard error), for each map, its nulls and the block rules."
    ),
    alt: str | None = None,
) -> Figure:
    """A quantity of each map, one panel a layer; lines_by_layer: (value, label) such as a block's size b^2."""
    parts = [
        (name, "", forest(rows, quantity, log=log, lines=(lines_by_layer or {}).get(name, ())))
        for name, rows in rows_by_layer.items()
    ]
    kinds = [row.kind for rows in rows_by_layer.values() for row in rows]
    words = alt or f"{quantity} for each map in {', '.join(rows_by_layer)}"
    return Figure(_kind_legend(kinds) + panels(parts), title, caption, words)


def correlation(
    r: ArrayLike,
    curves: Mapping[str, tuple[ArrayLike, ArrayLike | None]],
    *,
    log: bool = False,
    quantity: str = "G(r) = ⟨s_0 s_r⟩",
    title: str = "Correlations",
    caption: str = (
        "The spin correlation along the axes, of each machine's free samples and of the data; one-sigma bands."
    ),
    alt: str | None = None,
) -> Figure:
    """G(r) over distances r (lattice spacings): name -> (values, standard errors or None), each of r's length.

    The names "exact" and "data" are drawn in ink. Raises ValueError where a curve does not have r's length.
    """
    distance = np.asarray(r, float)
    looks = styles(list(curves))
    for name, (values, _) in curves.items():
        if np.shape(values) != distance.shape:
            raise ValueError(
                f"the curve {name} must have {len(distance)} values, one a distance; got {np.shape(values)}"
            )
    words = alt or f"{quantity} over r from {distance[0]:g} to {distance[-1]:g} for {', '.join(curves)}"
    draw = _correlation_panel(distance, curves, looks, quantity, log)
    body = plot(draw, alt=words, height=3.6, margins=(0.78, 0.2, 0.55, 0.12))
    return Figure(legend(list(looks.items())) + panels([("", "", body)]), title, caption, words)


Draw = Callable[[Any], None]


def _centres_panel(
    where: NDArray[np.float64],
    radius: NDArray[np.float64] | None,
    shape: tuple[int, int],
    spacing: float,
    start: tuple[float, float],
) -> Draw:
    def draw(axes: Any) -> None:
        extent = np.asarray(shape, float)
        grid = [(start[axis] + spacing * np.arange(round(shape[axis] / spacing))) % shape[axis] for axis in (0, 1)]
        x, y = np.meshgrid(*grid, indexing="ij")
        axes.plot(x.ravel(), y.ravel(), "+", color=GREY, markersize=5, markeredgewidth=0.9)
        # the lattice is a torus: what leaves on one side comes back on the other
        copies = [where + np.array([i, j]) * extent for i in (-1, 0, 1) for j in (-1, 0, 1)]
        if radius is not None:
            # a few sizes of marker in place of a path a circle: a tenth of the bytes
            points = PANEL * 72 * 2 * np.tile(radius, 9) / extent[0]
            step = max(float(points.max()) / 24, 1.0)
            around = np.concatenate(copies)
            reach = np.tile(radius, 9)[:, None]
            seen = np.all((around + reach > -0.5) & (around - reach < extent - 0.5), axis=1) & (points > 0)
            for size in np.unique(np.ceil(points[seen] / step)):
                here = around[seen & (np.ceil(points / step) == size)]
                axes.plot(
                    *here.T, "o", markersize=size * step, markerfacecolor="none", color=VERMILION, alpha=0.45, zorder=1
                )
        every = (np.concatenate(copies) + 0.5) % (extent * 3) - 0.5
        inside = np.all((every >= -0.5) & (every <= extent - 0.5), axis=1)
        dots = np.unique(np.round(every[inside], 6), axis=0)
        axes.plot(dots[:, 0], dots[:, 1], "o", color=VERMILION, markersize=3.6)
        axes.set(xlim=(-0.5, shape[0] - 0.5), ylim=(-0.5, shape[1] - 0.5), aspect="equal")
        axes.set_xlabel("x (lattice spacings)")
        axes.set_ylabel("y (lattice spacings)")
        axes.grid(False)
        for side in axes.spines.values():
            side.set_visible(True)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))

    return draw


def _trajectory_panel(
    by_variant: Mapping[str, Mapping[str, ArrayLike]],
    having: Sequence[str],
    quantity: Quantity,
    looks: Mapping[str, Style],
    last: float,
) -> Draw:
    def draw(axes: Any) -> None:
        if quantity.zero:
            axes.axhline(0, color=SOFT, linewidth=0.9)
        for name in having:
            table, look = by_variant[name], looks[name]
            epoch = np.asarray(table["epoch"], float)
            for column, line in ((quantity.column, "-"), (quantity.dashed, "--")):
                if column and _has(table, column):
                    values = np.asarray(table[column], float)
                    seen = np.isfinite(values) & ((values > 0) | (not quantity.log))
                    marker = look.marker if line == "-" else ""
                    axes.plot(epoch[seen], values[seen], line, color=look.colour, marker=marker, markersize=4)
                    if quantity.best and line == "--" and seen.any():
                        top = np.argmax(values[seen])
                        where = (epoch[seen][top], values[seen][top])
                        axes.plot(*where, "o", color=look.colour, markersize=9, markerfacecolor="none")
        axes.set_xscale("symlog", linthresh=1, linscale=0.4)
        axes.set_xlim(-0.08, last * 1.15)
        ticks = [0.0, *(10.0**power for power in range(int(math.log10(max(last, 1.0))) + 1))]
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(_plain))
        axes.set_xlabel("epoch")
        if quantity.log:
            _log_axis(axes, axes.yaxis, axes.set_yscale)
        else:
            axes.yaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
            axes.yaxis.set_major_formatter(FuncFormatter(_plain))
        axes.set_ylabel(quantity.unit)

    return draw


def _forest_panel(
    entries: Sequence[tuple[str, Row | None, float]],
    quantity: str,
    log: bool,
    lines: Sequence[tuple[float, str]],
    limits: tuple[float, float],
) -> Draw:
    def draw(axes: Any) -> None:
        if log:
            _log_axis(axes, axes.xaxis, axes.set_xscale)
        axes.set_xlim(*limits)
        total = sum(size for _, _, size in entries)
        axes.set_ylim(total, 0)
        for index, (value, label) in enumerate(lines):
            axes.axvline(value, color=INK, linewidth=1.1, linestyle="-" if index == 0 else "--")
            axes.text(value, -0.06, label, ha="center", va="bottom", color=SOFT, fontsize=11)
        start = -LABELS / (WIDTH - LABELS - NUMBERS) + 0.01
        middle = 0.0
        across = axes.get_yaxis_transform()
        for label, row, size in entries:
            at = middle + size / 2
            middle += size
            if row is None:
                axes.text(start, at, label, transform=across, va="center", fontweight="bold")
                continue
            axes.text(start, at, label, transform=across, va="center", linespacing=1.1)
            if math.isfinite(row.value):
                axes.axhline(at, color=GRID, linewidth=0.8, zorder=0)
            _forest_point(axes, row, at, limits, across)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(quantity)
        if not log:
            axes.xaxis.set_major_locator(MaxNLocator(4, steps=STEPS))
            axes.xaxis.set_major_formatter(FuncFormatter(_plain))

    return draw


def _forest_point(axes: Any, row: Row, at: float, limits: tuple[float, float], across: Any) -> None:
    look = KINDS[row.kind]
    if not math.isfinite(row.value):
        ground = {"facecolor": PAGE, "edgecolor": "none", "pad": 1.5}  # no line runs through the words
        axes.text(0.02, at, row.note, transform=across, va="center", color=SOFT, fontsize=11, bbox=ground)
        return
    low, high = limits
    axes.text(1.04, at, _value(row), transform=across, ha="left", va="center", fontsize=11)
    if not low <= row.value <= high:
        edge = 0.0 if row.value < low else 1.0
        marker = "<" if row.value < low else ">"
        axes.plot([edge], [at], marker, color=look.colour, transform=across, clip_on=False, markersize=7)
        return
    if math.isfinite(row.error) and row.error > 0:
        ends = np.clip([row.value - row.error, row.value + row.error], low, high)
        axes.plot(ends, [at, at], "-", color=look.colour, linewidth=1.8, solid_capstyle="butt")
    axes.plot([row.value], [at], look.marker, color=look.colour, markersize=7)


def _correlation_panel(
    distance: NDArray[np.float64],
    curves: Mapping[str, tuple[ArrayLike, ArrayLike | None]],
    looks: Mapping[str, Style],
    quantity: str,
    log: bool,
) -> Draw:
    def draw(axes: Any) -> None:
        for name, (given, errors) in curves.items():
            values, look = np.asarray(given, float), looks[name]
            seen = np.isfinite(values) & ((values > 0) | (not log))
            if errors is not None:
                half = np.asarray(errors, float)
                low = values - half if not log else np.maximum(values - half, values / 10)
                axes.fill_between(
                    distance[seen], low[seen], (values + half)[seen], color=look.colour, alpha=0.22, linewidth=0
                )
            axes.plot(distance[seen], values[seen], look.line, marker=look.marker, color=look.colour, markersize=4.5)
        if log:
            _log_axis(axes, axes.yaxis, axes.set_yscale)
        else:
            axes.yaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
            axes.yaxis.set_major_formatter(FuncFormatter(_plain))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel("r (lattice spacings)")
        axes.set_ylabel(quantity)

    return draw


def _entries(rows: Sequence[Row]) -> list[tuple[str, Row | None, float]]:
    # (text at the left, row or None for a heading, height in inches)
    entries: list[tuple[str, Row | None, float]] = []
    group = ""
    for row in rows:
        if row.kind not in KINDS:
            raise ValueError(f"the kind of {row.label!r} must be one of {', '.join(KINDS)}; got {row.kind!r}")
        if row.group != group:
            group = row.group
            entries.append((group, None, 0.3))
        wrapped = textwrap.wrap(row.label, 17, max_lines=3, placeholder=" …", break_on_hyphens=False) or [""]
        entries.append(("\n".join(wrapped), row, 0.1 + 0.19 * len(wrapped)))
    return entries


def _span(rows: Sequence[Row], lines: Sequence[tuple[float, str]], log: bool) -> tuple[float, float]:
    """Limits that hold the values and the lines; on a linear axis a value `FAR` off the first line stays outside."""
    ends = [value for value, _ in lines]
    for row in rows:
        far = bool(lines) and not log and abs(row.value - lines[0][0]) > FAR
        if not far and math.isfinite(row.value) and not (log and row.value <= 0):
            error = row.error if math.isfinite(row.error) else 0.0
            ends += [row.value] if log else [row.value - error, row.value + error]
    if not ends:
        return (0.5, 2.0) if log else (0.0, 1.0)
    if log:
        low, high = math.log10(min(ends)), math.log10(max(ends))
        pad = 0.08 * (high - low) + 0.12
        return 10 ** (low - pad), 10 ** (high + pad)
    low, high = min(ends), max(ends)
    pad = 0.06 * (high - low) + 0.02
    return low - pad, high + pad


def _kind_legend(kinds: Sequence[str]) -> Markup:
    words = {"learned": "learned map", "reference": "block rule", "null": "null", "exact": "exact"}
    return legend([(words[kind], KINDS[kind]) for kind in KINDS if kind in kinds], line=False)


def _log_axis(axes: Any, axis: Any, set_scale: Callable[[str], None]) -> None:
    set_scale("log")
    axis.set_major_locator(LogLocator(numticks=6))
    axis.set_major_formatter(FuncFormatter(_power))
    axis.set_minor_formatter(NullFormatter())


def _power(value: float, _: int = 0) -> str:
    if 1e-3 <= value < 1e5:
        return f"{value:g}"
    exponent = str(round(math.log10(value))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{exponent}"


def _plain(value: float, _: int = 0) -> str:
    return f"{value:.6g}".replace("-", "−")


def _value(row: Row) -> str:
    if not math.isfinite(row.value):
        return row.note
    return minus(brackets(row.value, row.error)) if math.isfinite(row.error) and row.error > 0 else _plain(row.value)


def _has(table: Mapping[str, ArrayLike], column: str) -> bool:
    return column in table and bool(np.isfinite(np.asarray(table[column], float)).any())
