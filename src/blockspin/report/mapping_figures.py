"""Figures of the exact mapping: every coupling of a coarse Hamiltonian, the flow of one, a condition tuned through."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from blockspin.report.axes import NOTHING, STEPS, bars, log_axis, plain, shown
from blockspin.report.page import Figure, minus
from blockspin.report.svg import WIDTH, legend, panels, plot
from blockspin.report.theme import BLUE, GREEN, GREY, GRID, INK, PURPLE, SKY, SOFT, VERMILION, Style

FloatArray = NDArray[np.float64]

LABELS, NUMBERS = 1.5, 0.95  # inches left and right of the bars
ROW = 0.27  # inches a bar
REACH = (1.0, 2.0, 3.0)  # ranges that have a bar of their own, in coarse lattice spacings
ROUNDING = 1e-12  # what is smaller is written as 0
MANY = 5  # spins from which on there is one bar for all

NEAR, FAR, OTHER = Style(BLUE, "s"), Style(GREEN, "s"), Style(VERMILION, "s")
LOOKS = {
    "decimation": Style(INK, "", "--"),
    "majority": Style(SOFT, "P"),
    "bond machine": Style(BLUE, "s"),
    "sublattice machine": Style(GREEN, "^"),
    "maximum likelihood": Style(VERMILION, "o"),
    "CD-1": Style(PURPLE, "D"),
}
_OTHERS = (Style(SKY, "v"), Style(GREY, "X"), Style(INK, "s"))


@dataclass(frozen=True)
class Spectrum:
    """The couplings of one map: a title, a few words, and for each set of spins K_A, how many they are, their range.

    Ranges are in coarse lattice spacings, nan where the coarse spins have no places; the constant is not among them.
    """

    title: str
    detail: str
    couplings: ArrayLike
    bodies: ArrayLike
    ranges: ArrayLike


@dataclass(frozen=True)
class _Row:
    label: str
    values: FloatArray
    look: Style


def couplings(
    spectra: Sequence[Spectrum],
    *,
    floor: float = 1e-6,
    title: str = "Couplings of H_RG",
    caption: str = (
        "A bar is the strongest coupling of its kind, a tick every single one, on a logarithmic scale; the number is "
        "the strongest with its sign. r is the distance in coarse lattice spacings."
    ),
    alt: str | None = None,
) -> Figure:
    """A panel a map: bars of |K_A| from nearest neighbours to many spins, all panels on one logarithmic scale.

    What is below `floor` is drawn at the edge, and written as 0 below 1e-12 (rounding). Raises ValueError where a
    map's arrays differ in length.
    """
    tables = [(part, _rows(part)) for part in spectra]
    top = max((float(np.abs(row.values).max()) for _, rows in tables for row in rows), default=1.0)
    limits = (floor, 10 ** math.ceil(math.log10(max(top, 10 * floor)) + 0.05))
    drawn = []
    for part, rows in tables:
        words = f"Couplings of {part.title}: " + "; ".join(f"{row.label} {_strongest(row)}" for row in rows)
        height, margins = ROW * len(rows) + 0.75, (LABELS, NUMBERS, 0.6, 0.1)
        body = plot(_bars(rows, limits), alt=words, height=height, margins=margins) if rows else NOTHING
        drawn.append((part.title, part.detail, body))
    key = [("nearest neighbours", NEAR), ("farther pairs", FAR), ("single spins, three and more", OTHER)]
    words = alt or f"Strength of every kind of coupling for {', '.join(part.title for part in spectra)}"
    return Figure(legend(key, line=False) + panels(drawn), title, caption, words)


def flow(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike | None]],
    *,
    title: str = "Flow",
    caption: str = "The nearest-neighbour coupling K' of the coarse spins against K of the fine ones.",
    alt: str | None = None,
) -> Figure:
    """K' against K: name -> (K, K', spread over the bonds or None), each of one length; a nan is left out.

    The line K' = K is where nothing flows. Raises ValueError where a curve's lengths differ.
    """
    for name, (K, values, _) in curves.items():
        if np.shape(K) != np.shape(values):
            raise ValueError(f"the flow of {name} must have a K' for each K; got {np.shape(values)} for {np.shape(K)}")
    looks = _looks(list(curves))
    words = alt or f"K' against K for {', '.join(curves)}, beside the line K' = K"
    body = plot(_flow_panel(curves, looks), alt=words, height=4.2, margins=(0.72, 0.2, 0.55, 0.12))
    entries = [("K' = K: no flow", Style(GREY, "", ":")), *looks.items()]
    return Figure(legend(entries) + panels([("", "", body)]), title, caption, words)


def tuned(
    x: ArrayLike,
    parts: Sequence[tuple[str, str, Mapping[str, ArrayLike], bool]],
    *,
    axis: str,
    mark: float,
    title: str = "",
    caption: str = "",
    alt: str | None = None,
) -> Figure:
    """Quantities against a parameter, a panel each (title, axis label, name -> values, logarithmic); mark: a line.

    A logarithmic panel leaves out what is below 1e-12, rounding. Raises ValueError where a curve does not have a value
    an x.
    """
    at = np.asarray(x, float)
    drawn = []
    for heading, label, curves, log in parts:
        for name, values in curves.items():
            if np.shape(values) != at.shape:
                raise ValueError(f"the curve {name} must have {len(at)} values; got {np.shape(values)}")
        looks = dict(zip(curves, (Style(VERMILION, "o"), Style(BLUE, "s"), Style(GREEN, "^")), strict=False))
        words = f"{heading}: {', '.join(curves)} against {axis}, marked at {mark:g}"
        body = plot(
            _tuned_panel(at, curves, looks, axis, label, mark, log),
            alt=words,
            height=3.3,
            margins=(0.78, 0.2, 0.55, 0.12),
        )
        drawn.append((heading, "", legend(list(looks.items())) + body))
    return Figure(panels(drawn), title, caption, alt or "; ".join(part[0] for part in parts))


def _rows(part: Spectrum) -> list[_Row]:
    K, n, r = (np.asarray(values, float) for values in (part.couplings, part.bodies, part.ranges))
    if not K.shape == n.shape == r.shape:
        raise ValueError(
            f"the couplings of {part.title} need a number of spins and a range each: {K.shape}, {n.shape}, {r.shape}"
        )
    rows = [("1 spin", n == 1, OTHER)]
    if np.isnan(r[n == 2]).any():
        rows.append(("pairs", n == 2, FAR))
    else:
        low = 0.0
        for reach in REACH:
            here = (n == 2) & (r > low + 1e-9) & (r <= reach + 1e-9)
            label = f"pairs, r = {reach:g}" if reach == 1 else f"pairs, r ≤ {reach:g}"
            rows.append((label, here, NEAR if reach == 1 else FAR))
            low = reach
        rows.append((f"pairs, r > {low:g}", (n == 2) & (r > low + 1e-9), FAR))
    rows += [(f"{count} spins", n == count, OTHER) for count in range(3, MANY)]
    rows.append((f"{MANY} and more", n >= MANY, OTHER))
    seen = shown(K)
    return [_Row(label, K[here & seen], look) for label, here, look in rows if (here & seen).any()]


def _bars(rows: Sequence[_Row], limits: tuple[float, float]) -> Callable[[Any], None]:
    def draw(axes: Any) -> None:
        log_axis(axes.xaxis, axes.set_xscale)
        axes.set_xlim(*limits)
        axes.set_ylim(len(rows), 0)
        across = axes.get_yaxis_transform()
        start = -LABELS / (WIDTH - LABELS - NUMBERS) + 0.01
        for place, row in enumerate(rows):
            at, size = place + 0.5, np.abs(row.values)
            axes.text(start, at, row.label, transform=across, va="center")
            axes.text(1.04, at, _strongest(row), transform=across, ha="left", va="center", fontsize=11)
            axes.axhline(at, color=GRID, linewidth=0.8, zorder=0)
            if size.max() > limits[0]:
                axes.barh(at, size.max() - limits[0], left=limits[0], height=0.55, color=row.look.colour, alpha=0.45)
            # as many ticks as can be told apart
            seen = np.unique(np.round(np.log10(size[size > limits[0]]), 2))
            axes.plot(10**seen, np.full(len(seen), at), "|", color=row.look.colour, markersize=9, markeredgewidth=1.5)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("|coupling|")

    return draw


def _flow_panel(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike | None]], looks: Mapping[str, Style]
) -> Callable[[Any], None]:
    def draw(axes: Any) -> None:
        reached = [np.asarray(K, float)[shown(K)] for K, _, _ in curves.values()]
        far = 1.05 * float(np.concatenate(reached).max(initial=0.0)) or 1.0
        axes.plot([0, far], [0, far], ":", color=GREY)
        for place, (name, (K, values, spread)) in enumerate(curves.items()):
            look, y = looks[name], np.asarray(values, float)
            seen = shown(K) & shown(y)
            x = np.asarray(K, float)[seen]
            if spread is not None:
                half = bars(spread)[seen]
                axes.vlines(x, y[seen] - half, y[seen] + half, color=look.colour, linewidth=1.4)
            # maps that agree lie upon one another: the later, the smaller
            size, above = max(8.5 - place, 4), 5 if not look.marker else 2
            axes.plot(x, y[seen], look.line, marker=look.marker, color=look.colour, markersize=size, zorder=above)
        axes.set(xlim=(0, far), ylim=(0, None))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(6, steps=STEPS))
            axis.set_major_formatter(FuncFormatter(plain))
        axes.set_xlabel("K, fine spins")
        axes.set_ylabel("K', coarse spins")

    return draw


def _tuned_panel(
    x: FloatArray,
    curves: Mapping[str, ArrayLike],
    looks: Mapping[str, Style],
    axis: str,
    label: str,
    mark: float,
    log: bool,
) -> Callable[[Any], None]:
    def draw(axes: Any) -> None:
        if not log:
            axes.axhline(0, color=SOFT, linewidth=0.9)
        axes.axvline(mark, color=INK, linewidth=1.1, linestyle="--")
        for name, values in curves.items():
            look, y = looks[name], np.asarray(values, float)
            seen = shown(y) & ((y > ROUNDING) | (not log))
            axes.plot(x[seen], y[seen], look.line, marker=look.marker, color=look.colour, markersize=4.5)
        if log:
            log_axis(axes.yaxis, axes.set_yscale)
        else:
            axes.yaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
            axes.yaxis.set_major_formatter(FuncFormatter(plain))
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
        axes.xaxis.set_major_formatter(FuncFormatter(plain))
        axes.set_xlabel(axis)
        axes.set_ylabel(label)

    return draw


def _strongest(row: _Row) -> str:
    value = float(row.values[np.argmax(np.abs(row.values))])
    return "0" if abs(value) < ROUNDING else minus(f"{value:.3g}" if abs(value) >= 1e-3 else f"{value:.1e}")


def _looks(names: Sequence[str]) -> dict[str, Style]:
    others = iter(_OTHERS * len(names))
    return {name: LOOKS[name] if name in LOOKS else next(others) for name in names}
