"""Variational Monte Carlo RG: couplings of block spins from a simulation whose bias makes the blocks uncorrelated.

With -H(s) = sum K_a S_a(s) of fine spins and V_J(s') = sum J_a S_a(s') of their blocks, the functional
Omega(J) = ln sum_s exp(-H - V_J) + <V_J>_uniform is convex in J with the gradient -<S_a(s')>_J. At its minimum blocks
drawn with exp(-H - V_J) have the means of uncorrelated ones, and J is the blocks' coupling, K' = J, but for what the
operators leave out. There

    dK'/dK = B^-1 A,   A_ab = <S_a(s') S_b>_J,   B_ab = <S_a(s') S_b(s')>_J   (connected)

with S_b of any finer level. Blocks being uncorrelated, chains forget fast at the critical point too.
Source: Y. Wu and R. Car, Phys. Rev. Lett. 119, 220602 (2017).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blockspin import checks
from blockspin.lattice import Lattice
from blockspin.models import Ising
from blockspin.progress import Report, Wish, reporting
from blockspin.rg.biased import Interactions, Numbers, Run, Simulation, fine_spins
from blockspin.rg.blocking import Rule, sectors, steps_of
from blockspin.rg.couplings import unwound
from blockspin.rg.local_rule import local_rule
from blockspin.rg.mcrg import exponent, leading
from blockspin.rg.operators import named
from blockspin.sampling.biased import Blocks
from blockspin.statistics import Estimate, jackknife_error

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Level:
    """Couplings after n steps, and the step from n - 1 to n linearised at the couplings that it starts from.

    K: couplings of the even operators, jackknife errors over chains; T_t, T_h: dK^(n)/dK^(n-1) of even and of odd
    operators, and y_t, y_h their exponents; fixed: K* = K + (1 - T)^-1 (K' - K) as this step sees it; Kc: the
    nearest-neighbour coupling of the fine spins at which this step would not move along its relevant direction.
    uneven: the largest |<S_a(s')>| a term that was left over by the bias, and then corrected for; history: J along the
    descent, (descent, even). why, why_t, why_h: "" or the reason why all, y_t, y_h are not defined, and then nan.
    """

    n: int
    lattice: Lattice
    even: tuple[str, ...]
    odd: tuple[str, ...]
    K: tuple[Estimate, ...]
    T_t: FloatArray
    T_h: FloatArray
    y_t: Estimate
    y_h: Estimate
    fixed: tuple[Estimate, ...]
    Kc: Estimate
    uneven: float
    history: FloatArray
    why: str
    why_t: str
    why_h: str

    def __getitem__(self, name: str) -> Estimate:
        """The coupling of this operator."""
        return self.K[self.even.index(name)]


def variational_couplings(
    model: Ising | Interactions,
    rule: Rule,
    steps: int = 1,
    operators: Sequence[str] | None = None,
    *,
    seed: int,
    chains: int = 64,
    draws: int = 200,
    sweeps: int = 5,
    descent: int = 100,
    progress: Wish = False,
) -> tuple[Level, ...]:
    """Couplings, exponents and Kc of block spins by Wu and Car's variational principle, one `Level` a step.

    model: `bs.Ising` without a field, or `rg.biased.Interactions`; rule: as `bs.mcrg` takes it, of blocks disjoint and
    alike (`bs.Majority`, its coins and all, `bs.Decimation`, `bs.TriangularMajority`); operators: names, even and odd
    together, default the table's. Every level has a simulation of its own: `descent` times `sweeps` sweeps of `chains`
    chains and a step of J against the blocks' means, then `draws` draws a chain at the mean J of the last half. What
    these are still off is put right by reweighting, so that the errors are those of independent chains and the descent
    leaves none. What the operators leave out is no part of the errors.
    progress: True shows it on standard error; a function gets (fraction done, text).
    Not defined, with the reason, where fewer than half of the draws stay in effect under that last correction.
    Raises ValueError for a field, a number too small, an unknown operator, a shape that winds around a lattice, too
    many steps, or a rule that is not local; TypeError where the model is another, or progress is none of these.
    Source: Y. Wu and R. Car, Phys. Rev. Lett. 119, 220602 (2017).
    """
    system = _interactions(model)
    for name, value, least in (
        ("chains", chains, 2),
        ("draws", draws, 1),
        ("sweeps", sweeps, 1),
        ("descent", descent, 1),
        ("seed", seed, 0),
    ):
        checks.whole(name, value, least)
    even, odd = sectors(system.lattice, operators)
    lattices, blocks = [system.lattice], []
    build, steps = steps_of(rule, steps, seed)
    for step in range(steps):
        two = np.ones((2, lattices[-1].n_sites), np.int8)  # a block rule is fitted to anything
        try:
            coarse, sites, table = local_rule(build(step, lattices[-1], two), lattices[-1])
            unwound(named(coarse, even + odd), coarse)
        except ValueError as error:
            if step == 0:
                raise
            raise ValueError(f"{step} of {steps} steps fit a {system.lattice} lattice: {error}") from error
        lattices.append(coarse)
        blocks.append(Blocks(sites, table))
    with reporting(progress, "variational couplings") as report:
        return _levels(system, lattices, blocks, (even, odd), (chains, sweeps, descent, draws), seed, report)


def _levels(
    system: Interactions,
    lattices: Sequence[Lattice],
    blocks: Sequence[Blocks],
    operators: tuple[tuple[str, ...], tuple[str, ...]],
    sizes: tuple[int, int, int, int],
    seed: int,
    report: Report,
) -> tuple[Level, ...]:
    """The levels one after the other, a simulation each; sizes: chains, sweeps, descent and draws."""
    chains, sweeps, descent, draws = sizes
    runs, found = [fine_spins(system, operators[0])], []
    for n in range(1, len(lattices)):

        def tell(done: float, n: int = n) -> None:
            report((n - 1 + done) / len(blocks), f"level {n}, {'descent' if done <= 0.5 else 'draws'}")

        simulation = Simulation.start(
            system, lattices[: n + 1], blocks[:n], operators, chains=chains, sweeps=sweeps, seed=seed
        )
        start = runs[-1].all.K
        zero = np.zeros(len(operators[0]))
        runs.append(simulation.run(start if np.isfinite(start).all() else zero, descent, draws, tell))
        found.append(_level(n, (lattices[n - 1], lattices[n]), operators, runs[-2], runs[-1], system.K.get("nn", 0.0)))
    return tuple(found)


def _interactions(model: Ising | Interactions) -> Interactions:
    if isinstance(model, Ising):
        if model.h:
            raise ValueError(f"the model of variational couplings has no field; got h = {model.h:g}")
        return Interactions(model.lattice, {"nn": model.K})
    checks.instance("model", model, Interactions, "bs.Ising or rg.biased.Interactions")
    operators = named(model.lattice, tuple(model.K))
    if not operators or not all(one.even for one in operators):
        raise ValueError(f"interactions are of even operators, one at least; got {', '.join(model.K) or 'none'}")
    unwound(operators, model.lattice)
    return model


def _level(
    n: int,
    lattices: tuple[Lattice, Lattice],
    operators: tuple[tuple[str, ...], tuple[str, ...]],
    before: Run,
    after: Run,
    nn: float,
) -> Level:
    b, why = lattices[0].shape[0] / lattices[1].shape[0], before.why or after.why

    def estimates(function: Callable[[Numbers, Numbers], FloatArray]) -> tuple[Estimate, ...]:
        if why:
            return (Estimate(math.nan, math.nan),) * len(operators[0])
        return tuple(map(Estimate, *(part.tolist() for part in _errors(function, before, after))))

    def exponent_of(sector: int) -> tuple[Estimate, str]:
        if why:
            return Estimate(math.nan, math.nan), why
        value, error = _errors(lambda _, coarse: leading(coarse[sector]), before, after)
        return exponent(complex(value[0], value[1]), float(error[0]), b)

    (y_t, why_t), (y_h, why_h) = (exponent_of(Numbers._fields.index(name)) for name in ("T_t", "T_h"))
    Kc = estimates(lambda fine, coarse: np.array([nn - _shift(fine, coarse)]))[0]
    return Level(
        n=n,
        lattice=lattices[1],
        even=operators[0],
        odd=operators[1],
        K=estimates(_coarse_couplings),
        T_t=after.all.T_t,
        T_h=after.all.T_h,
        y_t=y_t,
        y_h=y_h,
        fixed=estimates(_fixed),
        Kc=Kc if not y_t.value <= 0 else Estimate(math.nan, math.nan),  # nothing grows: the step has no Kc
        uneven=after.uneven,
        history=after.history,
        why=why,
        why_t=why_t,
        why_h=why_h,
    )


def _errors(
    function: Callable[[Numbers, Numbers], FloatArray], before: Run, after: Run
) -> tuple[FloatArray, FloatArray]:
    """A function of two levels with its jackknife error; their simulations are independent, so variances add."""
    value = function(before.all, after.all)
    variance = np.zeros_like(value)
    for left in (
        np.stack([function(one, after.all) for one in before.left_out]),
        np.stack([function(before.all, one) for one in after.left_out]),
    ):
        variance += jackknife_error(left) ** 2
    return value, np.sqrt(variance)


def _coarse_couplings(fine: Numbers, coarse: Numbers) -> FloatArray:
    return coarse.K


def _fixed(fine: Numbers, coarse: Numbers) -> FloatArray:
    return np.asarray(fine.K + np.linalg.solve(np.eye(len(fine.K)) - coarse.T_t, coarse.K - fine.K))


def _shift(fine: Numbers, coarse: Numbers) -> float:
    """By how much the nearest-neighbour coupling exceeds the one at which the relevant direction stands still."""
    values, vectors = np.linalg.eig(coarse.T_t.T)  # the direction is the leading left eigenvector
    relevant = np.real(vectors[:, np.argmax(np.abs(values))])
    return float(relevant @ (coarse.K - fine.K) / (relevant @ (coarse.by_nn - fine.by_nn)))
