"""The couplings of a coarse Hamiltonian, sorted into kinds for a forest plot."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.report.forest import Row
from blockspin.report.page import minus

Array = NDArray[Any]
ROUNDING = 1e-12  # what is smaller is written as 0


def rows_by_kind(couplings: Array, bodies: Array, ranges: Array) -> list[Row]:
    """Couplings (n,) by their numbers of spins and ranges: single spins, pairs by distance, three spins, and more.

    Pairs are one kind where the coarse spins have no places, which a range of nan says.
    """
    pairs = bodies == 2
    kinds = [("1 spin", bodies == 1)]
    if np.isnan(ranges[pairs]).any():
        kinds.append(("pairs", pairs))
    else:
        kinds.append(("pairs, r = 1", pairs & (ranges <= 1 + 1e-9)))
        kinds += [(f"pairs, r ≤ {r}", pairs & (ranges > r - 1 + 1e-9) & (ranges <= r + 1e-9)) for r in (2, 3)]
        kinds.append(("pairs, r > 3", pairs & (ranges > 3 + 1e-9)))
    kinds += [("3 spins", bodies == 3), ("4 spins", bodies == 4), ("5 and more", bodies >= 5)]
    rows = []
    for label, here in kinds:
        some = couplings[here & np.isfinite(couplings)]
        if some.size:
            most = float(some[np.argmax(np.abs(some))])
            text = "0" if abs(most) < ROUNDING else minus(f"{most:.3g}" if abs(most) >= 1e-3 else f"{most:.1e}")
            rows.append(Row(label, abs(most), text=text, ticks=np.abs(some)))
    return rows
