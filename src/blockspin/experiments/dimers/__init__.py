"""Dimers: what keeps information about the environment, beside what a machine trained by likelihood learns."""

from blockspin.experiments.dimers.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
