"""What a fitted RBM does: means, draws, free energies, files."""

from __future__ import annotations

import math
import os
import zlib
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from blockspin import checks
from blockspin.arrays import Array
from blockspin.coarse.rbm import annealing, files, gibbs, settings, summation
from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.annealing import Partition
from blockspin.coarse.rbm.gibbs import Parameters
from blockspin.coarse.rbm.pseudolikelihood import pseudo_log_likelihood
from blockspin.coarse.rows import Transformer, rows
from blockspin.statistics import Estimate, mean_over_chains

Seed = int | np.random.RandomState | None

QUICK = 20  # units whose states are summed in about a second
ANNEALING = 1 << 30  # folded into the seed's key, away from the numbers of epochs


class FittedMachine(ClassNamePrefixFeaturesOutMixin, Transformer):
    """Everything that needs only the fitted parameters of an RBM: `Trainer` adds how they are found."""

    components_: Array
    intercept_visible_: Array
    intercept_hidden_: Array
    units_: str
    seed_: int
    n_features_in_: int
    n_epochs_: int
    random_state_: np.random.RandomState
    output: str
    random_state: Seed
    trajectory_: dict[str, Array]
    n_components: int  # from here, settings that `ConvolutionalRBM` does not have
    reconstruction: str
    centered: bool
    init: str
    _velocity: tuple[Array, ...]
    _chains: Array
    _keeps = ("float64", "float32")
    _LEARNED: ClassVar[tuple[str, ...]] = ("components_", "intercept_visible_", "intercept_hidden_")

    def transform(self, X: ArrayLike) -> Array:
        """<h | v>, shape (n, M): probabilities, or magnetisations in [-1, 1] for spins; or states, by `output`.

        Floating-point data keep their precision, other data give float32; states are int8. A draw is a function
        of `seed_` and of X: the same rows give the same states, other rows independent ones.
        """
        data = self._validated(X)
        settings.check(self)
        mean = self._hidden_mean(data)
        if self.output == "mean":
            return mean
        digest = zlib.crc32(np.ascontiguousarray(data).tobytes())
        generator = np.random.RandomState([self.seed_, digest])
        return states.draw(mean, self._hidden_units, generator)

    def visible_mean(self, H: ArrayLike) -> Array:
        """<v | h>, shape (n, N), from hidden states or means (n, M). Raises ValueError for another shape."""
        check_is_fitted(self)
        hidden = checks.finite("H", H)
        if hidden.ndim != 2 or hidden.shape[1] != len(self.components_):
            raise ValueError(f"H, the hidden states, has shape (n, {len(self.components_)}); got {hidden.shape}")
        hidden = _floating(hidden)
        weights, visible, _ = self._machine(hidden.dtype)
        return states.visible_mean(hidden @ weights + visible, self.units_)

    def reconstruct(self, X: ArrayLike) -> Array:
        """<v> given the hidden means of X, shape (n, N)."""
        return self.visible_mean(self._hidden_mean(self._validated(X)))

    def gibbs_chain(self, X: ArrayLike, steps: int, *, thin: int | None = None, random_state: Seed = None) -> Array:
        """The visible states (n, N) after `steps` block Gibbs steps from each row of X, run on the device.

        With `thin`, the states after every `thin` steps, shape (steps // thin, n, N). int8, or float32 for
        Gaussian units. By `random_state_`, which moves on, unless a seed is given. Raises ValueError where steps or
        thin is below 1.
        """
        checks.whole("steps", steps, 1)
        if thin is not None:
            checks.whole("thin", thin, 1, steps)
        data = self._validated(X)
        generator = self.random_state_
        if random_state is not None:
            generator = check_random_state(checks.random_state(random_state))
        seed = generator.randint(2**31 - 1)
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
        data = _floating(self._validated(X))
        return states.free_energy(data, *self._machine(data.dtype), self.units_)

    def pseudo_log_likelihood(self, X: ArrayLike) -> NDArray[np.float64]:
        """sum_i ln p(v_i | the other sites) over all sites, shape (n,), in nats; exact and without randomness.

        Source: Besag, Statistician 24, 179 (1975); `BernoulliRBM.score_samples` estimates it from one site.
        """
        data = _floating(self._validated(X))
        return pseudo_log_likelihood(data, *self._machine(data.dtype), self.units_)

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:
        """`pseudo_log_likelihood`, under scikit-learn's name."""
        return self.pseudo_log_likelihood(X)

    def partition(
        self,
        X: ArrayLike | None = None,
        *,
        method: str = "auto",
        n_chains: int = 128,
        n_steps: int = 1000,
        random_state: Seed = None,
    ) -> Partition:
        """ln Z with how it was found: exact, or from annealed chains both ways with what each way gives.

        method: "exact" sums over the smaller layer (over the hidden one beneath Gaussian units), at most 25 units;
        "ais" runs `n_chains` of `n_steps` each way; "auto" is exact up to 20 units. Rows of X, where given, start the
        chains that come back, after `n_steps` Gibbs steps: they show valleys that the forward chains missed, and need
        not be the RBM's own; see `Partition`. A function of `seed_` unless `random_state` is given. Raises ValueError
        for a summation that is too large, or fewer than two chains or steps.
        """
        check_is_fitted(self)
        checks.choice("method", method, ("auto", "exact", "ais"))
        data = None if X is None else self._validated(X)
        weights, visible, hidden = self._machine(np.float64)
        if method == "exact" or (method == "auto" and summation.summable(weights, self.units_) <= QUICK):
            return Partition("exact", Estimate(summation.log_partition(weights, visible, hidden, self.units_), 0.0))
        for name, number in (("n_chains", n_chains), ("n_steps", n_steps)):
            checks.whole(name, number, 2)
        base, start = annealing.neutral(weights, visible, self.units_), None
        if data is not None:
            start = data[np.linspace(0, len(data) - 1, n_chains).round().astype(int)].astype(np.float32)
        seed = self.seed_
        if random_state is not None:
            seed = check_random_state(checks.random_state(random_state)).randint(2**31 - 1)
        key = jax.random.fold_in(jax.random.key(seed, impl="threefry2x32"), ANNEALING)
        return annealing.log_partition(
            self._parameters(), base, start, key, units=self.units_, n_chains=n_chains, n_steps=n_steps
        )

    def log_partition(self, X: ArrayLike | None = None, **how: Any) -> Estimate:
        """ln Z in nats with its error, as `partition` finds it; RuntimeError where that is not to be believed."""
        return self.partition(X, **how).estimate

    def log_likelihood(
        self, X: ArrayLike, *, chains: int | None = None, partition: Partition | None = None, **how: Any
    ) -> Estimate:
        """The mean over the rows of ln p(v) = -F(v) - ln Z, in nats a row (of the density for Gaussian units).

        The error joins that of ln Z with the spread over rows, or over `chains` equal runs of consecutive rows where
        rows come chain by chain and are not independent. `partition` is that of an earlier call, or is found anew
        as `how` says. Raises RuntimeError where ln Z is not to be believed, ValueError where chains do not divide n.
        """
        energies = self.free_energy(X)
        groups = len(energies) if chains is None else checks.whole("chains", chains, 2)
        if groups < 2 or len(energies) % groups:
            raise ValueError(f"chains must be at least 2 and divide the {len(energies)} rows; got {groups}")
        if partition is not None:
            checks.instance("partition", partition, Partition, "what partition(...) of this RBM gave, or None")
        log_z = (self.partition(X, **how) if partition is None else partition).estimate
        spread = mean_over_chains(-energies.reshape(groups, -1))
        return Estimate(spread.value - log_z.value, math.hypot(spread.error, log_z.error))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write parameters and learned attributes to an .npz file, which appears whole or not at all.

        `verbose` functions are not kept, and a RandomState is kept as the integer drawn from it.
        """
        check_is_fitted(self)
        files.write(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """The RBM that `save` wrote; `partial_fit` resumes the training.

        Raises ValueError for a file that `save` did not write. Nothing pickled is loaded.
        """
        machine: Self = files.read(cls, path)
        machine.random_state_ = np.random.RandomState(machine.seed_)
        return machine

    def _set_learned(self, **learned: Array) -> None:
        """Take up the arrays that a file names as `_LEARNED` does."""
        for name, value in learned.items():
            setattr(self, name, value)

    def _as_if_trained(self, units: str, n_sites: int, **learned: Array) -> Self:
        """The RBM with what it might have learned in training that left no velocity and no chains."""
        self.units_, self.n_features_in_, self.n_epochs_ = units, n_sites, 0
        self._set_learned(**learned)
        self._velocity, self._chains = (), np.zeros((0, len(self.components_)), np.float32)
        return self

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)

    @property
    def _hidden_units(self) -> str:
        return states.HIDDEN[self.units_]

    def _seed(self) -> None:
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.random_state_ = np.random.RandomState(self.seed_)

    def _machine(self, dtype: Any) -> tuple[Array, Array, Array]:
        """W, b, c in this precision."""
        parts = (self.components_, self.intercept_visible_, self.intercept_hidden_)
        weights, visible, hidden = (part.astype(dtype, copy=False) for part in parts)
        return weights, visible, hidden

    def _parameters(self) -> Parameters:
        return Parameters(*(jnp.asarray(part) for part in self._machine(np.float32)))

    def _validated(self, X: ArrayLike) -> Array:
        check_is_fitted(self)
        data = rows(self, X, reset=False)
        states.check_units(data, self.units_)
        return data

    def _hidden_mean(self, X: Array) -> Array:
        data = _floating(X)
        weights, _, hidden = self._machine(data.dtype)
        return states.hidden_mean(data @ weights.T + hidden, self._hidden_units)


def _floating(X: Array) -> Array:
    return X if X.dtype in (np.float32, np.float64) else X.astype(np.float32)
