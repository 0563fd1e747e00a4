"""The algorithm of 2018: two Boltzmann machines for P(V, E) and P(V), and a filter that goes up a cumulant of them.

With F the free energies of a machine Theta on block and environment and of a machine Psi on the block alone,
dE(v, e) = F_Theta(v, e) - F_Psi(v), and P(v'|h) proportional to P_Psi(v') P(h|v'), the mutual information is, up to a
constant, A = sum P(e, h) ln[P(e, h) / P(h)] = < ln < exp(-dE(v', e)) >_(v'|h) >, and is replaced by

    A = -< < dE(v', e) >_(v'|h) >,

the outer mean over samples (v, e) and h drawn from P(h|v) = 1 / (1 + exp(-2 h w.v)). By Jensen's inequality it lies
below what the two machines would give; for machines other than the model it bounds nothing. Its gradient is written
out, not differentiated: with g = d ln P(h|v)/dw = v (h - tanh w.v),

    dA/dw = -< g(v, h) <dE>_h + <dE g>_h - <dE>_h <g>_h >.

Source: M. Koch-Janusz and Z. Ringel, Nature Physics 14, 578 (2018), Methods and eq. 13 of the supplement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit, softmax

from blockspin.coarse.rbm import RBM

FloatArray = NDArray[np.float64]
Spins = NDArray[np.int8]

SUMMED = 10  # spins of a block over whose states the inner mean is summed


@dataclass(frozen=True)
class Recipe:
    """Numbers of the training. (P): the paper's. (R): of a re-implementation (rgpy); the paper's were not read.

    windows: the paper takes 5,000 samples a temperature (P). theta, psi: hidden units (R). rate, penalty, epochs,
    batch: of both machines, by CD-1 (R). filter_*: of the filter (R), by plain gradient ascent (P). samples, burn_in:
    of the inner mean where it is drawn: two (P), after and apart by so many single-spin updates (R); here it is
    summed where the block has at most 10 spins.
    """

    windows: int = 5000
    theta: int = 10
    psi: int = 2
    rate: float = 0.025
    penalty: float = 0.01
    epochs: int = 100
    batch: int = 25
    filter_rate: float = 0.01
    filter_penalty: float = 0.01
    filter_epochs: int = 100
    filter_batch: int = 800
    samples: int = 2
    burn_in: int = 126


@dataclass(frozen=True)
class Machine:
    """Free energy F(x) = -b.x - sum_a ln 2cosh(W x + c)_a of a machine with spins -1/+1."""

    weights: FloatArray
    hidden: FloatArray
    visible: FloatArray

    @classmethod
    def trained(cls, X: Spins, units: int, recipe: Recipe, seed: int) -> Machine:
        """A machine trained on rows X by contrastive divergence."""
        rbm = RBM(
            units,
            units="spin",
            learning_rate=recipe.rate,
            batch_size=recipe.batch,
            n_iter=recipe.epochs,
            momentum=0.0,
            l1=recipe.penalty,
            init_scale=float(np.sqrt(2 / (X.shape[1] + units))),  # Xavier (R)
            random_state=seed,
        ).fit(X)
        parts = (rbm.components_, rbm.intercept_hidden_, rbm.intercept_visible_)
        return cls(*(np.asarray(part, float) for part in parts))

    def free_energy(self, x: NDArray[Any]) -> FloatArray:
        """F of rows x (..., N), shape (...)."""
        return np.asarray(-x @ self.visible - _log_2_cosh(x @ self.weights.T + self.hidden).sum(axis=-1))


def learn(
    train: tuple[Spins, Spins], n_components: int, seed: int, recipe: Recipe | None = None
) -> tuple[FloatArray, list[float]]:
    """Filters (n_components, n) from rows of blocks (m, n) and environments (m, sites), and A after every epoch."""
    used = Recipe() if recipe is None else recipe
    random = np.random.Generator(np.random.PCG64(seed))
    rows = random.permutation(len(train[0]))[: used.windows]
    v, e = train[0][rows], train[1][rows]
    theta = Machine.trained(np.hstack([v, e]), used.theta, used, seed)
    psi = Machine.trained(v, used.psi, used, seed + 1)
    n = v.shape[1]
    filters = random.normal(0, np.sqrt(2 / (n + n_components)), (n_components, n))
    heights = []
    for _ in range(used.filter_epochs):
        order = random.permutation(len(v))
        height = []
        for batch in np.array_split(order, max(1, len(v) // used.filter_batch)):
            if n <= SUMMED:
                A, slope = summed(filters, v[batch], e[batch], theta, psi)
            else:
                A, slope = sampled(filters, v[batch], e[batch], theta, psi, used, random)
            filters = filters + used.filter_rate * (slope - used.filter_penalty * np.sign(filters))
            height.append(A)
        heights.append(float(np.mean(height)))
    return filters, heights


def summed(filters: FloatArray, v: Spins, e: Spins, theta: Machine, psi: Machine) -> tuple[float, FloatArray]:
    """A and dA/dw, shape of the filters (k, n), over rows v (m, n) and e (m, sites); the inner mean over all states."""
    n, k = filters.shape[1], len(filters)
    states, h = _spins(n), _spins(k)
    given = softmax(-psi.free_energy(states)[:, None] + _log_chances(filters, states, h), axis=0)  # P(v'|h), (2^n, 2^k)
    chances = np.exp(_log_chances(filters, v, h))  # P(h|v), (m, 2^k)
    dE = _difference(states[None], e[:, None], theta, psi)  # (m, 2^n)
    inner = dE @ given
    weights = chances * inner
    g = _scores(filters, states, h)  # (2^n, 2^k, k, n)
    own = np.einsum("mh,mhki->ki", weights, _scores(filters, v, h))
    together = np.einsum("sh,shki->ki", (dE.T @ chances) * given, g)
    apart = np.einsum("h,sh,shki->ki", weights.sum(axis=0), given, g)
    return float(-weights.sum() / len(v)), -(own + together - apart) / len(v)


def sampled(
    filters: FloatArray,
    v: Spins,
    e: Spins,
    theta: Machine,
    psi: Machine,
    recipe: Recipe,
    random: np.random.Generator,
) -> tuple[float, FloatArray]:
    """The same with h drawn, and the inner mean over a few v' from single-spin Metropolis updates at fixed h.

    The covariance of dE and g is divided by one less than the draws, so that few of them do not make it too small.
    """
    m, n = v.shape
    h = np.where(random.random((m, len(filters))) < np.exp(log_expit(2 * v @ filters.T)), 1.0, -1.0)

    def cost(x: NDArray[Any]) -> FloatArray:
        return np.asarray(psi.free_energy(x) - log_expit(2 * h * (x @ filters.T)).sum(axis=1))

    x, rows = v.astype(float), np.arange(m)
    now = cost(x)
    energies, scores = [], []
    for step in range(1, recipe.samples * recipe.burn_in + 1):
        moved = x.copy()
        moved[rows, random.integers(0, n, m)] *= -1
        new = cost(moved)
        taken = np.log(random.random(m)) < now - new
        x[taken], now[taken] = moved[taken], new[taken]
        if step % recipe.burn_in == 0:
            energies.append(_difference(x, e, theta, psi))
            scores.append(x[:, None, :] * (h - np.tanh(x @ filters.T))[:, :, None])
    dE, g = np.array(energies), np.array(scores)  # (samples, m), (samples, m, k, n)
    mean = dE.mean(axis=0)
    own = mean[:, None, None] * (v[:, None, :] * (h - np.tanh(v @ filters.T))[:, :, None])
    together = ((dE - mean)[:, :, None, None] * g).sum(axis=0) / (len(dE) - 1)
    return float(-mean.mean()), -(own + together).mean(axis=0)


def _difference(v: NDArray[Any], e: NDArray[Any], theta: Machine, psi: Machine) -> FloatArray:
    """dE of blocks (..., n) and environments (..., sites), broadcast against each other."""
    n = v.shape[-1]
    field = v @ theta.weights[:, :n].T + e @ theta.weights[:, n:].T + theta.hidden
    bias = v @ theta.visible[:n] + e @ theta.visible[n:]
    return np.asarray(-bias - _log_2_cosh(field).sum(axis=-1) - psi.free_energy(v))


def _log_chances(filters: FloatArray, v: NDArray[Any], h: FloatArray) -> FloatArray:
    """ln P(h|v) of states h (2^k, k) given rows v (m, n), shape (m, 2^k)."""
    return np.asarray(log_expit(2 * (v @ filters.T)[:, None, :] * h).sum(axis=2))


def _scores(filters: FloatArray, v: NDArray[Any], h: FloatArray) -> FloatArray:
    """d ln P(h|v)/dw, shape (m, 2^k, k, n)."""
    return np.asarray((h - np.tanh(v @ filters.T)[:, None, :])[..., None] * v[:, None, None, :])


def _spins(n: int) -> FloatArray:
    return np.asarray(2.0 * (np.arange(1 << n)[:, None] >> np.arange(n) & 1) - 1, float)


def _log_2_cosh(x: FloatArray) -> FloatArray:
    return np.asarray(np.logaddexp(x, -x))
