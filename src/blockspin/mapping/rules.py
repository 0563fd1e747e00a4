"""Physical block rules as conditional probabilities, and operators T that are no renormalization."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from blockspin.exact import enumeration
from blockspin.mapping.machine import spins
from blockspin.mapping.mappings import BlockMapping, TableMapping
from blockspin.models import Ising

FloatArray = NDArray[np.float64]


def decimation(model: Ising, b: int = 2) -> BlockMapping:
    """Decimation: a block's spin is that of its first site, as `blockspin.Decimation` takes it.

    On a ring tanh K' = tanh^b K and no other coupling (arXiv:1410.3831, 1D example). Raises ValueError where b does
    not divide the extents.
    """
    first = spins(model.lattice.blocks(b).shape[1])[:, 0]
    return BlockMapping(model, b, np.stack([first < 0, first > 0], axis=1).astype(float))


def majority(model: Ising, b: int = 2) -> BlockMapping:
    """The majority rule: the sign of the block's sum, ties by a fair coin, as `blockspin.Majority` draws it.

    Raises ValueError where b does not divide the extents.
    """
    up = 0.5 + 0.5 * np.sign(spins(model.lattice.blocks(b).shape[1]).sum(axis=1))
    return BlockMapping(model, b, np.stack([1 - up, up], axis=1))


def unrelated(model: Ising, H_coarse: ArrayLike) -> TableMapping:
    """h drawn from any H'(h) (2^M,), whatever v is: T = -H'(h) - ln Z', so that Tr_h e^T = 1 and H_RG = H' + const.

    "A cat in a thermal bath is a renormalized dog": Lin and Tegmark, arXiv:1608.08225 v2, appendix.
    """
    H = np.asarray(H_coarse, float)
    return TableMapping(model, np.tile(-H - logsumexp(-H), (1 << model.lattice.n_sites, 1)))


def matched(model: Ising, K: ArrayLike) -> TableMapping:
    """T(v, h) = -H(h) - K(v) - ln Zt with Zt = sum_v e^(-H(v) - K(v)), h having as many spins as v, K (2^N,).

    The joint energy H(v) + H(h) + K(v) + ln Zt has the partition function Z of the model, so dF = 0, and yet
    Tr_h e^T = Z e^(-K(v))/Zt. Lin and Tegmark, arXiv:1608.08225 v1, appendix A; Schwab and Mehta, arXiv:1609.03541.
    """
    H, extra = enumeration.energies(model), np.asarray(K, float)
    log_Zt = logsumexp(-H - extra)
    return TableMapping(model, -extra[:, None] - H[None, :] - log_Zt)
