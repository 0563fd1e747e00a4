"""Close-packed dimers on the square lattice, free or aligning, with or without spins that are pure noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin import checks
from blockspin.alphabet import SPINS
from blockspin.lattice import Lattice
from blockspin.models import shared

T_BKT = 0.65
"""Temperature below which aligning dimers order in columns (Alet et al., Phys. Rev. Lett. 94, 235702 (2005))."""


@dataclass(frozen=True)
class Dimers:
    """H = -(1/T) sum_faces [two parallel dimers] - noise sum_r s_r t_r over close-packed dimers of `vertices`.

    Each vertex of the Lx x Ly torus `vertices` (both even) belongs to exactly one dimer; any other state has
    H = infinity. States live on `lattice`, the square lattice of 2Lx x 2Ly cells, one value -1/+1 a cell:

    - (2x, 2y) vertex (x, y), (2x+1, 2y+1) the face between (x, y) and (x+1, y+1): noise spins, or -1 without noise;
    - (2x+1, 2y) the bond from (x, y) to (x+1, y), (2x, 2y+1) that to (x, y+1): +1 where a dimer lies, else -1.

    The noise is one pair of Ising spins a vertex r, s_r on it and t_r on its face, coupled to each other and to
    nothing else. Koch-Janusz and Ringel add coupled pairs on vertices and faces; that a pair is the vertex (2x, 2y)
    with the face (2x+1, 2y+1), and the value of the coupling, are choices made here.

    Parameters
    ----------
    vertices, T, noise : Lattice, float, float or None
        A square lattice of even extents. T is in units of the energy gain of a face with two parallel dimers; infinite
        T gives free dimers, where all coverings are equally likely. noise is a reduced coupling; None leaves it out.
        Raises ValueError for another lattice, T not above 0, or a noise that is not finite.

    References
    ----------
    F. Alet et al., Phys. Rev. Lett. 94, 235702 (2005); M. Koch-Janusz and Z. Ringel, Nature Physics 14, 578 (2018).

    Examples
    --------
    >>> dimers = bs.Dimers(bs.Lattice.square(4), T=1.5)
    >>> states = bs.sample(dimers, 100, seed=1)
    >>> states.shape, int((states.values[0, 0] == 1).sum())  # 16 vertices, 8 dimers
    ((100, 1, 8, 8), 8)
    """

    vertices: Lattice
    T: float = math.inf
    noise: float | None = None

    def __post_init__(self) -> None:
        checks.instance("vertices", self.vertices, Lattice, "a Lattice, such as Lattice.square(64)")
        if self.vertices.kind != "square" or any(extent % 2 for extent in self.vertices.shape):
            raise ValueError(f"vertices of dimers are a square lattice of even extents; got {self.vertices}")
        object.__setattr__(self, "T", checks.number("the temperature T", self.T, 0, open_start=True, infinite=True))
        if self.noise is not None:
            object.__setattr__(self, "noise", checks.number("the coupling noise", self.noise))

    def __str__(self) -> str:
        noise = "" if self.noise is None else f", noise spins of coupling {self.noise:g}"
        return f"dimers on {self.vertices}, T = {self.T:g}{noise}"

    letters: ClassVar = SPINS
    free: ClassVar = False
    alike: ClassVar = True

    @cached_property
    def lattice(self) -> Lattice:
        """The lattice of cells that configurations live on, 2Lx x 2Ly."""
        Lx, Ly = self.vertices.shape
        return Lattice.square(2 * Lx, 2 * Ly)

    def energy(self, configurations: ArrayLike) -> NDArray[np.float64]:
        """The reduced energy H of each configuration, shape (..., 2Lx, 2Ly) or (..., 4 Lx Ly) to (...).

        Infinite where the state is forbidden: a vertex without exactly one dimer, or without noise a vertex or face
        that is not -1. Raises ValueError where the shape does not end in the lattice's.
        """
        cells = self._cells(configurations)
        energy = -parallel_faces(self, cells) / self.T
        if self.noise is not None:
            pairs = (cells[..., ::2, ::2] * cells[..., 1::2, 1::2]).sum(axis=(-2, -1), dtype=float)
            energy = energy - self.noise * pairs
        return np.where(self._allowed(cells), energy, math.inf)

    def check(self, configurations: ArrayLike) -> None:
        """Raise ValueError where a configuration is forbidden, naming the first vertex that has not one dimer."""
        cells = self._cells(configurations)
        wrong = np.argwhere(_dimers_at_vertices(cells) != 1)
        if len(wrong):
            *which, x, y = (int(i) for i in wrong[0])
            n = int(_dimers_at_vertices(cells)[tuple(wrong[0])])
            raise ValueError(
                f"each vertex of configurations must belong to exactly one dimer; vertex ({x}, {y}) of configuration "
                f"{tuple(which)} has {n}, and {len(wrong)} vertices in all have not one"
            )
        if not self._allowed(cells).all():
            raise ValueError(
                "configurations must hold -1 at vertices and faces in a model without noise, and -1 or +1 in every cell"
            )

    def settings(self) -> dict[str, Any]:
        """The model as a dictionary that JSON can hold (T null: infinite); `from_settings` builds it again."""
        return {
            "model": "dimers",
            "vertices": self.vertices.settings(),
            "T": self.T if math.isfinite(self.T) else None,
            "noise": self.noise,
        }

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Dimers:
        """The model of `settings`; raises ValueError where they are another model's or lack an entry."""
        vertices = shared.read_settings(settings, "dimers", ("vertices", "T"))
        T = math.inf if settings["T"] is None else settings["T"]
        return cls(vertices, T, settings.get("noise"))

    def _cells(self, configurations: ArrayLike) -> NDArray[Any]:
        """The configurations as pictures, shape (..., 2Lx, 2Ly)."""
        flat = shared.flat(configurations, self.lattice, f"dimers on {self.vertices}")
        return flat.reshape(*flat.shape[:-1], *self.lattice.shape)

    def _allowed(self, cells: NDArray[Any]) -> NDArray[np.bool_]:
        allowed = (_dimers_at_vertices(cells) == 1).all(axis=(-2, -1)) & (np.abs(cells) == 1).all(axis=(-2, -1))
        if self.noise is None:
            rest = (cells[..., ::2, ::2] == -1) & (cells[..., 1::2, 1::2] == -1)
            allowed = allowed & rest.all(axis=(-2, -1))
        return np.asarray(allowed)


def parallel_faces(model: Dimers, configurations: ArrayLike) -> NDArray[np.float64]:
    """The number of faces with two parallel dimers, (..., 2Lx, 2Ly) or (..., 4 Lx Ly) to (...)."""
    along_x, along_y = _bonds(model._cells(configurations))
    faces = (along_x & np.roll(along_x, -1, -1)).sum(axis=(-2, -1), dtype=float)
    faces = faces + (along_y & np.roll(along_y, -1, -2)).sum(axis=(-2, -1), dtype=float)
    return np.asarray(faces)


def winding(model: Dimers, configurations: ArrayLike) -> NDArray[np.int64]:
    """The winding numbers (Wx, Wy) of each configuration, shape (..., 2Lx, 2Ly) or (..., 4 Lx Ly) to (..., 2).

    Wx = sum_y (-1)^(x+y) n_x(x, y), the same for every x, with n_x(x, y) = 1 where a dimer joins (x, y) and (x+1, y);
    Wy likewise. |Wx| <= Ly/2, |Wy| <= Lx/2; no local move changes them. Raises ValueError where a configuration
    is no covering.
    """
    model.check(configurations)
    along_x, along_y = _bonds(model._cells(configurations))
    Lx, Ly = model.vertices.shape
    Wx = along_x[..., 0, :] @ (1 - 2 * (np.arange(Ly) % 2))
    Wy = along_y[..., :, 0] @ (1 - 2 * (np.arange(Lx) % 2))
    return np.stack([Wx, Wy], axis=-1).astype(np.int64)


def _bonds(cells: NDArray[Any]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where dimers lie: n_x and n_y, each of shape (..., Lx, Ly)."""
    return cells[..., 1::2, ::2] > 0, cells[..., ::2, 1::2] > 0


def _dimers_at_vertices(cells: NDArray[Any]) -> NDArray[np.int8]:
    along_x, along_y = (bonds.astype(np.int8) for bonds in _bonds(cells))
    return np.asarray(along_x + np.roll(along_x, 1, -2) + along_y + np.roll(along_y, 1, -1))
