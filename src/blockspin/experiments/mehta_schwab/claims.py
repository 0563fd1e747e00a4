"""The claims under test, each decided by a stated rule from the scorecards and the training trajectories."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.experiments.claim import Claim
from blockspin.experiments.mehta_schwab.conditions import Finding
from blockspin.experiments.mehta_schwab.settings import OWN
from blockspin.judging import Outcome, Row, Scorecard
from blockspin.statistics import Estimate, brackets

Cards = Mapping[tuple[str, int], Scorecard]
Trajectories = Mapping[tuple[str, int], Mapping[str, NDArray[np.float64]]]

HO = "after N. Ho, RBM, L1 vs L2 weight decay penalty for images (2013)"
ALIKE = 0.5  # fields of similar size: their participation ratios spread over a layer by less than half of the mean
STILL = 0.01  # a fixed state: less than this share of the gain, or of the weights' norm, is still to move


def claims(
    cards: Cards, trajectories: Trajectories, layers: Sequence[int], conditions: Sequence[Finding] = ()
) -> list[Claim]:
    """All claims of the experiment; layers: how many units each layer has."""
    return [
        local_fields_grow(cards, layers),
        off_the_shelf(cards, len(layers)),
        penalty_makes_local(cards, conditions),
        fixed_state(trajectories),
        overfits(cards, trajectories),
        local_is_enough(cards),
    ]


def local_fields_grow(cards: Cards, layers: Sequence[int]) -> Claim:
    """(a) Reproduced where in every layer of the L1 stack locality passes and sizes are alike, and the size grows.

    Alike: the participation ratios of a layer have a standard deviation below half of their mean.
    """
    text = (
        "An L1-penalised stack has local, block-like receptive fields of similar size in a layer, growing with depth."
    )
    stack = [cards[("l1", layer)] for layer in range(1, len(layers) + 1) if ("l1", layer) in cards]
    if not stack:
        return Claim("MS-1", "Mehta & Schwab 2014, Fig. 3", text, "not tested", "no variant 'l1' in this run")
    local = [card.passes("locality") for card in stack]
    sizes = [_row(card, "locality", "participation ratio") for card in stack]
    # the error is a standard error over the units
    spreads = [row.error * math.sqrt(n) / row.value if row else math.nan for row, n in zip(sizes, layers, strict=True)]
    grows = all(_grows(small, large) for small, large in itertools.pairwise(sizes))
    good = [*local, *(spread < ALIKE for spread in spreads), grows]
    status = "reproduced" if all(good) else "partly" if any(local) else "not reproduced"
    words = " -> ".join(brackets(size.value, size.error) for size in sizes if size is not None)
    why = (
        f"Locality passes in {sum(local)} of {len(stack)} layers; participation ratio of the effective fields: {words} "
        f"(a block rule: {' -> '.join(f'{card.b**2:.0f}' for card in stack)}), its spread over a layer "
        f"{', '.join(f'{100 * spread:.0f} %' for spread in spreads)} of the mean"
        + ("." if grows else "; it does not grow at every step.")
    )
    return Claim("MS-1", "Mehta & Schwab 2014, Fig. 3", text, status, why, _evidence(stack, "locality"))


def off_the_shelf(cards: Cards, n_layers: int) -> Claim:
    """(b) Reproduced where BernoulliRBM's reconstruction passes and its spectrum passes in no layer."""
    text = "The off-the-shelf RBM reconstructs Ising samples well, and yet it does not renormalize."
    found = [
        cards[("sklearn-default", layer)] for layer in range(1, n_layers + 1) if ("sklearn-default", layer) in cards
    ]
    if not found:
        return Claim("SK-1", "replication with scikit-learn", text, "not tested", "no variant 'sklearn-default'")
    right = _row(found[0], "fidelity", "reconstructed sites")
    reconstructs = right is not None and right.outcome is Outcome.PASS
    renormalizes = [card.passes("spectrum") for card in found]
    status = "reproduced" if reconstructs and not any(renormalizes) else "partly" if reconstructs else "not reproduced"
    sides = [right.reference, right.null] if right is not None else []
    beside = "".join(f", {side.name} {brackets(side.value, side.error)}" for side in sides if side)
    share = brackets(right.value, right.error) if right is not None else "not measured"
    why = (
        f"Its first layer brings back {share} of the held-out sites{beside}; the spectrum passes in "
        f"{sum(renormalizes)} of {len(found)} layers (verdict of the first: {found[0].verdict})."
    )
    evidence = _evidence(found, "fidelity") + _evidence(found, "spectrum")
    return Claim("SK-1", "replication with scikit-learn", text, status, why, evidence)


def penalty_makes_local(cards: Cards, conditions: Sequence[Finding] = ()) -> Claim:
    """(c) Reproduced where L1 alone passes locality: in the first layer, and whatever the number of samples.

    Partly where L1 alone passes in the first layer, and another does on a small lattice with samples enough.
    """
    text = "It is the L1 penalty that makes the fields local; weight decay (L2) does not."
    found = {name: cards[(name, 1)] for name in OWN if (name, 1) in cards}
    if len(found) < len(OWN):
        return Claim("HO-1", HO, text, "not tested", "needs the variants 'none', 'l2' and 'l1'")
    local = {name: card.passes("locality") for name, card in found.items()}
    others = [name for name in OWN if local[name] and name != "l1"]
    plenty = [finding for finding in conditions if finding.variant != "l1" and finding.card.passes("locality")]
    if not local["l1"]:
        status, reading = "not reproduced", "The L1 machine does not pass locality at this strength."
        reading += f" Without it, {', '.join(others)} does." if others else ""
    elif others:
        status, reading = "not reproduced", f"Locality passes without L1 too ({', '.join(others)})."
    else:
        status, reading = "partly" if plenty else "reproduced", "Only the L1 machine passes locality."
    why = f"{reading} Participation ratios of the first layer: {_sizes(found)}.{_small_lattice(conditions)}"
    return Claim("HO-1", HO, text, status, why, _evidence(list(found.values()), "locality"))


def _sizes(cards: Mapping[str, Scorecard]) -> str:
    rows = {name: _row(card, "locality", "participation ratio") for name, card in cards.items()}
    return ", ".join(f"{name} {brackets(row.value, row.error)}" for name, row in rows.items() if row is not None)


def _small_lattice(conditions: Sequence[Finding]) -> str:
    # what the study of conditions adds to the claim
    told = []
    for name in dict.fromkeys(finding.variant for finding in conditions if finding.variant != "l1"):
        course = sorted((f for f in conditions if f.variant == name), key=lambda finding: finding.n_samples)
        sizes = [_row(finding.card, "locality", "participation ratio") for finding in (course[0], course[-1])]
        if any(row is None for row in sizes):
            continue
        first, last = (brackets(row.value, row.error) for row in sizes if row is not None)
        passing = [f"{finding.a_unit:.4g}" for finding in course if finding.card.passes("locality")]
        told.append(
            f"{name} {first} with {course[0].a_unit:.4g} samples a hidden unit and {last} with {course[-1].a_unit:.4g} "
            f"({f'passes locality with {passing[0]} or more' if passing else 'does not pass locality yet'})"
        )
    return f" On a small lattice, with more samples: {'; '.join(told)}." if told else ""


def fixed_state(trajectories: Trajectories) -> Claim:
    """(d) Reproduced where, by the last checkpoint, less than 1 % of either is left to move.

    Pseudo-likelihood: the gain over the second half of the epochs, over the whole gain. Weights: the relative change an
    epoch. Held for every first layer that was trained with a trajectory.
    """
    text = "Training reaches a fixed state: the pseudo-likelihood stops improving and the weights stop moving."
    rows, still = [], []
    for name in OWN:
        path = trajectories.get((name, 1))
        if path is None or len(path["epoch"]) < 3:
            continue
        pseudo, epoch = path["pseudo_log_likelihood"], path["epoch"]
        half = int(np.searchsorted(epoch, epoch[-1] / 2))
        left = float((pseudo[-1] - pseudo[half]) / (pseudo[-1] - pseudo[0]))
        moving = float(path["weight_change"][-1])
        rows.append({"map": name, "layer": 1, "quantity": "gain in the second half", "value": left, "error": None})
        rows.append({"map": name, "layer": 1, "quantity": "weight change an epoch", "value": moving, "error": None})
        still.append((name, abs(left) < STILL, moving < STILL, left, moving))
    if not still:
        return Claim("MS-2", "replication", text, "not tested", "no training trajectory in this run")
    good = [both and moves for _, both, moves, _, _ in still]
    status = "reproduced" if all(good) else "partly" if any(good) else "not reproduced"
    listed = "; ".join(
        f"{name}: {100 * left:.2g} % of the gain in the second half, weights move {100 * moving:.2g} % an epoch"
        for name, _, _, left, moving in still
    )
    return Claim("MS-2", "replication", text, status, f"{listed} (still: below {100 * STILL:.0f} %).", rows)


def overfits(cards: Cards, trajectories: Trajectories) -> Claim:
    """(e) Reproduced where held-out chains lose log-likelihood, beyond 2 errors, and more than after the first epoch.

    The gap is held-out minus training free energy.
    """
    text = "Long training overfits: the free energy of held-out samples parts from that of the training samples."
    rows, told = [], []
    for name in OWN:
        if (name, 1) not in cards:
            continue
        gap = _row(cards[(name, 1)], "generalization", "free-energy gap")
        path = trajectories.get((name, 1))
        if gap is None or path is None or not math.isfinite(gap.value):
            continue
        rows += _evidence([cards[(name, 1)]], "generalization")
        course = path["free_energy_gap"]
        told.append((name, Estimate(gap.value, gap.error), float(course[min(1, len(course) - 1)]), float(course[-1])))
    if not told:
        return Claim("OF-1", "replication", text, "not tested", "no held-out free energy in this run")
    over = [estimate.value > 2 * estimate.error and last > first for _, estimate, first, last in told]
    status = "reproduced" if all(over) else "partly" if any(over) else "not reproduced"
    why = "; ".join(
        f"{name}: {estimate} nats a sample lost on unseen chains "
        f"(along the way {first:.2g} after the first epoch, {last:.2g} at the end)"
        for name, estimate, first, last in told
    )
    return Claim("OF-1", "replication", text, status, why + ".", rows)


def local_is_enough(cards: Cards) -> Claim:
    """(f) Reproduced where every learned layer that is local, as are all below it, passes spectrum and fidelity too."""
    text = "Local fields are enough to call it renormalization."
    local = [
        card
        for (name, layer), card in cards.items()
        if name in ("sklearn-default", "sklearn-matched", *OWN)
        and all(cards[(name, below)].passes("locality") for below in range(1, layer + 1))
    ]
    if not local:
        why = "no learned layer is local together with all layers below it in this run"
        return Claim("RG-1", "reading of Mehta & Schwab 2014", text, "not tested", why)
    failing = {
        criterion: [card for card in local if not card.passes(criterion)] for criterion in ("spectrum", "fidelity")
    }
    status = "reproduced" if not any(failing.values()) else "not reproduced"
    listed = "; ".join(
        f"{criterion}: {len(local) - len(cases)} of {len(local)} local layers pass"
        + (f" (not {', '.join(f'{card.map} layer {card.layer}' for card in cases)})" if cases else "")
        for criterion, cases in failing.items()
    )
    evidence = _evidence(local, "spectrum") + _evidence(local, "fidelity")
    return Claim("RG-1", "reading of Mehta & Schwab 2014", text, status, listed + ".", evidence)


def _grows(small: Row | None, large: Row | None) -> bool:
    if small is None or large is None:
        return False
    return large.value - small.value > 2 * math.hypot(small.error, large.error)


def _row(card: Scorecard, criterion: str, quantity: str) -> Row | None:
    return card.row(criterion, quantity)


def _evidence(cards: Sequence[Scorecard], criterion: str) -> list[dict[str, Any]]:
    return [
        {
            "map": card.map,
            "layer": card.layer,
            "quantity": row.quantity,
            "value": _finite(row.value),
            "error": _finite(row.error),
        }
        for card in cards
        for row in card.rows
        if row.criterion == criterion
    ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
