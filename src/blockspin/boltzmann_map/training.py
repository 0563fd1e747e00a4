"""RBMs trained on a model that is known exactly: by the exact gradient, or by CD-1 on exact draws."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from blockspin.arrays import FloatArray
from blockspin.boltzmann_map.machine import Machine, check_units, log_2cosh, spins
from blockspin.boltzmann_map.mappings import MachineMapping
from blockspin.coarse.embedding import embed
from blockspin.coarse.rbm import RBM
from blockspin.exact import enumeration
from blockspin.models import Ising
from blockspin.randomness import generator

DONE = 1e-6  # nats of KL below which no other start is tried
STOP = {"maxiter": 1000, "maxfun": 1500, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 30}


def exact_draws(model: Ising, n: int, seed: int) -> NDArray[np.int8]:
    """Independent configurations (n, N) from the probabilities of all states; raises ValueError above 20 sites."""
    chance = enumeration.probabilities(model)
    numbers = generator(seed, "draws").choice(len(chance), n, p=chance)
    return enumeration.states(model.lattice)[numbers]


def train_by_likelihood(model: Ising, n_hidden: int, seed: int, *, starts: int = 3) -> Machine:
    """The unbiased RBM of least KL(P || p_lambda) that L-BFGS finds from at most a few random starts.

    dKL/dW = <h v>_lambda - <h v>_P with <h> = tanh(W v), summed over all v. The best of the starts is a local minimum,
    not proved to be the least. Raises ValueError for more than 20 visible units, or where the model has a field.
    Source: arXiv:1410.3831, eq. 16-17.
    """
    N = model.lattice.n_sites
    check_units(N, "visible units")
    if model.h:
        raise ValueError(f"an RBM without biases fits models without a field; got h = {model.h:g}")
    # the other half of the states is this one turned over
    v, P = spins(N)[1 << (N - 1) :], 2 * enumeration.probabilities(model)[1 << (N - 1) :]
    random = generator(seed, "starts", n_hidden, N)
    entropy = -float(P @ np.log(P))
    best: Any = None
    for _ in range(starts):
        if best is not None and best.fun - entropy < DONE:
            break
        first = 0.5 * random.standard_normal(n_hidden * N)
        found = minimize(loss, first, (v, P), jac=True, method="L-BFGS-B", options=STOP)
        best = found if best is None or found.fun < best.fun else best
    return Machine.unbiased(best.x.reshape(n_hidden, N))


def train_by_divergence(model: Ising, n_hidden: int, seed: int, *, n_draws: int, n_iter: int, **recipe: Any) -> Machine:
    """The RBM that `RBM` makes of independent draws of the model by CD-1, without biases; recipe is `RBM`'s.

    `RBM` computes in float32; its weights are read as the float64 numbers they are.
    """
    settings: dict[str, Any] = {"learning_rate": 0.05, "batch_size": 100, "momentum": 0.5} | recipe
    rbm = RBM(n_hidden, units="spin", biases=False, n_iter=n_iter, random_state=seed, **settings)
    return Machine.from_rbm(rbm.fit(exact_draws(model, n_draws, seed)))


def placed(model: Ising, machine: Machine) -> MachineMapping:
    """A trained RBM, its hidden units on the sites of a coarse lattice and turned to point along the fine spins.

    The RBM is unchanged, and has no positions, where the centres of its fields are no better than centres at
    random, which `coarse.embedding` decides.
    """
    found = embed(machine.weights, model.lattice)
    if found is None or not found.defined:
        return MachineMapping(model, machine)
    return MachineMapping(model, machine.arranged(found.site, found.sign), found.lattice)


def loss(x: FloatArray, v: FloatArray, P: FloatArray) -> tuple[float, FloatArray]:
    """-<ln p_lambda>_P and its gradient for weights x (M N,), over states v (n, N) with probabilities P (n,)."""
    field = v @ x.reshape(-1, v.shape[1]).T
    log_weight = log_2cosh(field).sum(axis=1)
    log_Z = logsumexp(log_weight)
    excess = np.exp(log_weight - log_Z) - P
    slope = (np.tanh(field) * excess[:, None]).T @ v
    return float(log_Z - P @ log_weight), slope.ravel()
