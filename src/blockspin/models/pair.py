"""What a model of pairs is: an alphabet, an energy of two neighbours and an energy of a site; all else follows."""

from __future__ import annotations

import itertools
from dataclasses import MISSING, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin import checks
from blockspin.alphabet import Alphabet
from blockspin.arrays import FloatArray
from blockspin.lattice import Lattice
from blockspin.models import shared

MOST_TRIED = 6  # letters of an alphabet all of whose permutations are tried
CLOSE = 1e-12  # energies nearer than this are equal


class PairModel:
    """H = sum_n sum_<ij>_n bond_n(s_i, s_j) + sum_i site(s_i), reduced (in units of kT), over pairs of neighbours.

    A model is a frozen dataclass of a lattice and numbers, with a `name`, an `alphabet` (an `Alphabet`, or the letters
    of one of numbers) and two functions of whole arrays of letters: `bond`, symmetric, and `site`. A model with a
    coupling K takes a tuple (K1, K2, ...) in its place, one a shell of neighbours by distance (`Lattice.shell`):
    `bond` is then called with K1 for nearest neighbours, K2 for the second ones.
    Raises ValueError where a setting is no finite number, TypeError where the lattice is not a Lattice.

    Examples
    --------
    >>> bs.BlumeCapel(bs.Lattice.square(4), K=0.5, D=0.3).energy(np.ones((4, 4)))  # -K 32 bonds + D 16 sites
    array(-11.2)
    """

    name: ClassVar[str]
    lattice: Lattice

    @property
    def alphabet(self) -> Any:
        """The letters of a site: an `Alphabet`, or the letters of one of numbers."""
        raise NotImplementedError

    def bond(self, a: Any, b: Any) -> Any:
        """The reduced energy of two neighbours of letters a and b."""
        raise NotImplementedError

    def site(self, a: Any) -> Any:
        """The reduced energy of a site of letter a: 0 unless the model defines it."""
        return 0 * a

    def __post_init__(self) -> None:
        checks.instance("lattice", self.lattice, Lattice, "a Lattice, such as Lattice.square(40)")
        for name in self._names():
            object.__setattr__(self, name, self.checked(name, getattr(self, name)))
        for n in range(2, self.shells + 1):
            self.lattice.shell(n)

    def checked(self, name: str, value: Any) -> Any:
        """The value of a setting, a finite number unless the model says otherwise; of K one a shell of neighbours.

        An integer where the field is annotated `int`.
        """
        said = {"K": "the coupling K", "h": "the field h"}.get(name, name)
        if name == "K" and isinstance(value, (list, tuple)) and len(value):
            return tuple(checks.number(said, one) for one in value)
        if type(self).__dataclass_fields__[name].type in (int, "int"):  # type: ignore[attr-defined]
            return checks.whole(said, value)
        return checks.number(said, value)

    def __str__(self) -> str:
        numbers = ", ".join(f"{name} = {_shown(getattr(self, name))}" for name in self._names())
        return f"{self.name.title()} model on {self.lattice}, {numbers}"

    @property
    def shells(self) -> int:
        """How many shells of neighbours are coupled."""
        K = getattr(self, "K", None)
        return len(K) if isinstance(K, tuple) else 1

    @cached_property
    def letters(self) -> Alphabet:
        """The alphabet."""
        return Alphabet.of(self.alphabet)

    @cached_property
    def bonds(self) -> FloatArray:
        """The energy of two neighbours by shell and by the numbers of their letters, (shells, q, q)."""
        K = getattr(self, "K", None)
        models = [replace(self, K=one) for one in K] if isinstance(K, tuple) else [self]  # type: ignore[type-var]
        a = self.letters.values.astype(float)
        tables = np.stack([np.zeros((a.size, a.size)) + one.bond(a[:, None], a) for one in models])
        if not np.allclose(tables, np.swapaxes(tables, 1, 2)):
            raise ValueError(f"the bond energy of {type(self).__name__} must not depend on the order of the two sites")
        return tables

    @cached_property
    def sites(self) -> FloatArray:
        """The energy of a site by the number of its letter, (q,)."""
        a = self.letters.values.astype(float)
        return np.asarray(np.zeros(a.size) + self.site(a))

    @cached_property
    def neighbours(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The neighbours of each site in all shells, (N, Z), + and - of each step in turn, and their shells, (Z,)."""
        steps = [(step, n) for n in range(self.shells) for step in self.lattice.shell(n + 1)]
        near = [self.lattice.moved(tuple(sign * x for x in step)) for step, _ in steps for sign in (1, -1)]
        return np.stack(near, axis=1).astype(np.int32), np.repeat([n for _, n in steps], 2)

    def energy(self, configurations: ArrayLike) -> FloatArray:
        """The reduced energy H of each configuration, shape (..., *sites) or (..., N) to (...).

        Raises ValueError where the shape does not end in the lattice's, or a value is no letter.
        """
        flat = self.letters.numbers(shared.flat(configurations, self.lattice), "configurations")
        near, shell = self.neighbours
        energy = self.sites[flat].sum(axis=-1)
        for k in range(0, len(shell), 2):
            energy = energy + self.bonds[shell[k], flat, flat[..., near[:, k]]].sum(axis=-1)
        return np.asarray(energy)

    @property
    def free(self) -> bool:
        """Whether sites are independent: every bond energy is a sum of one of each site."""
        b = self.bonds
        return bool(np.abs(b - b[:, :, :1] - b[:, :1] + b[:, :1, :1]).max() < CLOSE)

    @property
    def aligning(self) -> bool:
        """Whether nearest neighbours of one letter have the least bond energy; else order is one of sublattices."""
        return bool(self.bonds[0].diagonal().min() <= self.bonds[0].min() + CLOSE)

    @cached_property
    def group(self) -> NDArray[np.int8]:
        """Permutations of the letters' numbers that keep both tables, (elements, q), the identity first.

        All of them up to 6 letters; beyond, the exchanges of two letters.
        """
        q = self.letters.q
        tried = itertools.permutations(range(q)) if q <= MOST_TRIED else _exchanges(q)
        return np.array([p for p in tried if self._keeps(list(p))], np.int8)

    @cached_property
    def orbits(self) -> NDArray[np.int64]:
        """The least letter that the symmetries carry each letter into, as numbers, (q,)."""
        # of exchanges too: with those of a, b and of b, c, that of a, c keeps the tables
        return np.asarray(self.group.min(axis=0), np.int64)

    @property
    def alike(self) -> bool:
        """False for labels that differ by more than being equal or not, as those of a clock model are."""
        unequal = self.bonds[:, ~np.eye(self.letters.q, dtype=bool)]
        return not self.letters.labels or bool(np.ptp(unequal, axis=1).max() < CLOSE)

    def _keeps(self, p: list[int]) -> bool:
        same = np.abs(self.bonds[:, p][:, :, p] - self.bonds).max() < CLOSE
        return bool(same and np.abs(self.sites[p] - self.sites).max() < CLOSE)

    def settings(self) -> dict[str, Any]:
        """The model as a dictionary that JSON can hold; `from_settings` builds it again."""
        numbers = {name: getattr(self, name) for name in self._names()}
        lists = {name: list(value) if isinstance(value, tuple) else value for name, value in numbers.items()}
        return {"model": self.name, "lattice": self.lattice.settings(), **lists}

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        """The model of `settings`; raises ValueError where they are another model's or lack an entry."""
        own = fields(cls)[1:]  # type: ignore[arg-type]  # every model is a dataclass
        needed = ("lattice", *(one.name for one in own if one.default is MISSING))
        lattice = shared.read_settings(settings, cls.name, needed)
        numbers = {one.name: settings[one.name] for one in own if one.name in settings}
        return cls(lattice, **numbers)  # type: ignore[call-arg]

    def _names(self) -> list[str]:
        return [one.name for one in fields(self)[1:]]  # type: ignore[arg-type]  # every model is a dataclass


def _exchanges(q: int) -> list[list[int]]:
    whole = list(range(q))
    return [whole, *([*whole[:a], b, *whole[a + 1 : b], a, *whole[b + 1 :]] for a in whole for b in whole[a + 1 :])]


def _shown(value: Any) -> str:
    return f"({', '.join(f'{one:g}' for one in value)})" if isinstance(value, tuple) else f"{value:g}"
