"""The chains of each model and algorithm, and images of their configurations under the exact symmetry of the model."""

import numpy as np

from blockspin import randomness
from blockspin.arrays import Spins
from blockspin.models import Dimers, Model, nearest
from blockspin.sampling import configurations, worm
from blockspin.sampling.cluster import ClusterChains
from blockspin.sampling.cost import Plan
from blockspin.sampling.markov import Chains
from blockspin.sampling.multispin.updates import Replicas
from blockspin.sampling.pair_chains import PairChains
from blockspin.sampling.words import generators


def start(
    model: Model, algorithm: str, chains: int, seed: int, *path: str | int, stripes: int = 1, clusters: int = 1
) -> Chains:
    """Chains of an algorithm; the random numbers of a chain depend on the seed, the path and its number alone.

    Raises ValueError for an algorithm that cannot serve the model.
    """
    if algorithm == "multi-spin" and nearest(model):
        return Replicas.start(model, chains, seed, *path, stripes=stripes, clusters=clusters)
    own = generators(seed, chains, *path)
    if isinstance(model, Dimers):
        return worm.WormChains(model, algorithm, worm.start(model, chains), own, clusters)
    spins = configurations.starts(model, chains, randomness.generator(seed, *path, "start"))
    if nearest(model):
        return ClusterChains(model, algorithm, spins, own, clusters)
    return PairChains(model, algorithm, model.letters.numbers(spins), own, clusters)


def planned(model: Model, plan: Plan, chains: int, seed: int, *path: str | int, clusters: int = 1) -> Chains:
    """So many chains of a plan, as `start`; raises ValueError too where it needs a GPU and there is none."""
    if plan.device == "gpu" and nearest(model):
        from blockspin.sampling.multispin import device_replicas  # and with it JAX

        return device_replicas.DeviceReplicas.begin(model, chains, seed, *path, device=device_replicas.gpu())
    return start(model, plan.algorithm, chains, seed, *path, stripes=plan.stripes, clusters=clusters)


def image(model: Model, spins: Spins, random: np.random.Generator) -> Spins:
    """A random image of each configuration under the exact symmetry of the model, shape (chain, N), a new array."""
    if isinstance(model, Dimers):
        return worm.symmetric_images(model, spins, random)
    return configurations.turned(model, spins, random)
