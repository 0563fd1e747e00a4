"""What a map is, and what a generative map is: two protocols, and the one place that looks into an object for them.

Whatever comes, an estimator of scikit-learn, a Pipeline, a class of one's own, is turned into a `Taken` once, by
`taken`. The judge, `bs.Placed` and repeated blocking ask that, and nothing else looks into estimators.
"""

from __future__ import annotations

import copy
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_expit
from sklearn.pipeline import Pipeline

from blockspin import checks, memory
from blockspin.alphabet import SPINS, Alphabet
from blockspin.arrays import FloatArray
from blockspin.coarse.fields import ToBinary, follows, is_machine, parts, regression_fields, units_of, weight_fields
from blockspin.coarse.sparse_fields import Fields
from blockspin.statistics import Estimate

KINDS = ("spins", "bits", "means", "probabilities", "numbers")
FLIPPED = 64  # sites of a row that are flipped for a pseudo-likelihood


class Map(Protocol):
    """A coarse-graining: rows (n, N) of a lattice's values, in the order of its sites, to M variables a row.

    `transform` is all that a map must have. The rest is optional: an attribute or a method that is missing, or None,
    says nothing.

    fields_: (M, N), the weight of each site in each output. They are used where the outputs follow them on spins
        without correlations; otherwise the fields are a regression of the outputs on the spins of the samples.
    outputs_: what the outputs are: "spins" -1/+1, "bits" 0/1, "means" of spins and "probabilities" of +1 (both are
        drawn), or "numbers" (cut at their median). Without it -1/+1 and 0/1 are recognised, all others are numbers.
    keeps_alphabet: True where the outputs are letters of the inputs' alphabet, as those of `bs.rules.Plurality` are.
    chance(X): P(+1 | row), (n, M), of a map that tosses coins of its own.
    reconstruct(X): the sites as the outputs remember them, (n, N), of which the sign counts. A Pipeline of maps that
        have it goes down by their `inverse_transform`.
    untrained(): a copy as initialised, which is a null. Estimators with n_iter and learning_rate need none.

    Raises, when it is used: TypeError without transform, ValueError for an unknown kind of outputs, and for outputs
    that are no dense array (n, M) of finite real numbers.

    >>> import numpy as np
    >>> from blockspin.coarse.maps import taken
    >>> class Sums:
    ...     outputs_ = "numbers"
    ...     def transform(self, X):
    ...         return X.reshape(len(X), -1, 4).sum(axis=2)
    >>> taken(Sums()).transform(np.ones((3, 16), np.int8)).shape
    (3, 4)
    """

    def transform(self, X: NDArray[Any], /) -> ArrayLike:
        """The coarse variables of spins X (n, N): real numbers (n, M)."""


class Generative(Protocol):
    """A map that is a distribution p(v) of the lattice's spins -1/+1 as well. Each method is used where it is there.

    ln p(v) = -F(v) - ln Z in nats. A network that gives probabilities themselves has F = -ln p and Estimate(0, 0);
    one without a free energy, such as an adversarial network, is judged by its free run. `pseudo_log_likelihood(X)`,
    sum_i ln p(v_i | the others), (n,), may join them; otherwise single spins are flipped in F.
    """

    def free_run(self, start: NDArray[np.int8], /, *, steps: int, draws: int, random: np.random.Generator) -> ArrayLike:
        """Spins drawn by the map itself, (chain, draw, N): `draws` of the second half of `steps` steps from each start.

        start: (chain, N), half of it data, half noise. What draws independent samples needs neither start nor steps.
        """

    def free_energy(self, X: NDArray[np.int8], /) -> ArrayLike:
        """F(v) = -ln p(v) - ln Z of each row of X (n, N), shape (n,)."""

    def log_partition(self, X: NDArray[np.int8], /, *, seed: int) -> Estimate | None:
        """ln Z with its error, 0 where it is exact; rows X may help. None, or RuntimeError with the reason: unknown."""


class Taken:
    """A map with all that the judge needs of one; what the map does not have is None. `taken` makes it.

    given: the object itself, behind a `ToBinary` (`as_bits`) where it is an RBM of 0/1 units that had none; name: what
    it is called in errors.
    """

    def __init__(self, given: Any, name: str = "") -> None:
        checks.transformer("transformer", given)
        self.name = name or type(given).__name__
        steps = given.steps if isinstance(given, Pipeline) else [("map", given)]
        first = next((step for _, step in steps if not isinstance(step, (str, type(None)))), None)
        self.as_bits = is_machine(first) and units_of(first) == "binary"
        self.given = Pipeline([("tobinary", ToBinary()), *steps]) if self.as_bits else given
        self._last = steps[-1][1]
        if (declared := getattr(self._last, "outputs_", None)) is not None:
            checks.choice(f"outputs_ of the map {self.name}", declared, KINDS)

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """The outputs (n, M) on X (n, N), of which the map gets a copy; ValueError for what are none (see `Map`)."""
        return self._outputs(self.given, X)

    def means(self, X: ArrayLike) -> NDArray[Any]:
        """As `transform`, by RBMs that pass on means in place of draws, and by coins that turn over with the row."""
        return self._outputs(_expected(self.given), X)

    def _outputs(self, given: Any, X: ArrayLike) -> NDArray[Any]:
        def outputs(part: ArrayLike) -> NDArray[Any]:
            rows = self._rows(part)
            return checks.outputs(self.name, given.transform(rows), len(rows))

        return memory.by_rows(outputs, np.asarray(X))

    def _rows(self, X: ArrayLike) -> NDArray[Any]:
        return np.array(X)  # a copy: a map may work in place

    @property
    def outputs(self) -> str:
        """What the outputs are, one of `KINDS`; "" where they must be looked at."""
        declared = getattr(self._last, "outputs_", None)
        if declared is not None or not is_machine(self._last) or getattr(self._last, "output", "mean") != "mean":
            return declared or ""
        return "means" if units_of(self._last) == "spin" else "probabilities"

    def alphabet(self, fine: Alphabet, outputs: NDArray[Any]) -> Alphabet:
        """What outputs are letters of: the fine alphabet for labels and maps that keep it, spins where all are."""
        keeps = all(getattr(step, "keeps_alphabet", False) for step in parts(self.given))
        return fine if fine.labels or keeps or not (np.abs(outputs) == 1).all() else SPINS

    def chance(self, X: ArrayLike) -> NDArray[Any] | None:
        """P(+1 | row) of the coarse spins (n, M) without a draw, by the map's last step."""
        if not hasattr(self._last, "chance"):
            return None
        rows = self._rows(X)
        if isinstance(self.given, Pipeline) and len(self.given.steps) > 1:
            rows = self.given[:-1].transform(rows)
        chance: NDArray[Any] | None = self._last.chance(rows)
        return chance

    def weights(self, n_sites: int) -> Fields | None:
        """Fields (M, N) from the map's weights, as `fields.weight_fields`."""
        return weight_fields(self.given, n_sites)

    def fields(self, fine: ArrayLike, coarse: ArrayLike) -> tuple[Fields, str]:
        """The fields (M, N) and where they come from: "weights", or "regression" on fine and coarse data.

        The weights of an RBM are taken as they are. Those of any other map must be what its outputs follow: the
        `components_` of an estimator may be a dictionary, and `fields_` may say anything.
        """
        weights = self.weights(np.shape(fine)[1])
        if weights is not None and (is_machine(self._last) or follows(self.transform, weights)):
            return weights, "weights"
        return regression_fields(fine, coarse), "regression"

    @property
    def placed(self) -> bool:
        """Whether the order of the units is that of sites: an estimator of components without a lattice has none."""
        return hasattr(self._last, "lattice") or not hasattr(self._last, "components_")

    @property
    def depth(self) -> int:
        """The number of RBMs of a stack, 1 for any other map."""
        machines = parts(self.given)
        return max(1, len(machines)) if all(map(is_machine, machines)) else 1

    @cached_property
    def generative(self) -> Any:
        """What has the methods of `Generative` and `reconstruct`, as far as they go: RBMs as one, or the map itself."""
        machines = parts(self.given)
        if not machines or not all(map(is_machine, machines)):
            return self.given
        from blockspin.coarse.stack import Stack  # jax takes its second where there are machines

        return Stack(self.given)

    def reconstruct(self, X: ArrayLike) -> NDArray[Any] | None:
        """The sites as the outputs remember them, (n, N)."""
        found = self._generated("reconstruct", np.shape(X), X)
        if found is None and hasattr(self._last, "reconstruct") and hasattr(self.given, "inverse_transform"):
            return np.asarray(self.given.inverse_transform(self.transform(X)))
        return found

    def free_run(self, start: NDArray[np.int8], *, steps: int, draws: int, random: np.random.Generator) -> Any:
        """Spins drawn by the map, int8 (chain, draw, N), as `Generative` says. Raises ValueError for what are none."""
        chains, sites = start.shape
        found = self._generated("free_run", (chains, draws, sites), start, steps=steps, draws=draws, random=random)
        if found is not None:
            SPINS.check(f"what free_run of the map {self.name} gives", found)
        return found if found is None else found.astype(np.int8, copy=False)

    def free_energy(self, X: NDArray[np.int8]) -> FloatArray | None:
        """F of each row, (n,), in nats."""
        return self._generated("free_energy", (len(X),), X)

    def log_partition(self, X: NDArray[np.int8], *, seed: int) -> Estimate | None:
        """ln Z with its error; raises RuntimeError where it is refused."""
        method = getattr(self.generative, "log_partition", None)
        found = None if method is None else method(X, seed=seed)
        return found if found is None else checks.instance("ln Z of a map", found, Estimate, "an Estimate or None")

    def pseudo_log_likelihood(self, X: NDArray[np.int8]) -> tuple[FloatArray, int] | None:
        """sum_i ln p(v_i | the others) of each row, (n,), and over how many sites the sum goes.

        For a map without it: ln p(v_i | the others) = -ln(1 + exp(F(v) - F(v with v_i turned over))) at sites evenly
        spaced, at most `FLIPPED` of them.
        """
        found = self._generated("pseudo_log_likelihood", (len(X),), X)
        if found is not None:
            seen: Any = getattr(self.generative, "n_visible", X.shape[1])
            return found, seen
        energy = self.free_energy(X)
        if energy is None or not (np.abs(X) == 1).all():
            return None
        total, sites = np.zeros(len(X)), range(0, X.shape[1], -(-X.shape[1] // FLIPPED))
        for site in sites:
            turned = X.copy()
            turned[:, site] *= -1
            total += log_expit(np.asarray(self.free_energy(turned)) - energy)
        return total, len(sites)

    def _generated(self, name: str, shape: tuple[int, ...], X: ArrayLike, **how: Any) -> NDArray[Any] | None:
        """What a method of the map gives for X, an array of this shape; None where it has none, or gives none."""
        method = getattr(self.generative, name, None)
        found = None if method is None else method(np.array(X), **how)
        if found is None:
            return None
        values = checks.finite(f"what {name} of the map {self.name} gives", found)
        if values.shape != shape:
            raise ValueError(f"{name} of the map {self.name} must give an array of shape {shape}; got {values.shape}")
        return values


def taken(given: Any, name: str = "") -> Taken:
    """The map as the judge uses it; one that was taken comes as it is. name: in errors, its class unless given.

    Raises TypeError for a class in place of an object and for what has no `transform`; ValueError for unknown
    `outputs_`.
    """
    return given if isinstance(given, Taken) else Taken(given, name)


def _expected(given: Any) -> Any:
    """The like of a map that passes on means: RBMs with output="mean", coins of ties that are a function of the row."""
    if isinstance(given, Pipeline):
        return Pipeline([(name, _expected(step)) for name, step in given.steps])
    if is_machine(given) and getattr(given, "output", "mean") == "sample":
        machine = copy.copy(given)
        machine.output = "mean"
        return machine
    if getattr(given, "ties", None) == "random" and not isinstance(given.random_state, int):
        return copy.copy(given).set_params(random_state=0)
    return given
