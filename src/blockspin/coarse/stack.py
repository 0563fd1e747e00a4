"""A stack of machines, from the lattice up and back down: layers, reconstruction, free samples.

A stack is a scikit-learn Pipeline of machines with ``components_``, ``intercept_hidden_`` and
``intercept_visible_`` (`blockspin.RBM`, scikit-learn's BernoulliRBM), maybe behind a `ToBinary`.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.pipeline import Pipeline

from blockspin import checks
from blockspin.coarse.fields import ToBinary
from blockspin.coarse.rbm import RBM
from blockspin.coarse.rbm.machine import FittedMachine

FloatArray = NDArray[np.float32]


def layers(transformer: Any) -> list[Any]:
    """The machines of a stack, from the lattice up; ValueError where a step is neither machine nor `ToBinary`."""
    steps = [step for _, step in transformer.steps] if isinstance(transformer, Pipeline) else [transformer]
    passes = (ToBinary, str, type(None))  # "passthrough" and None
    machines = [step for step in steps if not isinstance(step, passes)]
    if isinstance(transformer, passes):
        raise ValueError(f"transformer must hold a machine; got {checks.shown(transformer)}")
    for machine in machines:
        if not hasattr(machine, "components_") or not hasattr(machine, "intercept_visible_"):
            raise ValueError(
                "transformer must be a fitted machine with components_ and intercept_visible_ (RBM, BernoulliRBM), or "
                f"a stack of them and ToBinary; got {checks.shown(machine)}"
            )
    return machines


def up_to(transformer: Any, layer: int) -> Any:
    """The part of a stack up to a layer (1 for the first machine), a fitted Pipeline of the same steps.

    Raises ValueError where the stack has no such layer.
    """
    machines = layers(transformer)
    checks.whole("layer", layer, 1, len(machines))
    if not isinstance(transformer, Pipeline):
        return transformer
    last = [step for _, step in transformer.steps].index(machines[layer - 1])
    return transformer[: last + 1]


def expected(transformer: Any) -> Any:
    """The same map passing on means: a stack whose machines have output="sample" with output="mean" instead.

    A block rule that tosses new coins for its ties at every call gets coins that turn over with the row.
    """
    if isinstance(transformer, Pipeline):
        return Pipeline([(name, expected(step)) for name, step in transformer.steps])
    if isinstance(transformer, FittedMachine) and transformer.output == "sample":
        machine = copy.copy(transformer)
        machine.output = "mean"
        return machine
    if getattr(transformer, "ties", None) == "random" and not isinstance(transformer.random_state, int):
        return copy.copy(transformer).set_params(random_state=0)
    return transformer


def units_of(machine: Any) -> str:
    """The units of a machine's visible layer: "binary", "spin" or "gaussian" (BernoulliRBM is binary)."""
    return str(getattr(machine, "units_", "binary"))


def as_rbm(machine: Any) -> FittedMachine:
    """A machine as one of ours of the same weights, for its free energy and pseudo-likelihood."""
    if isinstance(machine, FittedMachine):
        return machine
    converted: FittedMachine = machine_from(
        {
            "components": machine.components_,
            "intercept_hidden": machine.intercept_hidden_,
            "intercept_visible": machine.intercept_visible_,
        },
        RBM(machine.components_.shape[0], units="binary"),
    )
    return converted


def machine_from(weights: dict[str, NDArray[Any]], machine: Any) -> Any:
    """A machine of these settings with weights kept elsewhere: a new `RBM`, or another machine itself, now fitted.

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


def visible_mean(machine: Any, hidden: ArrayLike) -> FloatArray:
    """<v> given h: sigma(h W + b) for binary units, tanh for spins, h W + b for Gaussian ones; shape (n, N)."""
    field = np.asarray(hidden, np.float32) @ machine.components_.astype(np.float32)
    field += np.asarray(machine.intercept_visible_, np.float32)
    units = units_of(machine)
    if units == "binary":
        return np.asarray(expit(field))
    return np.asarray(np.tanh(field)) if units == "spin" else field


def draw(mean: FloatArray, units: str, random: np.random.Generator) -> FloatArray:
    """A draw of units with the given means: binary 0/1, spin -1/+1, Gaussian of variance 1."""
    if units == "gaussian":
        return np.asarray(mean + random.standard_normal(mean.shape, dtype=np.float32), np.float32)
    probability = mean if units == "binary" else (1 + mean) / 2
    up = random.random(mean.shape, dtype=np.float32) < probability
    return (up if units == "binary" else 2.0 * up - 1.0).astype(np.float32)


def reconstruct(transformer: Any, X: ArrayLike, layer: int | None = None) -> FloatArray:
    """The lattice as a layer remembers it: up to the layer and down again by means, as spins in [-1, 1], shape (n, N).

    layer counts machines from 1; None is the top. X holds spins -1/+1.
    """
    part = up_to(transformer, layer if layer is not None else len(layers(transformer)))
    return _down(layers(part), np.asarray(part.transform(np.array(checks.finite("X", X))), np.float32), "spin")


def generate(
    transformer: Any, start: ArrayLike, *, steps: int, draws: int, random: np.random.Generator
) -> NDArray[np.int8]:
    """Spins that the stack makes when run freely, shape (chain, draw, N): one chain a row of `start` (spins).

    The top machine runs `steps` steps of block Gibbs sampling; of the second half `draws` states are kept, evenly
    spaced, and passed down by sampling every layer below (a deep belief network). Raises ValueError unless steps is a
    multiple of 2 draws, and where the lowest machine has Gaussian units, which make real numbers and no spins.
    """
    if draws < 1 or steps % (2 * draws):
        raise ValueError(f"steps must be a multiple of twice the draws; got {steps} steps for {draws} draws")
    machines = layers(transformer)
    if units_of(machines[0]) == "gaussian":
        raise ValueError("a machine with Gaussian visible units makes real numbers, not spins")
    inputs = np.asarray(_below(transformer, machines[-1]).transform(np.array(start)), np.float32)
    visible = draw(inputs, units_of(machines[-1]), random)
    seed = int(random.integers(2**31 - 1))
    states = as_rbm(machines[-1]).gibbs_chain(visible, steps, thin=steps // (2 * draws), random_state=seed)
    kept = [_down(machines[:-1], state.astype(np.float32), units_of(machines[-1]), random) for state in states[-draws:]]
    return np.stack(kept, axis=1).astype(np.int8)


def _below(transformer: Any, machine: Any) -> Any:
    # what stands before a machine: a pipeline that may be nothing but a pass
    steps = transformer.steps if isinstance(transformer, Pipeline) else [("machine", transformer)]
    before = steps[: [step for _, step in steps].index(machine)]
    return Pipeline(before or [("nothing", "passthrough")])


def _down(machines: list[Any], values: FloatArray, units: str, random: np.random.Generator | None = None) -> FloatArray:
    # through the machines from the last to the lattice: by means, or by sampling where a generator is given
    for machine in reversed(machines):
        units = units_of(machine)
        values = visible_mean(machine, values)
        if random is not None:
            values = draw(values, units, random)
    return 2 * values - 1 if units == "binary" else values
