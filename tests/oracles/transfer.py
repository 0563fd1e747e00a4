"""Row-to-row transfer matrices of small tori, exactly: any model of nearest neighbours, square and triangular.

Z = Tr T^n with T(r, r') = exp(bonds between the rows r, r' + bonds and field within r'). A row is the smaller extent;
its q^L states are a vector with one axis a site, and T acts site by site (q^(L+2) operations each), never as a matrix
of q^2L. The trace is a sum over first rows, one of each class that translations (and permutations of the letters
where nothing tells them apart) make equal. An extent of 2 has two bonds between the same sites, as in `Lattice.bonds`.
Source: H. A. Kramers and G. H. Wannier, Phys. Rev. 60, 252 (1941); site by site: K. Binder, Physica 62, 508 (1972).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.models import Ising, PairModel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_STATES = 2**16
MOST_WORK = 5e9  # multiplications: about half a minute of one core
CHUNK = 2**20  # numbers held at a time
STEP = 1e-100  # of the complex steps: the derivative is exact to rounding


@dataclass(frozen=True)
class Moments:
    """Moments of the magnetisation a site m = sum_i s_i/N, and Binder's U4 = 1 - <m^4>/(3 <m^2>^2)."""

    m: float
    abs_m: float
    m2: float
    m4: float

    @property
    def U4(self) -> float:
        """Binder's cumulant, 2/3 in an ordered phase and 0 in a disordered one."""
        return 1 - self.m4 / (3 * self.m2**2)


def log_partition(model: PairModel) -> float:
    """ln Z of the torus in nats.

    Raises ValueError for a lattice other than square and triangular, or one that is too large (q^L states of a row at
    most 2^16).
    """
    return _Torus(model).log_trace().real


def energy_per_site(model: PairModel) -> float:
    """The reduced energy a site <H>/N = -d/dt ln Z(t H)/N at t = 1, by a complex step.

    Raises ValueError as `log_partition` does.
    """
    slope = _Torus(model, complex(1, STEP)).log_trace().imag / STEP
    return float(-slope / model.lattice.n_sites)


def count_distribution(model: PairModel) -> FloatArray:
    """The probability that n sites have the last letter, n = 0 ... N, (N + 1,): a polynomial is carried along.

    Every coefficient is a sum of positive terms, exact to rounding relative to itself.
    Raises ValueError as `log_partition` does: of spins a square torus to about 10 x 10.
    """
    return _Torus(model).count_distribution()


def magnetisation_moments(model: Ising) -> Moments:
    """<m>, <|m|>, <m^2>, <m^4> and U4 from `count_distribution`; raises ValueError as it does."""
    N, chance = model.lattice.n_sites, count_distribution(model)
    m = np.arange(-N, N + 1, 2) / N
    return Moments(*(float(chance @ values) for values in (m, np.abs(m), m**2, m**4)))


def correlation(model: PairModel) -> FloatArray:
    """<s_0 s_r> along the larger extent L, for r = 0 ... L - 1, not connected, shape (L,), exact to about 1e-13.

    Tr(s T^r s T^(L - r))/Z. Raises ValueError as `log_partition` does.
    """
    return _Torus(model).correlation(model.letters.values.astype(float))


class _Torus:
    """Rows of L sites with q letters, of the weights exp(-t H).

    `alike`: no field tells the letters apart.
    """

    def __init__(self, model: PairModel, t: complex = 1.0) -> None:
        lattice, (bond,), site = model.lattice, -t * model.bonds, -t * model.sites
        if lattice.kind not in ("square", "triangular"):
            raise ValueError(f"the transfer matrix knows the square and the triangular lattice; got {lattice}")
        self.lattice, self.q = lattice, len(site)
        self.alike = len(model.group) == math.factorial(self.q)
        self.L, self.n_rows = min(lattice.shape), max(lattice.shape)  # both kinds look the same with x and y exchanged
        if self.q**self.L > MOST_STATES:
            raise ValueError(
                f"a transfer matrix serves rows of at most {MOST_STATES} states; the shorter rows of {lattice} with "
                f"{self.q} states a site have {self.q}^{self.L}"
            )
        top = float(bond.real.max())
        down = np.exp(bond - top)
        # the weight of a new site n after o' and o of the row before, those at (x, y - 1) and (x, y)
        self.above = np.repeat(down[None], self.q, axis=0)
        if lattice.kind == "triangular":
            self.above = down[:, None, :] * down[None, :, :]
        self.states = np.indices((self.q,) * self.L).reshape(self.L, -1).T
        self.ups = (self.states == self.q - 1).sum(axis=1)
        exponent = site[self.states].sum(axis=1)
        for y in range(self.L):
            exponent = exponent + bond[self.states[:, y], self.states[:, (y + 1) % self.L]]
        highest = float(exponent.real.max())
        self.row = np.exp(exponent - highest)
        self.scale = highest + top * self.L * (len(lattice.steps) - 1)

    def log_trace(self) -> complex:
        """ln Tr T^n, complex where the weights are."""
        parts = []
        for first, count in self._first_rows():
            rows, scale = self._advance(self._start(first), self.n_rows)
            parts.append((scale, (count * _returned(rows, first)[:, 0]).sum()))
        scale, total = _sum(parts)
        return complex(scale + np.log(complex(total)))

    def count_distribution(self) -> FloatArray:
        """The probability that n sites are in the last state, n = 0 ... N, shape (N + 1,)."""
        parts = []
        for first, count in self._first_rows(counting=True):
            rows, scale = self._advance(self._start(first, counting=True), self.n_rows)
            parts.append((scale, count @ _returned(rows, first)))
        _, total = _sum(parts)
        return np.asarray(total / total.sum())

    def correlation(self, spin: FloatArray) -> FloatArray:
        """<s_0 s_r> along the n rows, shape (n,): the overlap of row r with the first, averaged over the columns."""
        half = self.n_rows // 2 + 1
        parts: list[list[tuple[float, Any]]] = [[] for _ in range(half)]
        norm = []
        for first, count in self._first_rows(passes=half):
            before, scale = self._start(first), 0.0
            overlap = spin[self.states[first]] @ spin[self.states].T / self.L
            for r in range(half):
                rows, rest = self._advance(before * overlap[:, :, None], self.n_rows - r)
                parts[r].append((scale + rest, (count * _returned(rows, first)[:, 0]).sum()))
                before, more = self._advance(before, 1)
                scale += more
            rows, rest = self._advance(before, self.n_rows - half)
            norm.append((scale + rest, (count * _returned(rows, first)[:, 0]).sum()))
        whole, Z = _sum(norm)
        found = [math.exp(scale - whole) * value / Z for scale, value in map(_sum, parts)]
        return np.array([found[min(r, self.n_rows - r)] for r in range(self.n_rows)])

    def _first_rows(self, *, counting: bool = False, passes: int = 1) -> Iterator[tuple[IntArray, IntArray]]:
        """Numbers of first rows, one of each class of equal ones, and how many each stands for, a chunk at a time."""
        movable = (self.q - 1 if counting else self.q) if self.alike else 1
        name = self.q ** np.arange(self.L - 1, -1, -1)
        lowest = np.arange(len(self.states))
        for shift in range(self.L):
            shifted = np.roll(self.states, shift, axis=1)
            np.minimum(lowest, _in_order_of_appearance(shifted, movable) @ name, out=lowest)
        first, count = np.unique(lowest, return_counts=True)
        values = self.lattice.n_sites + 1 if counting else 1
        size = self.q ** (self.L + 1) * values
        work = float(len(first) * size * self.q * self.lattice.n_sites * passes)
        if work > MOST_WORK:
            raise ValueError(
                f"{self.lattice} with {self.q} states a site needs {work:.0e} multiplications here, and at most "
                f"{MOST_WORK:.0e} are done. Take a smaller extent"
            )
        step = max(1, CHUNK // size)
        for start in range(0, len(first), step):
            yield first[start : start + step], count[start : start + step]

    def _start(self, first: IntArray, *, counting: bool = False) -> NDArray[Any]:
        """One vector a first row, shape (rows, q^L, coefficients of the polynomial that counts)."""
        values = self.lattice.n_sites + 1 if counting else 1
        rows = np.zeros((len(first), len(self.states), values), self.row.dtype)
        rows[np.arange(len(first)), first, 0] = 1
        return rows

    def _advance(self, rows: NDArray[Any], steps: int) -> tuple[NDArray[Any], float]:
        """The vectors after so many rows more, divided by the exponential of the scale."""
        scale = 0.0
        for _ in range(steps):
            rows = self._down(rows) * self.row[:, None]
            if rows.shape[2] > 1:
                rows = self._count(rows)
            size = float(np.abs(rows).max()) or 1.0
            rows /= size
            scale += self.scale + math.log(size)
        return rows, scale

    def _down(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Bonds between two rows, site by site: o_(y-1) is summed over once the new sites y - 1 and y have seen it."""
        q, L = self.q, self.L
        batch, _, values = rows.shape
        old = rows.reshape(batch, q, q ** (L - 2), q, values)
        grown = np.einsum("bxrzp,zxn->bnxrzp", old, self.above)
        for y in range(1, L):
            grown = np.einsum("axyr,xyn->anyr", grown.reshape(batch * q**y, q, q, -1), self.above)
        summed: NDArray[Any] = grown.reshape(batch, q**L, q, values).sum(axis=2)
        return summed

    def _count(self, rows: NDArray[Any]) -> NDArray[Any]:
        counted = np.zeros_like(rows)
        for ups in range(self.L + 1):
            same = self.ups == ups
            counted[:, same, ups:] = rows[:, same, : rows.shape[2] - ups]
        return counted


def _returned(rows: NDArray[Any], first: IntArray) -> NDArray[Any]:
    returned: NDArray[Any] = rows[np.arange(len(first)), first]
    return returned


def _sum(parts: list[tuple[float, Any]]) -> tuple[float, Any]:
    highest = max(scale for scale, _ in parts)
    return highest, sum(value * math.exp(scale - highest) for scale, value in parts)


def _in_order_of_appearance(states: IntArray, movable: int) -> IntArray:
    """Rows of colours (n, L) with the colours 0 ... movable - 1 renamed in the order in which they appear."""
    if movable < 2:
        return states
    renamed = np.where(states < movable, -1, states)
    for y in range(states.shape[1]):
        new = (renamed[:, y] < 0) & (states[:, y] < movable)
        fresh = np.where(renamed[:, :y] < movable, renamed[:, :y], -1).max(axis=1, initial=-1) + 1
        same = new[:, None] & (states == states[:, y, None])
        renamed = np.where(same, fresh[:, None], renamed)
    return renamed
