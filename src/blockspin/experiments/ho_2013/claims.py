"""The claims of the experiment ho-2013, each decided by a stated rule from the measurements."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from blockspin.experiments.claim import Claim
from blockspin.experiments.ho_2013.readings import KEPT, Findings, Machine, clear, label, over_seeds

Found = Mapping[tuple[str, str], Findings]
"""(kind of image, control) to its findings; the control "images" is the images themselves."""

HO = "Ho 2013 (nghiaho.com/?p=1796)"
NONE: Machine = ("none", 0.0)
RULE = f"Compared: the most local machine of each penalty that keeps {KEPT:.0%} of the held-out gain without one"


def claims(found: Found) -> list[Claim]:
    """All claims, from the measurements by kind of image and control."""
    return [
        l1_local_l2_diffuse(found),
        random_without(found),
        zeros(found),
        penalty_not_criticality(found),
        penalty_alone(found),
        refined(),
    ]


def l1_local_l2_diffuse(found: Found) -> Claim:
    """Reproduced where on every kind of image L1 is local by both measures, L2 by none, and L1 the more local one.

    The more local one: a larger window share and a smaller participation ratio than L2 at L1's held-out likelihood,
    for every seed and by more than 3 errors. Partly where that holds on every kind, or all of it on one.
    """
    text = "L1 gives localised filters, L2 diffuse ones."
    told, all_of_it, more, evidence = [], [], [], []
    for name, some in _images(found):
        l1, l2 = some.chosen("l1"), some.chosen("l2")
        if l1 is None or l2 is None:
            told.append(f"{name}: {_none_able(some, l1)}")
            all_of_it.append(False)
            more.append(False)
            continue
        window = some(l1, "window") - some.rival(l1, "window")
        count = some.rival(l1, "participation") - some(l1, "participation")
        more.append(clear(window) and clear(count))
        local, diffuse = some.is_local(l1), some.is_local(l2)
        all_of_it.append(more[-1] and all(local.values()) and not any(diffuse.values()))
        told.append(
            f"{name}: {_two(some, l1)} ({_yes(local)}) against {_two(some, l2)} ({_yes(diffuse)}); at the held-out "
            f"likelihood of the L1 machine, L2 has participation {over_seeds(some.rival(l1, 'participation'))} and "
            f"window share {over_seeds(some.rival(l1, 'window'))}"
        )
        evidence += _rows(name, some)
    if not evidence:
        return Claim("HO-1", HO, text, "not tested", f"{'; '.join(told)}.", [])
    status = "reproduced" if all(all_of_it) else "partly" if any(all_of_it) or all(more) else "not reproduced"
    why = (
        f"{'; '.join(told)}. {RULE}. Rule: local is a machine beyond halfway from random weights to a field "
        "within one window, by the participation ratio (halfway of its logarithm) and by the share of w^2 in the best "
        "window."
    )
    return Claim("HO-1", HO, text, status, why, evidence)


def random_without(found: Found) -> Claim:
    """Reproduced where the machine reconstructs and its weights have no more spatial order than the same, shuffled.

    Reconstructs: at less than half the mean squared error of the mean image, held out. No order: neighbours no more
    alike, and windows no fuller, than where each unit's weights are shuffled over the pixels, 3 errors aside.
    """
    text = "Without a penalty the filters look random and meaningless, although reconstruction works."
    told, works, random, evidence = [], [], [], []
    for name, some in _images(found):
        error = some(NONE, "reconstruction") / some.beside("flat_error")
        works.append(bool(error.mean() < 0.5))
        order = {key: some(NONE, key) - some(NONE, key, "shuffled") for key in ("alike", "window")}
        random.append(not any(clear(difference) for difference in order.values()))
        told.append(
            f"{name}: error {over_seeds(error)} of the mean image's; neighbouring weights are alike to "
            f"{over_seeds(some(NONE, 'alike'))} (shuffled {over_seeds(some(NONE, 'alike', 'shuffled'))}), window share "
            f"{over_seeds(some(NONE, 'window'))} (shuffled {over_seeds(some(NONE, 'window', 'shuffled'))})"
        )
        evidence += [
            _row(f"{name}, none", key, some(NONE, key))
            for key in ("alike", "window", "participation", "reconstruction")
        ]
    both = all(works) and all(random)
    rule = "Rule: the filters are random where they have no more order than their own weights, shuffled."
    status = "reproduced" if both else "partly" if all(works) or all(random) else "not reproduced"
    return Claim("HO-2", HO, text, status, f"{'; '.join(told)}. {rule}", evidence)


def zeros(found: Found) -> Claim:
    """Reproduced where on every kind of image L1 alone has weights of exactly zero, and its largest is above L2's.

    Partly where one of the two holds on every kind. Zeros are exact by the proximal step; both penalties at their
    chosen strengths.
    """
    text = "L1 sets many weights exactly to zero and lets some grow; L2 leaves many small ones."
    told, exact, grown, evidence = [], [], [], []
    for name, some in _images(found):
        l1, l2 = some.chosen("l1"), some.chosen("l2")
        if l1 is None or l2 is None:
            told.append(f"{name}: {_none_able(some, l1)}")
            exact.append(False)
            grown.append(False)
            continue
        exact.append(clear(some(l1, "zeros")) and not some(l2, "zeros").any() and not some(NONE, "zeros").any())
        grown.append(clear(some(l1, "largest") - some(l2, "largest")))
        told.append(
            f"{name}: {_percent(some(l1, 'zeros'))} of the weights are zero at {label(l1)}, "
            f"{_percent(some(l2, 'zeros'))} at {label(l2)}; the largest is {over_seeds(some(l1, 'largest'))} against "
            f"{over_seeds(some(l2, 'largest'))} (none: {over_seeds(some(NONE, 'largest'))})"
        )
        evidence += [
            _row(f"{name}, {label(one)}", key, some(one, key)) for one in (NONE, l2, l1) for key in ("zeros", "largest")
        ]
    if not evidence:
        return Claim("HO-3", HO, text, "not tested", f"{'; '.join(told)}.", [])
    both, one = all(exact) and all(grown), all(exact) or all(grown)
    status = "reproduced" if both else "partly" if one else "not reproduced"
    return Claim("HO-3", HO, text, status, "; ".join(told) + ".", evidence)


def penalty_not_criticality(found: Found) -> Claim:
    """Reproduced where on every kind of image L1 is local by both measures and no penalty by neither.

    Partly where L1 is more local than no penalty in both, for every seed and by more than 3 errors, on every kind.
    """
    text = "Local fields need no critical system and no renormalization: they are a property of the penalty."
    told, decided, more, evidence = [], [], [], []
    for name, some in _images(found):
        l1 = some.chosen("l1")
        if l1 is None:
            told.append(f"{name}: {_none_able(some, l1)}")
            decided.append(False)
            more.append(False)
            continue
        local, without = some.is_local(l1), some.is_local(NONE)
        decided.append(all(local.values()) and not any(without.values()))
        more.append(
            clear(some(l1, "window") - some(NONE, "window"))
            and clear(some(NONE, "participation") - some(l1, "participation"))
        )
        told.append(f"{name}: {_two(some, l1)} ({_yes(local)}), {_two(some, NONE)} ({_yes(without)})")
        evidence += [
            _row(f"{name}, {label(one)}", key, some(one, key))
            for one in (NONE, l1)
            for key in ("participation", "window")
        ]
    source = "Ho 2013 against the reading of Mehta & Schwab 2014"
    if not evidence:
        return Claim("HO-4", source, text, "not tested", f"{'; '.join(told)}.", [])
    status = "reproduced" if all(decided) else "partly" if all(more) else "not reproduced"
    why = (
        f"{'; '.join(told)}. No block step and no critical point is behind these images (photographs are scale "
        "invariant in their own way, digits are not). What the data add is the next claim."
    )
    return Claim("HO-4", source, text, status, why, evidence)


def penalty_alone(found: Found) -> Claim:
    """Reproduced where L1's windows are as full on images whose pixels are permuted as on the images themselves.

    3 errors aside, on every kind of image; partly where they are at least fuller than after each unit's weights are
    shuffled, for every seed and by more than 3 errors. The participation ratio cannot tell: it does not know where a
    pixel lies. Noise decides nothing: no machine gains on it.
    """
    text = "The penalty alone makes filters local, whatever the data."
    names = [name for name, _ in _images(found) if (name, "permuted") in found]
    source = "asked here: controls"
    if not names:
        return Claim("HO-5", source, text, "not tested", "the control of permuted pixels is not in this run", [])
    told, full, ordered, evidence = [], [], [], []
    for name in names:
        some, straight = found[name, "permuted"], found[name, "images"]
        l1 = some.family("l1")[0]
        alive = bool(np.isfinite(some(l1, "window")).all())  # else there is no filter that could be local
        full.append(alive and not clear(straight(l1, "window") - some(l1, "window")))
        ordered.append(clear(some(l1, "window") - some(l1, "window", "shuffled")))
        told.append(
            f"{name}, pixels permuted: {_two(some, l1)}, its own weights shuffled "
            f"{over_seeds(some(l1, 'window', 'shuffled'))}, the permutation undone "
            f"{over_seeds(some(l1, 'window', 'restored'))}; on the images themselves {_two(straight, l1)}"
        )
        evidence += [_row(f"{name} permuted, {label(l1)}", key, some(l1, key)) for key in ("participation", "window")]
        evidence.append(_row(f"{name} permuted, {label(l1)}", "window, undone", some(l1, "window", "restored")))
        if (name, "noise") in found:
            noise = found[name, "noise"]
            told.append(
                f"{name}, noise: held-out gain {over_seeds(1e3 * noise.gain(l1))} thousandths of a nat a pixel, "
                f"{noise(l1, 'living').mean():.0f} living units"
            )
            evidence += [_row(f"{name} noise, {label(l1)}", key, noise(l1, key)) for key in ("living", "window")]
    status = "reproduced" if all(full) else "partly" if all(ordered) else "not reproduced"
    why = f"{'; '.join(told)}. Decided by the window alone: a participation ratio does not know where pixels lie."
    if status != "reproduced":
        why += " The penalty makes weights few; that they lie together is the doing of the images' correlations."
    return Claim("HO-5", source, text, status, why, evidence)


def refined() -> Claim:
    """Not tested: no autoencoder is trained here."""
    why = "Ho goes on with a 64-100-64 autoencoder by backpropagation, 500 iterations; here the RBM alone is trained."
    return Claim("HO-6", HO, "The filters stay so after refinement as an autoencoder.", "not tested", why, [])


def _images(found: Found) -> list[tuple[str, Findings]]:
    return [(name, some) for (name, control), some in found.items() if control == "images"]


def _none_able(some: Findings, l1: Machine | None) -> str:
    if np.isnan(some.gain(NONE)).any():
        return "ln Z of the machine without a penalty is not to be believed, and nothing to compare with: anneal longer"
    return f"no {'L1' if l1 is None else 'L2'} machine of the scan keeps {KEPT:.0%} of the held-out gain"


def _two(some: Findings, machine: Machine) -> str:
    return (
        f"{label(machine)} has participation {over_seeds(some(machine, 'participation'))} and window share "
        f"{over_seeds(some(machine, 'window'))}"
    )


def _yes(local: Mapping[str, bool]) -> str:
    passed = [name for name, answer in local.items() if answer]
    return "local" if len(passed) == len(local) else f"local by {passed[0]} alone" if passed else "not local"


def _rows(name: str, some: Findings) -> list[dict[str, Any]]:
    return [
        _row(f"{name}, {label(machine)}", key, read(machine))
        for machine in some.machines
        for key, read in _quantities(some).items()
    ]


def _quantities(some: Findings) -> dict[str, Callable[[Machine], Any]]:
    return {
        "participation": lambda machine: some(machine, "participation"),
        "window": lambda machine: some(machine, "window"),
        "gain, nats a pixel": some.gain,
    }


def _row(where: str, quantity: str, values: Any) -> dict[str, Any]:
    found = over_seeds(np.asarray(values, float))
    return {
        "quantity": f"{where}: {quantity}",
        "value": found.value if math.isfinite(found.value) else None,
        "error": found.error if math.isfinite(found.error) else None,
    }


def _percent(values: Any) -> str:
    found = over_seeds(100 * np.asarray(values))
    return f"{found} %"
