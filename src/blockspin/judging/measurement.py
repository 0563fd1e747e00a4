"""What a criterion measures: numbers with a state, and what the judge may compare them with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, PlainSerializer, TypeAdapter, ValidationError

from blockspin.statistics import Estimate, student

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


def single(stored: Any) -> Any:
    """A copy of what is JSON-able, without the "trainings" of a number that is of one training alone."""
    if isinstance(stored, dict):
        return {key: single(one) for key, one in stored.items() if key != "trainings" or one is not None}
    return [single(one) for one in stored] if isinstance(stored, list) else stored


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
BLURRED = "within errors"  # the code of a number whose errors are too large to decide
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
class Trainings:
    """What a mean over trainings is of: the value of each training, and the two errors that the mean's consists of.

    sampling: of the samples that trainings are measured on, root mean square, as if these were the same for all;
    between: the standard error of the mean from the scatter of the trainings; of: the number of trainings, of which
    some may have no value. own: the error of sampling is each training's own, as that over its units. Then `between`
    holds it already, and is all of the mean's error; `sampling` is that of the mean.
    """

    values: tuple[Real, ...]
    sampling: Real
    between: Real
    of: int = 0
    own: bool = False

    def half_width(self, errors: float) -> float:
        """So many errors of the mean, those of the scatter by Student's t: few trainings know their scatter badly."""
        sampling = math.nan if self.own and math.isfinite(self.between) else self.sampling
        parts = (errors * sampling, errors * self.between * student(len(self.values), errors))
        known = [one for one in parts if math.isfinite(one)]
        return math.hypot(*known) if known else math.nan


@dataclass(frozen=True)
class Side:
    """Something that a number is compared with: a null, a reference or an exact value, which may have a DOI.

    trainings: where the value is a mean over several.
    """

    name: str
    value: Real
    error: Real = 0.0
    doi: str = ""
    trainings: Trainings | None = None

    @classmethod
    def of(cls, name: str, one: Estimate | Measurement) -> Side:
        """The side of this name that was itself estimated, or measured."""
        return cls(name, one.value, one.error, trainings=getattr(one, "trainings", None))

    def half_width(self, errors: float) -> float:
        """So many standard errors, as decisions count them: wider for a mean over few trainings."""
        return errors * self.error if self.trainings is None else self.trainings.half_width(errors)


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
        return dict(single(_MEASURED.dump_python(self, mode="json")))

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Measured:
        """The inverse of `to_dict`."""
        return valid(_MEASURED, stored)


_MEASURED = TypeAdapter(Measured)
