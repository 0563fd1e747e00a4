"""The judge of coarse-grainings: criteria, nulls, references, scorecard, each imported when first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_WHERE = {
    "CRITERIA": "criteria",
    "Comparison": "card",
    "Evidence": "evidence",
    "Measured": "measurement",
    "NotDefined": "measurement",
    "Note": "card",
    "Outcome": "rules",
    "Row": "verdict",
    "Scorecard": "card",
    "Subject": "evidence",
    "mean": "trainings",
    "measure_subject": "judge",
    "reference": "judge",
    "scorecard": "card",
}
__all__ = [*_WHERE]

if TYPE_CHECKING:
    from blockspin.judging.card import Comparison as Comparison
    from blockspin.judging.card import Note as Note
    from blockspin.judging.card import Scorecard as Scorecard
    from blockspin.judging.card import scorecard as scorecard
    from blockspin.judging.criteria import CRITERIA as CRITERIA
    from blockspin.judging.evidence import Evidence as Evidence
    from blockspin.judging.evidence import Subject as Subject
    from blockspin.judging.judge import measure_subject as measure_subject
    from blockspin.judging.judge import reference as reference
    from blockspin.judging.measurement import Measured as Measured
    from blockspin.judging.measurement import NotDefined as NotDefined
    from blockspin.judging.rules import Outcome as Outcome
    from blockspin.judging.trainings import mean as mean
    from blockspin.judging.verdict import Row as Row


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"blockspin.judging has no {name!r}; its names are {', '.join(_WHERE)}")
    return getattr(import_module(f"blockspin.judging.{_WHERE[name]}"), name)
