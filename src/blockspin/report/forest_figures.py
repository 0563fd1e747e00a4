"""Forest plots: a row a map with its error bar and its number, as for exponents and locality."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import FuncFormatter, MaxNLocator

from blockspin.report.axes import NOTHING, STEPS, bars, log_axis, plain, shown
from blockspin.report.page import Figure, minus
from blockspin.report.svg import WIDTH, legend, panels, plot
from blockspin.report.theme import GRID, INK, KINDS, PAGE, SOFT
from blockspin.statistics import brackets

FAR = 2.0  # a value this far from the line that it should meet is drawn as an arrow, lest it squeeze the others
LABELS, NUMBERS = 1.62, 0.95  # inches left and, at least, right of a forest plot
DIGIT = 0.09  # inches of a character there, brackets and points among digits

Draw = Callable[[Any], None]


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
    if not rows:
        return NOTHING
    words = f"{quantity}: " + "; ".join(f"{row.label} {_value(row)}" for row in rows)
    entries = _entries(rows)
    height = 0.34 + sum(size for _, _, size in entries) + 0.58
    right = max([NUMBERS, *(0.15 + DIGIT * len(_value(row)) for row in rows if math.isfinite(row.value))])
    draw = _forest_panel(entries, quantity, log, lines, limits or _span(rows, lines, log), WIDTH - LABELS - right)
    return plot(draw, alt=words, height=height, margins=(LABELS, right, 0.55, 0.3))


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


def _forest_panel(
    entries: Sequence[tuple[str, Row | None, float]],
    quantity: str,
    log: bool,
    lines: Sequence[tuple[float, str]],
    limits: tuple[float, float],
    width: float,
) -> Draw:
    def draw(axes: Any) -> None:
        if log:
            log_axis(axes.xaxis, axes.set_xscale)
        axes.set_xlim(*limits)
        total = sum(size for _, _, size in entries)
        axes.set_ylim(total, 0)
        for index, (value, label) in enumerate(lines):
            axes.axvline(value, color=INK, linewidth=1.1, linestyle="-" if index == 0 else "--")
            axes.text(value, -0.06, label, ha="center", va="bottom", color=SOFT, fontsize=11)
        start = -LABELS / width + 0.01
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
            axes.xaxis.set_major_formatter(FuncFormatter(plain))

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
        if not far and shown(row.value, log=log):
            error = float(bars(row.error))
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


def _value(row: Row) -> str:
    if not math.isfinite(row.value):
        return row.note
    written = shown(row.value) and shown(row.error, log=True)
    return minus(brackets(row.value, row.error)) if written else plain(row.value)
