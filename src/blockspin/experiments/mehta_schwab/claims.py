"""The claims under test, each decided by a stated rule from the scorecards and the training trajectories."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from blockspin.experiments.claims import Answer, NotTested, at_least_one, claim, every, exceeds, graded, passed, row
from blockspin.experiments.core import Run
from blockspin.experiments.mehta_schwab.cards import SIZE, courses, size, stack, studied
from blockspin.experiments.mehta_schwab.settings import OWN, SOURCES, VARIANTS
from blockspin.experiments.ranges import penalty_on_spins
from blockspin.statistics import Estimate

if TYPE_CHECKING:
    from blockspin.judging import Scorecard

MS = "Mehta & Schwab 2014"
ALIKE = 0.5  # fields of similar size: their participation ratios spread over a layer by less than half of the mean
GAP = 0.5  # nats: the largest error of what is called no overfitting
STILL = 0.01  # a fixed state: less than this share of the gain, or of the weights' norm, is still to move


@claim(
    "MS-1",
    f"{MS}, Fig. 3",
    "An L1-penalised stack has local, block-like receptive fields of similar size in a layer, growing with depth.",
    rule="Reproduced where locality passes in every layer of the L1 stack, the participation ratios of a layer have a "
    "standard deviation below half of their mean, and their mean grows by more than two errors with every layer. "
    "Partly where locality passes in some layer. Not tested without the variant l1. Undecided where the judge "
    "cannot tell.",
)
def local_fields_grow(run: Run) -> Answer:
    cards = stack(run.cards, "l1")
    if not cards:
        raise NotTested("This run has no L1 stack.")
    local = _passed(cards, "locality")
    sizes = [size(card) for card in cards]
    # the error is a standard error over the units
    spreads = [
        one.error * math.sqrt(n) / one.value if one.value > 0 else math.nan
        for one, n in zip(sizes, run.settings.layers, strict=True)
    ]
    alike = all(spread < ALIKE for spread in spreads)
    grows = all(b.value - a.value > 2 * math.hypot(a.error, b.error) for a, b in itertools.pairwise(sizes))
    why = (
        f"Locality passes in {local.count(True)} of {len(cards)} layers.{_open(local)} A field of the first layer "
        f"covers {sizes[0]} sites, of the last {sizes[-1]}. A block covers {cards[0].b ** 2:.0f} and "
        f"{cards[-1].b ** 2:.0f}."
        f" The penalty is {run.settings.recipe.l1:g}; the paper's is {_published_penalty(run.settings.recipe):.2g}."
        + ("" if alike else " Within a layer the sizes differ.")
        + ("" if grows else " The fields do not grow at every step.")
    )
    shares = [row("l1", "spread over mean", one, layer=n) for n, one in enumerate(spreads, start=1)]
    return Answer(graded(every([*local, alike, grows]), at_least_one(local)), why, _rows(cards, "locality") + shares)


def _published_penalty(recipe: Any) -> float:
    """The paper's penalty in the units of a recipe."""
    published: float = SOURCES["recipe.l1"][0]
    return penalty_on_spins(published) if recipe.units == "spin" else published


@claim(
    "SK-1",
    "replication with scikit-learn",
    "The off-the-shelf RBM reconstructs Ising samples well, and yet it does not renormalize.",
    rule="Reproduced where the reconstruction of the first layer passes and the spectrum fails in every layer. Partly "
    "where only the first holds. Not tested without the variant sklearn-default. Undecided where the judge "
    "cannot tell.",
)
def off_the_shelf(run: Run) -> Answer:
    cards = stack(run.cards, "sklearn-default")
    if not cards:
        raise NotTested("This run has no RBM of scikit-learn with its defaults.")
    share = cards[0].row("fidelity", "reconstructed sites")
    reconstructs = None if share is None else passed(share.outcome)
    renormalizes = _passed(cards, "spectrum")
    why = f"The spectrum passes in {renormalizes.count(True)} of {len(cards)} layers.{_open(renormalizes)}"
    sides = []
    if share is not None:
        sides = [side for side in (share.reference, share.null) if side is not None]
        against = f" ({sides[0].name}: {Estimate(sides[0].value, sides[0].error)})" if sides else ""
        why = f"Its first layer reconstructs {Estimate(share.value, share.error)} of the held-out sites{against}. {why}"
    if reconstructs is False and every([], renormalizes):
        why += " Only the second half of the claim holds."
    rows = _rows(cards, "fidelity") + _rows(cards, "spectrum")
    rows += [row(side.name, "reconstructed sites", Estimate(side.value, side.error), layer=1) for side in sides]
    return Answer(graded(every([reconstructs], renormalizes), reconstructs), why, rows)


@claim(
    "MS-4",
    "after N. Ho, RBM, L1 vs L2 weight decay penalty for images (2013)",
    "It is the L1 penalty that makes the fields local; weight decay (L2) does not.",
    rule="Reproduced where l1 passes locality in the first layer and the variants none and l2 fail it, there and on "
    "the small lattice, whatever the number of samples. Partly where this holds in the first layer. Not tested "
    "without the three variants. Undecided where the judge cannot tell.",
)
def penalty_makes_local(run: Run) -> Answer:
    cards = {name: layers[0] for name in OWN if (layers := stack(run.cards, name))}
    if len(cards) < len(OWN):
        raise NotTested("This needs the variants none, l2 and l1.")
    found = dict(zip(OWN, _passed(cards.values(), "locality"), strict=True))
    local = [name for name in OWN if found[name]]
    study = {(name, n): studied(one) for name, some in run["conditions"].items() for n, one in some.items()}
    others = {(n, name): card for (name, n), card in study.items() if name != "l1"}
    there = _passed(others.values(), "locality")
    passing = [place for place, one in zip(others, there, strict=True) if one]
    listed = f" ({', '.join(local)})" if local else ""
    why = (
        f"Locality passes for {len(local)} of {len(OWN)} variants{listed}. A field covers {size(cards['l1'])} sites "
        f"with L1, {size(cards['none'])} without a penalty.{_open([*found.values(), *there])}"
    )
    if passing:
        n, name = min(passing)
        each = n / run.settings.conditions.units
        why += f" On a small lattice the {VARIANTS[name]} passes with {each:.4g} samples per hidden unit."
    small = [row(f"{name}, {n} small samples", SIZE, size(card), layer=1) for (name, n), card in study.items()]
    only = every([found["l1"]], [found["none"], found["l2"]])
    return Answer(graded(every([only], there), only), why, _rows(cards.values(), "locality") + small)


@claim(
    "MS-2",
    "replication",
    "Training reaches a fixed state: the pseudo-likelihood stops improving and the weights stop moving.",
    rule="A first layer is still where the second half of its epochs brings less than 1 % of the whole gain in "
    "pseudo-likelihood, and its weights change by less than 1 % per epoch. The gain at half of the epochs is read on a "
    "line between records. The change is a mean per epoch since the last record. Weights that only diffuse change more "
    "in one epoch than this mean says. Reproduced where all are still, partly where some are. Not tested without a "
    "training trajectory of three points.",
)
def fixed_state(run: Run) -> Answer:
    left, moving = {}, {}
    for name, path in courses(run).items():
        if len(path["epoch"]) >= 3:
            gain, epoch = path["pseudo_log_likelihood"], path["epoch"]
            half = np.interp(epoch[-1] / 2, epoch, gain)
            left[name] = float((gain[-1] - half) / (gain[-1] - gain[0]))
            # a distance over its epochs: less than the change of one epoch where weights diffuse
            moving[name] = float(path["weight_change"][-1])
    if not left:
        raise NotTested("This run has no training trajectory.")
    still = [abs(left[name]) < STILL and moving[name] < STILL for name in left]
    why = f"{sum(still)} of {len(still)} first layers have come to rest."
    if all(map(math.isfinite, (*left.values(), *moving.values()))):
        why += (
            f" Since the last record weights change by {100 * max(moving.values()):.2g} % per epoch at most. The "
            f"second half of training brings {100 * max(map(abs, left.values())):.2g} % of the gain at most."
        )
    found = {"gain in the second half": left, "weight change an epoch": moving}
    rows = [row(name, quantity, values[name], layer=1) for name in left for quantity, values in found.items()]
    return Answer(graded(all(still), any(still)), why, rows)


@claim(
    "OF-1",
    "replication",
    "Long training overfits: the free energy of held-out samples departs from that of the training samples.",
    rule="A first layer overfits where held-out chains have lost log-likelihood against training chains by more than "
    "2 standard errors of this gap, and the gap has risen since the first epoch by more than 2 of the same errors. "
    "Reproduced where all overfit, partly where some do. Undecided where none does, and one that is not clear has an "
    f"error above {GAP:g} nats. Not tested without a held-out free energy.",
)
def overfits(run: Run) -> Answer:
    gaps, over, rows = {}, [], []
    for name, path in courses(run).items():
        card = stack(run.cards, name)[0]
        gap = card.row("generalization", "free-energy gap")
        if gap is not None and math.isfinite(gap.value):
            gaps[name] = Estimate(gap.value, gap.error)
            course = path["free_energy_gap"]
            first = float(course[:2][-1])
            # training keeps no error; both gaps are of the same chains, so that their difference has a smaller one
            rise = Estimate(float(course[-1]) - first, gap.error)
            over.append(every(exceeds(one, 2, GAP) for one in (gaps[name], rise)))
            rows += _rows([card], "generalization")
            rows += [row(name, "gap after the first epoch", first, layer=1)]
            rows += [row(name, "rise since then", rise, layer=1)]
    if not gaps:
        raise NotTested("This run has no held-out free energy.")
    largest = max(gaps, key=lambda name: gaps[name].value)
    most = f"Held-out chains lose most with the {VARIANTS[largest]}: {gaps[largest]} nats per sample."
    why = f"{over.count(True)} of {len(over)} first layers overfit. {most}"
    return Answer(graded(every(over), at_least_one(over)), why, rows)


@claim(
    "RG-1",
    f"reading of {MS}",
    "Local fields are enough to call it renormalization.",
    rule="Reproduced where every learned layer that passes locality, as do all layers below it, passes tiling, "
    "spectrum and fidelity too, not reproduced where one fails. An autoencoder's fidelity is its reconstruction alone. "
    "Not tested where no layer can be local. Undecided where the judge cannot tell.",
)
def local_is_enough(run: Run) -> Answer:
    stacks = [stack(run.cards, name) for name in VARIANTS]
    known = [(card, every(_passed(cards[:n], "locality"))) for cards in stacks for n, card in enumerate(cards, start=1)]
    local, maybe = [card for card, one in known if one], [card for card, one in known if one is None]
    if not local and not maybe:
        raise NotTested("No learned layer of this run is local together with all layers below it.")
    passing = {name: _passed(local, name) for name in ("tiling", "spectrum", "fidelity")}
    # a layer that may be local leaves the claim open, unless it passes
    others = [at_least_one([every(passed(card.outcome(name)) for name in passing), None]) for card in maybe]
    full = every([*map(every, passing.values()), *others]) if local else None
    counts = ", ".join(f"{passes.count(True)} of {len(local)} pass {name}" for name, passes in passing.items())
    rest = [card.passes("spectrum") for card, one in known if one is not True]
    why = f"Of the local layers {counts}.{_open([one for passes in passing.values() for one in passes])}"
    if maybe:
        why += f" {len(maybe)} more may be local."
    if rest:
        why += f" Of the other layers {sum(rest)} of {len(rest)} pass spectrum."
    rows = [row for name in passing for row in _rows(local, name)]
    return Answer(graded(full), why, rows)


@claim(
    "MS-3",
    f"choices that {MS} leaves open",
    "The choices that the paper leaves open decide whether the fields of the first layer are local.",
    rule="Recipes are that of the variant l1 and its alternatives. Reproduced where locality of the first layer "
    "passes for some and fails for others. Partly where it does not, but the participation ratio of one is more than "
    "twice that of another, by more than two errors. Not tested without the variant l1 and an alternative. "
    "Undecided where the judge cannot tell.",
)
def open_choices(run: Run) -> Answer:
    cards = {name: layers[0] for name in ("l1", *run.settings.alternatives) if (layers := stack(run.cards, name))}
    if "l1" not in cards or len(cards) < 2:
        raise NotTested("This needs the variant l1 and an alternative.")
    found = _passed(cards.values(), "locality")
    local = [name for name, one in zip(cards, found, strict=True) if one]
    low, high = (pick(cards, key=lambda name: size(cards[name]).value) for pick in (min, max))
    listed = f" ({', '.join(local)})" if local else ""
    why = (
        f"Locality passes for {len(local)} of {len(cards)} recipes{listed}. A field covers {size(cards[low])} sites "
        f"with {low}, {size(cards[high])} with {high}.{_open(found)}"
    )
    small, large = size(cards[low]), size(cards[high])
    apart = large.value - 2 * small.value > 2 * math.hypot(large.error, 2 * small.error)
    return Answer(graded(every([at_least_one(found)], [every(found)]), apart), why, _rows(cards.values(), "locality"))


CLAIMS = (
    local_fields_grow,
    off_the_shelf,
    penalty_makes_local,
    fixed_state,
    overfits,
    local_is_enough,
    open_choices,
)


def _passed(cards: Iterable[Scorecard], criterion: str) -> list[bool | None]:
    return [passed(card.outcome(criterion)) for card in cards]


def _open(found: list[bool | None]) -> str:
    n = found.count(None)
    return f" The judge cannot tell {n} time{'s' * (n > 1)}." * (n > 0)


def _rows(cards: Iterable[Scorecard], criterion: str) -> list[dict[str, Any]]:
    return [
        row(card.map, one.quantity, Estimate(one.value, one.error), layer=card.layer, state=one.state)
        for card in cards
        for one in card.rows
        if one.criterion == criterion
    ]
