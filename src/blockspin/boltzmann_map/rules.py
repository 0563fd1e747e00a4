"""Physical block rules as conditional probabilities, and operators T that are no renormalization."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from blockspin.arrays import FloatArray
from blockspin.boltzmann_map.machine import spins
from blockspin.boltzmann_map.mappings import Mapping, TableMapping
from blockspin.exact import enumeration
from blockspin.lattice import Lattice
from blockspin.models import Ising


@dataclass(frozen=True, eq=False)
class BlockMapping(Mapping):
    """A model with a rule for each block of side b: p(h | v) = prod_blocks chance[state of the block, h_block].

    chance (2^(b^d), 2): the probability of -1 and of +1 given the block's spins, numbered by their bits in the order
    of `Lattice.blocks`. The blocks are summed over one after another, so that no table of (v, h) is held: up to 24
    sites. Raises ValueError where b does not fit the lattice or chance is no conditional probability.
    """

    model: Ising
    b: int
    chance: FloatArray

    def __post_init__(self) -> None:
        chance = np.asarray(self.chance, float)
        size = self.model.lattice.blocks(self.b).shape[1]
        if chance.shape != (1 << size, 2):
            raise ValueError(f"the chance of a block of {size} spins has shape ({1 << size}, 2); got {chance.shape}")
        if not ((chance >= 0).all() and np.allclose(chance.sum(axis=1), 1, rtol=0, atol=1e-12)):
            raise ValueError("the chance of a block's spin must be a probability: none negative, rows that sum to 1")
        object.__setattr__(self, "chance", chance)

    @property
    def places(self) -> Lattice:
        """The lattice of the coarse spins."""
        return self.model.lattice.coarse(self.b)

    @cached_property
    def log_trace(self) -> FloatArray:
        """ln prod_blocks sum_h chance = 0 for every v: the rule is a conditional probability."""
        return np.zeros(1 << self.model.lattice.n_sites)

    @cached_property
    def coarse(self) -> FloatArray:
        """H_RG(h) = -ln sum_v p(h | v) exp(-H(v)), shape (2^M,)."""
        N = self.model.lattice.n_sites
        least = self.H.min()
        weight = np.exp(least - self.H).reshape((2,) * N)  # the first axis is the highest bit, site N - 1
        left = list(range(N))[::-1]
        for sites in self.model.lattice.blocks(self.b).tolist():
            rule = self.chance.reshape((2,) * len(sites) + (2,))
            weight = np.tensordot(weight, rule, ([left.index(site) for site in sites[::-1]], range(len(sites))))
            left = [site for site in left if site not in sites]
        with np.errstate(divide="ignore"):
            energy: FloatArray = least - np.log(weight.transpose().ravel())
        return energy


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


def unrelated(model: Ising, coarse: Ising) -> TableMapping:
    """h drawn from a coarse model, whatever v is: T = -H'(h) - ln Z', so that Tr_h e^T = 1 and H_RG = H' + const.

    "A cat in a thermal bath is a renormalized dog": Lin and Tegmark, arXiv:1608.08225 v2, appendix.
    """
    H = enumeration.energies(coarse)
    T = np.tile(-H - logsumexp(-H), (1 << model.lattice.n_sites, 1))
    return TableMapping(model, T, coarse.lattice)


def matched(model: Ising, K: ArrayLike) -> TableMapping:
    """T(v, h) = -H(h) - K(v) - ln Zt with Zt = sum_v e^(-H(v) - K(v)), h having as many spins as v, K (2^N,).

    The joint energy H(v) + H(h) + K(v) + ln Zt has the partition function Z of the model, so dF = 0, and yet
    Tr_h e^T = Z e^(-K(v))/Zt. Lin and Tegmark, arXiv:1608.08225 v1, appendix A; Schwab and Mehta, arXiv:1609.03541.
    """
    H, extra = enumeration.energies(model), np.asarray(K, float)
    log_Zt = logsumexp(-H - extra)
    return TableMapping(model, -extra[:, None] - H[None, :] - log_Zt)
