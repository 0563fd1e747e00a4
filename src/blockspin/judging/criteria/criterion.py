"""What a criterion is: a question, and quantities, each with a function that measures it and the rule it passes by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from blockspin.judging.evidence import Subject
from blockspin.judging.measurement import Measurement, NotDefined, Reading
from blockspin.judging.rules import Rule


@dataclass(frozen=True)
class Quantity:
    """A quantity of a criterion: its name, the function that measures it, and its rule.

    measure returns a `Reading`, raises `NotDefined` or `NotRequested` where there is none, and returns None where the
    question does not arise for the map (the likelihood of a map that is no generative model).
    """

    name: str
    measure: Callable[[Subject], Reading | None]
    rule: Rule


@dataclass(frozen=True)
class Criterion:
    """A question with its quantities.

    headline: the quantities shown first. decides: whether the verdict rests on it. whole: it passes only where all its
    quantities can tell.
    """

    question: str
    quantities: tuple[Quantity, ...]
    headline: tuple[str, ...]
    decides: bool = False
    whole: bool = False

    def measure(self, name: str, subject: Subject) -> list[Measurement]:
        """All quantities of a map, under the criterion's name."""
        found = [_measured(name, quantity, subject) for quantity in self.quantities]
        return [one for one in found if one is not None]


def _measured(criterion: str, quantity: Quantity, subject: Subject) -> Measurement | None:
    try:
        reading = quantity.measure(subject)
    except NotDefined as reason:
        return Measurement(criterion, quantity.name, state=reason.state, code=reason.code, why=reason.why)
    return None if reading is None else Measurement.of(criterion, quantity.name, reading)
