"""Lower bounds of the mutual information of two vectors from samples, by small networks, in nats.

"infonce": E[f(x, y) - ln mean_j exp f(x_j, y)] over K pairs, f(x, y) = a(x).c(y); never above ln K.
"classifier": H(x) + E[ln q(x | y)] for x with few states, H(x) from its frequencies; no ceiling but H(x) itself.
Each is trained on a first part of the rows, stopped on a second and measured on a third that neither has seen.
Sources: van den Oord, Li, Vinyals, arXiv:1807.03748; Barber and Agakov, NIPS 16 (2003); Poole et al.,
arXiv:1905.06922.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr, xlogy

from blockspin import checks
from blockspin.arrays import Array, FloatArray
from blockspin.coarse.rsmi import networks
from blockspin.coarse.rsmi.networks import Batch, Layers
from blockspin.statistics import Estimate, leave_one_out, refused, with_blocks

EMBEDDING = 8
HIDDEN = 32
HELD_OUT = 0.4  # share of the rows kept apart, half to stop by and half to measure
CLASSES = 8  # binary components of x, at most, whose joint states the classifier tells apart
RATE = 5e-3  # of Adam
PARTS = 20  # of the rows measured, where no chains are given
NEAR = 1.0  # nats: InfoNCE this near to ln K is refused
AT_ONCE = 16  # batches evaluated by one call
PARTED = 0.1  # of the training value: held-out rows that keep less than the rest are refused
SIGMAS = 3.0


@dataclass(frozen=True)
class Bound:
    """A lower bound with its standard error, nats; the same on the training rows; the most it can be; `why` not.

    why is empty, or says why the number is not to be trusted: too near its ceiling, or far from the training rows'.
    """

    name: str
    measured: Estimate
    training: Estimate
    ceiling: float
    why: str = ""

    @property
    def estimate(self) -> Estimate:
        """The bound, or not-a-number where it is refused, which carries `why` and what was `measured`."""
        return refused(self.why, self.measured) if self.why else self.measured


def parts(n: int, chains: int | None) -> tuple[tuple[slice, slice, slice], int]:
    """Rows to train on, to stop by and to measure on, and into how many parts the last fall for errors.

    n rows come chain by chain (each row its own chain for None); `HELD_OUT` of the chains, halved, is kept. Raises
    ValueError where the rows are no whole number of chains, or fewer than 1, 1 and 2 chains would be left.
    """
    units = n if chains is None else chains
    if units < 1 or n % units:
        raise ValueError(f"{n} rows are no whole number of rows in each of {chains} chains")
    measured = max(2, round(HELD_OUT * units / 2))
    stopping = max(1, round(HELD_OUT * units / 2))
    if units - measured - stopping < 1:
        raise ValueError(f"training, stopping and measuring need at least 4 chains (or rows); got {units}")
    size = n // units
    first, second = (units - stopping - measured) * size, (units - measured) * size
    count = measured if chains is not None else min(PARTS, measured)
    return (slice(0, first), slice(first, second), slice(second, n)), count


def lower_bound(
    x: ArrayLike,
    y: ArrayLike,
    bound: str = "classifier",
    *,
    chains: int | None = None,
    batch_size: int = 100,
    n_iter: int = 3000,
    seed: int = 0,
) -> Bound:
    """A lower bound of I(x:y) from rows x (n, p) and y (n, q), measured on rows kept apart.

    bound: "infonce" or "classifier" (the module says which is what; x -1/+1 or 0/1 for the latter). chains: how many
    chains the rows come in, chain by chain. Errors: jackknife over the chains measured, or over 20 runs of rows. The
    means of batches are over rows far apart.
    Raises ValueError for another bound, for shapes or values that do not fit, or for too few rows.
    """
    checks.choice("bound", bound, ROWS)
    left, right = _matrix(x), _matrix(y)
    if len(left) != len(right):
        raise ValueError(f"x and y must have one row a sample each; got {len(left)} and {len(right)} rows")
    split, n_parts = parts(len(left), chains)
    data = [(left[rows], right[rows]) for rows in split]
    return trained(bound, data, n_parts=n_parts, batch_size=batch_size, n_iter=n_iter, seed=seed)


def trained(
    bound: str,
    data: list[tuple[Array, Array]],
    *,
    n_parts: int,
    batch_size: int,
    seed: int,
    n_iter: int = 3000,
    patience: int = 5,
) -> Bound:
    """`lower_bound` from rows (x, y) already split: to train on, to stop by, to measure on."""
    data = [(inputs(bound, x), y) for x, y in data]
    train, stop, measure = data
    parameters = NETWORKS[bound](np.random.Generator(np.random.PCG64(seed)), train[0].shape[1], train[1].shape[1])
    best, _ = networks.ascend(
        _OBJECTIVES[bound],
        lambda now: float(values(bound, now, *stop, batch_size).mean()),
        parameters,
        train,
        seed=seed,
        learning_rate=RATE,
        batch_size=batch_size,
        n_iter=n_iter,
        patience=patience,
    )
    return measured(bound, best, train, measure, batch_size, n_parts)


def measured(
    bound: str,
    parameters: Any,
    train: tuple[Array, Array],
    measure: tuple[Array, Array],
    batch_size: int,
    n_parts: int,
) -> Bound:
    """The bound of trained networks on both sets of rows, with its errors, its ceiling and whether to trust it."""
    inside, outside = (
        _estimate(bound, values(bound, parameters, *rows, batch_size), rows[0], n_parts) for rows in (train, measure)
    )
    most = measure[0].shape[1] if bound == "classifier" else min(batch_size, len(measure[0]))
    ceiling = math.log(most)
    gap = inside.value - outside.value
    why = ""
    if bound == "infonce" and outside.value > ceiling - NEAR:
        why = f"{outside} nats lie within {NEAR:g} of the ceiling ln {batch_size} = {ceiling:.2f}: larger batches"
    elif gap > SIGMAS * math.hypot(inside.error, outside.error) and gap > PARTED * inside.value:
        why = f"training rows give {inside} nats, rows kept apart {outside}: more samples"
    return Bound(bound, outside, inside, ceiling, why)


def _estimate(bound: str, row_values: FloatArray, x: Array, n_parts: int) -> Estimate:
    runs = np.array_split(np.arange(len(row_values)), max(2, n_parts))
    of_runs = np.array([row_values[run].mean() for run in runs])
    if bound != "classifier":
        return with_blocks(*leave_one_out(of_runs))
    frequencies = np.array([x[run].mean(axis=0) for run in runs])

    def statistic(mean: FloatArray) -> float:
        return float(mean[-1] - xlogy(mean[:-1], mean[:-1]).sum())

    return with_blocks(*leave_one_out(np.column_stack([frequencies, of_runs]), statistic))


def value(bound: str, parameters: Any, x: Array, y: Array, batch_size: int) -> float:
    """The bound by networks as they are, x as `lower_bound` takes it."""
    seen = inputs(bound, x)
    entropy = float(entr(seen.mean(axis=0)).sum()) if bound == "classifier" else 0.0
    return float(values(bound, parameters, seen, y, batch_size).mean()) + entropy


def values(bound: str, parameters: Any, x: Array, y: Array, batch_size: int) -> FloatArray:
    """What each row (n,) adds to the mean that is the bound; of a classifier ln q(x | y), without the entropy.

    The K rows of a batch lie as far apart as they can; some of the last rows may be left out to fill the batches.
    """
    size = min(batch_size, len(x))
    n_batches = len(x) // size
    # batch j holds rows j, j + n_batches, ...; at most AT_ONCE go at a time, filled up, so that one program serves all
    x_batches, y_batches = (part[: n_batches * size].reshape(size, n_batches, -1).swapaxes(0, 1) for part in (x, y))
    rows = np.empty((n_batches, size))
    for first in range(0, n_batches, AT_ONCE):
        chosen = np.arange(first, first + AT_ONCE) % n_batches
        some = np.asarray(_batches(parameters, x_batches[chosen], y_batches[chosen], ROWS[bound]))
        rows[first : first + AT_ONCE] = some[: n_batches - first]
    return rows.T.ravel()


@partial(jax.jit, static_argnames=("of_rows",))
def _batches(parameters: Any, x: jax.Array, y: jax.Array, of_rows: Callable[..., jax.Array]) -> jax.Array:
    """Values of rows in batches x (batches, size, p) and y (batches, size, q), shape (batches, size)."""

    def one(batch: tuple[jax.Array, jax.Array]) -> jax.Array:
        return of_rows(parameters, batch[0].astype(jnp.float32), batch[1].astype(jnp.float32))

    with jax.default_matmul_precision("highest"):  # a log-likelihood rests on these products
        rows: jax.Array = jax.lax.map(one, (x, y))
    return rows


def new_critic(random: np.random.Generator, n_x: int, n_y: int) -> tuple[Layers, Layers]:
    """The networks a(x) and c(y) of a separable critic."""
    return (
        networks.layers(random, n_x, HIDDEN, HIDDEN, EMBEDDING),
        networks.layers(random, n_y, HIDDEN, HIDDEN, EMBEDDING),
    )


def new_classifier(random: np.random.Generator, n_states: int, n_y: int) -> tuple[Layers, Layers]:
    """A network and a linear map from y to one number a state of x; both give 0 at the start."""
    network = networks.layers(random, n_y, HIDDEN, HIDDEN, n_states)
    network[-1] = (np.zeros_like(network[-1][0]), network[-1][1])
    return network, [(np.zeros((n_y, n_states), np.float32), np.zeros(n_states, np.float32))]


def inputs(bound: str, x: Array) -> Array:
    """What networks see of x (n, k): a classifier the joint state's indicators (n, 2^k), a critic x."""
    return one_hot(x) if bound == "classifier" else x


def one_hot(x: Array) -> Array:
    """Binary components (n, k), -1/+1 or 0/1, as indicators (n, 2^k) of uint8: bit j of the state's number is x_j > 0.

    Raises ValueError for other values, or for more than CLASSES components.
    """
    if x.shape[1] > CLASSES or not np.isin(x, (-1, 0, 1)).all() or len(np.unique(x)) > 2:
        raise ValueError(f"a classifier needs x of 1 to {CLASSES} binary components, -1/+1 or 0/1; got shape {x.shape}")
    number = (x > 0) @ (1 << np.arange(x.shape[1]))
    indicators: Array = (number[:, None] == np.arange(1 << x.shape[1])).astype(np.uint8)
    return indicators


def _infonce_rows(critic: Any, x: jax.Array, y: jax.Array) -> jax.Array:
    table = networks.run(critic[1], y) @ networks.run(critic[0], x).T  # f(x_j, y_i), (rows of y, rows of x)
    return jnp.diag(table) - jax.nn.logsumexp(table, axis=1) + jnp.log(len(x))


def _classifier_rows(classifier: Any, x: jax.Array, y: jax.Array) -> jax.Array:
    network, linear = classifier
    logits = networks.run(network, y) + networks.run(linear, y)
    rows: jax.Array = (x * jax.nn.log_softmax(logits)).sum(axis=1)
    return rows


ROWS: dict[str, Callable[..., jax.Array]] = {"infonce": _infonce_rows, "classifier": _classifier_rows}
NETWORKS = {"infonce": new_critic, "classifier": new_classifier}


def _objective(bound: str) -> networks.Objective:
    of_rows = ROWS[bound]

    def mean(parameters: Any, batch: Batch, noise: jax.Array, temperature: jax.Array) -> jax.Array:
        return jnp.mean(of_rows(parameters, *batch))

    return mean


_OBJECTIVES = {bound: _objective(bound) for bound in ROWS}  # one function a bound: each compiles once


def _matrix(values_: ArrayLike) -> Array:
    matrix: Array = np.asarray(values_)
    if matrix.ndim == 1:
        matrix = matrix[:, None]
    if matrix.ndim != 2 or len(matrix) < 8:
        raise ValueError(f"rows of samples have shape (n, components) with n of at least 8; got {matrix.shape}")
    return matrix if np.issubdtype(matrix.dtype, np.integer) else matrix.astype(np.float32)
