"""The maps of the experiment in one table, and their layers on lattices, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import blockspin as bs
from blockspin.experiments.stored import Samples
from blockspin.randomness import integer


@dataclass(frozen=True)
class Map:
    """A way to coarse-grain by b = 2.

    about: what it is; make(lattice, seed, **training): a transformer of that lattice, not fitted; rule: whether it is a
    block rule; training: the settings of a map whose training is a task of its own, per layer or one for all.
    """

    about: str
    make: Callable[..., Any]
    rule: bool = False
    training: tuple[str, ...] = ()


@dataclass(frozen=True)
class Climb:
    """The layers of a map: fitted ones, those of them with positions on a lattice, and why it went no further ("")."""

    fitted: list[Any]
    placed: list[Any]
    why: str = ""


def _rbm(lattice: bs.Lattice, seed: int, **training: Any) -> Any:
    return bs.RBM(lattice.coarse(2).n_sites, units="spin", biases=False, random_state=seed, **training)


def _pca(lattice: bs.Lattice, seed: int) -> Any:
    from sklearn.decomposition import PCA

    return PCA(lattice.coarse(2).n_sites, random_state=seed)


def _projection(lattice: bs.Lattice, seed: int) -> Any:
    from sklearn.random_projection import GaussianRandomProjection

    return GaussianRandomProjection(lattice.coarse(2).n_sites, random_state=seed)


MAPS = {
    "majority": Map(
        "sign of a block's sum, ties by a fair coin",
        lambda lattice, seed: bs.Majority(lattice, 2, random_state=seed),
        rule=True,
    ),
    "decimation": Map("one spin of each block", lambda lattice, seed: bs.Decimation(lattice, 2), rule=True),
    "threshold": Map(
        "sign of a block of four equal spins, else a fair coin",
        lambda lattice, seed: bs.rules.Threshold(lattice, 2, threshold=4, ties="random", random_state=seed),
        rule=True,
    ),
    "weighted-majority": Map(
        "sign of 3 s_1 + 2 s_2 + 2 s_3 + s_4, ties by a fair coin",
        lambda lattice, seed: bs.rules.WeightedMajority(lattice, 2, weights=[3, 2, 2, 1], random_state=seed),
        rule=True,
    ),
    "rbm-l1": Map("RBM with the L1 penalty, layer by layer", _rbm, training=("learning_rate", "n_iter", "l1")),
    "rbm-none": Map("RBM without a penalty, layer by layer", _rbm, training=("learning_rate", "n_iter")),
    "rbm-convolutional": Map(
        "RBM with one 4 x 4 filter for all blocks, layer by layer",
        lambda lattice, seed: bs.ConvolutionalRBM(
            lattice, 2, 4, units="spin", biases=False, learning_rate=0.02, random_state=seed
        ),
    ),
    "pca": Map("principal components, cut at their medians", _pca),
    "random-projection": Map("Gaussian random projections, cut at their medians", _projection),
}


def climb(
    name: str,
    samples: Samples,
    steps: int,
    seed: int,
    *,
    weights: Sequence[Any] = (),
    training: Sequence[dict[str, Any]] = (),
) -> Climb:
    """The map layer by layer, each on the coarse spins of the one below, as long as its units have positions.

    samples: what the first layer is fitted to; weights: of layers that were trained before; training: what `make` gets,
    a dictionary a layer.
    """
    chosen = MAPS[name]
    spins, lattice = bs.to_matrix(samples), bs.Lattice.square(samples.sizes["x"])
    found = Climb([], [])
    for layer in range(1, steps + 1):
        if weights:
            one = bs.RBM.from_weights(weights[layer - 1], units="spin")
        else:
            random_state = integer(seed, "ties" if chosen.rule else "train", name, layer)
            one = chosen.make(lattice, random_state, **(training[layer - 1] if training else {})).fit(spins)
        found.fitted.append(one)
        if not chosen.rule:
            try:
                one = bs.Placed(one, lattice, seed=integer(seed, "draws", name, layer)).fit(spins)
            except ValueError as error:
                return Climb(found.fitted, found.placed, f"layer {layer}: {str(error).partition('. strict')[0]}")
        found.placed.append(one)
        spins, lattice = one.transform(spins), lattice.coarse(2)
    return found
