"""The three-spin majority rule of the triangular lattice, in two steps.

One step, a triangle of three mutual neighbours to one spin (b = sqrt 3), turns the lattice by 30 degrees, and no torus
with Lx x Ly sites is one with a whole number of sites along the turned directions: n steps along (2, 1) come home only
where Ly divides n and Lx divides 2n, n steps along (-1, 1) where both do, which is more sites than the cells that there
are. A second step turns the lattice back: triangles of three mutually neighbouring triangles, b = 3.
"""

import numpy as np
from numpy.typing import NDArray

from blockspin.arrays import FloatArray, Spins
from blockspin.coarse.blocks import SpinRule, fields_on
from blockspin.lattice import Lattice

CELL = ((0, 0), (1, 0), (1, 1))
"""A triangle of three mutual neighbours; translated by (2, 1) and (-1, 1) it tiles the lattice."""
CELLS = ((0, 0), (2, 1), (1, 2))
"""Where the three triangles of a block lie: the same triangle among the triangles; translated by 3 it tiles."""


class TriangularMajority(SpinRule):
    """The majority of three majorities of three spins on the triangular lattice: blocks of 9 sites, b = 3, no ties.

    s' = sign(t_1 + t_2 + t_3) with t the sign of the sum of three mutual neighbours; the three triangles are mutual
    neighbours. The block keeps the rotations by 120 degrees and has no mirror, so that later couplings may be chiral.
    `transform` maps X (n, N) of -1/+1 to (n, N / 9) int8, in the order of `lattice.coarse(3)`.

    Parameters
    ----------
    lattice, b : Lattice, int
        The fine triangular lattice, extents divisible by 3; b is 3. ValueError for any other.

    References
    ----------
    The cells of Th. Niemeijer and J. M. J. van Leeuwen, Phys. Rev. Lett. 31, 1411 (1973), two steps at once.

    Examples
    --------
    >>> bs.rules.TriangularMajority(bs.Lattice.triangular(6)).fit_transform(np.ones((1, 36))).shape
    (1, 4)
    """

    def __init__(self, lattice: Lattice, b: int = 3) -> None:
        self.lattice = lattice
        self.b = b

    @property
    def cells(self) -> NDArray[np.intp]:
        """The sites of each block, triangle by triangle, shape (M, 3, 3), in the order of `lattice.coarse(3)`."""
        corners = 3 * self.lattice.coarse(3).coordinates
        offsets = np.array(CELLS)[:, None, :] + np.array(CELL)[None, :, :]
        sites = (corners[:, None, None, :] + offsets) % self.lattice.shape
        return np.asarray(np.ravel_multi_index(tuple(np.moveaxis(sites, -1, 0)), self.lattice.shape))

    @property
    def fields_(self) -> FloatArray:
        """The linear field of each block spin, shape (M, N): 1/9 on its block, 0 elsewhere."""
        return fields_on(self.lattice, self.cells.reshape(-1, 9), 1 / 9)

    def _votes(self, spins: Spins) -> Spins:
        total = np.zeros((len(spins), self.lattice.n_sites // 9), np.int8)
        for triangle in np.moveaxis(self.cells, 0, -1):  # one (3, M) a triangle
            total += np.sign(sum(spins[:, sites] for sites in triangle))
        return np.sign(total)

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.b != 3:
            raise ValueError(f"b of TriangularMajority is 3; got {self.b!r}")
        if self.lattice.kind != "triangular":
            raise ValueError(f"the lattice of TriangularMajority is triangular; got {self.lattice}")
