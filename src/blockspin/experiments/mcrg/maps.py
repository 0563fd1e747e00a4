"""The maps of the experiment, built, trained layer by layer, and put on their lattices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.random_projection import GaussianRandomProjection

from blockspin.coarse.blocks import Decimation, Majority
from blockspin.coarse.placed import Placed
from blockspin.coarse.rbm import RBM, ConvolutionalRBM
from blockspin.coarse.weighted import Threshold, WeightedMajority
from blockspin.experiments.mcrg.settings import MACHINES, RULES
from blockspin.lattice import Lattice
from blockspin.randomness import integer

Spins = NDArray[np.int8]
Machine = Callable[[int, int, Spins], Any]
"""(layer, units, spins of the layer below) -> a fitted map."""


def rule(name: str, lattice: Lattice, seed: int) -> Any:
    """A block rule of side 2."""
    made: dict[str, Callable[[], Any]] = {
        "majority": lambda: Majority(lattice, 2, random_state=seed),
        "decimation": lambda: Decimation(lattice, 2),
        "threshold": lambda: Threshold(lattice, 2, threshold=4, ties="random", random_state=seed),
        "weighted-majority": lambda: WeightedMajority(lattice, 2, weights=[3, 2, 2, 1], random_state=seed),
    }
    return made[name]()


OTHERS: dict[str, Callable[[int, Spins, int], Any]] = {
    # a map that is fitted in one go: (units, spins, random_state) -> fitted. One row a map, and one in settings.MAPS
    "rbm-convolutional": lambda units, spins, seed: ConvolutionalRBM(
        Lattice.square(math.isqrt(spins.shape[1])),
        2,
        4,
        units="spin",
        biases=False,
        learning_rate=0.02,
        random_state=seed,
    ).fit(spins),
    "pca": lambda units, spins, seed: PCA(units, random_state=seed).fit(spins),
    "random-projection": lambda units, spins, seed: GaussianRandomProjection(units, random_state=seed).fit(spins),
}


def trainer(name: str, training: dict[str, Any], seed: int, progress: Callable[[float, str], None]) -> Machine:
    """What trains one layer of a learned map."""

    def train(layer: int, units: int, spins: Spins) -> Any:
        random_state = integer(seed, "train", name, layer)
        if name in OTHERS:
            return OTHERS[name](units, spins, random_state)
        machine = RBM(
            units,
            units="spin",
            biases=False,
            learning_rate=training["learning_rate"],
            n_iter=training["n_iter"][layer - 1],
            l1=training["l1"] if MACHINES[name] else 0.0,
            random_state=random_state,
            verbose=progress,
        )
        return machine.fit(spins)

    return train


def stored(weights: Sequence[NDArray[Any]]) -> Machine:
    """What builds the layers of a machine again from their weights."""
    return lambda layer, units, spins: RBM.from_weights(weights[layer - 1], units="spin")


def climb(name: str, lattice: Lattice, spins: Spins, steps: int, machine: Machine | None, seed: int) -> Climb:
    """The map layer by layer, each on the coarse spins of the one below, as long as its units have places.

    spins: what the layers are trained on, (n, N), or any spins of the lattice where nothing is trained.
    """
    fitted: list[Any] = []
    placed: list[Any] = []
    for layer in range(1, steps + 1):
        if name in RULES:
            fitted.append(rule(name, lattice, integer(seed, "ties", name, layer)).fit(spins))
            placed.append(fitted[-1])
        else:
            assert machine is not None
            fitted.append(machine(layer, lattice.coarse(2).n_sites, spins))
            try:
                placed.append(Placed(fitted[-1], lattice, seed=integer(seed, "draws", name, layer)).fit(spins))
            except ValueError as error:
                return Climb(fitted, placed, f"layer {layer}: {str(error).partition('. strict')[0]}")
        spins, lattice = placed[-1].transform(spins), lattice.coarse(2)
    return Climb(fitted, placed, "")


class Climb:
    """The layers of a map: fitted ones, those of them with places on a lattice, and why it went no further ("")."""

    def __init__(self, fitted: list[Any], placed: list[Any], why: str) -> None:
        self.fitted = fitted
        self.placed = placed
        self.why = why
