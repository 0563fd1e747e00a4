"""Variational renormalization, evaluated by summing over every state: Kadanoff's step for an operator T(v, h).

    exp(-H_RG(h)) = sum_v exp(T(v, h) - H(v))                 Mehta and Schwab, arXiv:1410.3831, eq. 6
    dF = F_h - F_v,  F_h = -ln sum_h exp(-H_RG(h)),  F_v = -ln Z                                  eq. 7
    trace condition: sum_h exp(T(v, h)) = 1 for every v                                           eq. 9

`TableMapping` takes T as a table, `BlockMapping` a rule for one block, `MachineMapping` a Boltzmann machine with
T = -E + H (eq. 18).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from blockspin.exact import enumeration
from blockspin.lattice import Lattice
from blockspin.mapping.couplings import Interactions, distances, interactions
from blockspin.mapping.machine import Machine, check_units, linear, spins
from blockspin.models import Ising

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

MOST_PAIRS = 1 << 24


class Mapping(ABC):
    """What a model of fine spins v and an operator T(v, h) give together; all energies reduced, all logarithms in nats.

    Every table is over all states, fine (2^N,) or coarse (2^M,), in the order of `blockspin.exact.enumeration`.
    """

    model: Ising

    @property
    @abstractmethod
    def log_trace(self) -> FloatArray:
        """ln Tr_h e^T(v, h) for every v, shape (2^N,): zero where the trace condition holds (eq. 9)."""

    @property
    @abstractmethod
    def coarse(self) -> FloatArray:
        """H_RG(h) for every h, shape (2^M,) (eq. 6)."""

    @cached_property
    def H(self) -> FloatArray:
        """H(v), the reduced energy of the model, shape (2^N,)."""
        return enumeration.energies(self.model)

    @cached_property
    def log_Z(self) -> float:
        """ln Z of the model."""
        return float(logsumexp(-self.H))

    @cached_property
    def log_Z_coarse(self) -> float:
        """ln sum_(v, h) exp(T - H), summed over h first; for a machine ln Z_lambda."""
        return float(logsumexp(self.log_trace - self.H))

    @property
    def dF(self) -> float:
        """F_h - F_v = ln Z - ln sum_(v, h) exp(T - H) (eq. 7); for a machine ln Z - ln Z_lambda."""
        return self.log_Z - self.log_Z_coarse

    @property
    def log_P(self) -> FloatArray:
        """ln P(v) of the model, shape (2^N,)."""
        return -self.H - self.log_Z

    @property
    def log_p_visible(self) -> FloatArray:
        """ln p(v), the marginal of exp(T - H) over h, shape (2^N,); for a machine ln p_lambda(v)."""
        return self.log_trace - self.H - self.log_Z_coarse

    @property
    def log_p_hidden(self) -> FloatArray:
        """ln p(h), the marginal of exp(T - H) over v, shape (2^M,); for a machine ln p_lambda(h)."""
        return -self.coarse - float(logsumexp(-self.coarse))

    @property
    def KL(self) -> float:
        """KL(P || p) = sum_v P(v) ln(P(v)/p(v)) of the fine marginals (arXiv:1410.3831, eq. 16)."""
        return divergence(self.log_P, self.log_p_visible)

    @property
    def trace_deviation(self) -> float:
        """max_v |ln Tr_h e^T|: how far the trace condition fails, the constant counted."""
        return float(np.abs(self.log_trace).max())

    @property
    def trace_spread(self) -> float:
        """min_c max_v |ln Tr_h e^T - c|: how far it fails once the best constant is taken out; 0 just where KL is."""
        return float(np.ptp(self.log_trace) / 2)

    def interactions(self, between: FloatArray | None = None) -> Interactions:
        """Every coupling of H_RG; ranges where the distances (M, M) between the coarse spins are given.

        Raises ValueError where some h has H_RG = inf: no v goes there, and the couplings are infinite.
        """
        return interactions(self.coarse, between)


@dataclass(frozen=True, eq=False)
class TableMapping(Mapping):
    """A model with T(v, h) as a table, shape (2^N, 2^M); -inf where v never goes to h.

    A stochastic rule p(h | v) is T = ln p(h | v): it meets the trace condition by being one. Raises ValueError where
    the table does not fit the model, has nan or +inf, or more than 2^24 entries.
    """

    model: Ising
    T: FloatArray

    def __post_init__(self) -> None:
        T = np.asarray(self.T, float)
        N = self.model.lattice.n_sites
        if T.ndim != 2 or T.shape[0] != 1 << N or T.shape[1] & (T.shape[1] - 1) or T.shape[1] < 2:
            raise ValueError(f"T(v, h) on a {self.model.lattice} lattice has shape (2^{N}, 2^M); got {T.shape}")
        check_pairs(N, T.shape[1].bit_length() - 1)
        if np.isnan(T).any() or np.isposinf(T).any():
            raise ValueError("T(v, h) must be finite, or -inf where v never goes to h; got nan or +inf")
        object.__setattr__(self, "T", T)

    @cached_property
    def log_trace(self) -> FloatArray:
        """ln sum_h e^T(v, h), shape (2^N,)."""
        return np.asarray(logsumexp(self.T, axis=1))

    @cached_property
    def coarse(self) -> FloatArray:
        """H_RG(h) = -ln sum_v exp(T(v, h) - H(v)), shape (2^M,)."""
        return -np.asarray(logsumexp(self.T - self.H[:, None], axis=0))


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
    def lattice(self) -> Lattice:
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

    def interactions(self, between: FloatArray | None = None) -> Interactions:
        """Every coupling of H_RG, with ranges on the lattice of the blocks unless other distances are given."""
        return super().interactions(distances(self.lattice) if between is None else between)


@dataclass(frozen=True, eq=False)
class MachineMapping(Mapping):
    """A model with a machine, and Mehta and Schwab's identification T(v, h) = -E(v, h) + H(v) (eq. 18).

    From it H_RG(h) = H_RBM(h) for every parameter set (eq. 20), e^T = p_lambda(h | v) exp(H(v) - H_RBM(v)) (eq. 22),
    and Tr_h e^T = 1 just where H_RBM(v) = H(v). Marginals are summed in closed form, a layer of at most 20 units;
    `direct` and `T` sum over pairs (v, h) as the definitions say, at most 2^24 of them. Raises ValueError where the
    machine does not have a visible unit a site.
    """

    model: Ising
    machine: Machine

    def __post_init__(self) -> None:
        if self.machine.n_visible != self.model.lattice.n_sites:
            raise ValueError(
                f"a machine of a {self.model.lattice} lattice has {self.model.lattice.n_sites} visible units; "
                f"got {self.machine.n_visible}"
            )

    @cached_property
    def H_visible(self) -> FloatArray:
        """H_RBM(v) = -ln sum_h e^-E, shape (2^N,)."""
        return self.machine.visible_hamiltonian()

    @cached_property
    def log_trace(self) -> FloatArray:
        """ln Tr_h e^T = H(v) - H_RBM(v), shape (2^N,)."""
        return self.H - self.H_visible

    @cached_property
    def coarse(self) -> FloatArray:
        """H_RBM(h) = -ln sum_v e^-E, shape (2^M,), which is H_RG(h) whatever the parameters; `direct` is H_RG."""
        return self.machine.hidden_hamiltonian()

    def T(self) -> FloatArray:
        """T(v, h) = -E(v, h) + H(v), shape (2^N, 2^M) (eq. 18); raises ValueError for more than 2^24 pairs."""
        check_pairs(self.machine.n_visible, self.machine.n_hidden)
        return self.H[:, None] - self.machine.energy(spins(self.machine.n_visible), spins(self.machine.n_hidden))

    def direct(self, hidden: IntArray | None = None) -> FloatArray:
        """H_RG(h) = -ln sum_v exp(T(v, h) - H(v)), term by term, for hidden states by number, shape (n,).

        All unless given; raises ValueError for more than 2^24 pairs (v, h).
        """
        N, M = self.machine.n_visible, self.machine.n_hidden
        if hidden is None:
            check_pairs(N, M)
            hidden = np.arange(1 << M)
        v = spins(N)
        parts = []
        for numbers in np.array_split(hidden, -(-len(hidden) * len(v) // (1 << 20))):
            T = self.H[:, None] - self.machine.energy(v, spins(M, numbers))
            parts.append(-logsumexp(T - self.H[:, None], axis=0))
        return np.concatenate(parts)

    def identity_residual(self) -> float:
        """max_h |H_RG(h) - H_RBM(h)| (eq. 20), over all h, or over evenly spaced ones where pairs are above 2^22."""
        M = self.machine.n_hidden
        check_units(M, "hidden units")
        some = max(1, min(1 << M, (1 << 22) >> self.machine.n_visible))
        hidden = np.arange(0, 1 << M, (1 << M) // some)
        return float(np.abs(self.direct(hidden) - self.coarse[hidden]).max())

    def factor_residual(self) -> float:
        """max_(v, h) |T - ln p_lambda(h | v) - H(v) + H_RBM(v)| (eq. 22); at most 2^24 pairs.

        p_lambda(h | v) = prod_i exp(h_i a_i)/2cosh a_i with a = c + W v.
        """
        check_pairs(self.machine.n_visible, self.machine.n_hidden)
        log_p = sum(
            -np.logaddexp(0, -2 * spins(self.machine.n_hidden)[None, :, i] * linear(row, float(bias))[:, None])
            for i, (row, bias) in enumerate(zip(self.machine.weights, self.machine.hidden, strict=True))
        )
        return float(np.abs(self.T() - log_p - self.log_trace[:, None]).max())


def divergence(log_P: FloatArray, log_p: FloatArray) -> float:
    """KL(P || p) = sum P ln(P/p) in nats, from normalised logarithms; inf where p lacks a state of P.

    Summed as p - P - P ln(p/P), of which no term is negative, so that a small divergence keeps its digits.
    """
    P, step = np.exp(log_P), log_p - log_P
    near = np.abs(step) < 1
    terms = np.exp(log_p) - P - P * step
    terms[near] = P[near] * (np.expm1(step[near]) - step[near])
    return float(terms.sum())


def check_pairs(N: int, M: int) -> None:
    """Raise ValueError where there are more than 2^24 pairs of a fine and a coarse state."""
    if 1 << (N + M) > MOST_PAIRS:
        most = MOST_PAIRS.bit_length() - 1
        raise ValueError(f"pairs (v, h) are at most 2^{most}; {N} fine and {M} coarse spins make 2^{N + M}")
