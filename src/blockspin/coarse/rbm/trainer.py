"""How an RBM is trained: epochs, held-out rows, the trajectory and checkpoints."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from blockspin.arrays import Array
from blockspin.coarse.rbm import files, settings, training, trajectory
from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.convolution import Windows
from blockspin.coarse.rbm.gibbs import Parameters
from blockspin.coarse.rbm.machine import FittedMachine, Seed
from blockspin.coarse.rows import rows
from blockspin.progress import Wish, reporting

Path = str | os.PathLike[str]

CHAINS, STEPS = 64, 1000  # of annealing, a recorded epoch


@dataclass(eq=False, repr=False, kw_only=True)
class Trainer(FittedMachine):
    """An RBM that learns: what `RBM` and `ConvolutionalRBM` share; the latter's parameters are of another form."""

    _SIZE: ClassVar[str] = "n_components"  # the setting that says how many hidden units there are
    units: str = "auto"
    biases: bool = True
    algorithm: str = "cd"
    k: int = 1
    learning_rate: float = 0.1
    momentum: float = 0.5
    batch_size: int = 100
    n_iter: int = 10
    l1: float = 0.0
    l2: float = 0.0
    l1_method: str = "proximal"
    init_scale: float | None = None
    random_state: Seed = None
    output: str = "mean"
    track_likelihood: bool = False
    verbose: Wish = 0

    def _first(self, X: Array, generator: np.random.RandomState, scale: float) -> tuple[Array, Array, Array]:
        """Weights of deviation `scale` and biases for these data, before training."""
        shape = (self.n_components, X.shape[1])
        visible = np.zeros(shape[1])
        if self.init == "data-mean" and self.biases:
            visible = states.inverse_mean(X.mean(axis=0), self.units_)
        return scale * generator.standard_normal(shape), visible, np.zeros(shape[0])

    def _trained(self) -> Parameters:
        """The parameters as they stand, in the form that training takes."""
        return Parameters(*map(jnp.array, (self.components_, self.intercept_visible_, self.intercept_hidden_)))

    def _publish(self, parameters: Parameters) -> None:
        """Set the learned attributes."""
        self.components_, self.intercept_visible_, self.intercept_hidden_ = map(np.array, parameters)

    def _check_unchanged(self) -> None:
        """Raise ValueError where the requested shape is not that of the RBM."""
        if len(self.components_) != self.n_components:
            raise ValueError(
                f"n_components was {len(self.components_)} where training began and is now {self.n_components}: "
                f"fit starts anew"
            )

    def _n_hidden(self, n_sites: int) -> int:
        """Hidden units of an RBM of so many sites."""
        return self.n_components

    def _windows(self, n_sites: int) -> Windows | None:
        """The windows that tie the weights together, if any."""
        return None

    def fit(
        self,
        X: ArrayLike,
        y: object = None,
        *,
        validation: ArrayLike | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Train from scratch on X, shape (n, N); `validation` holds rows kept out by the caller, best by chain.

        `checkpoint` is the name of an .npz file to save the RBM to at every epoch of the trajectory; after an
        interruption `RBM.load(checkpoint).resume(X)` ends with the bits of the whole fit. Raises ValueError for
        parameters or values out of range, fewer than 2 rows, or training that diverges.
        """
        train, watched = self._rows(X, validation, checkpoint, reset=True)
        return self._run(self._start(train), train, watched, checkpoint)

    def resume(
        self,
        X: ArrayLike,
        *,
        validation: ArrayLike | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Continue a fit from the RBM's present epoch to n_iter epochs, on the same rows, with the same bits.

        Raises ValueError as `fit` does, and where n_iter epochs are done already.
        """
        check_is_fitted(self)
        train, watched = self._rows(X, validation, checkpoint, reset=False)
        if self.n_epochs_ >= self.n_iter:
            raise ValueError(f"nothing to resume: {self.n_epochs_} epochs are done and n_iter is {self.n_iter}")
        return self._run(self._resume(len(train)), train, watched, checkpoint)

    def partial_fit(self, X: ArrayLike, y: object = None) -> Self:
        """One more epoch, over the rows of X; the first call starts from scratch. No trajectory is kept.

        As many calls with the same rows give the bits of one `fit` of that many epochs.
        """
        settings.check(self)
        first = not hasattr(self, "components_")
        data = rows(self, X, reset=first)
        state = self._start(data) if first else self._resume(len(data))
        self._check_rows(data, None)
        self._keep(self._epoch(state, self._on_device(data)))
        return self

    def _rows(
        self, X: ArrayLike, validation: ArrayLike | None, checkpoint: Path | None = None, *, reset: bool
    ) -> tuple[Array, Array | None]:
        """Rows to train on and rows to watch, once the settings are found right."""
        settings.check(self)
        if checkpoint is not None:
            files.target_of(checkpoint, "checkpoint")
        train = rows(self, X, least=2, reset=reset)
        return train, None if validation is None else rows(self, validation, reset=False, name="validation")

    def _check_rows(self, train: Array, watched: Array | None) -> None:
        states.check_units(train, self.units_)
        if watched is not None:
            states.check_units(watched, self.units_, "validation")

    def _start(self, X: Array, machines: int = 1) -> training.State:
        """A new RBM for these data, one of so many that are trained together."""
        settings.check_memory(self, len(X), X.shape[1], machines)
        self.units_ = states.chosen(X, self.units)
        self._seed()
        self.n_epochs_ = 0
        scale = settings.INIT_SCALE[self.init] if self.init_scale is None else self.init_scale
        parts = self._first(X, np.random.RandomState([self.seed_, 1]), scale)
        parameters = Parameters(*(jnp.asarray(part.astype(np.float32)) for part in parts))
        return training.State(parameters, jax.tree.map(jnp.zeros_like, parameters), self._new_chains(*X.shape))

    def _resume(self, n_rows: int) -> training.State:
        """The state of training. Raises ValueError where the requested shape has changed since."""
        self._check_unchanged()
        parameters = self._trained()
        velocity = Parameters(*map(jnp.array, self._velocity or map(jnp.zeros_like, parameters)))
        chains = jnp.array(self._chains) if len(self._chains) else self._new_chains(n_rows, self.n_features_in_)
        return training.State(parameters, velocity, chains)

    def _new_chains(self, n_rows: int, n_sites: int) -> jax.Array:
        """The persistent chains of "pcd" where they start, uniform hidden states; none else."""
        n_chains = min(self.batch_size, n_rows) if self.algorithm == "pcd" else 0
        coin = np.full((n_chains, self._n_hidden(n_sites)), 0.0 if self._hidden_units == "spin" else 0.5)
        generator = np.random.RandomState([self.seed_, 2])
        return jnp.asarray(states.draw(coin, self._hidden_units, generator).astype(np.float32))

    def _run(self, state: training.State, train: Array, watched: Array | None, checkpoint: Path | None) -> Self:
        """Epochs up to n_iter, with the trajectory and the checkpoints on the way."""
        self._check_rows(train, watched)
        data, recorder, first = self._on_device(train), self._recorder(train, watched), self.n_epochs_
        text = f"epoch {first}"
        if first:
            recorder.restore(getattr(self, "trajectory_", {}), self.components_, first)
        else:
            text = self._record(recorder, 0, state)
        stops = set(trajectory.checkpoints(self.n_iter))
        with reporting(self.verbose, type(self).__name__, name="verbose") as report:
            for number in range(first + 1, self.n_iter + 1):
                state = self._epoch(state, data)
                if number in stops:
                    text = self._record(recorder, number, state)
                    if checkpoint is not None:
                        self.save(checkpoint)
                report(number / self.n_iter, text)
        return self

    def _recorder(self, train: Array, watched: Array | None) -> trajectory.Recorder:
        return trajectory.Recorder(train, watched, self.units_, self._n_hidden(train.shape[1]), self.n_iter)

    def _record(self, recorder: trajectory.Recorder, epoch: int, state: training.State) -> str:
        """Keep the state and record it; returns a line of text."""
        self._keep(state)
        finder = partial(self.partition, recorder.train, n_chains=CHAINS, n_steps=STEPS)
        found = Parameters(*map(jnp.asarray, self._machine(np.float32)))
        text = recorder.record(epoch, found, finder if self.track_likelihood else None)
        self.trajectory_ = recorder.table()
        return text

    def _keep(self, state: training.State) -> None:
        self._publish(state.parameters)
        self._velocity = tuple(map(np.array, state.velocity))
        self._chains = np.array(state.chains)

    def _epoch(self, state: training.State, data: jax.Array) -> training.State:
        key, rates = self._epoch_key(), self._rates()
        self.n_epochs_ += 1
        after: training.State = training.epoch(state, data, key, rates, self._rule(len(data)))
        return after

    def _epoch_key(self) -> jax.Array:
        """The key of the epoch that comes next."""
        return jax.random.fold_in(jax.random.key(self.seed_, impl="threefry2x32"), self.n_epochs_)

    def _rates(self) -> training.Rates:
        return training.Rates(*(float(getattr(self, name)) for name in training.Rates._fields))

    def _rule(self, n_rows: int) -> training.Rule:
        """The choices that change the program."""
        return training.Rule(
            self.units_,
            self.algorithm,
            self.k,
            self.reconstruction,
            self.l1_method,
            bool(self.biases),
            min(self.batch_size, n_rows),
            bool(self.centered),
            self._windows(self.n_features_in_),
        )

    def _on_device(self, X: Array) -> jax.Array:
        return jnp.asarray(X.astype(np.int8 if states.is_hard(X, self.units_) else np.float32))
