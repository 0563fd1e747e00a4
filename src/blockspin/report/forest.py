"""Forest plots: a row a map with its error bar and its number, as for exponents, locality and couplings."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from blockspin.report.axes import NOTHING, bars, plain, set_scale, set_ticks, shown
from blockspin.report.page import Figure, minus
from blockspin.report.svg import WIDTH, panels, plot
from blockspin.report.theme import GRID, INK, PAGE, SOFT, SPARE, known
from blockspin.statistics import brackets

FAR = 2.0  # a value this far from the line that it should meet is drawn as an arrow, lest it squeeze the others
LABELS, NUMBERS = 1.62, 0.95  # inches left and, at least, right
DIGIT = 0.09  # inches of a character there, brackets and points among digits


@dataclass(frozen=True)
class Row:
    """A line of a forest plot: a label, a value with its standard error, nan where not defined.

    null: the marker is hollow; group puts rows under a heading. text: the number written at the right, or where the
    value is not defined the text in its stead. ticks: single values, of which the row's is one or the mean.
    """

    label: str
    value: float
    error: float = math.nan
    null: bool = False
    group: str = ""
    text: str = ""
    ticks: ArrayLike = ()

    @property
    def number(self) -> str:
        """What is written of the value."""
        if self.text or not math.isfinite(self.value):
            return self.text or "not defined"
        written = shown(self.value) and shown(self.error, "log")
        return minus(brackets(self.value, self.error)) if written else plain(self.value)


@dataclass(frozen=True)
class Forest:
    """A panel: its quantity, its rows, and (value, label) of lines across all rows, the first full, others dashed.

    limits: of the axis, where they do not follow from values and lines.
    """

    quantity: str
    rows: Sequence[Row]
    title: str = ""
    detail: str = ""
    lines: Sequence[tuple[float, str]] = ()
    log: bool = False
    limits: tuple[float, float] | None = None


def forest(parts: Sequence[Forest]) -> Figure:
    """A panel a part, a row a map in the map's own colour and marker; values beyond the limits are arrows."""
    drawn = []
    for part in parts:
        entries = _entries(part.rows)
        wide = max([NUMBERS, *(0.15 + DIGIT * len(row.number) for row in part.rows if math.isfinite(row.value))])
        top = 0.32 if part.lines else 0.08
        body = plot(
            partial(_draw, part=part, entries=entries, width=WIDTH - LABELS - wide),
            alt=f"{part.title} {part.detail} {part.quantity}: ".lstrip()
            + "; ".join(f"{row.label} {row.number}" for row in part.rows),
            height=sum(size for _, _, size in entries) + 0.6 + top, margins=(LABELS, wide, 0.55, top),
        ) if entries else NOTHING  # fmt: skip
        drawn.append((part.title, part.detail, body))
    return Figure(panels(drawn))


def exponents(rows: dict[str, list[Row]]) -> Figure:
    """Forest plots of y_t and y_h, {"y_t": rows, "y_h": rows}, each with the exact value of the 2D Ising model."""
    kinds = (("y_t", "thermal", 1.0), ("y_h", "magnetic", 1.875))
    parts = [Forest(f"{key}, {word}", rows[key], lines=[(exact, f"exact {exact:g}")]) for key, word, exact in kinds]
    return forest(parts)


def _draw(axes: Any, part: Forest, entries: Sequence[tuple[str, Row | None, float]], width: float) -> None:
    set_scale(axes.xaxis, "log" if part.log else "linear")
    limits = part.limits or _span(part)
    axes.set(xlim=limits, ylim=(sum(size for _, _, size in entries), 0), yticks=[], xlabel=part.quantity)
    axes.spines["left"].set_visible(False)
    set_ticks(axes.xaxis, "log" if part.log else "linear", 4)
    for index, (value, label) in enumerate(part.lines):
        axes.axvline(value, color=INK, linewidth=1.1, linestyle="-" if index == 0 else "--")
        axes.text(value, -0.06, label, ha="center", va="bottom", color=SOFT, fontsize=11)
    across, middle = axes.get_yaxis_transform(), 0.0
    for label, row, size in entries:
        at, middle = middle + size / 2, middle + size
        weight = "bold" if row is None else "normal"
        axes.text(-LABELS / width + 0.01, at, label, transform=across, va="center", linespacing=1.1, fontweight=weight)
        if row is not None:
            _row(axes, row, at, limits, across)


def _row(axes: Any, row: Row, at: float, limits: tuple[float, float], across: Any) -> None:
    own = known(row.label) or SPARE[0]
    hollow = {"markerfacecolor": PAGE} if row.null else {}
    if not math.isfinite(row.value):
        ground = {"facecolor": PAGE, "edgecolor": "none", "pad": 1.5}  # no line runs through the words
        axes.text(0.02, at, row.number, transform=across, va="center", color=SOFT, fontsize=11, bbox=ground)
        return
    axes.axhline(at, color=GRID, linewidth=0.8, zorder=0)
    axes.text(1.04, at, row.number, transform=across, ha="left", va="center", fontsize=11)
    places = axes.transData.transform([(tick, at) for tick in np.ravel(row.ticks)]) if np.size(row.ticks) else []
    apart = {round(x): tick for (x, _), tick in zip(places, np.ravel(row.ticks), strict=True) if np.isfinite(x)}
    seen = [tick for tick in sorted(apart.values()) if limits[0] <= tick <= limits[1]]  # one a pixel
    axes.plot(seen, np.full(len(seen), at), "|", color=own.colour, markersize=9, markeredgewidth=1.2, alpha=0.6)
    low, high = limits
    if not low <= row.value <= high:
        edge, marker = (0.0, "<") if row.value < low else (1.0, ">")
        axes.plot([edge], [at], marker, color=own.colour, transform=across, clip_on=False, markersize=7)
        return
    half = float(bars(row.error))
    ends = np.clip([row.value - half, row.value + half], low, high)
    axes.plot(ends, [at, at], "-", color=own.colour, linewidth=1.8, solid_capstyle="butt")
    axes.plot([row.value], [at], own.marker, color=own.colour, markersize=7, **hollow)


def _entries(rows: Sequence[Row]) -> list[tuple[str, Row | None, float]]:
    """(text at the left, row or None for a heading, height in inches)."""
    entries: list[tuple[str, Row | None, float]] = []
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            entries.append((group, None, 0.3))
        wrapped = textwrap.wrap(row.label, 17, max_lines=3, placeholder=" …", break_on_hyphens=False) or [""]
        entries.append(("\n".join(wrapped), row, 0.1 + 0.19 * len(wrapped)))
    return entries


def _span(part: Forest) -> tuple[float, float]:
    """Limits that hold the values and the lines; on a linear axis a value `FAR` off the first line stays outside."""
    ends = [value for value, _ in part.lines]
    for row in part.rows:
        far = bool(part.lines) and not part.log and abs(row.value - part.lines[0][0]) > FAR
        if not far and shown(row.value, "log" if part.log else "linear"):
            half = 0.0 if part.log else float(bars(row.error))
            ends += [row.value - half, row.value + half]
    if not ends:
        return (0.5, 2.0) if part.log else (0.0, 1.0)
    low, high = (math.log10(min(ends)), math.log10(max(ends))) if part.log else (min(ends), max(ends))
    room = 0.08 * (high - low) + 0.12 if part.log else 0.06 * (high - low) + 0.02
    return (10 ** (low - room), 10 ** (high + room)) if part.log else (low - room, high + room)
