"""The figures of the page; its words are in page.md."""

import math
from typing import Any

from blockspin.experiments.core import Run
from blockspin.experiments.rbm_flows.claims import RULE, TC, ends, mean
from blockspin.experiments.rbm_flows.data import DATA, STARTS
from blockspin.experiments.rbm_flows.thermometers import NAMES
from blockspin.report.lines import Panel, Point, line_plot
from blockspin.report.page import Figure
from blockspin.statistics import Estimate, mean_over_trainings

HIGHEST = 8.0  # what is hotter lies on the upper edge


def at_end(run: Run) -> list[Estimate]:
    """What the thermometers read at the end of flows of all temperatures, on the first lattice."""
    return [mean(ends(run, DATA[0])[0, :, :, k]) for k in range(len(NAMES))]


def flows(run: Run, L: int) -> Figure:
    """Temperature by reconstructions: a panel a kind of data, a curve with two branches a thermometer; dashed: data."""
    steps, panels = run.settings.steps, []
    for data in DATA:
        found, curves, dashed = run["flows"][L][data][run.settings.hidden[0]], {}, {}
        for k, name in enumerate(NAMES):
            points: list[Point] = []
            for start in range(len(STARTS)):
                points += [_point(n, mean(found.T[:, start, at, k])) for at, n in enumerate(steps)]
                points.append((math.nan, math.nan))  # the line is broken here
            own = mean(found.data[:, k])
            curves[name], dashed[name] = points, [_point(n, own)[:2] for n in (steps[0], steps[-1])]
        look: Any = {"dashed": dashed, "across": [(TC, "Tc")], "x_scale": "log"}
        limits = ((0.8 * steps[0], 1.25 * steps[-1]), (-0.1, HIGHEST))
        panels.append(Panel("reconstructions", "T", curves, data, limits=limits, **look))
    return line_plot(panels)


def profiles(run: Run) -> Figure:
    """<v h> by the distance of a site from the unit's centre: the majority rule, and RBMs by penalty."""
    curves: dict[str, list[Point]] = {}
    for l1 in run.settings.stack.l1:
        found = run["layers"][l1].profile
        curves[RULE] = [(at + 0.5, *pair) for at, pair in enumerate(found[0].tolist())]
        curves[f"RBM, L1 = {l1:g}"] = [
            (at + 0.5, one.value, one.error)
            for at, pairs in enumerate(found[1:].swapaxes(0, 1))
            for one in [mean_over_trainings(list(map(Estimate, *pairs.T)))[0]]
        ]
    return line_plot([Panel("distance from the centre, in sites", "<v h>", curves)])


def _point(x: float, one: Estimate) -> Point:
    return (x, one.value, one.error) if one.value < HIGHEST else (x, HIGHEST, math.nan)
