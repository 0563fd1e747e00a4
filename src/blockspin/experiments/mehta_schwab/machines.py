"""The maps of the experiment: RBMs built, trained with their nulls, and put together again from stored weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import Pipeline, make_pipeline

import blockspin as bs
from blockspin.coarse.stack import machine_from
from blockspin.judging.nulls import cheap, noise, permuted
from blockspin.randomness import integer
from blockspin.runs.task import Progress, Result

DEEP = ("components", "intercept", "decoder", "decoder_intercept")


def build(variant: str, units: int, recipe: dict[str, Any], layer: int, seed: int) -> Any:
    """An unfitted RBM or autoencoder of a variant with the parameters that `recipe_of` gives."""
    if variant.startswith("autoencoder"):
        return bs.Autoencoder(units, random_state=integer(seed, "train", variant, layer), **recipe)
    machine = BernoulliRBM if variant.startswith("sklearn") else bs.RBM
    return machine(units, random_state=integer(seed, "train", variant, layer), **recipe)


def stack_of(variant: str, units: str, trained: Sequence[Result], seed: int) -> Pipeline:
    """The fitted stack of layers trained so far, reading spins -1/+1; the empty stack passes them on."""
    if variant.startswith("autoencoder"):
        return make_pipeline("passthrough", *(_autoencoder(result.arrays) for result in trained))
    own = not variant.startswith("sklearn")
    steps = [_before(units if own else "binary")]
    for layer, result in enumerate(trained, start=1):
        n, random_state = len(result.arrays["components"]), integer(seed, "pass on", variant, layer)
        parameters: dict[str, Any] = {"units": units, "output": result.meta.get("output"), "random_state": random_state}
        steps.append(machine_from(result.arrays, bs.RBM(n, **parameters) if own else BernoulliRBM(n)))
    return make_pipeline(*steps)


def weights(machine: Any) -> dict[str, NDArray[Any]]:
    """What `stack_of` needs of a fitted layer."""
    names = DEEP if isinstance(machine, bs.Autoencoder) else ("components", "intercept_hidden", "intercept_visible")
    return {name: np.asarray(getattr(machine, f"{name}_")) for name in names}


def _autoencoder(arrays: dict[str, NDArray[Any]]) -> bs.Autoencoder:
    found = bs.Autoencoder(len(arrays["components"]))
    for name in DEEP:
        setattr(found, f"{name}_", arrays[name])
    found.n_features_in_ = found.components_.shape[1]
    return found


def with_nulls(
    machine: Any, X: NDArray[np.int8], held_out: NDArray[np.int8], seed: int, progress: Progress
) -> dict[str, Pipeline]:
    """The RBM fitted to X, and after it its nulls by kind: untrained, and with its sites shuffled."""
    first = _before(machine.units)
    seen, validation = (make_pipeline(first).transform(part) for part in (X, held_out))
    machine.set_params(verbose=progress).fit(seen, validation=validation)
    trained = make_pipeline(first, machine.set_params(verbose=0))
    nulls = cheap(trained, X, seed)
    return {"": trained, "untrained": nulls["untrained"], "shuffled sites": nulls["shuffled sites"]}


def inputs(data: str, X: NDArray[np.int8], seed: int) -> NDArray[np.int8]:
    """What a stack is trained on: the samples X, noise, or the samples with their sites permuted."""
    if data == "noise":
        return noise(X, seed)
    return permuted(X, seed) if data == "permuted" else X


def _before(units: str) -> Any:
    return bs.ToBinary() if units == "binary" else "passthrough"
