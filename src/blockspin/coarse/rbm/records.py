"""What a recorded epoch measures, as one compiled function."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from blockspin.coarse.rbm import gibbs, pseudolikelihood
from blockspin.coarse.rbm.gibbs import Parameters
from blockspin.coarse.rbm.units import HIDDEN


class Rows(NamedTuple):
    """Rows that are watched, float32 (n, N), and the few of them that the pseudo-likelihoods look at."""

    all: jax.Array
    few: jax.Array


class Measured(NamedTuple):
    """Of one RBM: whether it is finite, |W|^2 and |W - W_before|^2, and a number a row.

    energies: free energies, nats; pseudo: pseudo-log-likelihoods, nats, none of Gaussian units; of the training rows
    and, where there are some, of the validation rows. errors: squared errors of the reconstruction, a site.
    """

    finite: jax.Array
    norm: jax.Array
    moved: jax.Array
    energies: tuple[jax.Array, ...]
    pseudo: tuple[jax.Array, ...]
    errors: jax.Array


class Program(NamedTuple):
    """The choices that change the program."""

    units: str
    hard: bool  # every value is a state, none a mean
    group: int  # see `pseudolikelihood.group_of`


@partial(jax.jit, static_argnames=("program",))
def measure(parameters: Parameters, before: jax.Array, watched: tuple[Rows, ...], program: Program) -> Measured:
    """The measurements of an RBM on its training rows and, where given, its validation rows.

    before: the weights at the record before this one.
    """
    with jax.default_matmul_precision("highest"):  # a likelihood rests on these products
        units, train = program.units, watched[0].all
        back = gibbs.visible_mean(parameters, gibbs.hidden_mean(parameters, train, units), units)
        pseudo = () if units == "gaussian" else _pseudo(parameters, watched, program)
        return Measured(
            jnp.stack([jnp.isfinite(part).all() for part in parameters]).all(),
            (parameters.weights**2).sum(),
            ((parameters.weights - before) ** 2).sum(),
            tuple(free_energy(parameters, rows.all, units) for rows in watched),
            pseudo,
            ((train - back) ** 2).mean(axis=1),
        )


def free_energy(parameters: Parameters, X: jax.Array, units: str) -> jax.Array:
    """F(v) of each row, shape (n,), in nats, as `units.free_energy`."""
    field = X @ parameters.weights.T + parameters.hidden
    own = X @ parameters.visible - ((X**2).sum(axis=1) / 2 if units == "gaussian" else 0.0)
    return -own - gibbs.log_sum(field, HIDDEN[units]).sum(axis=1)


def _pseudo(parameters: Parameters, watched: tuple[Rows, ...], program: Program) -> tuple[jax.Array, ...]:
    few = jnp.concatenate([rows.few for rows in watched])  # all at once: it is compiled once
    found = pseudolikelihood.on_device(few, *parameters, **program._asdict())
    n = len(watched[0].few)
    return (found[:n], found[n:])[: len(watched)]
