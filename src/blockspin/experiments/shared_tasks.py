"""Tasks and seeds that several experiments have."""

from typing import Any

import blockspin as bs
from blockspin.experiments.stored import Samples
from blockspin.experiments.task import task
from blockspin.randomness import integer
from blockspin.runs.task import Progress


def again(seed: int, training: int) -> int:
    """The seed of a training; the first one has the run's own."""
    return seed if training == 1 else integer(seed, "training", training)


def _cost(L: int, n: int, **_: Any) -> float:
    return L**2 * n * 1e-8


@task(kind="sample", version=3, label="samples at K = {K:.4f}", weight=_cost)
def ising_samples(L: int, K: float, n: int, chains: int, seed: int, *, progress: Progress) -> Samples:
    """Ising samples on the L x L torus by the algorithm that `bs.sample` finds cheapest."""
    return bs.sample(bs.Ising(bs.Lattice.square(L), K), n, seed=seed, chains=chains, progress=progress)
