"""The figures of the page; its words are in page.md."""

import math
from typing import Any

import numpy as np

from blockspin.experiments.core import Run
from blockspin.experiments.rbm_flows.claims import RULE, TC, ends, flow, mean, near, without_rbm
from blockspin.experiments.rbm_flows.data import DATA, STARTS
from blockspin.experiments.rbm_flows.settings import TESTED
from blockspin.experiments.rbm_flows.thermometers import NAMES, between_labels
from blockspin.report.lines import Panel, Point, line_plot
from blockspin.report.page import Figure
from blockspin.statistics import Estimate, mean_over_trainings

HIGHEST = 8.0  # what is hotter lies on the upper edge


def at_end(run: Run) -> list[list[Estimate]]:
    """What each thermometer reads at the end of flows of all temperatures, on the first lattice, from both starts."""
    return [[mean(ends(run, DATA[0])[0, :, n, k]) for n in range(len(STARTS))] for k in range(len(NAMES))]


def at_rest(run: Run) -> list[tuple[int, int]]:
    """How many readings stay between the last two, and in how many both starts meet, of how many that are read."""
    T = np.array([flow(run, L, data) for L in run.settings.L for data in DATA])
    counts = []
    for one, other in ((T[:, :, :, -1], T[:, :, :, -2]), (T[:, :, 0, -1], T[:, :, 1, -1])):
        read = (one[..., 0] > 0) & (other[..., 0] > 0) & np.isfinite(one[..., 0] + other[..., 0])
        counts.append((int((near(one, other)[read] == 1).sum()), int(read.sum())))
    return counts


def tested(run: Run) -> tuple[int, int, float]:
    """How many readings of samples of known temperature lie within 2 errors of it, of how many, and the largest."""
    T = np.array([between_labels(run["known"][L].tested, run["known"][L].T[:, -1]) for L in run.settings.L])
    z = abs(T[..., 0] - np.array(TESTED)[:, None]) / np.hypot(T[..., 1], T[..., 2])
    return int((z < 2).sum()), z.size, float(np.nanmax(z))


def flows(run: Run, L: int) -> Figure:
    """Temperature by reconstructions: a panel a kind of data, a curve with two branches a thermometer; dashed: data."""
    steps, panels = run.settings.steps, []
    for data in DATA:
        found, data_alone, curves, dashed, single = flow(run, L, data), without_rbm(run, L, data), {}, {}, {}
        for k, name in enumerate(NAMES):
            points: list[Point] = []
            for start in range(len(STARTS)):
                points += [_point(n, mean(found[:, start, at, k])) for at, n in enumerate(steps)]
                points.append((math.nan, math.nan))  # the line is broken here
            own = mean(data_alone[:, k])
            curves[name], dashed[name] = points, [_point(n, own)[:2] for n in (steps[0], steps[-1])]
            single[name] = [(1.15 * steps[-1], min(T, HIGHEST)) for T in found[:, :, -1, k, 0].ravel()]
        look: Any = {"dashed": dashed, "single": single, "across": [(TC, "Tc")], "x_scale": "log"}
        limits = ((0.8 * steps[0], 1.25 * steps[-1]), (-0.1, HIGHEST))
        panels.append(Panel("reconstructions", "T", curves, data, limits=limits, **look))
    return line_plot(panels)


def profiles(run: Run) -> Figure:
    """<v h> by the distance of a site from the unit's centre: the majority rule, and RBMs by penalty."""
    curves: dict[str, list[Point]] = {}
    single: dict[str, list[Point]] = {}
    for l1 in run.settings.stack.l1:
        found = run["layers"][l1].profile
        curves[RULE] = [(at + 0.5, *pair) for at, pair in enumerate(found[0].tolist())]
        curves[f"RBM, L1 = {l1:g}"] = [
            (at + 0.5, one.value, one.error)
            for at, pairs in enumerate(found[1:].swapaxes(0, 1))
            for one in [mean_over_trainings(list(map(Estimate, *pairs.T)))[0]]
        ]
        single[f"RBM, L1 = {l1:g}"] = [(at + 0.5, one) for own in found[1:, :, 0] for at, one in enumerate(own)]
    return line_plot([Panel("distance from the centre, in sites", "<v h>", curves, single=single)])


def _point(x: float, one: Estimate) -> Point:
    return (x, one.value, one.error) if one.value < HIGHEST else (x, HIGHEST, math.nan)
