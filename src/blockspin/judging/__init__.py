"""The judge of coarse-grainings: criteria, nulls, references, scorecard."""

from blockspin.judging.card import Note, Row, Scorecard, Verdict, scorecard
from blockspin.judging.criteria import CRITERIA
from blockspin.judging.evidence import Evidence, Subject
from blockspin.judging.judge import judge, measure, measure_subject, reference
from blockspin.judging.measurement import Measured, Measurement, NotDefined, NotRequested, Reading, Side, State
from blockspin.judging.rules import Outcome

__all__ = [
    "CRITERIA",
    "Evidence",
    "Measured",
    "Measurement",
    "NotDefined",
    "NotRequested",
    "Note",
    "Outcome",
    "Reading",
    "Row",
    "Scorecard",
    "Side",
    "State",
    "Subject",
    "Verdict",
    "judge",
    "measure",
    "measure_subject",
    "reference",
    "scorecard",
]
