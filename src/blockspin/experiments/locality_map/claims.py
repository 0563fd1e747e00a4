"""What the maps say, each by a stated rule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from scipy.stats import spearmanr

from blockspin.experiments.claim import Claim
from blockspin.experiments.locality_map.numbers import lines, mean, mostly
from blockspin.experiments.locality_map.settings import RECIPES, Settings
from blockspin.report.tables import number

Found = Mapping[str, xr.Dataset]
WORDS = {
    "l1": "the penalty",
    "K": "the coupling",
    "n_samples": "the number of samples",
    "learning_rate": "the learning rate",
    "init_scale": "the initial scale",
}
DECIDES = (
    "a parameter decides locality where, along more than half of the lines on which it alone varies, a point at which "
    "most seeds pass the judge's locality meets one at which they do not"
)


def claims(found: Found, settings: Settings) -> list[Claim]:
    """All claims, from the numbers of every map."""
    return [penalty_decides(found), local_renormalizes(found), paper_is_local(found, settings)]


def sentence(found: Found) -> str:
    """The sentence that the maps support: which parameters decide locality, and what local layers are worth."""
    decisive: list[str] = []
    idle: list[str] = []
    for (plane, axis), (turned, of) in turns(found).items():
        told = f"{WORDS.get(axis, axis)} ({turned} of {of} lines of {plane})"
        (decisive if 2 * turned > of else idle).append(told)
    local, points = _count(found, "local")
    both, _ = _count(found, "both")
    others, _ = _count(found, "others")
    parts = [f"Fields are local at {local} of {points} points."]
    if decisive:
        parts.append(f"What decides: {', '.join(decisive)}{'; what does not: ' + ', '.join(idle) if idle else ''}.")
    else:
        parts.append(f"No parameter decides it over these ranges ({', '.join(idle)}).")
    parts.append(
        f"Of the {local} local points, {both} give y_t and y_h that pass before the judge; so do {others} of the "
        f"{points - local} others (a point on two maps counts on each)."
        if local
        else "No point is local, so none renormalizes as a block rule does."
    )
    return " ".join(parts)


def turns(found: Found) -> dict[tuple[str, str], tuple[int, int]]:
    """By plane and axis: along how many lines locality turns, and of how many."""
    told = {}
    for plane, numbers in found.items():
        status = mostly(numbers["local"])
        for axis in status.dims:
            if status.sizes[axis] > 1:
                told[(plane, str(axis))] = lines(status, str(axis))
    return told


def penalty_decides(found: Found) -> Claim:
    """Reproduced where the penalty decides locality in every plane that varies it, partly where in one of several."""
    source, text = "reading of Mehta & Schwab 2014; N. Ho 2013", "The L1 penalty makes receptive fields local."
    told = {plane: pair for (plane, axis), pair in turns(found).items() if axis == "l1"}
    if not told:
        return Claim("LM-1", source, text, "not tested", "no map varies the penalty")
    decided = [2 * turned > of for turned, of in told.values()]
    status = "reproduced" if all(decided) else "partly" if any(decided) else "not reproduced"
    words = "; ".join(f"{plane}: {turned} of {of}" for plane, (turned, of) in told.items())
    why = f"Lines of growing penalty along which locality turns: {words}. Rule: {DECIDES}."
    return Claim(
        "LM-1",
        source,
        text,
        status,
        why,
        [{"plane": plane, "turned": p[0], "lines": p[1]} for plane, p in told.items()],
    )


def local_renormalizes(found: Found) -> Claim:
    """Reproduced where y_t and y_h pass at more than half of the local points and the KL divergence is halved there."""
    source = "reading of Mehta & Schwab 2014"
    text = "Where fields are local blocks, the layer is a faithful renormalization step."
    local, _ = _count(found, "local")
    if not local:
        return Claim("LM-2", source, text, "not tested", "no point of any map is local")
    both, _ = _count(found, "both")
    faithful, _ = _count(found, "faithful")
    good = [2 * both > local, 2 * faithful > local]
    status = "reproduced" if all(good) else "partly" if any(good) else "not reproduced"
    rank = _ranks(found)
    why = (
        f"Of {local} local points y_t and y_h pass before the judge at {both}, and the machine's KL divergence from "
        f"the model is less than half of that of independent spins at {faithful} (means over seeds). Over all points, "
        "the rank correlation of the sites a field covers with the KL divergence, as a share of that of independent "
        f"spins, is {rank:.2f}: 1 would say that the more local, the more faithful. Rule: reproduced where both hold "
        "at more than half of the local points, partly where one does."
    )
    return Claim("LM-2", source, text, status, why, [{"local": local, "renormalizes": both, "faithful": faithful}])


def paper_is_local(found: Found, settings: Settings) -> Claim:
    """Reproduced where most seeds of the point nearest to the paper's values are local; read in the penalty-K plane."""
    text = "The paper's values (L1 2e-4, K = 0.408) give local fields."
    source = "Mehta & Schwab 2014, Fig. 3"
    paper = RECIPES[0]
    for plane, numbers in found.items():
        if set(numbers["local"].dims) == {"l1", "K", "seed"}:
            penalties = numbers["l1"].values.astype(float)
            assert paper.l1 is not None
            l1 = float(penalties[np.argmin(np.abs(np.log(np.maximum(penalties, 1e-12) / paper.l1)))])
            K = float(numbers["K"].values[np.argmin(np.abs(numbers["K"].values - paper.K))])
            point = numbers.sel(l1=l1, K=K)
            value, error = mean(point["participation"])
            local = bool(mostly(point["local"]))
            why = (
                f"The point of {plane} nearest to the paper's penalty in this experiment's units ({paper.l1:.2g}) is "
                f"L1 = {l1:g}, K = {K:g}: fields cover {number(float(value), float(error))} of {settings.layer.L**2} "
                f"sites (mean over seeds), and {int((point['local'] == 1).sum())} of {point.sizes['seed']} seeds are "
                "local. On this lattice, with this map's rate and numbers of samples and updates, not the paper's."
            )
            return Claim("LM-3", source, text, "reproduced" if local else "not reproduced", why)
    return Claim("LM-3", source, text, "not tested", "no map of this run is over l1 and K alone")


def _count(found: Found, what: str) -> tuple[int, int]:
    """At how many points, and of how many; a point on two maps counts on each."""
    hits = points = 0
    for numbers in found.values():
        local = mostly(numbers["local"])
        points += local.size
        status: dict[str, Any] = {
            "local": local,
            "both": local & mostly(numbers["renormalizes"]),
            "others": ~local & mostly(numbers["renormalizes"]),
            "faithful": local & (numbers["kl"].mean("seed", skipna=False) < numbers["kl_uniform"].mean("seed") / 2),
        }
        hits += int(status[what].sum())
    return hits, points


def _ranks(found: Found) -> float:
    """Spearman's rank correlation over the points of all maps."""
    pairs = []
    for numbers in found.values():
        share = (numbers["kl"] / numbers["kl_uniform"]).mean("seed", skipna=False)
        covered = numbers["participation"].mean("seed", skipna=False)
        pairs += list(zip(covered.values.ravel(), share.values.ravel(), strict=True))
    usable = np.array([pair for pair in pairs if np.isfinite(pair).all()])
    if len(usable) < 3 or (np.ptp(usable, axis=0) == 0).any():  # nothing to rank
        return math.nan
    return float(spearmanr(usable[:, 0], usable[:, 1]).statistic)
