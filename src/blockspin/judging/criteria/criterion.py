"""What a criterion is: a question, and quantities, each with a function that measures it and the rule it passes by."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from blockspin.judging.evidence import Subject
from blockspin.judging.measurement import LOOSE, UNPLACED, Measurement, NotDefined, Reading, State
from blockspin.judging.rules import Rule
from blockspin.samples import positions


@dataclass(frozen=True)
class Quantity:
    """A quantity of a criterion: its name, the function that measures it, and its rule.

    measure returns a `Reading`, raises `NotDefined` or `NotRequested` where there is none, and returns None where the
    question does not arise for the map (the likelihood of a map that is no generative model). of_fields: the quantity
    is of the fields, and one that fails may fail for a regression of them on few draws. anywhere: it needs no periodic
    lattice; the others are not defined without one. own: its error is over the map's own units, and independent of that
    of another training; the others' errors are of samples, which trainings may share.
    """

    name: str
    measure: Callable[[Subject], Reading | None]
    rule: Rule
    of_fields: bool = False
    anywhere: bool = False
    own: bool = False


@dataclass(frozen=True)
class Criterion:
    """A question with its quantities.

    question: the docstring of the criterion's file, whose first line it is (`blockspin list` shows it). headline: the
    quantities shown first. group: what the verdict takes it for, if anything. decides: "renormalizes" needs that it
    passes. denies: its fail denies "renormalizes". whole: it passes only where all its quantities can tell.
    """

    question: str | None
    quantities: tuple[Quantity, ...]
    headline: tuple[str, ...]
    group: Literal["", "block structure", "critical manifold", "exponents"] = ""
    decides: bool = False
    denies: bool = False
    whole: bool = False

    def measure(self, name: str, subject: Subject) -> list[Measurement]:
        """All quantities of a map, under the criterion's name."""
        found = [_measured(name, quantity, subject) for quantity in self.quantities]
        return [one for one in found if one is not None]


def _measured(criterion: str, quantity: Quantity, subject: Subject) -> Measurement | None:
    try:
        if (code := positions(subject.evidence.samples)) and not quantity.anywhere:
            raise NotDefined(code, f"{UNPLACED[code]}: {criterion} needs a periodic lattice here")
        reading = quantity.measure(subject)
    except NotDefined as reason:
        forced = reason.code in ("no exponent", "no couplings") and subject.loose_positions
        code = LOOSE if forced else reason.code
        return Measurement(criterion, quantity.name, state=reason.state, code=code, why=reason.why)
    if reading is None:
        return None
    found = Measurement.of(criterion, quantity.name, reading)
    of_fields = quantity.of_fields and subject.loose_fields
    loose = of_fields if found.defined else found.state is State.FORCED and subject.loose_positions
    return replace(found, code=LOOSE) if loose else found
