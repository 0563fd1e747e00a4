"""Real-space mutual information: the estimator, its bounds and the windows it looks at."""

from blockspin.coarse.rsmi.estimator import RSMI

__all__ = ["RSMI"]
