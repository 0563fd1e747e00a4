"""The restricted Boltzmann machine as a scikit-learn transformer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import validate_data

from blockspin.coarse.rbm import settings, training, trajectory
from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.gibbs import Parameters
from blockspin.coarse.rbm.machine import FittedMachine, Seed
from blockspin.coarse.rbm.progress import reporting

Array = NDArray[Any]


class RBM(FittedMachine):
    """A restricted Boltzmann machine trained by contrastive divergence.

    p(v, h) = exp(-E(v, h)) / Z with E = -h.W.v - b.v - c.h (plus |v|^2/2 for Gaussian visible units). Mehta and
    Schwab (arXiv:1410.3831, eq. 10) write the opposite sign: their w, b, c are minus these.

    A mini-batch of training does, with g = <h v>_data - <h v>_model from hidden means:

        velocity <- momentum velocity + learning_rate (g - l2 W)
        W        <- W + velocity
        W        <- sign(W) max(|W| - learning_rate l1, 0)         l1_method="proximal": exact zeros

    or, with l1_method="subgradient", g - l2 W - l1 sign(W) inside the first line: no weight is ever exactly zero.
    A penalty inside the velocity shrinks a weight by learning_rate lambda / (1 - momentum) a batch in the steady
    state, the proximal one by learning_rate l1. Biases are not penalised. Arithmetic is float32.

    Each epoch shuffles the rows. The last mini-batch is filled up from the front of the same shuffle, so all
    mini-batches weigh the same; where there are fewer rows than `batch_size`, a batch is all of them.

    Parameters
    ----------
    n_components: hidden units M.
    units: "binary" (0/1 visible and hidden), "spin" (-1/+1 both), "gaussian" (real visible of unit variance, 0/1
        hidden), or "auto": spin where values lie in [-1, 1] with negatives, binary where in [0, 1], else gaussian.
        Means inside the range are data too, so that a stack can pass means on.
    biases: False keeps both layers' biases at zero, as up-down symmetric spins want.
    learning_rate, batch_size, n_iter (epochs; 0 leaves the machine as initialised), momentum: as above.
    algorithm: "cd" starts the model's chains at the data, "pcd" keeps `batch_size` chains; k: Gibbs steps.
    reconstruction: "sample" draws the last visible state of the chain, "mean" takes its mean, as Hinton and
        Salakhutdinov's code does; only with "cd".
    l1, l2, l1_method: penalties on the weights, as above.
    init: W ~ N(0, .01^2) ("small"; "data-mean" also sets b to the field of independent units with the data's
        means), or N(0, .1^2) ("hinton-salakhutdinov", Science 313, 504 (2006)); init_scale: another deviation.
    output: `transform` gives "mean" <h | v>, or "sample", int8 states.
    validation_fraction: this share of the rows, the last ones, is held out of training and watched: whole
        chains, where rows come chain by chain and the share is that of a number of chains.
    random_state: int, RandomState or None. Equal integers give equal bits on one machine.
    verbose: 0, 1 (progress on standard error), or a callable (fraction done, text).

    Attributes
    ----------
    components_ (M, N), intercept_hidden_ (M,), intercept_visible_ (N,): W, c, b, float32.
    units_: the units in use. n_epochs_: epochs done. seed_: the integer that `random_state` gave.
    trajectory_: dict of arrays over log-spaced epochs 0, 1, 2, 3, 5, 8, 12, ..., the last: "epoch";
        "weight_change" |W - W_previous| / |W| an epoch, nan at 0; "weight_norm" |W|; "pseudo_log_likelihood" and
        "pseudo_log_likelihood_validation", nats a site; "free_energy_gap", mean F of validation minus training
        rows, nats a sample: ln Z cancels, so it is the log-likelihood lost on unseen data;
        "reconstruction_error", mean squared, a site. They are means over fixed, evenly spaced rows (at most
        2000; the pseudo-likelihoods over fewer) and so carry no error; nan where there is no validation set,
        and the pseudo-likelihoods of Gaussian units, which cost too much to watch.
    """

    def __init__(
        self,
        n_components: int = 256,
        *,
        units: str = "auto",
        biases: bool = True,
        learning_rate: float = 0.1,
        batch_size: int = 100,
        n_iter: int = 10,
        momentum: float = 0.5,
        algorithm: str = "cd",
        k: int = 1,
        reconstruction: str = "sample",
        l1: float = 0.0,
        l2: float = 0.0,
        l1_method: str = "proximal",
        init: str = "small",
        init_scale: float | None = None,
        output: str = "mean",
        validation_fraction: float = 0.0,
        random_state: Seed = None,
        verbose: int | Callable[[float, str], object] = 0,
    ) -> None:
        self.n_components = n_components
        self.units = units
        self.biases = biases
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.momentum = momentum
        self.algorithm = algorithm
        self.k = k
        self.reconstruction = reconstruction
        self.l1 = l1
        self.l2 = l2
        self.l1_method = l1_method
        self.init = init
        self.init_scale = init_scale
        self.output = output
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None, *, validation: ArrayLike | None = None) -> RBM:
        """Train from scratch on X, shape (n, N); `validation` holds rows kept out by the caller, best by chain.

        Raises ValueError for parameters or values out of range, fewer than 2 rows, or training that diverges.
        """
        settings.check(self)
        train = validate_data(self, X, dtype="numeric", ensure_min_samples=2)
        if validation is not None:
            if self.validation_fraction:
                raise ValueError("validation rows and validation_fraction exclude each other: give one")
            watched = validate_data(self, validation, dtype="numeric", reset=False)
        else:
            train, watched = self._hold_out(train)
        state = self._start(train)
        self._check_values(train, "X")
        if watched is not None:
            self._check_values(watched, "validation")
        data = self._on_device(train)
        recorder = trajectory.Recorder(train, watched, self.units_, self.n_components, self.n_iter)
        text = recorder.record(0, *self._publish(state))
        stops = set(trajectory.checkpoints(self.n_iter))
        with reporting(self.verbose) as report:
            for number in range(1, self.n_iter + 1):
                state = self._epoch(state, data)
                if number in stops:
                    text = recorder.record(number, *self._publish(state))
                report(number / self.n_iter, text)
        self._keep(state)
        self.trajectory_ = recorder.table()
        return self

    def partial_fit(self, X: ArrayLike, y: object = None) -> RBM:
        """One more epoch, over the rows of X; the first call starts from scratch. No trajectory is kept.

        As many calls with the same rows give the bits of one `fit` of that many epochs.
        """
        settings.check(self)
        first = not hasattr(self, "components_")
        data = validate_data(self, X, dtype="numeric", reset=first)
        state = self._start(data) if first else self._resume(len(data))
        self._check_values(data, "X")
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

    def _start(self, X: Array) -> training.State:
        """A new machine for these data."""
        self.units_ = states.read_units(X) if self.units == "auto" else self.units
        self._seed()
        self.n_epochs_ = 0
        generator = np.random.RandomState([self.seed_, 1])
        shape = (self.n_components, X.shape[1])
        scale = settings.INIT_SCALE[self.init] if self.init_scale is None else self.init_scale
        weights = jnp.asarray((scale * generator.standard_normal(shape)).astype(np.float32))
        visible = jnp.zeros(shape[1], jnp.float32)
        if self.init == "data-mean" and self.biases:
            visible = jnp.asarray(states.inverse_mean(X.mean(axis=0), self.units_).astype(np.float32))
        parameters = Parameters(weights, visible, jnp.zeros(shape[0], jnp.float32))
        rest = jax.tree.map(jnp.zeros_like, parameters)
        return training.State(parameters, rest, self._new_chains(len(X)))

    def _new_chains(self, n_rows: int) -> jax.Array:
        """Hidden states of the persistent chains, uniform; none for "cd"."""
        n_chains = min(self.batch_size, n_rows) if self.algorithm == "pcd" else 0
        coin = np.full((n_chains, self.n_components), 0.0 if self._hidden_units == "spin" else 0.5)
        generator = np.random.RandomState([self.seed_, 2])
        return jnp.asarray(states.draw(coin, self._hidden_units, generator).astype(np.float32))

    def _resume(self, n_rows: int) -> training.State:
        """Where training stood. Raises ValueError where n_components has changed since."""
        if len(self.components_) != self.n_components:
            raise ValueError(
                f"n_components was {len(self.components_)} where training began and is now {self.n_components}: "
                f"fit starts anew"
            )
        chains = jnp.array(self._chains) if len(self._chains) else self._new_chains(n_rows)
        velocity = Parameters(*(jnp.array(part) for part in self._velocity))
        parameters = Parameters(*(jnp.array(part) for part in self._machine(np.float32)))
        return training.State(parameters, velocity, chains)

    def _epoch(self, state: training.State, data: jax.Array) -> training.State:
        rule = training.Rule(
            self.units_,
            self.algorithm,
            self.k,
            self.reconstruction,
            self.l1_method,
            bool(self.biases),
            min(self.batch_size, len(data)),
        )
        rates = training.Rates(self.learning_rate, self.momentum, self.l1, self.l2)
        key = jax.random.fold_in(jax.random.key(self.seed_, impl="threefry2x32"), self.n_epochs_)
        self.n_epochs_ += 1
        after: training.State = training.epoch(state, data, key, rates, rule)
        return after

    def _publish(self, state: training.State) -> tuple[Array, Array, Array]:
        self.components_, self.intercept_visible_, self.intercept_hidden_ = (
            np.array(part) for part in state.parameters
        )
        return self._machine(np.float32)

    def _keep(self, state: training.State) -> None:
        self._velocity = tuple(np.array(part) for part in state.velocity)
        self._chains = np.array(state.chains)

    def _on_device(self, X: Array) -> jax.Array:
        return jnp.asarray(X.astype(np.int8 if states.is_hard(X, self.units_) else np.float32))
