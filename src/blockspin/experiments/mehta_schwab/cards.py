"""The scorecards of a run: every map and layer, and the RBMs of the study of sample numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from blockspin import judging
from blockspin.experiments.core import Run
from blockspin.experiments.mehta_schwab.settings import OWN
from blockspin.experiments.stored import Array
from blockspin.runs.task import Result
from blockspin.statistics import UNDEFINED, Estimate

if TYPE_CHECKING:
    from blockspin.judging import Scorecard

SIZE = "participation ratio"


def cards(run: Run) -> dict[str, Scorecard]:
    """One card a map and layer: learned maps and nulls against their variant's nulls, all against the majority rule."""
    each = [one["measured"] for one in run.each]
    from blockspin.judging.criteria.generalization import GAP

    read = judging.Measured.from_dict
    measured = {  # each training has a split of its own, by whose chance its gap differs from those of others
        name: [
            judging.mean([read(one[name][n].meta["measured"]) for one in each], own=(GAP,)) for n in range(len(layers))
        ]
        for name, layers in run.plan["measured"].items()
    }
    about = {name: layers[0].settings for name, layers in run.plan["measured"].items()}
    found = {}
    for name, layers in measured.items():
        rule = about[name]["kind"] == "reference"  # it is compared with every null of the run
        nulls = [
            measured[other]
            for other, one in about.items()
            if one["kind"] == "null" and other != name and (rule or one["variant"] == about[name]["variant"])
        ]
        for n, (one, majority) in enumerate(zip(layers, measured["majority"], strict=True)):
            found[f"{name}, layer {n + 1}"] = judging.scorecard(one, [null[n] for null in nulls], majority)
    return found


def stack(cards: Mapping[str, Scorecard], name: str) -> list[Scorecard]:
    """The cards of a map, layer by layer; none where the run has no such map."""
    return [card for card in cards.values() if card.map == name]


def size(card: Scorecard) -> Estimate:
    """Sites that a field of the map covers: the participation ratio of its squared weights."""
    row = card.row("locality", SIZE)
    return UNDEFINED if row is None else Estimate(row.value, row.error)


def studied(result: Result) -> Scorecard:
    """The card of an RBM of the study: its locality against its nulls and the majority rule."""
    read = judging.Measured.from_dict
    reference = result.meta["reference"]
    nulls = [read(null) for null in result.meta["nulls"]]
    return judging.scorecard(read(result.meta["measured"]), nulls, None if reference is None else read(reference))


def courses(run: Run) -> dict[str, dict[str, Array]]:
    """The training of the first layers by variant: columns, "epoch" among them; scikit-learn's RBM keeps no record."""
    start = "trajectory_"
    trained = {name: run["trained"][name]["ising"][0].arrays for name in OWN if name in run["trained"]}
    return {
        name: {column.removeprefix(start): np.asarray(a) for column, a in arrays.items() if column.startswith(start)}
        for name, arrays in trained.items()
    }
