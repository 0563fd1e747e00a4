"""Plots of a run's numbers: centres, training, correlations, and those of the modules beside it, as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import ArrayLike, NDArray

from blockspin.report.axes import NOTHING, STEPS, bars, log_axis, plain, shown
from blockspin.report.forest_figures import Draw, Row, forest, locality, spectrum
from blockspin.report.page import Figure
from blockspin.report.pictures import configurations, effective_fields, reconstructions, weights
from blockspin.report.svg import WIDTH, legend, panels, plot
from blockspin.report.theme import GREY, SOFT, VERMILION, Style, styles

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
        living: NDArray[np.bool_] = np.asarray(shown(every).all(axis=1))
        where, radius = every[living], None
        if radii is not None and name in radii:
            given = np.asarray(radii[name], float)
            if given.shape != living.shape:
                raise ValueError(f"radii of {name} must have {len(living)} values, one a unit; got {given.shape}")
            radius = np.minimum(bars(given[living]), max(shape))
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
    last = max((float(np.max(np.asarray(table["epoch"]), initial=1.0)) for table in by_variant.values()), default=1.0)
    parts = []
    for quantity in quantities:
        having = [name for name, table in by_variant.items() if _has(table, quantity.column)]
        if having:
            words = f"{quantity.title} in {quantity.unit} over epochs 0 to {last:g} for {', '.join(having)}"
            draw = _trajectory_panel(by_variant, having, quantity, looks, last)
            parts.append((quantity.title, "", plot(draw, alt=words, height=2.9, margins=(0.78, 0.2, 0.5, 0.12))))
    words = alt or f"Training of {', '.join(by_variant)}: {', '.join(part[0] for part in parts)}"
    return Figure(legend(list(looks.items())) + panels(parts), title, caption, words)


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
    if not distance.size:
        return Figure(NOTHING, title, caption, f"{quantity}: no distance")
    words = alt or f"{quantity} over r from {distance[0]:g} to {distance[-1]:g} for {', '.join(curves)}"
    draw = _correlation_panel(distance, curves, looks, quantity, log)
    body = plot(draw, alt=words, height=3.6, margins=(0.78, 0.2, 0.55, 0.12))
    return Figure(legend(list(looks.items())) + panels([("", "", body)]), title, caption, words)


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
            step = max(float(points.max(initial=0.0)) / 24, 1.0)
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
                    seen = shown(values, log=quantity.log)
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
        axes.xaxis.set_major_formatter(FuncFormatter(plain))
        axes.set_xlabel("epoch")
        if quantity.log:
            log_axis(axes.yaxis, axes.set_yscale)
        else:
            axes.yaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
            axes.yaxis.set_major_formatter(FuncFormatter(plain))
        axes.set_ylabel(quantity.unit)

    return draw


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
            seen = shown(values, log=log)
            if errors is not None:
                half = bars(errors)
                low = values - half if not log else np.maximum(values - half, values / 10)
                axes.fill_between(
                    distance[seen], low[seen], (values + half)[seen], color=look.colour, alpha=0.22, linewidth=0
                )
            axes.plot(distance[seen], values[seen], look.line, marker=look.marker, color=look.colour, markersize=4.5)
        if log:
            log_axis(axes.yaxis, axes.set_yscale)
        else:
            axes.yaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
            axes.yaxis.set_major_formatter(FuncFormatter(plain))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel("r (lattice spacings)")
        axes.set_ylabel(quantity)

    return draw


def _has(table: Mapping[str, ArrayLike], column: str) -> bool:
    return column in table and bool(shown(table[column]).any())
