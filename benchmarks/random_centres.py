"""How well do centres at random match a grid, drawn and by the law? Run: python benchmarks/random_centres.py

Residuals in coarse spacings: mean and spread of 24 draws on the lattice itself, and of `random_residual`, which goes by
the law from about 200 sites. The largest takes minutes.
"""

from __future__ import annotations

from blockspin.coarse.matching import drawn, random_residual
from blockspin.lattice import Lattice

SHAPES = [
    *[Lattice.square(L) for L in (22, 32, 48, 64)],
    Lattice.square(16, 64),
    *[Lattice.triangular(L) for L in (22, 32)],
    *[Lattice.cubic(L) for L in (8, 10, 13)],
    Lattice.chain(500),
]


def main() -> None:
    """One row a lattice and share of living units."""
    for coarse in SHAPES:
        fine = Lattice(coarse.kind, tuple(2 * extent for extent in coarse.shape))
        for share in (1.0, 0.98, 0.9, 0.7):
            n = round(share * coarse.n_sites)
            (mean, spread), (law, width) = drawn(fine, coarse, n), random_residual(fine, coarse, n)
            print(
                f"{coarse}, {n} living: {mean / 2:.4f} +- {spread / 2:.4f}, by the law {law / 2:.4f} +- {width / 2:.4f}"
            )


if __name__ == "__main__":
    main()
