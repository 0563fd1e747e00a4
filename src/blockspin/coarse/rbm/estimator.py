"""The restricted Boltzmann machine as a scikit-learn transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin import checks
from blockspin.coarse.rbm import settings, training
from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.gibbs import Parameters
from blockspin.coarse.rbm.machine import Seed
from blockspin.coarse.rbm.trainer import Trainer
from blockspin.coarse.rbm.variance import GaussianParameters
from blockspin.progress import Wish

Array = NDArray[Any]


class RBM(Trainer):
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
        hidden), or "auto": spin where values lie in [-1, 1] with negatives, binary where in [0, 1]. Means inside the
        range are data too, so that a stack can pass means on; spins of which some are 0 are refused, unless "means" (of
        spins) says that a 0 is meant so. Data outside [-1, 1] are Gaussian only where this is
        said, and data that are all 1 fit both spin and binary: "auto" raises ValueError for them.
    biases: False keeps both layers' biases at zero, as up-down symmetric spins want.
    learning_rate, batch_size, n_iter (epochs; 0 leaves the machine as initialised), momentum: as above.
    algorithm: "cd" starts the model's chains at the data, "pcd" keeps `batch_size` chains, "pt" keeps them in
        `n_replicas` copies from independent sites (beta = 0) to the machine (beta = 1) that exchange places; k: Gibbs
        steps. "exact" sums over the smaller layer, of at most 16 units (the hidden one beneath Gaussian units).
    reconstruction: "sample" draws the last visible state of the chain, "mean" takes its mean, as Hinton and
        Salakhutdinov's code does; only with "cd".
    l1, l2, l1_method: penalties on the weights, as above. group: strength of sum_i |W_i|, the lengths of the hidden
        units' rows, by its proximal step W_i <- W_i max(1 - learning_rate group / |W_i|, 0), which switches units off.
    optimizer: "momentum", or "adam" with beta_1 = momentum (0.9 is usual); l2 and the subgradient are then part of
        the gradient that Adam scales, and proximal steps have the length learning_rate times the strength still.
    schedule: "constant", or a learning rate that falls from epoch to epoch from `learning_rate` in the first to
        `final_rate` times that in the last of n_iter: "linear", "exponential", "inverse" (1 / (1 + a t)).
    variance: of Gaussian visible units given the hidden ones, the same number for all, or "learned", a unit each, from
        the data's variance on. E is then sum_i v_i^2 / (2 s_i^2) - sum_i v_i (b + W^T h)_i / s_i^2 - c.h.
    track_likelihood: True puts absolute likelihoods into the trajectory, ln Z summed or annealed (see `partition`).
    early_stopping: True tracks them and stops where the held-out rows' has not risen for `patience` recorded epochs;
        the machine is then that of the best epoch, `best_epoch_`. It needs held-out rows. Never the reconstruction
        error: that falls on while the likelihood does too.
    centered: True takes the gradient in centred variables (Cho, Raiko and Ilin, Neural Comput. 25, 805 (2013)).
    init: W ~ N(0, .01^2) ("small"; "data-mean" also sets b to the field of independent units with the data's
        means), or N(0, .1^2) ("hinton-salakhutdinov", Science 313, 504 (2006)); init_scale: another deviation.
    output: `transform` gives "mean" <h | v>, or "sample", int8 states.
    validation_fraction: this share of the rows, the last ones, is held out of training and watched: whole
        chains, where rows come chain by chain and the share is that of a number of chains.
    random_state: int, RandomState or None. Equal integers give equal bits on one machine.
    verbose: 0 or False, 1 or True (progress on standard error), or a callable (fraction done, text).

    Attributes
    ----------
    components_ (M, N), intercept_hidden_ (M,), intercept_visible_ (N,): W, c, b, float32.
    variance_ (N,): of Gaussian units, None where it is one. best_epoch_: with early stopping.
    units_: the units in use. n_epochs_: epochs done. seed_: the integer that `random_state` gave.
    trajectory_: dict of arrays over log-spaced epochs 0, 1, 2, 3, 5, 8, 12, ..., the last: "epoch";
        "weight_change" |W - W_previous| / |W| an epoch, nan at 0; "weight_norm" |W|; "pseudo_log_likelihood" and
        "pseudo_log_likelihood_validation", nats a site; "free_energy_gap", mean F of validation minus training
        rows, nats a sample: ln Z cancels, so it is the log-likelihood lost on unseen data;
        "log_likelihood", "log_likelihood_validation" and "log_likelihood_error", nats a site, the last that of ln Z,
        where they are tracked and annealing is not refused; "reconstruction_error", mean squared, a site. They are
        means over fixed, evenly spaced rows (at most 2000; the pseudo-likelihoods over fewer) and so carry no error
        of their own; nan where there is no validation set,
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
        group: float = 0.0,
        optimizer: str = "momentum",
        schedule: str = "constant",
        final_rate: float = 0.01,
        centered: bool = False,
        n_replicas: int = 10,
        variance: float | str = 1.0,
        track_likelihood: bool = False,
        early_stopping: bool = False,
        patience: int = 3,
        init: str = "small",
        init_scale: float | None = None,
        output: str = "mean",
        validation_fraction: float = 0.0,
        random_state: Seed = None,
        verbose: Wish = 0,
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
        self.group = group
        self.optimizer = optimizer
        self.schedule = schedule
        self.final_rate = final_rate
        self.centered = centered
        self.n_replicas = n_replicas
        self.variance = variance
        self.track_likelihood = track_likelihood
        self.early_stopping = early_stopping
        self.patience = patience
        self.init = init
        self.init_scale = init_scale
        self.output = output
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def from_weights(
        cls,
        weights: ArrayLike,
        visible: ArrayLike | None = None,
        hidden: ArrayLike | None = None,
        *,
        units: str,
        **parameters: Any,
    ) -> Self:
        """The machine with these W (M, N), b (N,) and c (M,), zero unless given, as if trained; kept as float32.

        `parameters` are the constructor's. Raises ValueError for units "auto" or shapes that do not fit.
        """
        W = checks.finite("weights", weights).astype(np.float32)
        checks.choice("units", units, states.UNITS)
        if W.ndim != 2 or not W.size:
            raise ValueError(f"weights have shape (n_components, n_features); got {W.shape}")
        b = checks.finite("visible", np.zeros(W.shape[1]) if visible is None else visible).astype(np.float32)
        c = checks.finite("hidden", np.zeros(W.shape[0]) if hidden is None else hidden).astype(np.float32)
        if b.shape != W.shape[1:] or c.shape != W.shape[:1]:
            raise ValueError(
                f"weights {W.shape} go with visible biases {W.shape[1:]} and hidden biases {W.shape[:1]}; "
                f"got {b.shape} and {c.shape}"
            )
        machine = cls(len(W), units=units, **parameters)
        settings.check(machine)
        machine.components_, machine.intercept_visible_, machine.intercept_hidden_ = W, b, c
        machine._set_log_variance(machine._first_log_variance(W.shape[1], units))
        machine.units_, machine.n_features_in_, machine.n_epochs_ = units, W.shape[1], 0
        machine._seed()
        machine._velocity = tuple(np.zeros_like(part) for part in (W, b, c))
        machine._chains = np.zeros((0, len(W)), np.float32)
        return machine

    @staticmethod
    def fit_many(
        machines: Sequence[RBM], X: ArrayLike | Sequence[ArrayLike], *, validation: ArrayLike | None = None
    ) -> list[RBM]:
        """Train several machines of one shape in one program: `coarse.rbm.ensemble.fit_ensemble`."""
        from blockspin.coarse.rbm.ensemble import fit_ensemble  # which trains machines of this class

        return fit_ensemble(machines, X, validation=validation)

    def _start(self, X: Array) -> training.State:
        """A new machine for these data."""
        self.units_ = states.chosen(X, self.units)
        self._seed()
        self.n_epochs_ = 0
        generator = np.random.RandomState([self.seed_, 1])
        shape = (self.n_components, X.shape[1])
        scale = settings.INIT_SCALE[self.init] if self.init_scale is None else self.init_scale
        weights = jnp.asarray((scale * generator.standard_normal(shape)).astype(np.float32))
        visible = jnp.zeros(shape[1], jnp.float32)
        if self.init == "data-mean" and self.biases:
            visible = jnp.asarray(states.inverse_mean(X.mean(axis=0), self.units_).astype(np.float32))
        hidden = jnp.zeros(shape[0], jnp.float32)
        self._set_log_variance(self._first_log_variance(shape[1], self.units_, X))
        parameters: Parameters | GaussianParameters = Parameters(weights, visible, hidden)
        if self._log_variance is not None:
            parameters = GaussianParameters(weights, visible, hidden, jnp.asarray(self._log_variance))
        return training.State(parameters, training.at_rest(parameters, self.optimizer), self._new_chains(*X.shape))

    def _trained(self) -> Parameters | GaussianParameters:
        parts = (self.components_, self.intercept_visible_, self.intercept_hidden_)
        plain = Parameters(*(jnp.asarray(part) for part in parts))
        return plain if self._log_variance is None else GaussianParameters(*plain, jnp.asarray(self._log_variance))

    def _new_chains(self, n_rows: int, n_sites: int) -> jax.Array:
        """The persistent chains, uniform: hidden states for "pcd", replicas of visible ones for "pt", else none."""
        n_chains = min(self.batch_size, n_rows)
        generator = np.random.RandomState([self.seed_, 2])
        if self.algorithm == "pt":
            coin = np.full((self.n_replicas, n_chains, n_sites), 0.5 if self.units_ == "binary" else 0.0)
            return jnp.asarray(states.draw(coin, self.units_, generator).astype(np.float32))
        shape = (n_chains if self.algorithm == "pcd" else 0, self.n_components)
        coin = np.full(shape, 0.0 if self._hidden_units == "spin" else 0.5)
        return jnp.asarray(states.draw(coin, self._hidden_units, generator).astype(np.float32))

    def _rule(self, n_rows: int) -> training.Rule:
        return training.Rule(
            self.units_,
            self.algorithm,
            self.k,
            self.reconstruction,
            self.l1_method,
            bool(self.biases),
            min(self.batch_size, n_rows),
            self.optimizer,
            bool(self.centered),
            self.group > 0,
            self._log_variance is not None and self.variance == "learned",
        )

    def _publish(self, state: training.State) -> tuple[Array, Array, Array]:
        parts = [np.array(part) for part in state.parameters]
        self.components_, self.intercept_visible_, self.intercept_hidden_ = parts[:3]
        self._set_log_variance(parts[3] if len(parts) > 3 else None)
        return self._machine(np.float32)

    def _check_unchanged(self) -> None:
        if len(self.components_) != self.n_components:
            raise ValueError(
                f"n_components was {len(self.components_)} where training began and is now {self.n_components}: "
                f"fit starts anew"
            )

    def _n_hidden(self, n_sites: int) -> int:
        return self.n_components
