"""Chances of 512 lanes at a time, exact to 64 bits.

A lane comes up where a uniform number lies below its threshold. The number is drawn bit by bit, the highest first, and
a lane is decided at the first bit that differs from its threshold's: after twelve bits drawn for all lanes alike, one
lane in 4,000 is left, and the rest of its bits are drawn for it alone.
"""

from typing import Any

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray

from blockspin.sampling.multispin.lanes import WORDS, fair, fair_word, load, some, store

DIRECT = 12  # bits drawn for all lanes: fewer leave more to be finished one by one, more are mostly idle
# the scratch memory of a row, in words: the lanes of each class, or of each set of classes, then these two
OPEN, TURNED, SCRATCH = 8 * WORDS, 9 * WORDS, 10 * WORDS

Chances = tuple[NDArray[np.int64], NDArray[np.uint64]]


def chances_of(chances: list[float]) -> Chances:
    """For each direct bit the set of classes whose threshold has it, class n as bit n; and what is left of these."""
    thresholds = [min(int(chance * 2.0**64), 2**64 - 1) for chance in chances]
    sets = [sum((t >> (63 - k) & 1) << n for n, t in enumerate(thresholds)) for k in range(DIRECT)]
    return np.array(sets, np.int64), np.array([t << DIRECT & (2**64 - 1) for t in thresholds], np.uint64)


@njit(cache=True)
def coin(among: Any, a: Any, b: Any, c: Any, counter: Any, single: Any, scratch: Any, chance: Any) -> Any:
    """Each of some lanes by one chance: those that come up, and the state of the generators that follows."""
    codes, left = chance
    open_, yes = among, among ^ among
    for k in range(DIRECT):
        bits, a, b, c, counter = fair(a, b, c, counter)
        if codes[k]:
            yes = yes | (open_ & ~bits)
            open_ = open_ & bits
        else:
            open_ = open_ & ~bits
    if some(open_):
        store(scratch, WORDS, open_)  # the only class
        finish(scratch, 1, open_, yes, single, left)
        yes = load(scratch, TURNED)
    return yes, a, b, c, counter


@njit(cache=True)
def finish(scratch: Any, first: int, open_: Any, turned: Any, single: Any, left: Any) -> None:
    """Decide the open lanes one by one by the rest of their bits: the turned ones are left in scratch[TURNED]."""
    store(scratch, OPEN, open_)
    store(scratch, TURNED, turned)
    for j in range(WORDS):
        lanes_left = scratch[OPEN + j]
        while lanes_left:
            lane = lanes_left & (~lanes_left + uint64(1))
            lanes_left ^= lane
            n = 0
            while not scratch[(first + n) * WORDS + j] & lane:
                n += 1
            if fair_word(single) < left[n]:
                scratch[TURNED + j] |= lane
