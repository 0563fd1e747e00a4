"""The phase diagram of locality: where one RBM layer learns local blocks, and where these renormalize."""

from blockspin.experiments.locality_map.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
