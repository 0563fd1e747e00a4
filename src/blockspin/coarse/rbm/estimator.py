"""The restricted Boltzmann machine as a scikit-learn transformer."""

from __future__ import annotations

import numbers
import os
import zlib
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from blockspin.coarse.rbm import files, gibbs, training, trajectory
from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.gibbs import Parameters
from blockspin.coarse.rbm.progress import reporting
from blockspin.coarse.rbm.pseudolikelihood import pseudo_log_likelihood

Array = NDArray[Any]
Seed = int | np.random.RandomState | None

CHOICES = {
    "units": ("auto", *states.UNITS),
    "algorithm": ("cd", "pcd"),
    "reconstruction": ("sample", "mean"),
    "l1_method": ("proximal", "subgradient"),
    "init": ("small", "data-mean", "hinton-salakhutdinov"),
    "output": ("mean", "sample"),
}
INIT_SCALE = {"small": 0.01, "data-mean": 0.01, "hinton-salakhutdinov": 0.1}


class RBM(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
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
        self._check_parameters()
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
        self._check_parameters()
        first = not hasattr(self, "components_")
        data = validate_data(self, X, dtype="numeric", reset=first)
        state = self._start(data) if first else self._resume(len(data))
        self._check_values(data, "X")
        state = self._epoch(state, self._on_device(data))
        self._publish(state)
        self._keep(state)
        return self

    def transform(self, X: ArrayLike) -> Array:
        """<h | v>, shape (n, M): probabilities, or magnetisations in [-1, 1] for spins; or states, by `output`.

        Floating-point data keep their precision, other data give float32; states are int8. A draw is a function
        of `seed_` and of X: the same rows give the same states, other rows independent ones.
        """
        check_is_fitted(self)
        self._check_parameters()
        data = self._validated(X)
        mean = self._hidden_mean(data)
        if self.output == "mean":
            return mean
        digest = zlib.crc32(np.ascontiguousarray(data).tobytes())
        generator = np.random.RandomState([self.seed_, digest])
        return states.draw(mean, self._hidden_units, generator)

    def sample_hidden(self, X: ArrayLike, *, random_state: Seed = None) -> Array:
        """Hidden states drawn given v, int8 (n, M); by `random_state_`, which moves on, unless a seed is given."""
        check_is_fitted(self)
        return states.draw(self._hidden_mean(self._validated(X)), self._hidden_units, self._generator(random_state))

    def visible_mean(self, H: ArrayLike) -> Array:
        """<v | h>, shape (n, N), from hidden states or means (n, M). Raises ValueError for another shape."""
        check_is_fitted(self)
        hidden = np.asarray(H)
        if hidden.ndim != 2 or hidden.shape[1] != len(self.components_):
            raise ValueError(f"hidden states have shape (n, {len(self.components_)}); got {hidden.shape}")
        hidden = _floating(hidden)
        field = hidden @ self.components_.astype(hidden.dtype) + self.intercept_visible_.astype(hidden.dtype)
        return states.visible_mean(field, self.units_)

    def reconstruct(self, X: ArrayLike) -> Array:
        """<v> given the hidden means of X, shape (n, N)."""
        check_is_fitted(self)
        return self.visible_mean(self._hidden_mean(self._validated(X)))

    def gibbs(self, X: ArrayLike, *, random_state: Seed = None) -> Array:
        """One block Gibbs step, h given v and then v given h: visible states (n, N); randomness as `sample_hidden`."""
        check_is_fitted(self)
        generator = self._generator(random_state)
        hidden = states.draw(self._hidden_mean(self._validated(X)), self._hidden_units, generator)
        return states.draw(self.visible_mean(hidden), self.units_, generator)

    def gibbs_chain(self, X: ArrayLike, steps: int, *, thin: int | None = None, random_state: Seed = None) -> Array:
        """The visible states (n, N) after `steps` block Gibbs steps from each row of X, run on the device.

        With `thin`, the states after every `thin` steps, shape (steps // thin, n, N). int8, or float32 for
        Gaussian units. Randomness as `sample_hidden`. Raises ValueError where steps or thin is below 1.
        """
        check_is_fitted(self)
        if steps < 1 or (thin is not None and not 1 <= thin <= steps):
            raise ValueError(f"a chain needs steps >= 1 and 1 <= thin <= steps; got steps={steps}, thin={thin}")
        data = self._validated(X)
        seed = self._generator(random_state).randint(2**31 - 1)
        key = jax.random.key(seed, impl="threefry2x32")
        chain = gibbs.chain(
            self._parameters(),
            jnp.asarray(data.astype(np.float32)),
            key,
            jnp.int32(thin or steps),
            kept=steps // thin if thin else 1,
            units=self.units_,
        )
        kept = np.asarray(chain)
        return kept if thin else kept[0]

    def free_energy(self, X: ArrayLike) -> NDArray[np.float64]:
        """F(v) = -ln sum_h exp(-E(v, h)), shape (n,), in nats; ln p(v) = -F(v) - ln Z."""
        check_is_fitted(self)
        data = _floating(self._validated(X))
        return states.free_energy(data, *self._machine(data.dtype), self.units_)

    def pseudo_log_likelihood(self, X: ArrayLike) -> NDArray[np.float64]:
        """sum_i ln p(v_i | the other sites) over all sites, shape (n,), in nats; exact and without randomness.

        Source: Besag, Statistician 24, 179 (1975); `BernoulliRBM.score_samples` estimates it from one site.
        """
        check_is_fitted(self)
        data = _floating(self._validated(X))
        return pseudo_log_likelihood(data, *self._machine(data.dtype), self.units_)

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:
        """`pseudo_log_likelihood`, under scikit-learn's name."""
        return self.pseudo_log_likelihood(X)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write parameters and learned attributes to an .npz file, which appears whole or not at all.

        `verbose` functions are not kept, and a RandomState is kept as the integer drawn from it.
        """
        check_is_fitted(self)
        files.write(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> RBM:
        """The machine that `save` wrote; `partial_fit` goes on where it stood.

        Raises ValueError for a file that `save` did not write. Nothing pickled is loaded.
        """
        machine: RBM = files.read(cls, path)
        machine.random_state_ = np.random.RandomState(machine.seed_)
        return machine

    @classmethod
    def from_weights(
        cls,
        weights: ArrayLike,
        visible: ArrayLike | None = None,
        hidden: ArrayLike | None = None,
        *,
        units: str,
        **parameters: Any,
    ) -> RBM:
        """The machine with these W (M, N), b (N,) and c (M,), zero unless given, as if trained; kept as float32.

        `parameters` are the constructor's. Raises ValueError for units "auto" or shapes that do not fit.
        """
        W = np.array(weights, np.float32)
        if units not in states.UNITS:
            raise ValueError(f"units must be one of {', '.join(states.UNITS)}; got {units!r}")
        if W.ndim != 2 or not W.size:
            raise ValueError(f"weights have shape (n_components, n_features); got {W.shape}")
        b = np.zeros(W.shape[1], np.float32) if visible is None else np.array(visible, np.float32)
        c = np.zeros(W.shape[0], np.float32) if hidden is None else np.array(hidden, np.float32)
        if b.shape != W.shape[1:] or c.shape != W.shape[:1]:
            raise ValueError(
                f"weights {W.shape} go with visible biases {W.shape[1:]} and hidden biases {W.shape[:1]}; "
                f"got {b.shape} and {c.shape}"
            )
        machine = cls(len(W), units=units, **parameters)
        machine._check_parameters()
        machine.components_, machine.intercept_visible_, machine.intercept_hidden_ = W, b, c
        machine.units_, machine.n_features_in_, machine.n_epochs_ = units, W.shape[1], 0
        machine._seed()
        machine._velocity = tuple(np.zeros_like(part) for part in (W, b, c))
        machine._chains = np.zeros((0, len(W)), np.float32)
        return machine

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)

    @property
    def _hidden_units(self) -> str:
        return "spin" if self.units_ == "spin" else "binary"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _check_parameters(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}; got {getattr(self, name)!r}")
        for name in ("n_components", "batch_size", "k"):
            _check_number(name, getattr(self, name), numbers.Integral, 1, np.inf)
        _check_number("n_iter", self.n_iter, numbers.Integral, 0, np.inf)
        _check_number("learning_rate", self.learning_rate, numbers.Real, 0, np.inf)
        _check_number("momentum", self.momentum, numbers.Real, 0, 1, open_end=True)
        for name in ("l1", "l2"):
            _check_number(name, getattr(self, name), numbers.Real, 0, np.inf)
        if self.init_scale is not None:
            _check_number("init_scale", self.init_scale, numbers.Real, 0, np.inf)
        _check_number("validation_fraction", self.validation_fraction, numbers.Real, 0, 1, open_end=True)
        if self.algorithm == "pcd" and self.reconstruction == "mean":
            raise ValueError("reconstruction='mean' goes with algorithm='cd': a persistent chain needs states")

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
        scale = INIT_SCALE[self.init] if self.init_scale is None else self.init_scale
        weights = jnp.asarray((scale * generator.standard_normal(shape)).astype(np.float32))
        visible = jnp.zeros(shape[1], jnp.float32)
        if self.init == "data-mean" and self.biases:
            visible = jnp.asarray(states.inverse_mean(X.mean(axis=0), self.units_).astype(np.float32))
        parameters = Parameters(weights, visible, jnp.zeros(shape[0], jnp.float32))
        rest = jax.tree.map(jnp.zeros_like, parameters)
        return training.State(parameters, rest, self._new_chains(len(X)))

    def _seed(self) -> None:
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.random_state_ = np.random.RandomState(self.seed_)

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

    def _machine(self, dtype: Any) -> tuple[Array, Array, Array]:
        """W, b, c in this precision."""
        parts = (self.components_, self.intercept_visible_, self.intercept_hidden_)
        weights, visible, hidden = (part.astype(dtype, copy=False) for part in parts)
        return weights, visible, hidden

    def _parameters(self) -> Parameters:
        return Parameters(*(jnp.asarray(part) for part in self._machine(np.float32)))

    def _validated(self, X: ArrayLike) -> Array:
        data = validate_data(self, X, dtype="numeric", reset=False)
        self._check_values(data, "X")
        return np.asarray(data)

    def _check_values(self, X: Array, name: str) -> None:
        states.check_units(X, self.units_, name)

    def _on_device(self, X: Array) -> jax.Array:
        return jnp.asarray(X.astype(np.int8 if states.is_hard(X, self.units_) else np.float32))

    def _hidden_mean(self, X: Array) -> Array:
        data = _floating(X)
        weights, _, hidden = self._machine(data.dtype)
        return states.hidden_mean(data @ weights.T + hidden, self._hidden_units)

    def _generator(self, random_state: Seed) -> np.random.RandomState:
        generator: np.random.RandomState = (
            self.random_state_ if random_state is None else check_random_state(random_state)
        )
        return generator


def _floating(X: Array) -> Array:
    return X if X.dtype in (np.float32, np.float64) else X.astype(np.float32)


def _check_number(name: str, value: Any, kind: type, low: float, high: float, *, open_end: bool = False) -> None:
    typed = isinstance(value, kind) and not isinstance(value, bool)
    if not typed or not low <= value <= high or (open_end and value == high) or value == np.inf:
        what = "an integer" if kind is numbers.Integral else "a number"
        rule = f"of at least {low:g}" if high == np.inf else f"in [{low:g}, {high:g}{')' if open_end else ']'}"
        raise ValueError(f"{name} must be {what} {rule}; got {value!r}")
