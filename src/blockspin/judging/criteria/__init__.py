"""The criteria of the judge: one file and one row each."""

from blockspin.judging.criteria.criterion import Criterion, Quantity
from blockspin.judging.criteria.fidelity import FIDELITY
from blockspin.judging.criteria.flow import FLOW
from blockspin.judging.criteria.generalization import GENERALIZATION
from blockspin.judging.criteria.information import INFORMATION
from blockspin.judging.criteria.locality import LOCALITY
from blockspin.judging.criteria.manifold import MANIFOLD
from blockspin.judging.criteria.range import RANGE
from blockspin.judging.criteria.spectrum import SPECTRUM
from blockspin.judging.criteria.symmetry import SYMMETRY
from blockspin.judging.criteria.tiling import TILING
from blockspin.judging.rules import Rule

CRITERIA: dict[str, Criterion] = {
    "locality": LOCALITY,
    "tiling": TILING,
    "symmetry": SYMMETRY,
    "fidelity": FIDELITY,
    "spectrum": SPECTRUM,
    "manifold": MANIFOLD,
    "flow": FLOW,
    "range": RANGE,
    "information": INFORMATION,
    "generalization": GENERALIZATION,
}


def quantity_of(criterion: str, quantity: str) -> Quantity:
    """A quantity by its name. Raises KeyError for an unknown criterion or quantity."""
    return {one.name: one for one in CRITERIA[criterion].quantities}[quantity]


def rule_of(criterion: str, quantity: str) -> Rule:
    """The rule by which a quantity passes. Raises KeyError for an unknown criterion or quantity."""
    return quantity_of(criterion, quantity).rule


__all__ = ["CRITERIA", "Criterion", "Quantity", "quantity_of", "rule_of"]
