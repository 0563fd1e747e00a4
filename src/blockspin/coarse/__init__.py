"""Coarse-grainings: block rules and learned maps, all scikit-learn transformers. One row of MAPS a rule with a name."""

MAPS = {
    "majority": "blockspin.coarse.blocks:Majority",
    "decimation": "blockspin.coarse.blocks:Decimation",
    "plurality": "blockspin.coarse.plurality:Plurality",
}
"""Name to "module:class" of rules that a lattice and a block side determine; imported when asked for."""
