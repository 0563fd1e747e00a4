"""A claim of a paper: its rule is data, its answer is a function of the run."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from blockspin.statistics import Estimate

Status = Literal["reproduced", "partly", "not reproduced", "undecided", "not tested"]
STATUSES: tuple[Status, ...] = ("reproduced", "partly", "not reproduced", "undecided", "not tested")
Evidence = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Answer:
    """What came of a claim: its status, the reason in a sentence, and the numbers that it rests on."""

    status: Status
    why: str
    evidence: Evidence = ()


class NotTested(Exception):
    """Raised by a claim that this run does not ask: what it lacks, and what numbers there are."""

    def __init__(self, why: str, evidence: Evidence = ()) -> None:
        self.answer = Answer("not tested", why, evidence)


def graded(full: bool | None, part: bool | None = False) -> Status:
    """Reproduced where the claim holds in full, partly where only a part of it is sure to hold.

    Not reproduced where neither does. Undecided where the errors leave that open, None.
    """
    if full or part:
        return "reproduced" if full else "partly"
    return "undecided" if full is None or part is None else "not reproduced"


def every(yes: Iterable[bool | None], no: Iterable[bool | None] = ()) -> bool | None:
    """Whether all of `yes` hold and none of `no` does; None where those that are undecided, None, decide it."""
    yes, no = [*yes], [*no]
    if False in yes or True in no:
        return False
    return None if None in yes + no else True


def at_least_one(parts: Iterable[bool | None]) -> bool | None:
    """Whether any holds; None where those that are undecided decide it."""
    known = [*parts]
    return True if True in known else None if None in known else False


def passed(outcome: str) -> bool | None:
    """Whether the judge passes something; None where it cannot tell, which is no fail."""
    return {"pass": True, "fail": False}.get(outcome)


def agrees(one: Estimate, target: float, room: float, errors: float, most: float) -> bool | None:
    """Whether a number is the target within a room and so many of its errors.

    None, undecided, where it could be, and its error is above `most`: a number that is not sharp agrees with anything.
    """
    if abs(one.value - target) > room + errors * one.error:
        return False
    return True if one.error <= most else None


def exceeds(one: Estimate, errors: float, most: float) -> bool | None:
    """Whether a number is above 0 by more than so many of its errors.

    None, undecided, where it is not below 0 by as many either, and its error is above `most`: it could be much.
    """
    if one.value > errors * one.error:
        return True
    return False if one.error <= most or one.value < -errors * one.error else None


@dataclass(frozen=True)
class Claim:
    """A claim with its source, the rule that decides it, and the function of the run that follows the rule."""

    id: str
    source: str
    text: str
    rule: str
    answer: Callable[[Any], Answer]

    def __call__(self, *runs: Any) -> dict[str, Any]:
        """The entry of claims.json, from a run, or from those of its trainings, in each of which it is decided."""
        answers = [self._answer(one) for one in runs]
        answer, rule = (together(answers), self.rule + SEVERAL) if len(answers) > 1 else (answers[0], self.rule)
        about = {"id": self.id, "source": self.source, "text": self.text, "rule": rule}
        return about | {"status": answer.status, "why": answer.why, "evidence": list(answer.evidence)}

    def _answer(self, run: Any) -> Answer:
        try:
            return self.answer(run)
        except NotTested as none:
            return none.answer


SEVERAL = (
    " Decided in each training. Over all trainings that test it, it is reproduced where each reproduces it, partly "
    "where some do, in full or partly, undecided where none does and some are, else not reproduced. Unless the "
    "experiment says otherwise trainings share their samples: all that agree saw one and the same draw of them."
)


def together(answers: Sequence[Answer]) -> Answer:
    """The answer of several trainings, from that of each; those that do not test the claim decide nothing.

    Where all rest on the same numbers, nothing in the claim is trained.
    """
    tested = [one.status for one in answers if one.status != "not tested"]
    if not tested or all(one == answers[0] for one in answers):
        return answers[0]
    part = at_least_one({"not reproduced": False, "undecided": None}.get(one, True) for one in tested)
    status = graded({*tested} == {"reproduced"}, part)
    counts = [(status, n) for status in STATUSES if (n := sum(one.status == status for one in answers))]
    why = " ".join(f"{one.capitalize()} in {n} of {len(answers)} trainings." for one, n in counts)
    evidence = [{**row, "training": n} for n, one in enumerate(answers, start=1) for row in one.evidence]
    n, shown = next((n, one) for n, one in enumerate(answers, start=1) if one.status != "not tested")
    return Answer(status, f"{why} Training {n} ({shown.status}): {shown.why}", evidence)


def claim(id: str, source: str, text: str, *, rule: str) -> Callable[[Callable[[Any], Answer]], Claim]:
    """Make a function of the run a claim. rule: when it is reproduced, partly, undecided, and not tested."""
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
