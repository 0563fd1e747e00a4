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

from blockspin.coarse.fields import ToBinary
from blockspin.coarse.rbm import RBM

FloatArray = NDArray[np.float32]


def layers(transformer: Any) -> list[Any]:
    """The machines of a stack, from the lattice up; ValueError where a step is neither machine nor `ToBinary`."""
    steps = [step for _, step in transformer.steps] if isinstance(transformer, Pipeline) else [transformer]
    machines = [step for step in steps if not isinstance(step, ToBinary) and step not in (None, "passthrough")]
    for machine in machines:
        if not hasattr(machine, "components_") or not hasattr(machine, "intercept_visible_"):
            raise ValueError(
                "a stack is made of machines with components_ and intercept_visible_ (RBM, BernoulliRBM) "
                f"and ToBinary; got {type(machine).__name__}"
            )
    return machines


def up_to(transformer: Any, layer: int) -> Any:
    """The part of a stack up to a layer (1 for the first machine), a fitted Pipeline of the same steps.

    Raises ValueError where the stack has no such layer.
    """
    machines = layers(transformer)
    if not 1 <= layer <= len(machines):
        raise ValueError(f"layer must lie between 1 and {len(machines)}; got {layer}")
    if not isinstance(transformer, Pipeline):
        return transformer
    last = [step for _, step in transformer.steps].index(machines[layer - 1])
    return transformer[: last + 1]


def expected(transformer: Any) -> Any:
    """The same map passing on means: a stack whose machines have output="sample" with output="mean" instead."""
    if isinstance(transformer, Pipeline):
        return Pipeline([(name, expected(step)) for name, step in transformer.steps])
    if isinstance(transformer, RBM) and transformer.output == "sample":
        machine = copy.copy(transformer)
        machine.output = "mean"
        return machine
    return transformer


def units_of(machine: Any) -> str:
    """The units of a machine's visible layer: "binary", "spin" or "gaussian" (BernoulliRBM is binary)."""
    return str(getattr(machine, "units_", "binary"))


def as_rbm(machine: Any) -> RBM:
    """A machine as a fitted `RBM` of the same weights, for its free energy and pseudo-likelihood."""
    if isinstance(machine, RBM):
        return machine
    converted: RBM = machine_from(
        {
            "components": machine.components_,
            "intercept_hidden": machine.intercept_hidden_,
            "intercept_visible": machine.intercept_visible_,
        },
        RBM(machine.components_.shape[0], units="binary"),
    )
    return converted


def machine_from(weights: dict[str, NDArray[Any]], machine: Any) -> Any:
    """An unfitted machine made fitted by weights kept elsewhere; returns the machine itself.

    weights: "components" (M, N), "intercept_hidden" (M,), "intercept_visible" (N,). An `RBM` needs explicit units and
    an integer random_state (or None for 0), from which its sampled output is drawn.
    """
    machine.components_ = np.asarray(weights["components"])
    machine.intercept_hidden_ = np.asarray(weights["intercept_hidden"])
    machine.intercept_visible_ = np.asarray(weights["intercept_visible"])
    machine.n_features_in_ = machine.components_.shape[1]
    if isinstance(machine, RBM):
        machine.units_ = machine.units
        machine.seed_ = int(machine.random_state or 0)  # type: ignore[arg-type]  # an integer, as the docstring says
    else:
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


def hidden_mean(machine: Any, visible: ArrayLike) -> FloatArray:
    """<h> given v: sigma(v W^T + c), or tanh where the units are spins; shape (n, M)."""
    field = np.asarray(visible, np.float32) @ machine.components_.T.astype(np.float32)
    field += np.asarray(machine.intercept_hidden_, np.float32)
    return np.tanh(field) if units_of(machine) == "spin" else np.asarray(expit(field))


def draw(mean: FloatArray, units: str, random: np.random.Generator) -> FloatArray:
    """A draw of units with the given means: binary 0/1, spin -1/+1, Gaussian with unit variance."""
    if units == "gaussian":
        return mean + random.standard_normal(mean.shape, dtype=np.float32)
    probability = mean if units == "binary" else (1 + mean) / 2
    up = random.random(mean.shape, dtype=np.float32) < probability
    return (up if units == "binary" else 2.0 * up - 1.0).astype(np.float32)


def reconstruct(transformer: Any, X: ArrayLike, layer: int | None = None) -> FloatArray:
    """The lattice as a layer remembers it: up to the layer and down again by means, as spins in [-1, 1], shape (n, N).

    layer counts machines from 1; None is the top. X holds spins -1/+1.
    """
    part = up_to(transformer, layer if layer is not None else len(layers(transformer)))
    return _down(part, np.asarray(part.transform(X), np.float32), None)


def generate(
    transformer: Any, start: ArrayLike, *, steps: int, draws: int, random: np.random.Generator
) -> NDArray[np.int8]:
    """Spins that the stack makes when run freely, shape (chain, draw, N): one chain a row of `start` (spins).

    The top machine runs `steps` steps of block Gibbs sampling; over the second half `draws` states are kept, evenly
    spaced, and passed down by sampling every layer (a deep belief network). Raises ValueError unless
    1 <= draws <= steps / 2.
    """
    if not 1 <= draws <= steps // 2:
        raise ValueError(f"draws must lie between 1 and half the steps, {steps // 2}; got {draws}")
    top = layers(transformer)[-1]
    units = units_of(top)
    hidden_units = "spin" if units == "spin" else "binary"
    hidden = draw(np.asarray(transformer.transform(start), np.float32), hidden_units, random)
    spacing = (steps - steps // 2) // draws
    kept = []
    for step in range(1, steps // 2 + spacing * draws + 1):
        visible = draw(visible_mean(top, hidden), units, random)
        hidden = draw(hidden_mean(top, visible), hidden_units, random)
        if step > steps // 2 and (step - steps // 2) % spacing == 0:
            kept.append(_down(transformer, hidden, random))
    return np.stack(kept, axis=1).astype(np.int8)


def _down(transformer: Any, hidden: FloatArray, random: np.random.Generator | None) -> FloatArray:
    # from a layer's hidden units to spins on the lattice: by means, or by sampling where a generator is given
    values, units = hidden, "spin"
    for machine in reversed(layers(transformer)):
        units = units_of(machine)
        values = visible_mean(machine, values)
        if random is not None:
            values = draw(values, units, random)
    return 2 * values - 1 if units == "binary" else values
