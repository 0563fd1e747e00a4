"""Close-packed dimers on the square lattice: counts, winding sectors, bond probabilities, the columnar order.

On a bipartite lattice the coverings are the terms of a determinant: K(o, e) from even to odd vertices (parity of
x + y) is 1 along x and i along y, so that every face has the sign that Kasteleyn's theorem asks for. On the torus
the terms carry a sign that depends on the parities of the windings (Wx, Wy) alone; dimers across the seam get
e^(i a), or e^(-i a) where they leave an odd vertex, which multiplies a term by e^(i a Wx). Bonds are given as
(x, y, axis): from (x, y) one step along axis 0 (x) or 1 (y). Coverings themselves are `blockspin.exact.dimers`.

Source: P. W. Kasteleyn, Physica 27, 1209 (1961); M. E. Fisher and J. Stephenson, Phys. Rev. 132, 1411 (1963).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad

from blockspin.exact.dimers import _keys, log_count_torus
from blockspin.lattice import Lattice
from blockspin.models.dimers import Dimers, _bonds

CATALAN = 0.915965594177219015
ENTROPY = CATALAN / math.pi
"""Entropy a vertex of the infinite lattice, G/pi = 0.2915609040 nats, G Catalan's constant."""

Bond = tuple[int, int, int]


def log_count_open(m: int, n: int) -> float:
    """ln of the number of coverings of the open m x n rectangle, in nats; -infinity where m n is odd.

    Z = prod_(j=1..m) prod_(k=1..n) [4 cos^2(pi j/(m+1)) + 4 cos^2(pi k/(n+1))]^(1/4).
    Raises ValueError where an extent is below 1. Source: Kasteleyn (1961).
    """
    _check_extents(m, n)
    if m * n % 2:
        return -math.inf
    along, across = (4 * np.cos(np.pi * np.arange(1, L + 1) / (L + 1)) ** 2 for L in (m, n))
    return float(np.log(along[:, None] + across).sum() / 4)


def count_open(m: int, n: int) -> int:
    """The number of coverings of the open m x n rectangle, an exact integer, by a transfer matrix over vertices.

    The state holds one bit a column: is the next vertex there taken by a dimer along x? Up to about 16 columns.
    Raises ValueError where an extent is below 1, or the smaller one above 16.
    """
    _check_extents(m, n)
    m, n = max(m, n), min(m, n)
    if n > 16:
        raise ValueError(f"exact integers are for rectangles of a side up to 16; got {n}. Choose log_count_open")
    ways = {0: 1}
    for _ in range(m):
        for y in range(n):
            after: dict[int, int] = {}
            for state, number in ways.items():
                bit = 1 << y
                choices = [state ^ bit]  # a taken vertex frees the one below it; a free one sends a dimer along x
                if not state & bit and y < n - 1 and not state & bit << 1:
                    choices.append(state | bit << 1)  # along y: the next vertex is taken now, and frees the one below
                for new in choices:
                    after[new] = after.get(new, 0) + number
            ways = after
    return ways.get(0, 0)


def count_torus(vertices: Lattice) -> int:
    """The number of coverings of the Lx x Ly torus, an exact integer, by a transfer matrix between rows.

    A row's state is the set of its vertices with a dimer from the row before; the rest sends dimers to the next row
    or along the ring. Raises ValueError for another lattice, a smaller side above 10, or a number of coverings
    above 2^53, where the sums would round.
    """
    Dimers(vertices)  # its rule for lattices
    length, n = max(vertices.shape), min(vertices.shape)
    if n > 10 or log_count_torus(vertices) > 53 * math.log(2):
        raise ValueError(f"exact integers are for tori of a side up to 10 and below 2^53 coverings; got {vertices}")
    matrix = np.zeros((1 << n, 1 << n))
    full = (1 << n) - 1
    for before in range(1 << n):
        after = free = full & ~before
        while True:  # all subsets `after` of the vertices that are free
            matrix[before, after] = _ring_coverings(free & ~after, n)
            if after == 0:
                break
            after = (after - 1) & free
    half = np.linalg.matrix_power(matrix, length // 2)
    return round(float((half * half.T).sum()))


def winding_probabilities(vertices: Lattice) -> NDArray[np.float64]:
    """P(Wx, Wy) of free dimers, shape (Ly + 1, Lx + 1), entry [Wx + Ly/2, Wy + Lx/2]; exact to about 1e-14.

    The number of coverings in a sector is the modulus of the Fourier coefficient of det K over the phases (a, b) of
    the seams, det K = prod_k (2 cos k_x + 2i cos k_y) over one of each pair k, k + (pi, pi), with
    k_x = (2 pi j + a)/Lx. Raises ValueError for another lattice than a square one of even extents.
    """
    Dimers(vertices)  # its rule for lattices
    Lx, Ly = vertices.shape
    a, b = 2 * np.pi * np.arange(Ly + 1) / (Ly + 1), 2 * np.pi * np.arange(Lx + 1) / (Lx + 1)
    cos_x = 2 * np.cos((2 * np.pi * np.arange(Lx // 2)[:, None] + a) / Lx)
    cos_y = 2j * np.cos((2 * np.pi * np.arange(Ly)[:, None] + b) / Ly)
    log_det = np.zeros((Ly + 1, Lx + 1), complex)
    with np.errstate(divide="ignore"):
        for column in cos_x:
            log_det += np.log(column[None, :, None] + cos_y[:, None, :]).sum(axis=0)
    numbers = np.abs(np.fft.fft2(np.exp(log_det - log_det.real.max())))
    probabilities: NDArray[np.float64] = np.fft.fftshift(numbers / numbers.sum())
    return probabilities


def bond_probability(vertices: Lattice, bonds: Sequence[Bond]) -> float:
    """The probability that free dimers lie on all these bonds of the Lx x Ly torus.

    The coverings of the vertices that the bonds leave, from the minors of K with either sign on each seam, over all
    coverings. Costs four determinants of order Lx Ly/2: a fraction of a second at 32x32.
    Raises ValueError for another lattice, no bond, or bonds of which two share a vertex.
    """
    Dimers(vertices)  # its rule for lattices
    Lx, Ly = vertices.shape
    pairs = [_even_odd((x % Lx, y % Ly), _end((x, y, axis), vertices.shape)) for x, y, axis in bonds]
    _check_bonds(bonds, pairs)
    number = {(x, y): (x * Ly + y) // 2 for x in range(Lx) for y in range(Ly)}  # of a vertex among its parity's
    keep_even, keep_odd = (
        np.setdiff1d(np.arange(Lx * Ly // 2), [number[pair[parity]] for pair in pairs]) for parity in (0, 1)
    )
    signs, logs = np.zeros((2, 2), complex), np.full((2, 2), -math.inf)
    for a in (0, 1):
        for b in (0, 1):
            # a bond across a seam takes its sign along
            seams = [
                a * (axis == 0 and x % Lx == Lx - 1) + b * (axis == 1 and y % Ly == Ly - 1) for x, y, axis in bonds
            ]
            minor = _kasteleyn(vertices, a, b)[np.ix_(keep_odd, keep_even)]
            signs[a, b], logs[a, b] = np.linalg.slogdet(minor)
            signs[a, b] *= (-1) ** sum(seams)
    # sums and differences part the coverings by the parities of Wx and Wy, within which all have one sign
    number_left = np.abs(np.fft.fft2(signs * np.exp(logs - logs.max()))).sum() / 4
    return float(number_left * math.exp(logs.max() - log_count_torus(vertices)))


def bulk_bond_probability(bonds: Sequence[Bond]) -> float:
    """The probability that free dimers lie on all these bonds of the infinite lattice.

    |prod K(bond) det G(e_i - o_j)| with e and o the even and odd ends, and for x + y odd
    G(x, y) = (i^|y|/pi) int_0^(pi/2) cos(k x) (cos k - s)^|y|/s dk, s = (1 + cos^2 k)^(1/2).
    Raises ValueError for no bond, or bonds of which two share a vertex. Source: Fisher and Stephenson (1963).
    """
    pairs = [_even_odd((x, y), _end((x, y, axis), None)) for x, y, axis in bonds]
    _check_bonds(bonds, pairs)
    inverse = [[_green(e[0] - o[0], e[1] - o[1]) for _, o in pairs] for e, _ in pairs]
    return float(abs(np.linalg.det(np.array(inverse))))


def index(configurations: NDArray[Any], known: NDArray[np.int8]) -> NDArray[np.int64]:
    """The number of each configuration, shape (..., 4 Lx Ly) to (...), among `known` as `coverings` gives them.

    Vertices and faces are not looked at. Raises ValueError where one is no covering.
    """
    shape = configurations.shape[:-1]
    flat = configurations.reshape(-1, configurations.shape[-1])
    keys, wanted = _keys(known), _keys(flat)
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    if (keys[found] != wanted).any():
        raise ValueError(f"{int((keys[found] != wanted).sum())} configurations are no covering of the torus")
    return found.reshape(shape).astype(np.int64)


def _kasteleyn(vertices: Lattice, a: int, b: int) -> NDArray[np.complex128]:
    """K, rows odd and columns even vertices, with signs (-1)^a and (-1)^b on the seams along x and y."""
    Lx, Ly = vertices.shape
    K = np.zeros((Lx * Ly // 2, Lx * Ly // 2), complex)
    for x in range(Lx):
        for y in range(Ly):
            for axis, weight, seam in ((0, 1, a * (x == Lx - 1)), (1, 1j, b * (y == Ly - 1))):
                even, odd = _even_odd((x, y), _end((x, y, axis), vertices.shape))
                K[(odd[0] * Ly + odd[1]) // 2, (even[0] * Ly + even[1]) // 2] += weight * (-1) ** seam
    return K


def _green(x: int, y: int) -> complex:
    def integrand(k: float) -> float:
        a = math.cos(k)
        s = math.sqrt(1 + a * a)
        return math.cos(k * x) * (a - s) ** abs(y) / s

    value, _ = quad(integrand, 0, math.pi / 2, epsabs=1e-13, epsrel=1e-13, limit=200)
    return complex(1j ** (abs(y) % 4) * value / math.pi)


def _ring_coverings(rest: int, n: int) -> int:
    """In how many ways dimers along the ring of n vertices cover the set `rest`."""
    if rest == (1 << n) - 1:
        return 2
    start = next(y for y in range(n) if not rest >> y & 1)
    turned = "".join(str(rest >> (start + y) % n & 1) for y in range(n))
    return int(all(len(run) % 2 == 0 for run in turned.split("0")))


def _end(bond: Bond, shape: tuple[int, ...] | None) -> tuple[int, int]:
    x, y, axis = bond
    x, y = x + (axis == 0), y + (axis == 1)
    return (x, y) if shape is None else (x % shape[0], y % shape[1])


def _even_odd(first: tuple[int, int], second: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    return (first, second) if sum(first) % 2 == 0 else (second, first)


def _check_bonds(bonds: Sequence[Bond], pairs: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    if any(axis not in (0, 1) for *_, axis in bonds):
        raise ValueError(f"a bond is (x, y, axis) with axis 0 (along x) or 1 (along y); got {list(bonds)}")
    if not bonds or len({end for pair in pairs for end in pair}) < 2 * len(bonds):
        raise ValueError(f"the bonds must be one or more that share no vertex; got {list(bonds)}")


def _check_extents(m: int, n: int) -> None:
    if min(m, n) < 1:
        raise ValueError(f"a rectangle has extents of at least 1; got {m} x {n}")


def columnar_order(model: Dimers, configurations: ArrayLike) -> NDArray[np.float64]:
    """The columnar order (C_x, C_y) of each configuration, shape (..., 2Lx, 2Ly) or (..., 4 Lx Ly) to (..., 2).

    C_x = (2/N) sum_r (-1)^x n_x(r) and C_y = (2/N) sum_r (-1)^y n_y(r), N vertices: (+-1, 0) and (0, +-1) in the
    four columnar states. Source: F. Alet et al., Phys. Rev. E 74, 041124 (2006).
    """
    along_x, along_y = _bonds(model._cells(configurations))
    Lx, Ly = model.vertices.shape
    x = (along_x.sum(axis=-1) * (1 - 2 * (np.arange(Lx) % 2))).sum(axis=-1)
    y = (along_y.sum(axis=-2) * (1 - 2 * (np.arange(Ly) % 2))).sum(axis=-1)
    return np.stack([x, y], axis=-1) * 2 / model.vertices.n_sites
