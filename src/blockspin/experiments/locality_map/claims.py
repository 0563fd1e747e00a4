"""What the maps say, each by a stated rule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from blockspin.experiments.claims import Answer, NotTested, at_least_one, claim, every, graded, row
from blockspin.experiments.core import Run
from blockspin.experiments.locality_map.numbers import lines, mean, mostly, share
from blockspin.experiments.locality_map.recipes import RECIPES
from blockspin.statistics import Estimate

if TYPE_CHECKING:
    import xarray as xr

DECIDES = (
    "A parameter decides locality on a map where locality changes along more than half of the lines on which it alone "
    "varies: most seeds pass the judge's locality at one point of the line and fail it at another."
)


@claim(
    "LM-1",
    "reading of Mehta & Schwab 2014; N. Ho 2013",
    "The L1 penalty makes receptive fields local.",
    rule=f"{DECIDES} Reproduced where the penalty decides on every map that varies it, partly where on some, not "
    "reproduced where on none. Not tested where no map varies it. Undecided where the judge cannot tell.",
)
def penalty_decides(run: Run) -> Answer:
    found = {plane: counts for (plane, axis), counts in turns(run.data).items() if axis == "l1"}
    if not found:
        raise NotTested("No map varies the penalty.")
    decided = [_most(*counts) for counts in found.values()]
    turned, of = (sum(counts[n] for counts in found.values()) for n in (0, 2))
    why = (
        f"The penalty decides on {decided.count(True)} of {len(decided)} maps. In all, locality changes along "
        f"{turned} of {of} lines of growing penalty."
    )
    evidence = [{"plane": plane, "turned": turned, "lines": of} for plane, (turned, _, of) in found.items()]
    return Answer(graded(every(decided), at_least_one(decided)), why, evidence)


@claim(
    "LM-2",
    "reading of Mehta & Schwab 2014",
    "Where fields are local blocks, the layer is a faithful renormalization step.",
    rule="Of the points that are local for most seeds: reproduced where y_t and y_h pass the judge for most seeds at "
    "more than half, and the KL divergence from the model is below half of that of independent spins at more than half "
    "(means over seeds); partly where one of the two holds. Not tested where no point is local. Points whose locality "
    "the judge cannot tell do not count. Undecided where their exponents or divergence decide.",
)
def local_renormalizes(run: Run) -> Answer:
    local, passes, faithful = points(run.data)
    _, fails, unfaithful = points(run.data, 0.0)
    n, both, near = int(local.sum()), int((local & passes).sum()), int((local & faithful).sum())
    pairs = ((passes, fails), (faithful, unfaithful))
    most = [_most(int((local & yes).sum()), int((local & ~yes & ~no).sum()), n) for yes, no in pairs]
    if not n:
        raise NotTested("No point of any map is local.")
    why = f"y_t and y_h pass at {both} of {n} local points, and the KL divergence is halved at {near} of {n}."
    evidence: list[dict[str, Any]] = [
        {"local": n, "renormalizes": both, "faithful": near},
        {"rank correlation of sites covered with the share of KL, all points": _rank(run.data)},
    ]
    return Answer(graded(every(most), at_least_one(most)), why, evidence)


@claim(
    "LM-3",
    "Mehta & Schwab 2014, Fig. 3",
    "The paper's values (L1 2e-4, K = 0.408) give local fields.",
    rule="Reproduced where most seeds are local at the point nearest to the paper's values in this experiment's units, "
    "not reproduced where they cannot be most, else undecided. Read on the first map over l1 and K alone; not tested "
    "without one. The lattice, the rate and the numbers of samples and updates are this map's, not the paper's.",
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
    undecided = int(np.isnan(point["local"]).sum())
    return Answer(graded(_most(int(local.sum()), undecided, local.size)), why, evidence)


CLAIMS = (penalty_decides, local_renormalizes, paper_is_local)


def turns(data: Mapping[str, xr.Dataset]) -> dict[tuple[str, str], tuple[int, int, int]]:
    """By map and axis: along how many lines locality changes, along how many it might, and of how many."""
    return {
        (plane, str(axis)): lines(numbers["local"], str(axis))
        for plane, numbers in data.items()
        for axis, n in numbers["local"].sizes.items()
        if axis != "seed" and n > 1
    }


def points(data: Mapping[str, xr.Dataset], outcome: float = 1.0) -> tuple[Any, Any, Any]:
    """Which points are local, have exponents that pass, and half the KL of independent spins: three arrays of bool.

    outcome: 0 for which exponents fail, and which KL is larger. A point on two maps is there twice.
    """
    found = [
        [
            mostly(one["local"]),
            mostly(one["renormalizes"], outcome),
            ((share(one) < 0.5) == outcome) & share(one).notnull(),
        ]
        for one in data.values()
    ]
    flat = [[status.values.ravel() for status in statuses] for statuses in zip(*found, strict=True)]
    local, passes, faithful = (np.concatenate(some) for some in flat or [[np.zeros(0, bool)]] * 3)
    return local, passes, faithful


def _most(yes: int, undecided: int, of: int) -> bool | None:
    """Whether more than half say yes; None where those that are undecided decide it."""
    return True if 2 * yes > of else None if 2 * (yes + undecided) > of else False


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
