"""Coarse-grainings: block rules and learned maps, all scikit-learn transformers. One row of MAPS a rule with a name."""

from importlib import import_module
from typing import Any

MAPS = {
    "majority": "blockspin.coarse.blocks:Majority",
    "decimation": "blockspin.coarse.blocks:Decimation",
    "plurality": "blockspin.coarse.plurality:Plurality",
    "threshold": "blockspin.coarse.weighted:Threshold",
    "weighted-majority": "blockspin.coarse.weighted:WeightedMajority",
    "kernel": "blockspin.coarse.kernel:Kernel",
    "triangular-majority": "blockspin.coarse.triangular:TriangularMajority",
}
"""Name to "module:class" of rules that a lattice and a block side determine; imported when used."""


def rule(name: str) -> Any:
    """The class of a row of MAPS, called with a lattice and a block side."""
    module, _, attribute = MAPS[name].partition(":")
    return getattr(import_module(module), attribute)
