"""Real-space mutual information (Koch-Janusz and Ringel, 2018) on Ising spins, beside exact sums."""

from blockspin.experiments.koch_janusz_ringel.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
