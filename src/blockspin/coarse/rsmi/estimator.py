"""Real-space mutual information as a scikit-learn transformer: filters that keep what a block tells about far away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from blockspin import checks, memory
from blockspin.alphabet import SPINS
from blockspin.arrays import FloatArray, Spins
from blockspin.coarse.blocks import fields_on
from blockspin.coarse.rows import Transformer, rows_on
from blockspin.coarse.rsmi import bounds, networks, proxy
from blockspin.coarse.rsmi.canonical import canonical
from blockspin.coarse.rsmi.networks import Annealing, Batch
from blockspin.coarse.rsmi.windows import Windows, cut, windows
from blockspin.lattice import Lattice
from blockspin.statistics import Estimate

Pair = tuple[Spins, NDArray[Any]]  # blocks and environments, row by row

LEAST = 4  # rows to train, stop and measure
PATIENCE = 8  # looks, 100 steps apart, without a better score before training stops
MOST = 100_000  # windows that the networks see
ALGORITHMS = ("bound", "rbm-proxy")
STARTS = {"small": 0.01, "random": 0.5}  # spreads of the first weights: from near 0, and from anywhere


@dataclass(eq=False, repr=False)
class RSMI(ClassNamePrefixFeaturesOutMixin, Transformer):
    """Block spins that keep the most information about their distant environment, I(H:E), learned from samples.

    A component of a block's variable is h = sign(w.v), v the block's spins; while w is learned, h is drawn from the
    binary concrete distribution, h = tanh((w.v + l/2) / eps) with l logistic noise and eps annealed from 0.5 to 0.1.
    The filters w and a separable critic a(h).c(e) maximise InfoNCE together (Adam). The filters that do best, as signs,
    on held-out rows are kept. There are two starts: near 0, which weights leave along the most informative direction,
    and random. Where no field is informative (dimers) both starts are slow; the canonical directions of block and
    environment are a third start. Sites of the environment that never change are left out.
    One set of filters serves all blocks, so blocks at all positions train it. What I(H:E) means, which bounds there are
    and when they are refused: docs/explanation/information.md.

    Parameters
    ----------
    lattice, b, n_components : Lattice, int, int
        The fine lattice, the side of a block, and the filters a block.
    buffer, environment : int
        Widths of the shell left out around the block and of the shell used beyond it, in lattice spacings;
        b + 2 (buffer + environment) must fit the lattice.
    algorithm, objective : {"bound", "rbm-proxy"}, {"infonce", "classifier"}
        As above, or that of Koch-Janusz and Ringel (2018) with its own settings (`coarse.rsmi.proxy`): objective,
        starts, n_iter, batch_size, learning_rate and annealing are then not used, center and project not allowed. The
        classifier is summed over the states of h.
    center : bool
        True cuts w.(v - means) at 0, means those of the training rows, in place of w.v, and gives no weight to
        sites that never change: for data without up-down symmetry, such as dimers.
    starts : sequence of {"small", "random", "canonical"}
        Each costs a training. One may be repeated, from another draw.
    project : int or None
        The networks see this many canonical directions of the environment in place of its spins: less information,
        never more, and far fewer samples needed where the environment has hundreds of sites.
    n_iter, batch_size, learning_rate, annealing : int, int, float, tuple of float
        Steps at most (0 leaves the filters as initialised); K and rate of Adam; eps at first, eps at last, rate a step.
        The defaults are those of Gokmen et al. for the Ising model.
    random_state : int, RandomState or None
        Equal integers give equal filters on one computer.

    Attributes
    ----------
    filters_, fields_ : arrays (n_components, b^d), (n_components M, N)
        In the order of `Lattice.blocks`, absolute sum 1, sum not negative; on the lattice, component by component.
    information_ : Estimate
        I(H:E) in nats of the signs, one block and its environment: the classifier bound on rows that nothing was fitted
        to; not-a-number where it is refused, `why_` says why.
    bounds_, means_ : dict of Bound, array (b^d,)
        "classifier", fitted anew to the signs, and "infonce", of the critic that trained them; what is taken from a
        block's spins before the filters, 0 unless `center`.
    scores_, seed_ : array, int
        The objective's bound of the signs on the rows to stop by, every 100 steps; of "rbm-proxy" its objective
        after every epoch. What `random_state` gave.

    References
    ----------
    Gokmen, Ringel, Huber, Koch-Janusz, Phys. Rev. Lett. 127, 240603 and Phys. Rev. E 104, 064106 (2021).

    Examples
    --------
    `fit` takes a matrix, so not samples but `bs.to_matrix(samples)`, and needs the number of chains of its rows:

    >>> lattice = bs.Lattice.square(6)
    >>> samples = bs.sample(bs.Ising(lattice, K=0.44), 5000, seed=1, chains=50)
    >>> rsmi = bs.RSMI(lattice, b=2, buffer=1, environment=1, n_iter=50, random_state=0)
    >>> rsmi.fit(bs.to_matrix(samples), chains=50).filters_.shape
    (1, 4)
    """

    lattice: Lattice
    b: int = 2
    buffer: int = 1
    environment: int = 1
    n_components: int = 1
    _: KW_ONLY
    algorithm: str = "bound"
    objective: str = "infonce"
    center: bool = False
    starts: Sequence[str] = ("small", "random")
    project: int | None = None
    n_iter: int = 3000
    batch_size: int = 100
    learning_rate: float = 5e-3
    annealing: tuple[float, float, float] = (0.5, 0.1, 5e-3)
    random_state: int | np.random.RandomState | None = None

    def fit(self, X: ArrayLike, y: object = None, *, chains: int | None = None) -> RSMI:
        """Learn the filters from X (n, N) of spins -1/+1; chains: number of chains of the rows, chain by chain.

        Without chains every row counts as independent. The last 40 % of the chains (or rows) are held out, half to
        stop by and half to measure. Raises ValueError where the window does not fit the lattice,
        a parameter is out of range, X does not fit, or too few rows or chains are left to train, stop and measure.
        """
        places = self._check_settings()
        spins = self._spins(X, reset=True)
        _check_memory(places, len(spins))
        split, n_parts = bounds.parts(len(spins), chains)
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        random = np.random.Generator(np.random.PCG64(self.seed_))
        shares = (1 - bounds.HELD_OUT, bounds.HELD_OUT / 2, bounds.HELD_OUT / 2)
        data = [
            cut(spins[rows], places, math.ceil(share * MOST), random) for rows, share in zip(split, shares, strict=True)
        ]
        self.means_ = data[0][0].mean(axis=0) if self.center else np.zeros(data[0][0].shape[1])
        self.scores_: list[float]
        if self.algorithm == "rbm-proxy":
            filters, self.scores_ = proxy.learn(data[0], self.n_components, self.seed_)
        else:
            data, first = self._prepared(data)
            filters = self._learn(data[0], data[1], first)
        self.filters_ = _oriented(filters)
        coarse = [(_signs(block, self.filters_, self.means_), around) for block, around in data]
        self.bounds_ = {
            bound: bounds.trained(
                bound,
                coarse,
                n_parts=n_parts,
                batch_size=self.batch_size,
                seed=self.seed_,
                patience=PATIENCE,
            )
            for bound in ("classifier", "infonce")
        }
        return self

    def transform(self, X: ArrayLike) -> Spins:
        """Coarse spins -1/+1, int8, shape (n, n_components M) for M blocks: component by component.

        Each component's M spins are in the order of the sites of `lattice.coarse(b)`. A tie goes to the block's first
        site.
        """
        check_is_fitted(self)
        spins = self._spins(X)
        blocks = spins[:, self.lattice.blocks(self.b)]
        coarse = _signs(blocks.reshape(-1, blocks.shape[2]), self.filters_, self.means_)
        by_block = coarse.reshape(len(spins), -1, len(self.filters_))
        return np.ascontiguousarray(np.moveaxis(by_block, 2, 1).reshape(len(spins), -1))

    def on(self, lattice: Lattice) -> RSMI:
        """The same fitted filters on another lattice: one set of filters serves all blocks, of any lattice.

        Raises ValueError where its kind differs or the window does not fit the lattice.
        """
        check_is_fitted(self)
        checks.instance("lattice", lattice, Lattice, "a blockspin Lattice")
        if lattice.kind != self.lattice.kind:
            raise ValueError(f"filters of a {self.lattice.kind} lattice do not fit a {lattice} lattice")
        other: RSMI = clone(self).set_params(lattice=lattice)
        other._check_settings()
        for name in ("filters_", "means_", "bounds_", "scores_", "seed_"):
            setattr(other, name, getattr(self, name))
        other.n_features_in_ = lattice.n_sites
        return other

    @property
    def information_(self) -> Estimate:
        """I(H:E) in nats, or not-a-number where `why_` says why."""
        check_is_fitted(self)
        return self.bounds_["classifier"].estimate

    @property
    def why_(self) -> str:
        """Why `information_` is refused, or nothing."""
        check_is_fitted(self)
        return self.bounds_["classifier"].why

    @property
    def fields_(self) -> FloatArray:
        """The filters on the lattice, shape (n_components M, N), component by component."""
        check_is_fitted(self)
        blocks = self.lattice.blocks(self.b)
        rows = [fields_on(self.lattice, blocks, np.broadcast_to(one, blocks.shape)) for one in self.filters_]
        return np.concatenate(rows)

    @property
    def _n_features_out(self) -> int:
        return int(len(self.filters_) * self.lattice.coarse(self.b).n_sites)

    def _prepared(self, data: list[Pair]) -> tuple[list[Pair], FloatArray | None]:
        """Environments without constant sites, projected where requested; the canonical directions to start from.

        Both are found on the rows to train on alone, so that the bounds on the others remain bounds.
        """
        varies = (data[0][1] != data[0][1][0]).any(axis=0)
        if not varies.any():
            raise ValueError("X must vary: no site of the environment changes in the rows to train on")
        data = [(block, around[:, varies]) for block, around in data]
        if self.project is None and "canonical" not in self.starts:
            return data, None
        found = canonical(*data[0], max(self.n_components, self.project or 0))
        if self.project is not None:
            onto = found.y[: self.project].T.astype(np.float32)
            data = [(block, around.astype(np.float32) @ onto) for block, around in data]
        return data, found.x[: self.n_components]

    def _learn(self, train: Pair, stop: Pair, first: FloatArray | None) -> FloatArray:
        """The filters of the best of the starts, by the score on the rows to stop by; sets scores_."""
        blocks = (train[0] - self.means_).astype(np.float32) if self.center else train[0]
        data = (blocks, train[1])
        size, n_around, n = train[0].shape[1], train[1].shape[1], self.n_components
        fixed = (train[0] == train[0][0]).all(axis=0) if self.center else np.zeros(size, bool)

        def score(parameters: Any) -> float:
            coarse = _signs(stop[0], np.asarray(parameters[0], float), self.means_)
            return bounds.value(self.objective, parameters[1], coarse, stop[1], self.batch_size)

        self.scores_ = []
        for number, start in enumerate(self.starts):
            random = np.random.Generator(np.random.PCG64([self.seed_, number]))
            if start == "canonical" and first is not None:
                filters = first.astype(np.float32)
            else:
                filters = random.normal(0, STARTS[start], (n, size)).astype(np.float32)
            filters[:, fixed] = 0
            n_inputs = 2**n if self.objective == "classifier" else n
            network = bounds.NETWORKS[self.objective](random, n_inputs, n_around)
            (found, _), scores = networks.ascend(
                OBJECTIVES[self.objective],
                score,
                (filters, network),
                data,
                seed=self.seed_ + number,
                learning_rate=float(self.learning_rate),
                batch_size=self.batch_size,
                n_iter=self.n_iter,
                patience=PATIENCE,
                n_noise=n,
                annealing=Annealing(*self.annealing),
            )
            if not self.scores_ or max(scores) > max(self.scores_):
                best, self.scores_ = np.asarray(found, float), scores
        return best

    def _spins(self, X: ArrayLike, *, reset: bool = False) -> Spins:
        values = rows_on(self, self.lattice, X, reset=reset, least=LEAST if reset else 1)
        SPINS.check("X of RSMI", values)
        return np.ascontiguousarray(values, dtype=np.int8)

    def _check_settings(self) -> Windows:
        checks.instance("lattice", self.lattice, Lattice, "a blockspin Lattice")
        for name, least in (("n_components", 1), ("n_iter", 0), ("batch_size", 2)):
            checks.whole(name, getattr(self, name), least)
        checks.choice("objective", self.objective, OBJECTIVES)
        checks.flag("center", self.center)
        if self.project is not None:
            checks.whole("project", self.project, 1)
        known = (*STARTS, "canonical")
        starts = checks.words("starts", self.starts, f"a list of some of {', '.join(known)}")
        if not starts:
            raise ValueError(f"starts must be some of {', '.join(known)}; got none")
        for start in starts:
            checks.choice("starts", start, known)
        checks.choice("algorithm", self.algorithm, ALGORITHMS)
        checks.random_state(self.random_state)
        if self.algorithm == "rbm-proxy" and (self.center or self.project is not None):
            raise ValueError("the algorithm rbm-proxy knows neither center nor project; leave them out")
        if self.algorithm == "rbm-proxy" and self.b**self.lattice.dimension > proxy.SUMMED:
            raise ValueError(f"the algorithm rbm-proxy takes blocks of at most {proxy.SUMMED} spins; got b = {self.b}")
        if self.n_components > bounds.CLASSES:
            raise ValueError(f"n_components goes to {bounds.CLASSES}; got {self.n_components}")
        checks.number("learning_rate", self.learning_rate, 0, open_start=True)
        annealing = checks.finite("annealing", self.annealing, 1)
        if len(annealing) != 3 or not 0 < annealing[1] <= annealing[0] or annealing[2] < 0:
            raise ValueError(f"annealing is (eps at first, smaller eps at last, rate); got {self.annealing!r}")
        return windows(self.lattice, self.b, self.buffer, self.environment)


def _check_memory(places: Windows, n_rows: int) -> None:
    M, size = len(places.blocks), places.blocks.shape[1] + places.environments.shape[1]
    seen = max(n_rows, min(n_rows * M, MOST))
    # which windows a row gives, drawn from all; their places, spins and float32 spins
    wanted = 16 * n_rows * M + 13 * seen * size
    memory.require(wanted, f"{seen} windows of {size} sites, of X of shape ({n_rows}, N) and {M} blocks a row,")


def _infonce(parameters: Any, batch: Batch, noise: jax.Array, temperature: jax.Array) -> jax.Array:
    """InfoNCE of components drawn from the binary concrete distribution."""
    filters, critic = parameters
    blocks, around = batch
    field = blocks @ filters.T
    logistic = jax.scipy.special.logit(jnp.clip(noise, 1e-6, 1 - 1e-6))
    relaxed = jnp.tanh((field + logistic / 2) / temperature)
    return jnp.mean(bounds.ROWS["infonce"](critic, relaxed, around))


def _classifier(parameters: Any, batch: Batch, noise: jax.Array, temperature: jax.Array) -> jax.Array:
    """H(h) + E[ln q(h|e)] of components drawn from P(h_j = +1 | v) = 1 / (1 + exp(-2 w_j.v / eps)), summed over h."""
    filters, classifier = parameters
    blocks, around = batch
    up = jax.nn.sigmoid(2 * blocks @ filters.T / temperature)
    chances = jnp.ones((len(blocks), 1))
    for component in range(up.shape[1]):
        one = up[:, component : component + 1]
        chances = jnp.concatenate([chances * (1 - one), chances * one], axis=1)
    mean = chances.mean(axis=0)
    return jnp.mean(bounds.ROWS["classifier"](classifier, chances, around)) + jax.scipy.special.entr(mean).sum()


OBJECTIVES = {"infonce": _infonce, "classifier": _classifier}


def _signs(blocks: Spins, filters: FloatArray, means: FloatArray) -> Spins:
    """sign(w.(v - means)) of blocks (m, b^d), shape (m, components); ties, up to rounding, go to the first spin."""
    total = blocks @ filters.T - filters @ means
    tied = np.abs(total) <= 1e-12 * np.abs(filters).sum(axis=1)
    signs: Spins = np.where(np.where(tied, blocks[:, :1], total) > 0, 1, -1).astype(np.int8)
    return signs


def _oriented(filters: FloatArray) -> FloatArray:
    turn = np.where(filters.sum(axis=1, keepdims=True) < 0, -1, 1)
    oriented: FloatArray = turn * filters / np.abs(filters).sum(axis=1, keepdims=True)
    return oriented
