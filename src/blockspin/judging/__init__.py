"""The judge of coarse-grainings: criteria, nulls, references, scorecard."""

from blockspin.judging.card import CRITERIA, Criterion, Measured, Measurement, Scorecard, scorecard
from blockspin.judging.evidence import Evidence, Subject
from blockspin.judging.judge import judge, measure, measure_subject, references

__all__ = [
    "CRITERIA",
    "Criterion",
    "Evidence",
    "Measured",
    "Measurement",
    "Scorecard",
    "Subject",
    "judge",
    "measure",
    "measure_subject",
    "references",
    "scorecard",
]
