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
    until rounding turns a draw over. The first's `verbose` says how far training has come. Raises ValueError for what
    cannot share a program, and as `RBM.fit` does.
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
    data = machines[0]._on_device(rows[0]) if same else jnp.stack([jnp.asarray(part, jnp.float32) for part in rows])
    state = jax.tree.map(lambda *parts: jnp.stack(parts), *states)
    n_iter = machines[0].n_iter
    stops = {0, *trajectory.checkpoints(n_iter)}
    tracked = any(machine.track_likelihood for machine in machines)  # ln Z is found for one RBM at a time
    with reporting(machines[0].verbose, "RBM ensemble", name="verbose") as report:
        for number in range(n_iter + 1):
            if number:
                keys = jnp.stack([machine._epoch_key() for machine in machines])
                rates = [machine._rates() for machine in machines]
                for machine in machines:
                    machine.n_epochs_ = number
                several = jax.tree.map(lambda *parts: jnp.asarray(parts, jnp.float32), *rates)
                state = _epoch(state, data, keys, several, rule, same)
            if number in stops and not tracked:
                trajectory.record_together(recorders, number, state.parameters, same)
            elif number in stops:
                for index, (machine, recorder) in enumerate(zip(machines, recorders, strict=True)):
                    machine._record(recorder, number, jax.tree.map(itemgetter(index), state))
            report(number / max(n_iter, 1), f"epoch {number}")
    kept = jax.tree.map(np.asarray, state)
    for index, (machine, recorder) in enumerate(zip(machines, recorders, strict=True)):
        machine._keep(jax.tree.map(itemgetter(index), kept))
        machine.trajectory_ = recorder.table()
    return machines


@partial(jax.jit, static_argnames=("rule", "same"), donate_argnames=("state",))
def _epoch(
    state: training.State, data: jax.Array, keys: jax.Array, rates: training.Rates, rule: training.Rule, same: bool
) -> training.State:
    # a function of the module, so that ensembles of one shape share a program
    one = partial(training.one_epoch, rule=rule)
    after: training.State = jax.vmap(one, in_axes=(0, None if same else 0, 0, 0))(state, data, keys, rates)
    return after


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
