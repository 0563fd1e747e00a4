"""Sampling: independent chains of configurations of a model, with the proof that they have equilibrated."""

from blockspin.sampling.sample import sample

__all__ = ["sample"]
