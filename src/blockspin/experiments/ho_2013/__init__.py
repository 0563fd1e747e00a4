"""Nghia Ho (2013): what penalties make of the filters of a machine trained on images."""

from blockspin.experiments.ho_2013.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
