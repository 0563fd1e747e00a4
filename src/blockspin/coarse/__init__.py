"""Coarse-grainings: block rules and learned maps, all scikit-learn transformers. One row of MAPS a rule with a name."""

MAPS = {
    "majority": "blockspin.coarse.blocks:Majority",
    "decimation": "blockspin.coarse.blocks:Decimation",
    "threshold": "blockspin.coarse.weighted:Threshold",
    "weighted-majority": "blockspin.coarse.weighted:WeightedMajority",
}
"""Name to "module:class" of rules that are built from a lattice and a block side; imported when asked for."""
