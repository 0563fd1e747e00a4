"""Any block and any environment of a small lattice, by enumeration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blockspin.arrays import FloatArray
from blockspin.exact import enumeration
from blockspin.exact.information import Joint
from blockspin.exact.surroundings import _bits
from blockspin.models import Ising


def enumerated(model: Ising, block: Sequence[int], environment: Sequence[int]) -> Joint:
    """Any block and any environment of a small lattice, by their sites, summed over every state.

    The table has shape (2^(spins of the block), 2^(spins of the environment)), bits in the order of the sites given.
    Raises ValueError for more than 24 sites, or where block and environment overlap or hold no site.
    """
    inside, outside = np.asarray(block, int), np.asarray(environment, int)
    both = np.concatenate([inside, outside])
    if not len(inside) or not len(outside) or len(np.unique(both)) < len(both):
        raise ValueError(f"block and environment must hold sites and share none; got {inside} and {outside}")
    chance = enumeration.probabilities(model)
    numbers = np.arange(len(chance))
    joint = _bits(numbers, inside) * (1 << len(outside)) + _bits(numbers, outside)
    table: FloatArray = np.bincount(joint, chance, minlength=1 << len(both)).astype(float)
    return Joint(table.reshape(1 << len(inside), -1), enumeration.log_partition(model))
