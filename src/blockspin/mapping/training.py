"""Machines trained on a model that is known exactly: by the exact gradient, or by CD-1 on exact draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from blockspin.coarse.rbm import RBM
from blockspin.exact import enumeration
from blockspin.mapping.machine import Machine, check_units, log_2cosh, spins
from blockspin.models import Ising

FloatArray = NDArray[np.float64]


def exact_draws(model: Ising, n: int, seed: int) -> NDArray[np.int8]:
    """Independent configurations (n, N) from the probabilities of all states; raises ValueError above 20 sites."""
    chance = enumeration.probabilities(model)
    numbers = np.random.default_rng(seed).choice(len(chance), n, p=chance)
    return enumeration.states(model.lattice)[numbers]


def train_by_likelihood(model: Ising, n_hidden: int, seed: int, *, starts: int = 3, biases: bool = False) -> Machine:
    """The machine of least KL(P || p_lambda) that L-BFGS finds from at most a few random starts, by exact gradients.

    dKL/dW = <h v>_lambda - <h v>_P with <h> = tanh(c + W v), summed over all v. Without biases (up-down symmetric
    data want none) only W is moved. The best of the starts is a local minimum, not proved to be the least.
    Raises ValueError for more than 20 visible units. Source: arXiv:1410.3831, eq. 16-17.
    """
    N = model.lattice.n_sites
    check_units(N, "visible units")
    v, P = spins(N), enumeration.probabilities(model)
    if not biases and model.h == 0:
        v, P = v[len(v) // 2 :], 2 * P[len(P) // 2 :]  # the other half is this one turned over
    random = np.random.default_rng(seed)
    size = n_hidden * N
    entropy = -float(P @ np.log(P))
    best: Any = None
    for _ in range(starts):
        if best is not None and best.fun - entropy < DONE:
            break
        first = np.concatenate([0.5 * random.standard_normal(size), np.zeros((N + n_hidden) * biases)])
        found = minimize(_loss, first, (v, P, n_hidden), jac=True, method="L-BFGS-B", options=STOP)
        best = found if best is None or found.fun < best.fun else best
    return Machine(*_parts(best.x, n_hidden, N))


def train_by_divergence(model: Ising, n_hidden: int, seed: int, *, n_draws: int, n_iter: int, **recipe: Any) -> Machine:
    """The machine that `RBM` makes of independent draws of the model by CD-1, without biases; recipe is `RBM`'s.

    `RBM` computes in float32; its weights are read as the float64 numbers they are.
    """
    settings: dict[str, Any] = {"learning_rate": 0.05, "batch_size": 100, "momentum": 0.5} | recipe
    rbm = RBM(n_hidden, units="spin", biases=False, n_iter=n_iter, random_state=seed, **settings)
    return Machine.from_rbm(rbm.fit(exact_draws(model, n_draws, seed)))


DONE = 1e-6  # nats of KL below which no other start is tried
STOP = {"maxiter": 1000, "maxfun": 1500, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 30}


def _parts(x: FloatArray, M: int, N: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    rest = x[M * N :] if len(x) > M * N else np.zeros(N + M)
    return x[: M * N].reshape(M, N), rest[:N], rest[N:]


def _loss(x: FloatArray, v: FloatArray, P: FloatArray, M: int) -> tuple[float, FloatArray]:
    """-<ln p_lambda>_P and its gradient."""
    W, b, c = _parts(x, M, v.shape[1])
    field = v @ W.T + c
    log_weight = v @ b + log_2cosh(field).sum(axis=1)
    log_Z = logsumexp(log_weight)
    excess = np.exp(log_weight - log_Z) - P
    pull = np.tanh(field) * excess[:, None]
    slopes = [(pull.T @ v).ravel()]
    if len(x) > M * v.shape[1]:
        slopes += [excess @ v, pull.sum(axis=0)]
    return float(log_Z - P @ log_weight), np.concatenate(slopes)
