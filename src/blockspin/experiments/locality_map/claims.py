"""What the maps say, each by a stated rule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from blockspin.experiments.claims import Answer, NotTested, claim, graded, row
from blockspin.experiments.core import Run
from blockspin.experiments.locality_map.numbers import lines, mean, mostly, share
from blockspin.experiments.locality_map.recipes import RECIPES
from blockspin.statistics import Estimate

if TYPE_CHECKING:
    import xarray as xr

DECIDES = (
    "A parameter decides locality on a map where locality changes along more than half of the lines on which it alone "
    "varies: most seeds pass the judge's locality at one point of the line and not at another."
)


@claim(
    "LM-1",
    "reading of Mehta & Schwab 2014; N. Ho 2013",
    "The L1 penalty makes receptive fields local.",
    rule=f"{DECIDES} Reproduced where the penalty decides on every map that varies it, partly where on some, not "
    "reproduced where on none. Not tested where no map varies it.",
)
def penalty_decides(run: Run) -> Answer:
    found = {plane: pair for (plane, axis), pair in turns(run.data).items() if axis == "l1"}
    if not found:
        raise NotTested("No map varies the penalty.")
    decided = [2 * turned > of for turned, of in found.values()]
    turned, of = (sum(pair[n] for pair in found.values()) for n in (0, 1))
    why = (
        f"The penalty decides on {sum(decided)} of {len(decided)} maps. In all, locality changes along "
        f"{turned} of {of} lines of growing penalty."
    )
    evidence = [{"plane": plane, "turned": turned, "lines": of} for plane, (turned, of) in found.items()]
    return Answer(graded(all(decided), any(decided)), why, evidence)


@claim(
    "LM-2",
    "reading of Mehta & Schwab 2014",
    "Where fields are local blocks, the layer is a faithful renormalization step.",
    rule="Of the points that are local for most seeds: reproduced where y_t and y_h pass the judge for most seeds at "
    "more than half, and the KL divergence from the model is below half of that of independent spins at more than half "
    "(means over seeds); partly where one of the two holds. Not tested where no point is local.",
)
def local_renormalizes(run: Run) -> Answer:
    local, passes, faithful = points(run.data)
    n, both, near = int(local.sum()), int((local & passes).sum()), int((local & faithful).sum())
    if not n:
        raise NotTested("No point of any map is local.")
    why = f"y_t and y_h pass at {both} of {n} local points, and the KL divergence is halved at {near} of {n}."
    evidence: list[dict[str, Any]] = [
        {"local": n, "renormalizes": both, "faithful": near},
        {"rank correlation of sites covered with the share of KL, all points": _rank(run.data)},
    ]
    return Answer(graded(2 * both > n and 2 * near > n, 2 * both > n or 2 * near > n), why, evidence)


@claim(
    "LM-3",
    "Mehta & Schwab 2014, Fig. 3",
    "The paper's values (L1 2e-4, K = 0.408) give local fields.",
    rule="Reproduced where most seeds are local at the point nearest to the paper's values in this experiment's units, "
    "else not reproduced. Read on the first map over l1 and K alone; not tested without one. The lattice, the rate and "
    "the numbers of samples and updates are this map's, not the paper's.",
)
def paper_is_local(run: Run) -> Answer:
    found = [(name, one) for name, one in run.data.items() if set(one["local"].dims) == {"l1", "K", "seed"}]
    if not found:
        raise NotTested("No map of this run is over l1 and K alone.")
    plane, numbers = found[0]
    paper = RECIPES[0].values
    ratios = np.log(np.maximum(numbers["l1"].values.astype(float), 1e-12) / paper["l1"])
    point = numbers.isel(l1=np.abs(ratios).argmin(), K=np.abs(numbers["K"].values - paper["K"]).argmin())
    covered = Estimate(*map(float, mean(point["participation"])))
    local = (point["local"] == 1).values
    why = (
        f"At the nearest point of this run fields cover {covered} sites. They are local for {local.sum()} of "
        f"{local.size} seeds."
    )
    evidence = [row(plane, "sites covered", covered), row(plane, "the paper's L1 in these units", paper["l1"])]
    evidence += [row(plane, f"{axis} of the nearest point", float(point[axis])) for axis in ("l1", "K")]
    return Answer(graded(bool(mostly(point["local"]))), why, evidence)


CLAIMS = (penalty_decides, local_renormalizes, paper_is_local)


def turns(data: Mapping[str, xr.Dataset]) -> dict[tuple[str, str], tuple[int, int]]:
    """By map and axis: along how many lines locality changes, and of how many."""
    return {
        (plane, str(axis)): lines(mostly(numbers["local"]), str(axis))
        for plane, numbers in data.items()
        for axis, n in numbers["local"].sizes.items()
        if axis != "seed" and n > 1
    }


def points(data: Mapping[str, xr.Dataset]) -> tuple[Any, Any, Any]:
    """Which points are local, have exponents that pass, and half the KL of independent spins: three arrays of bool.

    A point on two maps is there twice.
    """
    found = [
        [mostly(one["local"]), mostly(one["renormalizes"]), share(one) < 0.5]  # nan is not below
        for one in data.values()
    ]
    flat = [[status.values.ravel() for status in statuses] for statuses in zip(*found, strict=True)]
    local, passes, faithful = (np.concatenate(some) for some in flat or [[np.zeros(0, bool)]] * 3)
    return local, passes, faithful


def _rank(data: Mapping[str, xr.Dataset]) -> float:
    """Spearman's rank correlation over the points of all maps; nan where there is nothing to rank."""
    from scipy.stats import spearmanr

    pairs = [
        np.stack([mean(one["participation"])[0].values.ravel(), share(one).values.ravel()], axis=1)
        for one in data.values()
    ]
    usable = np.concatenate(pairs)
    usable = usable[np.isfinite(usable).all(axis=1)]
    if len(usable) < 3 or (np.ptp(usable, axis=0) == 0).any():
        return math.nan
    return float(spearmanr(usable[:, 0], usable[:, 1]).statistic)
