"""Variational renormalization, evaluated by summing over every state: Kadanoff's step for an operator T(v, h).

    exp(-H_RG(h)) = sum_v exp(T(v, h) - H(v))                 Mehta and Schwab, arXiv:1410.3831, eq. 6
    dF = F_h - F_v,  F_h = -ln sum_h exp(-H_RG(h)),  F_v = -ln Z                                  eq. 7
    trace condition: sum_h exp(T(v, h)) = 1 for every v                                           eq. 9

`TableMapping` takes T as a table, `rules.BlockMapping` a rule for one block, `MachineMapping` a Boltzmann machine with
T = -E + H (eq. 18).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import logsumexp

from blockspin.arrays import FloatArray, IntArray
from blockspin.boltzmann_map.couplings import Interactions, distances, interactions, nearest_neighbour
from blockspin.boltzmann_map.machine import Machine, linear, spins
from blockspin.exact import enumeration
from blockspin.lattice import Lattice
from blockspin.models import Ising

MOST_PAIRS = 1 << 24


class Mapping(ABC):
    """What a model of fine spins v and an operator T(v, h) give together; all energies reduced, all logarithms in nats.

    Every table is over all states, fine (2^N,) or coarse (2^M,), in the order of `blockspin.exact.enumeration`.
    """

    model: Ising

    @property
    def places(self) -> Lattice | FloatArray | None:
        """The coarse spins' lattice, or the distances (M, M) between them, or None where they have no positions."""
        return None

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
        """ln sum_(v, h) exp(T - H), summed over h first; for an RBM ln Z_lambda."""
        return float(logsumexp(self.log_trace - self.H))

    @property
    def dF(self) -> float:
        """F_h - F_v = ln Z - ln sum_(v, h) exp(T - H) (eq. 7); for an RBM ln Z - ln Z_lambda."""
        return self.log_Z - self.log_Z_coarse

    @property
    def log_P(self) -> FloatArray:
        """ln P(v) of the model, shape (2^N,)."""
        return -self.H - self.log_Z

    @property
    def log_p_visible(self) -> FloatArray:
        """ln p(v), the marginal of exp(T - H) over h, shape (2^N,); for an RBM ln p_lambda(v)."""
        return self.log_trace - self.H - self.log_Z_coarse

    @property
    def log_p_hidden(self) -> FloatArray:
        """ln p(h), the marginal of exp(T - H) over v, shape (2^M,); for an RBM ln p_lambda(h)."""
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

    @property
    def n_coarse(self) -> int:
        """Coarse spins M."""
        return len(self.coarse).bit_length() - 1

    @property
    def identity_residual(self) -> float:
        """max_h |H_RG(h) - H_RBM(h)| (eq. 20); nan where T is no RBM's."""
        return math.nan

    @cached_property
    def interactions(self) -> Interactions:
        """Every coupling of H_RG; ranges where the coarse spins have positions.

        Raises ValueError where some h has H_RG = inf: no v goes there, and the couplings are infinite.
        """
        return interactions(self.coarse, distances(self.places) if isinstance(self.places, Lattice) else self.places)

    @property
    def K_coarse(self) -> tuple[float, float]:
        """K' of coarse spins on a lattice, its mean and standard deviation over bonds; nan where they are on none."""
        if not isinstance(self.places, Lattice):
            return math.nan, math.nan
        return nearest_neighbour(self.interactions, self.places)


@dataclass(frozen=True, eq=False)
class TableMapping(Mapping):
    """A model with T(v, h) as a table, shape (2^N, 2^M); -inf where v never goes to h.

    A stochastic rule p(h | v) is T = ln p(h | v): it meets the trace condition by being one. Raises ValueError where
    the table does not fit the model, has nan or +inf, or more than 2^24 entries.
    """

    model: Ising
    T: FloatArray
    places: Lattice | FloatArray | None = None

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
class MachineMapping(Mapping):
    """A model with an RBM, and Mehta and Schwab's identification T(v, h) = -E(v, h) + H(v) (eq. 18).

    From it H_RG(h) = H_RBM(h) for every parameter set (eq. 20), e^T = p_lambda(h | v) exp(H(v) - H_RBM(v)) (eq. 22),
    and Tr_h e^T = 1 just where H_RBM(v) = H(v). Marginals are summed in closed form, a layer of at most 20 units;
    `direct` and `T` sum over pairs (v, h) as the definitions say, at most 2^24 of them. Raises ValueError where the
    RBM does not have a visible unit a site.
    """

    model: Ising
    machine: Machine
    places: Lattice | FloatArray | None = None

    def __post_init__(self) -> None:
        if self.machine.n_visible != self.model.lattice.n_sites:
            raise ValueError(
                f"an RBM of a {self.model.lattice} lattice has {self.model.lattice.n_sites} visible units; "
                f"got {self.machine.n_visible}"
            )

    def of(self, machine: Machine) -> MachineMapping:
        """The mapping of another RBM of the same model."""
        return MachineMapping(self.model, machine)

    @cached_property
    def log_trace(self) -> FloatArray:
        """ln Tr_h e^T = H(v) - H_RBM(v), shape (2^N,)."""
        return self.H - self.machine.visible_hamiltonian()

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

    @cached_property
    def identity_residual(self) -> float:
        """max_h |H_RG(h) - H_RBM(h)| (eq. 20), over all h, or over evenly spaced ones where pairs are above 2^22."""
        some = max(1, min(len(self.coarse), (1 << 22) >> self.machine.n_visible))
        hidden = np.arange(0, len(self.coarse), len(self.coarse) // some)
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
