"""The block rules besides majority and decimation, as `bs.rules`; all of them are rows of `coarse.MAPS`."""

from blockspin.coarse.kernel import Kernel
from blockspin.coarse.plurality import Plurality
from blockspin.coarse.triangular import TriangularMajority
from blockspin.coarse.weighted import Threshold, WeightedMajority

__all__ = ["Kernel", "Plurality", "Threshold", "TriangularMajority", "WeightedMajority"]
