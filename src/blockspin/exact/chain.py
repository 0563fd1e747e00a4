"""ln Z of the ring of L Ising spins in a field, exactly, by its 2 x 2 transfer matrix.

T(s, s') = exp(K s s' + h (s + s')/2), Z = Tr T^L. Sources: E. Ising, Z. Phys. 31, 253 (1925);
R. J. Baxter, Exactly Solved Models in Statistical Mechanics (1982), chapter 2.
"""

import numpy as np

from blockspin.models import Ising


def log_partition(model: Ising) -> float:
    """ln Z of the ring, ln(lambda_+^L + lambda_-^L), in nats; raises ValueError for another lattice."""
    if model.lattice.kind != "chain":
        raise ValueError(f"the transfer matrix of the ring needs a chain; got {model.lattice}")
    L, K, h = model.lattice.n_sites, model.K, model.h
    scale = max(K + abs(h), -K)
    smaller, larger = np.linalg.eigh(np.exp(np.array([[K + h, -K], [-K, K - h]]) - scale))[0]
    return float(L * (scale + np.log(larger)) + np.log1p((smaller / larger) ** L))
