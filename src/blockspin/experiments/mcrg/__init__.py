"""Monte Carlo RG with block rules and learned maps side by side: exponents, couplings, flow."""

from blockspin.experiments.mcrg.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
