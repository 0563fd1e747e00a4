"""A claim of a paper: its rule is data, its answer is a function of the run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from blockspin.statistics import Estimate

Status = Literal["reproduced", "partly", "not reproduced", "not tested"]
STATUSES: tuple[Status, ...] = ("reproduced", "partly", "not reproduced", "not tested")
Evidence = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Answer:
    """What came of a claim: its status, the reason in a sentence, and the numbers that it rests on."""

    status: Status
    why: str
    evidence: Evidence = ()


class NotTested(Exception):
    """Raised by a claim that this run cannot decide: why, and what numbers there are."""

    def __init__(self, why: str, evidence: Evidence = ()) -> None:
        self.answer = Answer("not tested", why, evidence)


def graded(full: bool, part: bool = False) -> Status:
    """Reproduced where the claim holds in full, partly where only a part of it holds, else not reproduced."""
    return "reproduced" if full else "partly" if part else "not reproduced"


@dataclass(frozen=True)
class Claim:
    """A claim with its source, the rule that decides it, and the function of the run that follows the rule."""

    id: str
    source: str
    text: str
    rule: str
    answer: Callable[[Any], Answer]

    def __call__(self, run: Any) -> dict[str, Any]:
        """The entry of claims.json."""
        try:
            answer = self.answer(run)
        except NotTested as none:
            answer = none.answer
        about = {"id": self.id, "source": self.source, "text": self.text, "rule": self.rule}
        return about | {"status": answer.status, "why": answer.why, "evidence": list(answer.evidence)}


def claim(id: str, source: str, text: str, *, rule: str) -> Callable[[Callable[[Any], Answer]], Claim]:
    """Make a function of the run a claim. rule: when it is reproduced, when partly, and when it cannot be tested."""
    return lambda answer: Claim(id, source, text, rule, answer)


def row(
    map: str, quantity: str, one: Estimate | float, *, layer: int | None = None, state: str = "measured"
) -> dict[str, Any]:
    """A number of a claim's evidence; None for a value or an error that there is none of.

    layer: where the map has several; state: the judge's, which is kept where the number is not a measured one.
    """
    pair = (one.value, one.error) if isinstance(one, Estimate) else (float(one), math.nan)
    value, error = (number if math.isfinite(number) else None for number in pair)
    where = {"map": map} if layer is None else {"map": map, "layer": layer}
    about = {"quantity": quantity, "value": value, "error": error}
    return where | about | ({} if state == "measured" else {"state": str(state)})
