"""The mapping of Mehta & Schwab (2014) taken at its word: what is an identity, what a condition, and what neither."""

from blockspin.experiments.exact_mapping.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
