"""The convolutional RBM: one set of filters for all blocks of a lattice, a block rule that is learned."""

from dataclasses import dataclass
from typing import ClassVar, Self

import jax.numpy as jnp
import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from blockspin import checks
from blockspin.arrays import Array
from blockspin.coarse.blocks import fields_on
from blockspin.coarse.rbm.convolution import Windows
from blockspin.coarse.rbm.gibbs import Parameters
from blockspin.coarse.rbm.trainer import Trainer
from blockspin.lattice import Lattice, windows_at


@dataclass(eq=False, repr=False)
class ConvolutionalRBM(Trainer):
    """A restricted Boltzmann machine whose weights are tied by translation: a block rule learned from samples.

    p(v, h) = exp(-E(v, h)) / Z with E = -sum_f sum_B h_fB (w_f.v_B + c_f) - b sum_i v_i: v_B are the spins in a window
    of side `filter_side` about block B of side `b`, w_f the filter f, alike for all blocks (plus v.v/2 for Gaussian
    visible units). It is the `RBM` whose rows are the shifted filters, with N M / (filters side^d) times fewer weights
    to learn, and commutes with translations by b. Two filters of side 2 with b = 1 hold the Ising model on the square
    lattice exactly.

    Training is that of `RBM`, with gradients divided by the number of blocks, so that rates and penalties mean the
    same on every lattice. With one filter, spin units and output="sample" it serves as a block rule, in
    `bs.rg` and `bs.judge`: its units have positions, so that no embedding is needed.

    Parameters
    ----------
    lattice, b, filter_side, n_filters : Lattice or None, int, int, int
        The fine lattice, None the ring of as many sites as X has columns. Side of a block, the stride of the filters;
        from b to the smallest extent of the lattice; hidden units a block.
    units, biases, algorithm, k, learning_rate, momentum, batch_size, n_iter, l1, l2, l1_method : as in `RBM`
        One visible bias for all sites, one hidden bias a filter.
    init_scale : float or None
        Deviation of the filters' first weights, 0.01 unless given. Each filter starts with a sum that is not negative,
        so that what grows along the magnetisation counts it forwards.
    random_state, output, track_likelihood, verbose : as in `RBM`

    Attributes
    ----------
    filters_, lattice_ : array (n_filters, filter_side, ...) of float32, Lattice
        The weights; the lattice in use.
    components_, intercept_hidden_, intercept_visible_ : arrays (M, N), (M,), (N,)
        Of the `RBM` that this is, filter by filter, each in the order of the sites of `lattice.coarse(b)`.
    units_, n_epochs_, seed_, trajectory_ : as in `RBM`

    References
    ----------
    Lee, Grosse, Ranganath and Ng, ICML (2009); as a block rule J.-H. Chung and Y.-J. Kao, Phys. Rev. Research
    3, 023230 (2021).

    Examples
    --------
    >>> lattice = bs.Lattice.square(4)
    >>> samples = bs.sample(bs.Ising(lattice, K=0.4), 200, seed=1)
    >>> rbm = bs.ConvolutionalRBM(lattice, b=2, filter_side=2, n_iter=2, random_state=1).fit(bs.to_matrix(samples))
    >>> rbm.filters_.shape, rbm.components_.shape
    ((1, 2, 2), (4, 16))
    """

    _LEARNED: ClassVar[tuple[str, ...]] = ("filters_", "_biases")
    _SIZE: ClassVar[str] = "n_filters"
    reconstruction, centered, init = "sample", False, "small"  # settings of `RBM` that are none here

    lattice: Lattice | None = None
    b: int = 2
    filter_side: int = 4
    n_filters: int = 1

    def on(self, lattice: Lattice) -> Self:
        """The same fitted filters on another lattice, as if trained there: one set of filters serves all blocks.

        Raises ValueError where the kind differs or the filters do not fit the lattice.
        """
        check_is_fitted(self)
        checks.instance("lattice", lattice, Lattice, "a blockspin Lattice")
        if lattice.kind != self.lattice_.kind:
            raise ValueError(f"filters of a {self.lattice_.kind} lattice do not fit a {lattice} lattice")
        other: Self = clone(self).set_params(lattice=lattice)
        other._as_if_trained(self.units_, lattice.n_sites, filters_=self.filters_, _biases=self._biases)
        other.n_epochs_, other._velocity = self.n_epochs_, self._velocity
        other.seed_, other.random_state_ = self.seed_, np.random.RandomState(self.seed_)
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

    def _first(self, X: Array, generator: np.random.RandomState, scale: float) -> tuple[Array, Array, Array]:
        weights = scale * generator.standard_normal((self.n_filters, self._windows(X.shape[1]).size))
        weights *= np.where(weights.sum(axis=1, keepdims=True) < 0, -1, 1)
        return weights, np.zeros(1), np.zeros(self.n_filters)

    def _trained(self) -> Parameters:
        filters = self.filters_.reshape(len(self.filters_), -1)
        return Parameters(*map(jnp.array, (filters, self._biases[:1], self._biases[1:])))

    def _publish(self, parameters: Parameters) -> None:
        weights, visible, hidden = map(np.array, parameters)
        side = (self.filter_side,) * self.lattice_.dimension
        self._set_learned(filters_=weights.reshape(-1, *side), _biases=np.concatenate([visible, hidden]))

    def _set_learned(self, **learned: Array) -> None:
        """Take up filters_ (F, side, ...) and _biases, the visible one and the filters' own, (1 + F,)."""
        self.filters_, self._biases = learned["filters_"], learned["_biases"]
        windows, flat = self._windows(self.n_features_in_), self.filters_.reshape(len(self.filters_), -1)
        places = windows_at(self.lattice_, self.filter_side, self.b, windows.before)
        rows = [fields_on(self.lattice_, places, filter_) for filter_ in flat]
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
