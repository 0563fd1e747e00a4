"""The algorithm of 2018: two Boltzmann machines for P(V, E) and P(V), and a filter that goes up a cumulant of them.

With F the free energies of an RBM Theta on block and environment and of an RBM Psi on the block alone,
dE(v, e) = F_Theta(v, e) - F_Psi(v), and P(v'|h) proportional to P_Psi(v') P(h|v'), the mutual information is, up to a
constant, A = sum P(e, h) ln[P(e, h) / P(h)] = < ln < exp(-dE(v', e)) >_(v'|h) >, and is replaced by

    A = -< < dE(v', e) >_(v'|h) >,

the outer mean over samples (v, e) and h drawn from P(h|v) = 1 / (1 + exp(-2 h w.v)). By Jensen's inequality it lies
below what the two RBMs would give; for RBMs other than the model it bounds nothing. Its gradient is written
out, not differentiated: with g = d ln P(h|v)/dw = v (h - tanh w.v),

    dA/dw = -< g(v, h) <dE>_h + <dE g>_h - <dE>_h <g>_h >.

Source: M. Koch-Janusz and Z. Ringel, Nature Physics 14, 578 (2018), Methods and eq. 13 of the supplement.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit, softmax

from blockspin.arrays import FloatArray, Spins
from blockspin.coarse.rbm import RBM
from blockspin.coarse.rbm.summation import binary_states
from blockspin.coarse.rbm.units import free_energy

# Numbers of the training. (P): the paper's. (R): of a re-implementation (rgpy); the paper's were not read
WINDOWS = 5000  # (P): samples a temperature
THETA, PSI = 10, 2  # (R): hidden units of the machines
RATE, PENALTY, EPOCHS, BATCH = 0.025, 0.01, 100, 25  # (R): of both machines, by CD-1
FILTER_RATE, FILTER_PENALTY, FILTER_EPOCHS, FILTER_BATCH = 0.01, 0.01, 100, 800  # (R): by plain gradient ascent (P)
SUMMED = 10  # spins of a block, at most, over whose states the inner mean is summed (the paper draws it)


class Machine(NamedTuple):
    """An RBM with spins -1/+1: W (M, N), b (N,) and c (M,), in double precision."""

    weights: FloatArray
    visible: FloatArray
    hidden: FloatArray

    @classmethod
    def trained(cls, X: Spins, units: int, seed: int) -> Machine:
        """An RBM trained on rows X by contrastive divergence."""
        rbm = RBM(
            units,
            units="spin",
            learning_rate=RATE,
            batch_size=BATCH,
            n_iter=EPOCHS,
            momentum=0.0,
            l1=PENALTY,
            init_scale=float(np.sqrt(2 / (X.shape[1] + units))),  # Xavier (R)
            random_state=seed,
        ).fit(X)
        parts = (rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_)
        return cls(*(np.asarray(part, float) for part in parts))


def learn(train: tuple[Spins, Spins], n_components: int, seed: int) -> tuple[FloatArray, list[float]]:
    """Filters (n_components, n) from rows of blocks (m, n) and environments (m, sites), and A after every epoch."""
    random = np.random.Generator(np.random.PCG64(seed))
    rows = random.permutation(len(train[0]))[:WINDOWS]
    v, e = train[0][rows], train[1][rows]
    theta = Machine.trained(np.hstack([v, e]), THETA, seed)
    psi = Machine.trained(v, PSI, seed + 1)
    n = v.shape[1]
    filters = random.normal(0, np.sqrt(2 / (n + n_components)), (n_components, n))
    heights = []
    for _ in range(FILTER_EPOCHS):
        order = random.permutation(len(v))
        height = []
        for batch in np.array_split(order, max(1, len(v) // FILTER_BATCH)):
            A, slope = summed(filters, v[batch], e[batch], theta, psi)
            filters = filters + FILTER_RATE * (slope - FILTER_PENALTY * np.sign(filters))
            height.append(A)
        heights.append(float(np.mean(height)))
    return filters, heights


def summed(filters: FloatArray, v: Spins, e: Spins, theta: Machine, psi: Machine) -> tuple[float, FloatArray]:
    """A and dA/dw, shape of the filters (k, n), over rows v (m, n) and e (m, sites); the inner mean over all states."""
    n, k = filters.shape[1], len(filters)
    states, h = 2 * binary_states(n) - 1, 2 * binary_states(k) - 1
    F_psi = free_energy(states, *psi, "spin")  # (2^n,)
    given = softmax(-F_psi[:, None] + _log_chances(filters, states, h), axis=0)  # P(v'|h), (2^n, 2^k)
    chances = np.exp(_log_chances(filters, v, h))  # P(h|v), (m, 2^k)
    dE = _pair_energies(states, e, theta) - F_psi  # (m, 2^n)
    inner = dE @ given
    weights = chances * inner
    g = _scores(filters, states, h)  # (2^n, 2^k, k, n)
    own = np.einsum("mh,mhki->ki", weights, _scores(filters, v, h))
    together = np.einsum("sh,shki->ki", (dE.T @ chances) * given, g)
    apart = np.einsum("h,sh,shki->ki", weights.sum(axis=0), given, g)
    return float(-weights.sum() / len(v)), -(own + together - apart) / len(v)


def _pair_energies(v: FloatArray, e: Spins, theta: Machine) -> FloatArray:
    """F of theta for every block v (s, n) with every environment e (m, sites), shape (m, s)."""
    n = v.shape[1]
    field = v @ theta.weights[:, :n].T + (e @ theta.weights[:, n:].T)[:, None] + theta.hidden
    bias = v @ theta.visible[:n] + (e @ theta.visible[n:])[:, None]
    return np.asarray(-bias - np.logaddexp(field, -field).sum(axis=-1))


def _log_chances(filters: FloatArray, v: NDArray[Any], h: FloatArray) -> FloatArray:
    """ln P(h|v) of states h (2^k, k) given rows v (m, n), shape (m, 2^k)."""
    return np.asarray(log_expit(2 * (v @ filters.T)[:, None, :] * h).sum(axis=2))


def _scores(filters: FloatArray, v: NDArray[Any], h: FloatArray) -> FloatArray:
    """d ln P(h|v)/dw, shape (m, 2^k, k, n)."""
    return np.asarray((h - np.tanh(v @ filters.T)[:, None, :])[..., None] * v[:, None, None, :])
