"""Mehta & Schwab (2014), reproduced and judged: do stacked RBMs coarse-grain the 2D Ising model as the RG does?"""

from blockspin.experiments.mehta_schwab.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
