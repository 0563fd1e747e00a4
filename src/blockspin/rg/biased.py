"""One level of variational Monte Carlo RG: descent to the bias that makes blocks uncorrelated, and draws at it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blockspin.lattice import Lattice
from blockspin.rg.operators import Operator, evaluate, named
from blockspin.rg.variational import minimise, slope, weights
from blockspin.sampling.biased import Biased, Blocks, Terms
from blockspin.statistics import GROUPS

FloatArray = NDArray[np.float64]
Told = Callable[[float], None]

RATE = 0.3  # of a step of the descent, in units of the step that would be right where blocks are uncorrelated
FARTHEST = 0.1  # a step of the descent takes a coupling, at most
SETTLING = 10  # draws that are left out once the bias is fixed
SETTLED = 0.5  # of the draws that must stay in effect when the last correction is weighted in


@dataclass(frozen=True)
class Interactions:
    """Spins with -H = sum_a K_a S_a, K by the names of even operators: `bs.Ising` is {"nn": K}."""

    lattice: Lattice
    K: Mapping[str, float]


class Numbers(NamedTuple):
    """What a level gives: K; dK^(n)/dK^(n-1) of even and of odd operators; dK^(n)/dK_nn of the fine spins."""

    K: FloatArray
    T_t: FloatArray
    T_h: FloatArray
    by_nn: FloatArray


@dataclass(frozen=True)
class Run:
    """A level's numbers from all chains, and without each group of them; uneven and history as `Level` has them."""

    all: Numbers
    left_out: tuple[Numbers, ...]
    uneven: float
    history: FloatArray
    why: str


def fine_spins(system: Interactions, even: Sequence[str]) -> Run:
    """Level 0, whose couplings are known."""
    K = np.array([system.K.get(name, 0.0) for name in even])
    known = Numbers(K, *(np.empty((0, 0)),) * 2, np.array([float(name == "nn") for name in even]))
    return Run(known, (known,), 0.0, np.empty((0, len(even))), "")


@dataclass(frozen=True)
class Simulation:
    """Chains of fine spins with a bias on the blocks of the last of the lattices; sweeps between draws."""

    chains: Biased
    lattices: tuple[Lattice, ...]
    even: tuple[str, ...]
    odd: tuple[str, ...]
    sweeps: int

    @classmethod
    def start(
        cls,
        system: Interactions,
        lattices: Sequence[Lattice],
        blocks: Sequence[Blocks],
        operators: tuple[tuple[str, ...], tuple[str, ...]],
        *,
        chains: int,
        sweeps: int,
        seed: int,
    ) -> Simulation:
        """Chains that start at random, without a bias."""
        fine, at = _terms(named(system.lattice, tuple(system.K)), system.lattice)
        top, _ = _terms(named(lattices[-1], operators[0]), lattices[-1])
        started = Biased.start(
            blocks,
            Terms(fine, np.array(list(system.K.values()), float)[at]),
            Terms(top, np.zeros(top.shape[1])),
            chains,
            seed,
            "variational",
            len(blocks),
        )
        return cls(started, tuple(lattices), *operators, sweeps)

    def run(self, J: FloatArray, descent: int, draws: int, tell: Told) -> Run:
        """Descend from the bias J, then draw."""
        J, history = self._descend(J, descent, tell)
        return self._draw(J, history, draws, tell)

    def _descend(self, J: FloatArray, descent: int, tell: Told) -> tuple[FloatArray, FloatArray]:
        history = np.empty((descent, len(J)))
        for step in range(descent):
            self._bias(J)
            # the second derivatives of Omega are the number of terms where blocks are uncorrelated
            mean = self._values(-1, self.even).mean(axis=0) / self._terms
            J = J + np.clip(RATE * mean, -FARTHEST, FARTHEST)
            history[step] = J
            tell((step + 1) / (2 * descent))
        return history[descent // 2 :].mean(axis=0), history

    def _draw(self, J: FloatArray, history: FloatArray, draws: int, tell: Told) -> Run:
        for _ in range(SETTLING):
            self._bias(J)
        seen = []
        for draw in range(draws):
            self._bias(J)
            both = [self._values(level, self.even + self.odd) for level in (-1, -2)]
            seen.append(np.concatenate([*both, self._values(0, ("nn",))], axis=1))
            tell((1 + (draw + 1) / draws) / 2)
        values = np.concatenate(seen)
        k, m = len(self.even), len(self.odd)
        S, M, S_fine, M_fine, E = np.split(values, np.cumsum([k, m, k, m]), axis=1)
        chains = len(self.chains.spins)
        groups = np.tile(np.arange(chains) * min(chains, GROUPS) // chains, draws)
        uneven = float(np.abs(S.mean(axis=0) / self._terms).max())

        def numbers(probability: FloatArray, start: FloatArray) -> tuple[Numbers, FloatArray, float]:
            shift, settled = minimise(S, probability, start)
            if not settled:
                raise np.linalg.LinAlgError
            w = weights(S, probability, shift)
            found = Numbers(J + shift, slope(S, S_fine, w), slope(M, M_fine, w), slope(S, E, w)[:, 0])
            return found, shift, float(1 / (w @ w) / len(w))

        flat = np.ones(len(S))
        try:
            found, shift, effective = numbers(flat, np.zeros(k))
            if effective < SETTLED:
                return self._none(uneven, history, f"{effective:.0%} of the draws stay in effect: a longer descent")
            left = tuple(numbers(flat * (groups != group), shift)[0] for group in range(groups[-1] + 1))
        except np.linalg.LinAlgError:
            why = (
                f"operators {', '.join(self.even)} are dependent on a {self.lattices[-1]} lattice, or far from settled"
            )
            return self._none(uneven, history, why)
        return Run(found, left, uneven, history, "")

    @property
    def _terms(self) -> FloatArray:
        return np.array(
            [self.lattices[-1].n_sites * len(one.images) for one in named(self.lattices[-1], self.even)], float
        )

    def _bias(self, J: FloatArray) -> None:
        """Sweeps with the bias J."""
        operators = named(self.lattices[-1], self.even)
        self.chains.bias(np.repeat(J, [sum(len(image) for image in one.images) for one in operators]))
        self.chains.advance(self.sweeps)

    def _values(self, level: int, names: tuple[str, ...]) -> FloatArray:
        """Values of the operators after `level` blockings, counted from the last where negative, (chain, operator)."""
        n = level % len(self.lattices)
        spins = self.chains.level(n)
        return evaluate(named(self.lattices[n], names), spins.reshape(len(spins), *self.lattices[n].shape))

    def _none(self, uneven: float, history: FloatArray, why: str) -> Run:
        shapes = [(len(self.even),), (len(self.even),) * 2, (len(self.odd),) * 2, (len(self.even),)]
        return Run(Numbers(*(np.full(shape, math.nan) for shape in shapes)), (), uneven, history, why)


def _terms(operators: Sequence[Operator], lattice: Lattice) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The other sites of every term at every site, (N, terms, sites), padded with -1; and the operator of each term."""
    steps = [
        (number, [np.subtract(other, site) for other in image if other != site])
        for number, operator in enumerate(operators)
        for image in operator.images
        for site in image
    ]
    found = np.full((lattice.n_sites, len(steps), max(len(others) for _, others in steps)), -1, np.int32)
    for t, (_, others) in enumerate(steps):
        for k, step in enumerate(others):
            place = (lattice.coordinates + step) % lattice.shape
            found[:, t, k] = np.ravel_multi_index(tuple(place.T), lattice.shape)
    return found, np.array([number for number, _ in steps])
