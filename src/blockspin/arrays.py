"""Names of the types of arrays that most modules take and give."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
Spins = NDArray[np.int8]
