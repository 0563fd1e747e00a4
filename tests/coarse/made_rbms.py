"""RBMs and rows that several tests use, and their probabilities by sums over all states."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import logsumexp

from blockspin.coarse.rbm import RBM, ConvolutionalRBM
from blockspin.coarse.rbm.gibbs import Parameters
from blockspin.coarse.rbm.phases import Rule, State
from blockspin.lattice import Lattice

DISCRETE = ("binary", "spin")
N_ROWS = 40_000


def spins(n: int = 300, sites: int = 8, seed: int = 0) -> np.ndarray:
    # most tests share these shapes, and 5 hidden units, so that each program is compiled once
    rng = np.random.default_rng(seed)
    return (rng.choice((-1, 1), (n, 1)) * rng.choice((-1, 1), (n, sites), p=(0.2, 0.8))).astype(np.int8)


def all_states(n: int, units: str) -> np.ndarray:
    low = -1 if units == "spin" else 0
    return np.array(list(itertools.product((low, 1), repeat=n)), np.float64)


def machine(units: str, n_hidden: int = 4, n_visible: int = 6, *, scale: float = 0.6, seed: int = 0) -> RBM:
    rng = np.random.default_rng(seed)
    W, b, c = (rng.normal(0, scale, shape) for shape in ((n_hidden, n_visible), n_visible, n_hidden))
    return RBM.from_weights(W, b, c, units=units, random_state=seed)


def with_filters(
    filters: np.ndarray, lattice: Lattice, b: int = 2, *, units: str, visible: float = 0.0, hidden: object = None,
    **parameters: object,
) -> ConvolutionalRBM:  # fmt: skip
    """The convolutional RBM with these filters (F, side, ...), visible bias and filters' biases (F,), as if trained."""
    weights = np.asarray(filters, np.float32)
    made = ConvolutionalRBM(lattice, b, weights.shape[1], len(weights), units=units, **parameters)
    made._seed()
    biases = np.array([visible, *(np.zeros(len(weights)) if hidden is None else hidden)], np.float32)
    return made._as_if_trained(units, lattice.n_sites, filters_=weights, _biases=biases)


def free_energy_by_sum(rbm: RBM, V: np.ndarray) -> np.ndarray:
    H = all_states(len(rbm.components_), "spin" if rbm.units_ == "spin" else "binary")
    W, b, c = (np.asarray(part, float) for part in (rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_))
    energy = -V @ W.T @ H.T - (V @ b)[:, None] - H @ c
    if rbm.units_ == "gaussian":
        energy += 0.5 * (V**2).sum(axis=1, keepdims=True)
    return -logsumexp(-energy, axis=1)


def probabilities(rbm: RBM, V: np.ndarray) -> np.ndarray:
    log_p = -free_energy_by_sum(rbm, V)
    return np.exp(log_p - logsumexp(log_p))


def parts_of(rbm: RBM) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    W, b, c = (np.asarray(part, float) for part in (rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_))
    return W, b, c


def rule(units: str, **changes: object) -> Rule:
    settings = {
        "units": units,
        "algorithm": "cd",
        "k": 1,
        "reconstruction": "sample",
        "l1_method": "proximal",
        "biases": True,
        "batch_size": N_ROWS,
    }
    return Rule(**(settings | changes))


def state_of(rbm: RBM, n_chains: int = 0) -> State:
    parameters = Parameters(*(jnp.asarray(part, jnp.float32) for part in parts_of(rbm)))
    low = -1 if rbm.units_ == "spin" else 0
    chains = np.random.default_rng(9).choice((low, 1), (n_chains, len(rbm.components_)))
    return State(parameters, jax.tree.map(jnp.zeros_like, parameters), jnp.asarray(chains, jnp.float32))
