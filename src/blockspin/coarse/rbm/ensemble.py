"""Many RBMs of one shape trained together in one program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from operator import itemgetter
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from blockspin.coarse.rbm import training, trajectory
from blockspin.coarse.rbm.trainer import Trainer
from blockspin.progress import reporting

Machine = TypeVar("Machine", bound=Trainer)

SHARED = ("n_components", "n_iter")


def fit_together(machines: list[Machine], X: Any, *, validation: ArrayLike | None = None) -> list[Machine]:
    """Train several RBMs of one shape in one program, which a small RBM alone cannot fill the processor with.

    machines: they may differ in learning_rate, momentum, penalties, init and random_state; n_components, n_iter and
    what changes the program (units, algorithm, k, ...) must be the same. X: rows (n, N) for all, or a sequence of as
    many sets of rows, of one shape (one a temperature). Every RBM is fitted in place and returned, with its
    trajectory: it shuffles and draws as it would alone, so that its numbers are those of its own `fit` up to rounding,
    until rounding turns a draw over. Where all have one seed, the draws are made once for all. The first's `verbose`
    says how far training has come. Raises ValueError for what cannot share a program, and as `RBM.fit` does.
    """
    if not machines:
        raise ValueError("machines must be at least one; got none")
    sets = _sets(X, len(machines))
    states, rows, recorders = [], [], []
    for machine, own in zip(machines, sets, strict=True):
        train, watched = machine._rows(own, validation, reset=True)
        states.append(machine._start(train, len(machines)))
        machine._check_rows(train, watched)
        rows.append(train)
        recorders.append(machine._recorder(train, watched))
    rule = _shared_rule(machines, rows)
    same = all(own is sets[0] for own in sets)
    data = machines[0]._on_device(rows[0]) if same else _stacked(*map(machines[0]._on_device, rows))
    state = jax.tree.map(_stacked, *states)
    n_iter = machines[0].n_iter
    drawing = machines if len({machine.seed_ for machine in machines}) > 1 else machines[:1]
    rates = jax.tree.map(lambda *parts: jnp.asarray(parts, jnp.float32), *[machine._rates() for machine in machines])
    stops = {0, *trajectory.checkpoints(n_iter)}
    with reporting(machines[0].verbose, "RBM ensemble", name="verbose") as report:
        for number in range(n_iter + 1):
            if number:
                keys = jnp.stack([machine._epoch_key() for machine in drawing])
                for machine in machines:
                    machine.n_epochs_ = number
                state = _epoch(state, data, keys, rates, rule)
            if number in stops:  # measured one after the other, by the program that each alone has
                now = jax.tree.map(np.array, state)
                for index, (machine, recorder) in enumerate(zip(machines, recorders, strict=True)):
                    try:
                        machine._record(recorder, number, jax.tree.map(itemgetter(index), now))
                    except ValueError as error:
                        raise ValueError(f"RBM {index + 1} of {len(machines)}: {error}") from error
            report(number / max(n_iter, 1), f"epoch {number}")
    return machines


@partial(jax.jit, static_argnames=("rule",), donate_argnames=("state",))
def _epoch(
    state: training.State, data: jax.Array, keys: jax.Array, rates: training.Rates, rule: training.Rule
) -> training.State:
    # a function of the module, so that ensembles of one shape share a program; what all have is given without an axis
    one = partial(training.one_epoch, rule=rule)
    own_rows, own_draws = data.ndim == 3, len(keys) > 1
    mapped = jax.vmap(one, in_axes=(0, 0 if own_rows else None, 0 if own_draws else None, 0))
    after: training.State = mapped(state, data, keys if own_draws else keys[0], rates)
    return after


def _stacked(*parts: jax.Array) -> jax.Array:
    return jnp.array(np.stack(parts))  # by numpy, which compiles nothing


def _sets(X: ArrayLike | Sequence[ArrayLike], n: int) -> list[Any]:
    if isinstance(X, (list, tuple)) and X and all(map(_is_matrix, X)):
        if len(X) != n:
            raise ValueError(f"{n} RBMs take one set of rows X or {n} of them; got {len(X)}")
        return list(X)
    return [X] * n


def _is_matrix(part: Any) -> bool:
    nested = isinstance(part, (list, tuple)) and bool(part) and isinstance(part[0], (list, tuple))
    return nested or getattr(part, "ndim", 0) == 2


def _shared_rule(machines: Sequence[Trainer], rows: Sequence[np.ndarray]) -> training.Rule:
    for name in SHARED:
        _check_same(name, [getattr(machine, name) for machine in machines])
    _check_same("rows", [part.shape for part in rows])
    rules = [machine._rule(len(part)) for machine, part in zip(machines, rows, strict=True)]
    for field in fields(training.Rule):
        _check_same(field.name, [getattr(rule, field.name) for rule in rules])
    return rules[0]


def _check_same(name: str, values: list[object]) -> None:
    if any(value != values[0] for value in values):
        found = ", ".join(dict.fromkeys(str(value) for value in values))
        raise ValueError(f"RBMs of an ensemble share one program, and so {name}; got {found}")
