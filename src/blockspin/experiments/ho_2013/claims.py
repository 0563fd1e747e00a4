"""The claims of the experiment, each decided by a stated rule from the measurements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from blockspin.experiments.claims import Answer, NotTested, at_least_one, claim, every, exceeds, graded, row
from blockspin.experiments.core import Run
from blockspin.experiments.ho_2013.findings import NONE, SIGMAS, SIZES, Findings, Machine, clear
from blockspin.statistics import mean_over_seeds

SHARP = 0.1  # of shares and correlations: what is smaller is called none
HO = "Ho 2013 (nghiaho.com/?p=1796)"
CLEAR = "for every seed and by 3 standard errors"
OPEN = "What is clear neither way is undecided, and so is the claim where that decides."
SAME = (
    f"More is by more than {SIGMAS:g} standard errors; where these are above {SHARP:g}, what is neither more nor "
    "less is undecided, and so is the claim where that decides."
)
COMPARED = (
    "Compared is the RBM of each penalty with the fullest window that keeps 90 % of the held-out gain without one. A "
    "kind of image where none does counts as no, and one whose ln Z is not reliable neither way. Not tested where no "
    f"kind is left. {OPEN}"
)
LOCAL = (
    f"Local: {CLEAR}, more than halfway from random weights to a filter within one window, by the participation ratio "
    "(halfway of its logarithm) and by the share of w^2 in the best window."
)


@claim(
    "HO-1",
    HO,
    "L1 gives localised filters, L2 diffuse ones.",
    rule="Reproduced where on every kind of image L1 is local by both measures, L2 by neither, and L1 has a fuller "
    f"window and a smaller participation ratio than L2 at L1's held-out likelihood, {CLEAR}. Partly where only the "
    f"last holds on every kind, or all of it on one. {LOCAL} {COMPARED}",
)
def l1_local_l2_diffuse(run: Run) -> Answer:
    compared, others, without = _compared(run, "l2")
    split = [*others, *(every(some.local(l1), some.local(l2)) for some, l1, l2 in compared)]
    rivals = [(some, l1, [some.rival(l1, size) for size in SIZES]) for some, l1, _ in compared]
    more = [*others, *(some.more_local(l1, *sizes) for some, l1, sizes in rivals)]
    both = [every(pair) for pair in zip(split, more, strict=True)]
    rows = []
    for some, l1, _ in compared:
        rows += _rows(some, some.machines, SIZES)
        rows += [_row(some, one, "gain, nats per pixel", some.gain(one)) for one in some.machines]
        rows += [_row(some, f"L2 at the likelihood of {l1}", size, some.rival(l1, size)) for size in SIZES]
        rows += [_row(some, "halfway", size, some.halfway(size)) for size in SIZES]
    why = (
        f"L1 is local by both measures, and L2 by neither, on {_of(split)} kinds of image. At equal held-out "
        f"likelihood L1 is the more local one on {_of(more)}.{without}"
    )
    return Answer(graded(every(both), at_least_one([*both, every(more)])), why, rows)


@claim(
    "HO-2",
    HO,
    "Without a penalty the filters look random and meaningless, although reconstruction works.",
    rule="Reproduced where, on every kind of image, held-out images are reconstructed with less than half of the mean "
    "image's squared error, and the filters have no order: neighbouring weights no more alike, and windows no fuller, "
    f"than with each unit's weights shuffled. Partly where one of the two holds on every kind. {SAME}",
)
def random_without(run: Run) -> Answer:
    works, random, rows = [], [], []
    for some in (Findings(run, name) for name in run["measured"]):
        error = some(NONE, "reconstruction") / some.common("flat_error")
        works.append(bool(error.mean() < 0.5))
        shuffled = {key: some(NONE, key, "shuffled") for key in ("alike", "window")}
        random.append(every([], [_more(some(NONE, key) - values) for key, values in shuffled.items()]))
        rows += _rows(some, [NONE], ("alike", "window", "participation", "reconstruction"))
        rows += [_row(some, NONE, "reconstruction, of the mean image's error", error)]
        rows += [_row(some, NONE, f"{key}, shuffled", values) for key, values in shuffled.items()]
    why = (
        f"Reconstruction works on {_of(works)} kinds of image. The filters have no more order than "
        f"their own weights, shuffled, on {_of(random)}."
    )
    full = [all(works), every(random)]
    return Answer(graded(every(full), at_least_one(full)), why, rows)


@claim(
    "HO-3",
    HO,
    "L1 sets many weights exactly to zero and lets some grow; L2 leaves many small ones.",
    rule="Reproduced where, on every kind of image, L1 alone has weights of exactly zero in every seed, and its "
    f"largest weight is above L2's, {CLEAR}. Partly where one of the two holds on every kind. {COMPARED}",
)
def zeros(run: Run) -> Answer:
    compared, others, without = _compared(run, "l2")
    exact, grown = list(others), list(others)
    for some, l1, l2 in compared:
        exact.append(bool(some(l1, "zeros").all()) and not any(some(one, "zeros").any() for one in (l2, NONE)))
        grown.append(clear(some(l1, "largest") - some(l2, "largest")))
    rows = [row for some, l1, l2 in compared for row in _rows(some, [NONE, l2, l1], ("zeros", "largest"))]
    why = (
        f"L1 alone has weights of exactly zero on {_of(exact)} kinds of image, and its largest weight is above L2's on "
        f"{_of(grown)}.{without}"
    )
    full = [every(exact), every(grown)]
    return Answer(graded(every(full), at_least_one(full)), why, rows)


@claim(
    "HO-4",
    "Ho 2013 against the reading of Mehta & Schwab 2014",
    "Local fields need no critical system and no renormalization: with an L1 penalty images have them, and without it "
    "they do not.",
    rule="Reproduced where, on every kind of image, L1 is local by both measures and no penalty by neither. Partly "
    f"where on every kind L1 has a fuller window and a smaller participation ratio, {CLEAR}. {LOCAL} {COMPARED}",
)
def penalty_not_criticality(run: Run) -> Answer:
    compared, others, without = _compared(run, "none")
    split = [*others, *(every(some.local(l1), some.local(NONE)) for some, l1, _ in compared)]
    more = [*others, *(some.more_local(l1, *(some(NONE, size) for size in SIZES)) for some, l1, _ in compared)]
    rows = [row for some, l1, _ in compared for row in _rows(some, [NONE, l1], SIZES)]
    why = (
        f"L1 is local by both measures, and RBMs without a penalty by neither, on {_of(split)} kinds of image. "
        f"L1 is the more local one on {_of(more)}.{without}"
    )
    return Answer(graded(every(split), every(more)), why, rows)


@claim(
    "HO-5",
    "controls of this project",
    "The penalty alone makes filters local, whatever the data.",
    rule="Reproduced where, on every kind of image, L1's windows are no fuller on the images than on permuted pixels. "
    "Partly where those on permuted pixels are at least fuller than with each unit's weights shuffled. An RBM without "
    f"living units has no full window. {SAME} Not tested without permuted pixels. Participation ratio and noise decide "
    "nothing.",
)
def penalty_alone(run: Run) -> Answer:
    names = [name for name, controls in run["measured"].items() if "permuted" in controls]
    if not names:
        raise NotTested("The control of permuted pixels is not in this run.")
    full, ordered, rows = [], [], []
    for name in names:
        images, some = Findings(run, name), Findings(run, name, "permuted")
        (l1,) = some.family("l1")
        window, shuffled, undone = (some(l1, "window", of) for of in ("", "shuffled", "restored"))
        living = bool(np.isfinite(window).all())
        full.append(every([living], [_more(images(l1, "window") - window)]))
        ordered.append(every([living, _more(window - shuffled)]))
        rows += [*_rows(images, [l1], SIZES), *_rows(some, [l1], SIZES)]
        rows += [_row(some, l1, "window, undone", undone), _row(some, l1, "window, shuffled", shuffled)]
        if "noise" in run["measured"][name]:
            noise = Findings(run, name, "noise")
            rows += _rows(noise, [l1], ("living", "window"))
            rows += [_row(noise, l1, "gain, nats per pixel", noise.gain(l1))]
    why = (
        f"On permuted pixels L1's windows are as full as on the images for {_of(full)} kinds of image. "
        f"They are fuller than those of its own weights, shuffled, for {_of(ordered)}."
    )
    if False in full:
        why += " The penalty makes weights few; the images' correlations bring them together."
    return Answer(graded(every(full), every(ordered)), why, rows)


@claim("HO-6", HO, "The filters stay so after refinement as an autoencoder.", rule="Not tested.")
def refined(run: Run) -> Answer:
    raise NotTested("Ho goes on with an autoencoder and backpropagation. Here the RBM alone is trained.")


CLAIMS = (l1_local_l2_diffuse, random_without, zeros, penalty_not_criticality, penalty_alone, refined)


def _compared(run: Run, rival: str) -> tuple[list[tuple[Findings, Machine, Machine]], list[bool | None], str]:
    """The kinds of image with RBMs of L1 and of the rival to compare, what others count as, and why."""
    compared, without = [], []
    others: list[bool | None] = []
    for some in (Findings(run, name) for name in run["measured"]):
        l1, other = some.chosen("l1"), some.chosen(rival)
        if l1 is not None and other is not None:
            compared.append((some, l1, other))
        elif np.isnan([some.gain(one) for one in (NONE, *some.family("l1"), *some.family(rival))]).any():
            others.append(None)
            without.append(f"On {some.name}, ln Z of an RBM is not reliable: anneal longer.")
        else:
            others.append(False)
            without.append(f"On {some.name}, no {'L2' if l1 else 'L1'} RBM keeps 90 % of the held-out gain.")
    if not compared:
        raise NotTested(" ".join(without))
    return compared, others, "".join(f" {sentence}" for sentence in without)


def _more(difference: ArrayLike) -> bool | None:
    return exceeds(mean_over_seeds(difference), SIGMAS, SHARP / SIGMAS)


def _of(held: Sequence[bool | None]) -> str:
    return f"{sum(one is True for one in held)} of {len(held)}"


def _rows(some: Findings, machines: Iterable[Machine], quantities: Iterable[str]) -> list[dict[str, Any]]:
    return [_row(some, one, key, some(one, key)) for one in machines for key in quantities]


def _row(some: Findings, one: Machine | str, quantity: str, values: ArrayLike) -> dict[str, Any]:
    return row(f"{some.name}, {one}", quantity, mean_over_seeds(values))
