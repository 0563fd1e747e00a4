"""What a criterion measures: numbers with a state, and what the judge may compare them with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, PlainSerializer, TypeAdapter, ValidationError

from blockspin.statistics import Estimate, mean_over_trainings

T = TypeVar("T")
Real = Annotated[
    float,
    BeforeValidator(lambda value: math.nan if value is None else value),
    PlainSerializer(lambda value: value if math.isfinite(value) else None),
]
"""A number for which JSON holds null where it is not finite."""


def valid(adapter: TypeAdapter[T], stored: Any) -> T:
    """What was stored, as an object; raises ValueError, in one line with the place, where it is none."""
    try:
        return adapter.validate_python(stored)
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ValueError(found) from error


class State(StrEnum):
    """Whether a quantity has a number, and whether the number counts."""

    MEASURED = "measured"
    FORCED = "forced"  # a number that the map has no right to (its units were forced onto a lattice): a null for others
    UNDEFINED = "undefined"  # no such number exists for this map on these samples
    NOT_REQUESTED = "not requested"  # the samples that it needs were not given


UNPLACED = {
    "open edges": "the lattice has open edges",
    "missing sites": "sites of the lattice are missing",
    "no lattice": "the units have no positions",
}
"""What keeps sites from being a periodic lattice, by its code in the samples, in words."""
LOOSE = "few draws for fields"  # the code of a number that is of fields from too few draws: it is too wide, if anything


class NotDefined(Exception):
    """A criterion raises this for a quantity that has no number: a code for programs, a sentence for readers."""

    state = State.UNDEFINED

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class NotRequested(NotDefined):
    """A criterion raises this for a quantity whose samples were not given."""

    state = State.NOT_REQUESTED


@dataclass(frozen=True)
class Side:
    """Something that a number is compared with: a null, a reference or an exact value, which may have a DOI."""

    name: str
    value: Real
    error: Real = 0.0
    doi: str = ""

    @classmethod
    def of(cls, name: str, estimate: Estimate) -> Side:
        """The side of this name that was itself estimated."""
        return cls(name, estimate.value, estimate.error)


@dataclass(frozen=True)
class Reading:
    """The number that a criterion's function returns, with what the quantity itself brings to compare with.

    note: what a reader must know of the number. forced: why the map has no right to it, "" where it has.
    target: a reference of the quantity's own, which takes the place of the block rule's. below, above: values that no
    RG step has, on either side of those that it can have. exact: the value of an exact RG step.
    """

    value: float
    error: float
    note: str = ""
    forced: str = ""
    target: Side | None = None
    below: Side | None = None
    above: Side | None = None
    exact: Side | None = None


@dataclass(frozen=True)
class Trainings:
    """What a mean over trainings is of: the value of each training, and the two errors that the mean's consists of.

    sampling: of the samples and units that one training is measured on, root mean square, as if all trainings were
    measured on the same ones: where these differ, the joined error is too large. between: the standard error of the
    mean from the scatter of the trainings; of: the number of trainings, of which some may have no value.
    """

    values: tuple[Real, ...]
    sampling: Real
    between: Real
    of: int = 0


@dataclass(frozen=True)
class Measurement:
    """One quantity of one map: a value with its standard error (nan where there is none) and its state.

    code and why say why the state is not "measured"; the other fields are those of `Reading`.
    """

    criterion: str
    quantity: str
    value: Real = math.nan
    error: Real = math.nan
    state: State = State.MEASURED
    code: str = ""
    why: str = ""
    target: Side | None = None
    below: Side | None = None
    above: Side | None = None
    exact: Side | None = None
    trainings: Trainings | None = None

    @classmethod
    def of(cls, criterion: str, quantity: str, reading: Reading) -> Measurement:
        """The measurement that a reading is."""
        sides = (reading.target, reading.below, reading.above, reading.exact)
        state, code = (State.FORCED, "forced") if reading.forced else (State.MEASURED, "")
        number = (criterion, quantity, reading.value, reading.error)
        return cls(*number, state, code, reading.forced or reading.note, *sides)

    @property
    def defined(self) -> bool:
        """Whether there is a number that the data support."""
        return self.state is State.MEASURED


@dataclass(frozen=True)
class Measured:
    """Everything measured of one map; `b` is the block side that its number of units gives.

    kind: which null the map is ("shuffled sites", "K=0 data", ...), "" where it is none.
    """

    name: str
    layer: int
    b: float
    measurements: tuple[Measurement, ...] = ()
    kind: str = ""

    def find(self, criterion: str, quantity: str) -> Measurement | None:
        """The measurement of that name, if it was made."""
        return next((one for one in self.measurements if (one.criterion, one.quantity) == (criterion, quantity)), None)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able copy; not-a-number becomes None."""
        stored: dict[str, Any] = _MEASURED.dump_python(self, mode="json")
        for one in stored["measurements"]:
            one.pop("trainings") if one["trainings"] is None else None
        return stored

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Measured:
        """The inverse of `to_dict`."""
        return valid(_MEASURED, stored)


def mean(trainings: Sequence[Measured]) -> Measured:
    """The same map over several trainings: means, with the errors of sampling and of training in one.

    A quantity has a mean where most trainings have a number that counts, of those; else it is that of the first that
    has none, and says in how many. What it is compared with is a mean too, where samples differ; and it is of too few
    draws where one is. A map that is the same in all, such as a block rule, has no trainings.
    """
    first = trainings[0]
    if all(one == first for one in trainings):
        return first
    found = [[one.find(own.criterion, own.quantity) for one in trainings] for own in first.measurements]
    return replace(first, measurements=tuple(_mean([one for one in some if one is not None]) for some in found))


def _mean(some: Sequence[Measurement]) -> Measurement:
    counting = [one for one in some if one.defined]
    if len(some) == 1 or 2 * len(counting) <= len(some):
        without = next((one for one in some if not one.defined), some[0])
        counted = f"in {len(some) - len(counting)} of {len(some)} trainings: " if len(some) > 1 else ""
        return replace(without, why=f"{counted}{without.why}")
    found, sampling, between = mean_over_trainings([Estimate(one.value, one.error) for one in counting])
    why = counting[0].why if len(counting) == len(some) else f"a mean over {len(counting)} of {len(some)} trainings"
    trainings = Trainings(tuple(one.value for one in counting), sampling, between, len(some))
    code = next((one.code for one in counting if one.code), "")
    sides = zip(*((one.target, one.below, one.above, one.exact) for one in counting), strict=True)
    target, below, above, exact = map(_side, sides)
    number = (some[0].criterion, some[0].quantity, found.value, found.error)
    return Measurement(*number, State.MEASURED, code, why, target, below, above, exact, trainings)


def _side(some: Sequence[Side | None]) -> Side | None:
    first, known = some[0], [one for one in some if one is not None]
    if first is None or all(one == first for one in some):
        return first
    found = mean_over_trainings([Estimate(one.value, one.error) for one in known])[0]
    return replace(first, value=found.value, error=found.error)


_MEASURED = TypeAdapter(Measured)
