"""The convolutional RBM: one set of filters for all blocks of a lattice, a block rule that is learned."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from blockspin import checks
from blockspin.coarse.blocks import fields_on
from blockspin.coarse.rbm import settings, training
from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.convolution import Windows
from blockspin.coarse.rbm.gibbs import Parameters
from blockspin.coarse.rbm.machine import Seed
from blockspin.coarse.rbm.trainer import Trainer
from blockspin.lattice import Lattice
from blockspin.progress import Wish

Array = NDArray[Any]


class ConvolutionalRBM(Trainer):
    """A restricted Boltzmann machine whose weights are tied by translation: a block rule learned from samples.

    p(v, h) = exp(-E(v, h)) / Z with E = -sum_f sum_B h_fB (w_f.v_B + c_f) - b sum_i v_i: v_B are the spins in a window
    of side `filter_side` about block B of side `b`, w_f the filter f, alike for all blocks (plus |v|^2/2 for Gaussian
    visible units). It is the `RBM` whose rows are the shifted filters, with N M / (filters side^d) times fewer weights
    to learn, and commutes with translations by b. Two filters of side 2 with b = 1 hold the Ising model on the square
    lattice exactly.

    Training is that of `RBM`, with gradients divided by the number of blocks, so that rates and penalties mean the
    same on every lattice. With one filter, spin units and output="sample" it stands where a block rule does, in
    `bs.rg` and `bs.judge`: its units have places, so that no embedding is needed.

    Parameters
    ----------
    lattice: the fine Lattice; None is the ring of as many sites as X has columns. b: side of a block, the stride of
        the filters; filter_side: from b to the smallest extent of the lattice; n_filters: hidden units a block.
    algorithm: "cd", "pcd" or "exact" (a layer of at most 16 units), k: Gibbs steps.
    units, biases (one for all sites, one a filter), learning_rate, batch_size, n_iter, momentum, l1, l2, l1_method,
        optimizer, schedule, final_rate, track_likelihood, early_stopping, patience, output, validation_fraction,
        random_state, verbose: as in `RBM`.
    init_scale: deviation of the filters' first weights, 0.01 unless given. Each filter starts with a sum that is not
        negative, so that what grows along the magnetisation counts it forwards.

    Attributes
    ----------
    filters_ (n_filters, filter_side, ...): the weights, float32. lattice_: the lattice in use.
    components_ (M, N), intercept_hidden_ (M,), intercept_visible_ (N,): of the `RBM` that this is, filter by filter
        and within a filter in the order of the sites of `lattice.coarse(b)`.
    units_, n_epochs_, seed_, trajectory_, best_epoch_: as in `RBM`.
    Source: Lee, Grosse, Ranganath and Ng, ICML (2009); as a block rule J.-H. Chung and Y.-J. Kao, Phys. Rev. Research
    3, 023230 (2021).
    """

    _LEARNED: ClassVar[tuple[str, ...]] = ("filters_", "_biases")
    _ALGORITHMS: ClassVar[tuple[str, ...]] = ("cd", "pcd", "exact")

    def __init__(
        self,
        lattice: Lattice | None = None,
        b: int = 2,
        filter_side: int = 4,
        n_filters: int = 1,
        *,
        units: str = "auto",
        biases: bool = True,
        learning_rate: float = 0.1,
        batch_size: int = 100,
        n_iter: int = 10,
        momentum: float = 0.5,
        algorithm: str = "cd",
        k: int = 1,
        l1: float = 0.0,
        l2: float = 0.0,
        l1_method: str = "proximal",
        optimizer: str = "momentum",
        schedule: str = "constant",
        final_rate: float = 0.01,
        track_likelihood: bool = False,
        early_stopping: bool = False,
        patience: int = 3,
        init_scale: float | None = None,
        output: str = "mean",
        validation_fraction: float = 0.0,
        random_state: Seed = None,
        verbose: Wish = 0,
    ) -> None:
        self.lattice = lattice
        self.b = b
        self.filter_side = filter_side
        self.n_filters = n_filters
        self.units = units
        self.biases = biases
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.momentum = momentum
        self.algorithm = algorithm
        self.k = k
        self.l1 = l1
        self.l2 = l2
        self.l1_method = l1_method
        self.optimizer = optimizer
        self.schedule = schedule
        self.final_rate = final_rate
        self.track_likelihood = track_likelihood
        self.early_stopping = early_stopping
        self.patience = patience
        self.init_scale = init_scale
        self.output = output
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def from_filters(
        cls,
        filters: ArrayLike,
        lattice: Lattice,
        b: int = 2,
        *,
        units: str,
        visible: float = 0.0,
        hidden: ArrayLike | None = None,
        **parameters: Any,
    ) -> Self:
        """The machine with these filters (F, side, ...), as if trained.

        visible: the bias of every site; hidden: the filters' own (F,), zero unless given; `parameters` are the
        constructor's. Raises ValueError for units "auto", and where shapes or lattice do not fit.
        """
        weights = checks.finite("filters", filters).astype(np.float32)
        checks.instance("lattice", lattice, Lattice, "a blockspin Lattice")
        checks.choice("units", units, states.UNITS)
        checks.number("visible", visible)
        if weights.ndim != lattice.dimension + 1 or not weights.size or len(set(weights.shape[1:])) != 1:
            sides = ", ".join(["side"] * lattice.dimension)
            raise ValueError(f"filters on a {lattice} lattice have shape (n_filters, {sides}); got {weights.shape}")
        c = np.zeros(len(weights), np.float32) if hidden is None else checks.finite("hidden", hidden).astype(np.float32)
        if c.shape != weights.shape[:1]:
            raise ValueError(f"hidden must hold a bias for each of {len(weights)} filters; got shape {c.shape}")
        machine = cls(lattice, b, weights.shape[1], len(weights), units=units, **parameters)
        settings.check(machine)
        machine.units_, machine.n_features_in_, machine.n_epochs_ = units, lattice.n_sites, 0
        machine._set_learned(filters_=weights, _biases=np.array([visible, *c], np.float32))
        machine._seed()
        machine._velocity, machine._chains = (), np.zeros((0, len(machine.components_)), np.float32)
        return machine

    def on(self, lattice: Lattice) -> Self:
        """The same fitted filters on another lattice, as if trained there: one set of filters serves all blocks.

        Raises ValueError where the kind differs or the filters do not fit the lattice.
        """
        check_is_fitted(self)
        checks.instance("lattice", lattice, Lattice, "a blockspin Lattice")
        if lattice.kind != self.lattice_.kind:
            raise ValueError(f"filters of a {self.lattice_.kind} lattice do not fit a {lattice} lattice")
        other: Self = clone(self).set_params(lattice=lattice)
        other.units_, other.n_features_in_, other.n_epochs_ = self.units_, lattice.n_sites, self.n_epochs_
        other._set_learned(filters_=self.filters_, _biases=self._biases)
        other.seed_, other.random_state_ = self.seed_, np.random.RandomState(self.seed_)
        other._velocity, other._chains = self._velocity, np.zeros((0, len(other.components_)), np.float32)
        return other

    def _windows(self, n_sites: int) -> Windows:
        """The windows on the lattice; sets lattice_. Raises ValueError or TypeError where something does not fit."""
        for name in ("b", "filter_side", "n_filters"):
            checks.whole(name, getattr(self, name), 1)
        if self.lattice is None and n_sites < 2:
            raise ValueError(f"a ring has at least 2 sites; got n_features = {n_sites}")
        lattice = Lattice.chain(n_sites) if self.lattice is None else self.lattice
        checks.instance("lattice", lattice, Lattice, "a blockspin Lattice or None")
        if lattice.n_sites != n_sites:
            raise ValueError(f"a {lattice} lattice takes X of shape (n, {lattice.n_sites}); got {n_sites} columns")
        lattice.coarse(self.b)
        if not self.b <= self.filter_side <= min(lattice.shape):
            raise ValueError(
                f"filter_side must lie between the block's side {self.b}, so that every site is seen, and the smallest "
                f"extent of the {lattice} lattice; got {self.filter_side}"
            )
        self.lattice_ = lattice
        return Windows(lattice.shape, self.b, self.filter_side)

    def _start(self, X: Array) -> training.State:
        windows = self._windows(X.shape[1])
        self.units_ = states.chosen(X, self.units)
        self._seed()
        self.n_epochs_ = 0
        generator = np.random.RandomState([self.seed_, 1])
        scale = settings.INIT_SCALE["small"] if self.init_scale is None else self.init_scale
        weights = scale * generator.standard_normal((self.n_filters, windows.size))
        weights *= np.where(weights.sum(axis=1, keepdims=True) < 0, -1, 1)
        parts = (weights, np.zeros(1), np.zeros(self.n_filters))
        parameters = Parameters(*(jnp.asarray(part.astype(np.float32)) for part in parts))
        return training.State(parameters, training.at_rest(parameters, self.optimizer), self._new_chains(*X.shape))

    def _trained(self) -> Parameters:
        filters = self.filters_.reshape(len(self.filters_), -1)
        return Parameters(*(jnp.asarray(part) for part in (filters, self._biases[:1], self._biases[1:])))

    def _new_chains(self, n_rows: int, n_sites: int) -> jax.Array:
        """The persistent chains, uniform hidden states, for "pcd"; else none."""
        n_chains = min(self.batch_size, n_rows) if self.algorithm == "pcd" else 0
        coin = np.full((n_chains, self._n_hidden(n_sites)), 0.0 if self._hidden_units == "spin" else 0.5)
        generator = np.random.RandomState([self.seed_, 2])
        return jnp.asarray(states.draw(coin, self._hidden_units, generator).astype(np.float32))

    def _rule(self, n_rows: int) -> training.Rule:
        return training.Rule(
            self.units_,
            self.algorithm,
            self.k,
            "sample",
            self.l1_method,
            bool(self.biases),
            min(self.batch_size, n_rows),
            self.optimizer,
            windows=self._windows(self.n_features_in_),
        )

    def _publish(self, state: training.State) -> tuple[Array, Array, Array]:
        weights, visible, hidden = (np.array(part) for part in state.parameters)
        side = (self.filter_side,) * self.lattice_.dimension
        self._set_learned(filters_=weights.reshape(-1, *side), _biases=np.concatenate([visible, hidden]))
        return self._machine(np.float32)

    def _set_learned(self, **learned: Array) -> None:
        """Take up filters_ (F, side, ...) and _biases, the visible one and the filters' own, (1 + F,)."""
        self.filters_, self._biases = learned["filters_"], learned["_biases"]
        self._set_log_variance(None)
        windows, flat = self._windows(self.n_features_in_), self.filters_.reshape(len(self.filters_), -1)
        rows = [fields_on(self.lattice_, windows.places, filter_) for filter_ in flat]
        self.components_ = np.concatenate(rows).astype(np.float32)
        self.intercept_visible_ = np.full(windows.n_sites, self._biases[0])
        self.intercept_hidden_ = np.repeat(self._biases[1:], windows.n_blocks)

    def _check_unchanged(self) -> None:
        side = (self.filter_side,) * self.lattice_.dimension
        n_hidden = self._n_hidden(self.n_features_in_)
        if self.filters_.shape != (self.n_filters, *side) or len(self.components_) != n_hidden:
            then, now = len(self.components_) // len(self.filters_), n_hidden // self.n_filters
            raise ValueError(
                f"filters had shape {self.filters_.shape} on {then} blocks where training began and now "
                f"{(self.n_filters, *side)} on {now}: fit starts anew"
            )

    def _n_hidden(self, n_sites: int) -> int:
        return self.n_filters * self._windows(n_sites).n_blocks
