"""A stack of RBMs, from the lattice up and back down: layers, reconstruction, free samples.

A stack is a scikit-learn Pipeline of RBMs with ``components_``, ``intercept_hidden_`` and
``intercept_visible_`` (`blockspin.RBM`, scikit-learn's BernoulliRBM), maybe behind a `ToBinary`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.pipeline import Pipeline

from blockspin import checks
from blockspin.coarse.fields import is_machine, parts, units_of
from blockspin.coarse.rbm import RBM
from blockspin.coarse.rbm.machine import FittedMachine
from blockspin.statistics import Estimate

FloatArray = NDArray[np.float32]

CHAINS, STEPS = 64, 1000  # of annealing


def layers(transformer: Any) -> list[Any]:
    """The RBMs of a stack, from the lattice up; ValueError where a step is neither RBM nor `ToBinary`."""
    machines = parts(transformer)
    if not machines:
        raise ValueError(f"transformer must hold an RBM; got {checks.shown(transformer)}")
    for machine in machines:
        if not is_machine(machine):
            raise ValueError(
                "transformer must be a fitted RBM with components_ and intercept_visible_ (RBM, BernoulliRBM), or "
                f"a stack of them and ToBinary; got {checks.shown(machine)}"
            )
    return machines


def as_rbm(machine: Any) -> FittedMachine:
    """An RBM as one of ours of the same weights and units."""
    if isinstance(machine, FittedMachine):
        return machine
    weights = machine.components_, machine.intercept_visible_, machine.intercept_hidden_
    return RBM.from_weights(*weights, units=units_of(machine))


def machine_from(weights: dict[str, NDArray[Any]], machine: Any) -> Any:
    """An RBM of these settings with weights kept elsewhere: a new `RBM`, or another RBM itself, now fitted.

    weights: "components" (M, N), "intercept_hidden" (M,), "intercept_visible" (N,). An `RBM` needs explicit units.
    """
    if isinstance(machine, RBM):
        parts = weights["components"], weights["intercept_visible"], weights["intercept_hidden"]
        return RBM.from_weights(*parts, **{k: v for k, v in machine.get_params().items() if k != "n_components"})
    machine.components_ = np.asarray(weights["components"])
    machine.intercept_hidden_ = np.asarray(weights["intercept_hidden"])
    machine.intercept_visible_ = np.asarray(weights["intercept_visible"])
    machine.n_features_in_ = machine.components_.shape[1]
    machine._n_features_out = machine.components_.shape[0]
    return machine


def draw(mean: FloatArray, units: str, random: np.random.Generator) -> FloatArray:
    """A draw of units with the given means: binary 0/1, spin -1/+1, Gaussian of variance 1."""
    if units == "gaussian":
        return np.asarray(mean + random.standard_normal(mean.shape, dtype=np.float32), np.float32)
    probability = mean if units == "binary" else (1 + mean) / 2
    up = random.random(mean.shape, dtype=np.float32) < probability
    return (up if units == "binary" else 2.0 * up - 1.0).astype(np.float32)


def reconstruct(transformer: Any, X: ArrayLike) -> FloatArray:
    """The lattice as the top of a stack remembers it: up and down again by means, as spins in [-1, 1], shape (n, N).

    X holds spins -1/+1.
    """
    top = np.asarray(transformer.transform(np.array(checks.finite("X", X))), np.float32)
    return _down(layers(transformer), top, "spin")


class Stack:
    """A stack of RBMs, fed with spins, as a generative map (`coarse.maps.Generative`): what the judge needs of it.

    Free energy and pseudo-likelihood are those of the top RBM, at what the layers below make of the spins; ln Z
    is that of a single RBM alone, since the likelihood of several is a sum over the layers between.
    """

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer
        self.machines = layers(transformer)
        self.n_visible = self.machines[-1].components_.shape[1]

    def free_run(self, start: ArrayLike, *, steps: int, draws: int, random: np.random.Generator) -> Any:
        """Spins that the stack makes when run freely, int8 (chain, draw, N): one chain a row of `start` (spins).

        The top RBM runs `steps` steps of block Gibbs sampling; of the second half `draws` states are kept, evenly
        spaced, and passed down by sampling every layer below (a deep belief network). None where the lowest RBM
        has Gaussian units, which make real numbers and no spins. Raises ValueError unless steps is a multiple of
        2 draws.
        """
        if draws < 1 or steps % (2 * draws):
            raise ValueError(f"steps must be a multiple of twice the draws; got {steps} steps for {draws} draws")
        if units_of(self.machines[0]) == "gaussian":
            return None
        top, below = self.machines[-1], self.machines[:-1]
        inputs = np.asarray(_below(self.transformer, top).transform(np.array(start)), np.float32)
        visible = draw(inputs, units_of(top), random)
        seed = int(random.integers(2**31 - 1))
        states = as_rbm(top).gibbs_chain(visible, steps, thin=steps // (2 * draws), random_state=seed)
        kept = [_down(below, state.astype(np.float32), units_of(top), random) for state in states[-draws:]]
        return np.stack(kept, axis=1).astype(np.int8)

    def reconstruct(self, X: ArrayLike) -> FloatArray:
        """As `reconstruct`."""
        return reconstruct(self.transformer, X)

    def free_energy(self, X: ArrayLike) -> Any:
        """F of the top RBM, (n,); None where it has 0/1 units and means of spins below."""
        inputs = self._inputs(X)
        return None if inputs is None else as_rbm(self.machines[-1]).free_energy(inputs)

    def pseudo_log_likelihood(self, X: ArrayLike) -> Any:
        """sum_i ln p(v_i | the others) of the top RBM, (n,); None as `free_energy`."""
        inputs = self._inputs(X)
        return None if inputs is None else as_rbm(self.machines[-1]).pseudo_log_likelihood(inputs)

    def log_partition(self, X: ArrayLike, *, seed: int) -> Estimate | None:
        """ln Z of a single RBM of spins or bits, summed or annealed; RuntimeError says why annealing is refused."""
        inputs = self._inputs(X)
        if inputs is None or len(self.machines) > 1 or units_of(self.machines[0]) == "gaussian":
            return None
        found = as_rbm(self.machines[0]).partition(inputs, n_chains=CHAINS, n_steps=STEPS, random_state=seed)
        if found.trouble:
            raise RuntimeError(found.trouble)
        return found.value

    def _inputs(self, X: ArrayLike) -> NDArray[Any] | None:
        # what the top machine sees
        inputs = np.asarray(_below(self.transformer, self.machines[-1]).transform(np.array(X)))
        return None if units_of(self.machines[-1]) == "binary" and inputs.min() < 0 else inputs


def _below(transformer: Any, machine: Any) -> Any:
    # what stands before a machine: a pipeline that may be nothing but a pass
    steps = transformer.steps if isinstance(transformer, Pipeline) else [("machine", transformer)]
    before = steps[: [step for _, step in steps].index(machine)]
    return Pipeline(before or [("nothing", "passthrough")])


def _down(machines: list[Any], values: FloatArray, units: str, random: np.random.Generator | None = None) -> FloatArray:
    # through the machines from the last to the lattice: by means, or by sampling where a generator is given
    for machine in reversed(machines):
        units = units_of(machine)
        values = as_rbm(machine).visible_mean(values)
        if random is not None:
            values = draw(values, units, random)
    return 2 * values - 1 if units == "binary" else values
