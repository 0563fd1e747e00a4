"""How a machine is trained: epochs, held-out rows, the trajectory, checkpoints and early stopping."""

from __future__ import annotations

import os
from functools import partial
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from blockspin.coarse.rbm import files, settings, training, trajectory
from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.machine import FittedMachine
from blockspin.coarse.rbm.stopping import Stopping
from blockspin.coarse.rows import rows
from blockspin.progress import Wish, reporting

Array = NDArray[Any]
Path = str | os.PathLike[str]

CHAINS, STEPS = 64, 1000  # of annealing, a recorded epoch


class Trainer(FittedMachine):
    """A machine that learns: what `RBM` and `ConvolutionalRBM` share, whatever their parameters look like."""

    units: str
    biases: bool
    learning_rate: float
    batch_size: int
    n_iter: int
    momentum: float
    algorithm: str
    k: int
    l1: float
    l2: float
    l1_method: str
    optimizer: str
    schedule: str
    final_rate: float
    track_likelihood: bool
    early_stopping: bool
    patience: int
    init_scale: float | None
    validation_fraction: float
    verbose: Wish
    trajectory_: dict[str, Array]
    best_epoch_: int

    def _start(self, X: Array) -> training.State:
        """A new machine for these data."""
        raise NotImplementedError

    def _trained(self) -> Any:
        """The parameters as they stand, in the form that training takes."""
        raise NotImplementedError

    def _rule(self, n_rows: int) -> training.Rule:
        """The choices that change the program."""
        raise NotImplementedError

    def _publish(self, state: training.State) -> tuple[Array, Array, Array]:
        """Set the learned attributes; W, b, c of the machine of rows in units of the deviations."""
        raise NotImplementedError

    def _new_chains(self, n_rows: int, n_sites: int) -> jax.Array:
        """The persistent chains where they start."""
        raise NotImplementedError

    def _check_unchanged(self) -> None:
        """Raise ValueError where the shape asked for is not that of the machine as it stands."""
        raise NotImplementedError

    def _n_hidden(self, n_sites: int) -> int:
        """Hidden units of a machine of so many sites."""
        raise NotImplementedError

    def fit(
        self,
        X: ArrayLike,
        y: object = None,
        *,
        validation: ArrayLike | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Train from scratch on X, shape (n, N); `validation` holds rows kept out by the caller, best by chain.

        `checkpoint` is the name of an .npz file to save the machine to at every epoch of the trajectory; after an
        interruption `RBM.load(checkpoint).resume(X)` ends with the bits of the whole fit. Raises ValueError for
        parameters or values out of range, fewer than 2 rows, or training that diverges.
        """
        settings.check(self)
        if checkpoint is not None:
            files.target_of(checkpoint, "checkpoint")
        train, watched = self._rows(X, validation, reset=True)
        settings.check_memory(self, len(train), train.shape[1])
        state = self._start(train)
        self._check_rows(train, watched)
        return self._run(state, train, watched, checkpoint)

    def resume(
        self,
        X: ArrayLike,
        *,
        validation: ArrayLike | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Go on with a fit from where the machine stands to n_iter epochs, on the same rows, with the same bits.

        Raises ValueError as `fit` does, and where n_iter epochs are done already.
        """
        check_is_fitted(self)
        settings.check(self)
        if self.n_epochs_ >= self.n_iter and not self._waiting:
            raise ValueError(f"nothing to resume: {self.n_epochs_} epochs are done and n_iter is {self.n_iter}")
        if checkpoint is not None:
            files.target_of(checkpoint, "checkpoint")
        train, watched = self._rows(X, validation, reset=False)
        self._check_rows(train, watched)
        return self._run(self._resume(len(train)), train, watched, checkpoint)

    def _run(self, state: training.State, train: Array, watched: Array | None, checkpoint: Path | None) -> Self:
        """Epochs up to n_iter, with the trajectory and the checkpoints on the way."""
        if self.early_stopping and watched is None:
            raise ValueError("early_stopping needs held-out rows: give validation, or a validation_fraction")
        data = self._on_device(train)
        recorder = self._recorder(train, watched)
        stopping = Stopping(self.patience) if self.early_stopping else None
        first = self.n_epochs_
        if first:
            recorder.restore(getattr(self, "trajectory_", {}), self.components_, first)
            text = f"epoch {first}"
            if stopping:
                stopping.restore(self._waiting, state)
        else:
            text = self._record(recorder, 0, state)
            if stopping:
                stopping.see(0, recorder.held_out, state)
        stops = set(trajectory.checkpoints(self.n_iter))
        with reporting(self.verbose, type(self).__name__, name="verbose") as report:
            for number in range(first + 1, self.n_iter + 1):
                if stopping and stopping.over:
                    report(1.0, f"stopped at epoch {number - 1}: the best was {stopping.epoch}")
                    break
                state = self._epoch(state, data)
                if number in stops:
                    text = self._record(recorder, number, state)
                    if stopping:
                        stopping.see(number, recorder.held_out, state)
                        self._waiting = stopping.arrays()
                    if checkpoint is not None:
                        self._keep(state)
                        self.trajectory_ = recorder.table()
                        self.save(checkpoint)
                report(number / self.n_iter, text)
        if stopping and stopping.epoch is not None:
            state = stopping.state
            self.best_epoch_ = self.n_epochs_ = stopping.epoch
            self._publish(state)
        self._waiting = {}
        self._keep(state)
        self.trajectory_ = recorder.table()
        return self

    def _recorder(self, train: Array, watched: Array | None) -> trajectory.Recorder:
        return trajectory.Recorder(train, watched, self.units_, self._n_hidden(train.shape[1]), self.n_iter)

    def _record(self, recorder: trajectory.Recorder, epoch: int, state: training.State) -> str:
        """Publish the state and record it; returns a line of text."""
        machine = self._publish(state)
        finder = partial(self.partition, recorder.train, n_chains=CHAINS, n_steps=STEPS)
        tracked = self.track_likelihood or self.early_stopping
        return recorder.record(epoch, *machine, self.variance_, finder if tracked else None)

    def _rows(self, X: ArrayLike, validation: ArrayLike | None, *, reset: bool) -> tuple[Array, Array | None]:
        """Rows to train on and rows to watch."""
        train = rows(self, X, least=2, reset=reset)
        if validation is None:
            return self._hold_out(train)
        if self.validation_fraction:
            raise ValueError("validation rows and validation_fraction exclude each other: give one")
        return train, rows(self, validation, reset=False, name="validation")

    def _check_rows(self, train: Array, watched: Array | None) -> None:
        self._check_values(train, "X")
        if watched is not None:
            self._check_values(watched, "validation")
        settings.check_size(self, train.shape[1])

    def partial_fit(self, X: ArrayLike, y: object = None) -> Self:
        """One more epoch, over the rows of X; the first call starts from scratch. No trajectory is kept.

        As many calls with the same rows give the bits of one `fit` of that many epochs.
        """
        settings.check(self)
        first = not hasattr(self, "components_")
        data = rows(self, X, reset=first)
        settings.check_memory(self, len(data), data.shape[1])
        state = self._start(data) if first else self._resume(len(data))
        self._check_rows(data, None)
        state = self._epoch(state, self._on_device(data))
        self._publish(state)
        self._keep(state)
        return self

    def _hold_out(self, X: Array) -> tuple[Array, Array | None]:
        n_held = round(self.validation_fraction * len(X))
        if not n_held:
            return X, None
        if len(X) - n_held < 2:
            raise ValueError(
                f"validation_fraction must leave 2 rows to train on; got {self.validation_fraction} of {len(X)} rows"
            )
        return X[:-n_held], X[-n_held:]

    def _resume(self, n_rows: int) -> training.State:
        """Where training stood. Raises ValueError where the shape asked for has changed since."""
        self._check_unchanged()
        parameters = self._trained()
        velocity, chains = training.at_rest(parameters, self.optimizer), self._new_chains(n_rows, self.n_features_in_)
        leaves, form = jax.tree.flatten(velocity)
        if len(self._velocity) == len(leaves):
            velocity = jax.tree.unflatten(form, [jnp.array(part) for part in self._velocity])
        if self._chains.ndim == chains.ndim and len(self._chains):
            chains = jnp.array(self._chains)
        return training.State(jax.tree.map(jnp.array, parameters), velocity, chains)

    def _epoch(self, state: training.State, data: jax.Array) -> training.State:
        key, rates = self._epoch_key(), self._rates()
        self.n_epochs_ += 1
        after: training.State = training.epoch(state, data, key, rates, self._rule(len(data)))
        return after

    def _epoch_key(self) -> jax.Array:
        """The key of the epoch that comes next."""
        return jax.random.fold_in(jax.random.key(self.seed_, impl="threefry2x32"), self.n_epochs_)

    def _rates(self) -> training.Rates:
        """The rates of the epoch that comes next."""
        rate = self.learning_rate * settings.decay(self.schedule, self.final_rate, self.n_epochs_, self.n_iter)
        return training.Rates(
            float(rate), *(float(getattr(self, name, 0.0)) for name in ("momentum", "l1", "l2", "group"))
        )

    def _keep(self, state: training.State) -> None:
        self._velocity = tuple(np.array(part) for part in jax.tree.leaves(state.velocity))
        self._chains = np.array(state.chains)

    def _on_device(self, X: Array) -> jax.Array:
        return jnp.asarray(X.astype(np.int8 if states.is_hard(X, self.units_) else np.float32))
