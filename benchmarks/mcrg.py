"""Cost of Monte Carlo RG, couplings and samples against L and operators: ./run python benchmarks/mcrg.py [n]

Processor seconds for n configurations (2000), three majority steps; sampling takes all threads that numba is given.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import blockspin as bs

NAMES = ["nn", "magnetisation", "nnn", "corner", "third", "plaquette", "row", "fourth", "fifth", "diamond", "diagonal"]
EVEN = ["nn", "nnn", "third", "plaquette", "fourth", "fifth", "diamond"]


def cost(function: Callable[[], object]) -> float:
    """Processor seconds of one call, all threads together."""
    start = time.process_time()
    function()
    return time.process_time() - start


def majority(lattice: bs.Lattice) -> bs.Majority:
    """The majority rule with coins that depend on the row alone."""
    return bs.Majority(lattice, 2, random_state=1)


def main() -> None:
    """One row a lattice: seconds to sample, for mcrg with 2, 5 and 11 operators, for couplings of 7 on blocks."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    bs.sample(bs.Ising(bs.Lattice.square(8), K=bs.KC_SQUARE), 10, seed=1)  # compiles
    print(f"{n} configurations\n{'L':>4} {'sample':>8} {'mcrg 2':>8} {'mcrg 5':>8} {'mcrg 11':>8} {'couplings 7':>12}")
    for L in (16, 32, 64, 128):
        model = bs.Ising(bs.Lattice.square(L), K=bs.KC_SQUARE)
        row = [cost(lambda model=model: bs.sample(model, n, seed=1))]  # type: ignore[misc]
        samples = bs.sample(model, n, seed=1)
        for k in (2, 5, 11):
            row.append(cost(lambda k=k, s=samples: bs.mcrg(s, majority, 3, NAMES[:k])))  # type: ignore[misc]
        row.append(cost(lambda s=samples: bs.couplings(s, EVEN)))  # type: ignore[misc]
        print(f"{L:4d} " + " ".join(f"{seconds:8.2f}" for seconds in row))


if __name__ == "__main__":
    main()
