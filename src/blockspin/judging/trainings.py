"""Trainings of one map: what they must have in common, and the means of what is measured of them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from blockspin import checks
from blockspin.coarse.fitting import learns
from blockspin.judging.criteria import quantity_of
from blockspin.judging.evidence import SAME, Subject
from blockspin.judging.measurement import BLURRED, LOOSE, Measured, Measurement, Side, State, Trainings
from blockspin.statistics import Estimate, mean_over_trainings

FREE = ("random_state", "verbose", "n_jobs")  # ends of the names of parameters in which trainings may differ
MISSING = "the question does not arise for the map"


def difference(one: Any, other: Any) -> str:
    """The first parameter in which two maps differ beyond `FREE`, with both values; "" where none does.

    Parameters that are estimators are compared by class, and by their own parameters where get_params lists these;
    functions are compared by name. Maps without get_params have no parameters.
    """
    ours, theirs = _parameters(one), _parameters(other)
    for name in ours | theirs:
        if name not in ours or name not in theirs:
            return f"{name} in one alone"
        if not name.endswith(FREE) and not _alike(ours[name], theirs[name]):
            return f"{name} = {checks.shown(ours[name])} and {checks.shown(theirs[name])}"
    return ""


def _parameters(one: Any) -> dict[str, Any]:
    return one.get_params() if hasattr(one, "get_params") else {}


def _alike(one: Any, other: Any) -> bool:
    if hasattr(one, "get_params") or callable(one):
        names = [getattr(each, "__qualname__", "") for each in (one, other)]
        return type(one) is type(other) and names[0] == names[1]
    if isinstance(one, dict) and isinstance(other, dict):
        return _alike([*one.items()], [*other.items()])
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    return one is other or bool(np.array_equal(one, other))


def check_distinct(name: str, subjects: Sequence[Subject]) -> None:
    """Raise ValueError where two trainings are the same map: one seed, or nothing learned, and equal outputs."""
    if (distinct := len({_identity(one) for one in subjects})) < len(subjects):
        raise ValueError(
            f"{name}, a list of trainings of one map, must hold no map twice; got {len(subjects)} of which {distinct} "
            "differ in outputs or seeds: fit a clone a seed, and give a rule that learns nothing once"
        )


def _identity(one: Subject) -> tuple[Any, ...]:
    # fits of different seeds may end at one rule, as filters of four spins do
    given = one.map.given
    seeds = [f"{name}={seed}" for name, seed in _parameters(given).items() if name.endswith("random_state")]
    return one.outputs[:SAME].tobytes(), *(seeds if learns(given) else ())


def mean(trainings: Sequence[Measured], *, own: Collection[str] = ()) -> Measured:
    """The same map over several trainings: means, with the errors of sampling and of training in one.

    A quantity has a mean where most trainings have a number that counts, of those, or where most have a forced one,
    which may be a null; else it is that of the first that has none, and says in how many. What it is compared with is a
    mean too, where samples differ; and it is of too few draws where one is. A map that is the same in all, such as a
    block rule, has no trainings.

    own: names of quantities of samples that each training has of its own, such as a split: as for errors over units,
    the scatter of trainings then holds the error of the samples. Raises ValueError for trainings of different maps.
    """
    maps = list(dict.fromkeys((one.name, one.layer, one.b, one.kind) for one in trainings))
    if len(maps) != 1:
        raise ValueError(f"trainings of one map must have one name, layer, b and kind; got {maps}")
    first = trainings[0]
    if all(one == first for one in trainings):
        return first
    names = list(dict.fromkeys((one.criterion, one.quantity) for each in trainings for one in each.measurements))
    criteria = list(dict.fromkeys(criterion for criterion, _ in names))
    found = []
    for criterion, quantity in sorted(names, key=lambda name: criteria.index(name[0])):
        missing = Measurement(criterion, quantity, state=State.UNDEFINED, code="does not arise", why=MISSING)
        some = [one.find(criterion, quantity) or missing for one in trainings]
        found.append(_mean(some, quantity in own or quantity_of(criterion, quantity).own))
    return replace(first, measurements=tuple(found))


def _mean(some: Sequence[Measurement], own: bool) -> Measurement:
    defined = [one for one in some if one.defined]
    lacking = [one for one in some if not one.defined]
    counting = defined if len(defined) > len(lacking) else [one for one in lacking if one.state is State.FORCED]
    if 2 * len(counting) <= len(some):
        why = f"in {len(lacking)} of {len(some)} trainings: {_why(some, lacking)}"
        # of as many measured as forced numbers the first forced one is left
        kept = [one for one in lacking if one.state is not State.FORCED] or lacking
        hidden = [one for one in kept if one.code == BLURRED]
        surely = [one for one in kept if one.code != BLURRED]
        return replace((hidden if len(hidden) >= len(surely) else surely)[0], why=why)
    several = "" if len(defined) == len(some) else f"in {len(counting)} of {len(some)} trainings"
    why = ": ".join(filter(None, (several, _why(some, counting))))
    found, trainings = _joined(counting, len(some), own)
    code = LOOSE if any(one.code == LOOSE for one in counting) else counting[0].code
    sides = zip(*((one.target, one.below, one.above, one.exact) for one in counting), strict=True)
    target, below, above, exact = map(_side, sides)
    number = (some[0].criterion, some[0].quantity, found.value, found.error)
    return Measurement(*number, counting[0].state, code, why, target, below, above, exact, trainings)


def _why(all_: Sequence[Measurement], some: Sequence[Measurement]) -> str:
    """What these say, by training where they differ: the numbers in it are of one training."""
    if all(one.why == some[0].why for one in some):
        return some[0].why
    return "; ".join(f"training {n}: {one.why}" for n, one in enumerate(all_, start=1) if one.why and one in some)


def _side(some: Sequence[Side | None]) -> Side | None:
    first, known = some[0], [one for one in some if one is not None]
    if first is None or all(one == first for one in some):
        return first
    found, trainings = _joined(known, len(some))
    return Side(first.name, found.value, found.error, first.doi, trainings)


def _joined(some: Sequence[Measurement | Side], of: int, own: bool = False) -> tuple[Estimate, Trainings]:
    found, sampling, between = mean_over_trainings([Estimate(one.value, one.error) for one in some], own=own)
    return found, Trainings(tuple(one.value for one in some), sampling, between, of, own)
