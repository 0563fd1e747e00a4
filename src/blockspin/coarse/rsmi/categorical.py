"""Components of q > 2 states, h = argmax_a w_a.v: their rule, and what trains them, the annealed Gumbel-softmax.

Of two states with filters w and -w all of it is the binary concrete distribution of `coarse.rsmi.estimator`.
Sources: E. Jang, S. Gu, B. Poole, arXiv:1611.01144; C. J. Maddison, A. Mnih, Y. W. Teh, arXiv:1611.00712 (both 2016).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from numpy.typing import NDArray

from blockspin import checks
from blockspin.coarse.rsmi import bounds
from blockspin.coarse.rsmi.networks import Batch

FloatArray = NDArray[np.float64]
States = NDArray[np.int8]

MOST = 127  # states of a component, as of samples of Potts states
ROUNDING = 1e-12  # of a component's largest sum of absolute weights: states this near the largest are ties


def check(states: object, n_components: int, starts: tuple[str, ...], algorithm: str) -> None:
    """Raise ValueError where a component cannot have so many states, or not with these other settings."""
    q = checks.whole("states", states, 2, MOST)
    if q == 2:
        return
    joint = q**n_components
    if joint > bounds.STATES:
        raise ValueError(
            f"all components together take at most {bounds.STATES} states, which a classifier tells apart; got "
            f"{n_components} components of {states} states, {joint} in all"
        )
    if algorithm == "rbm-proxy":
        raise ValueError(f"the algorithm rbm-proxy knows spins alone, states=2; got states={states}")
    if "canonical" in starts:
        raise ValueError(f"components of {states} states start from small or random; a canonical start is of spins")


def winners(blocks: States, filters: FloatArray, means: FloatArray) -> States:
    """argmax_a w_a.(v - means) of blocks (m, n), filters (components, q, n): states 0..q-1, shape (m, components).

    Ties, up to rounding, go to the first of the tied states.
    """
    totals = np.einsum("mn,cqn->mcq", blocks, filters, optimize=True) - filters @ means
    near = ROUNDING * np.abs(filters).sum(axis=2).max(axis=1)
    states: States = (totals >= totals.max(axis=2, keepdims=True) - near[:, None]).argmax(axis=2).astype(np.int8)
    return states


def ordered(filters: FloatArray) -> FloatArray:
    """The same rule with filters (components, q, n) that add up to 0, mean absolute sum 1, sums not falling with a.

    Only differences of filters decide, so that their mean over the states is free, and so is one factor.
    """
    free = filters - filters.mean(axis=1, keepdims=True)
    size = np.abs(free).sum(axis=2).mean(axis=1)
    free = free / np.where(size > 0, size, 1)[:, None, None]
    order = np.argsort(free.sum(axis=2), axis=1, kind="stable")
    return np.take_along_axis(free, order[:, :, None], axis=1)


def relaxed(filters: jax.Array, blocks: jax.Array, noise: jax.Array, temperature: ArrayLike) -> jax.Array:
    """Draws softmax_a((w_a.v + g_a) / eps), g_a = -ln(-ln u), from uniform noise (m, components q), of its shape.

    The largest is state a with probability softmax_a(w_a.v); filters (components, q, n), blocks (m, n).
    """
    field = jnp.einsum("mn,cqn->mcq", blocks, filters)
    gumbel = -jnp.log(-jnp.log(jnp.clip(noise, 1e-6, 1 - 1e-6))).reshape(field.shape)
    return jax.nn.softmax((field + gumbel) / temperature, axis=2).reshape(len(blocks), -1)


def chances(filters: jax.Array, blocks: jax.Array, temperature: ArrayLike) -> jax.Array:
    """P(joint state | v) of components with P(h_j = a | v) = softmax_a(w_ja.v / eps), shape (m, q^components).

    Joint states are numbered as in `bounds.one_hot`: that of the first component changes fastest.
    """
    each = jax.nn.softmax(jnp.einsum("mn,cqn->mcq", blocks, filters) / temperature, axis=2)
    joint = jnp.ones((len(blocks), 1))
    for component in range(each.shape[1]):
        joint = (each[:, component, :, None] * joint[:, None, :]).reshape(len(blocks), -1)
    return joint


def _infonce(parameters: Any, batch: Batch, noise: jax.Array, temperature: jax.Array) -> jax.Array:
    """InfoNCE of components drawn from the Gumbel-softmax."""
    filters, critic = parameters
    blocks, around = batch
    return jnp.mean(bounds.ROWS["infonce"](critic, relaxed(filters, blocks, noise, temperature), around))


def _classifier(parameters: Any, batch: Batch, noise: jax.Array, temperature: jax.Array) -> jax.Array:
    """H(h) + E[ln q(h|e)] of components drawn by their chances, summed over h."""
    filters, classifier = parameters
    blocks, around = batch
    joint = chances(filters, blocks, temperature)
    entropy = jax.scipy.special.entr(joint.mean(axis=0)).sum()
    return jnp.mean(bounds.ROWS["classifier"](classifier, joint, around)) + entropy


OBJECTIVES = {"infonce": _infonce, "classifier": _classifier}
