"""Alphabets: the values that a site takes, and whether they are numbers or labels.

Numbers are added and multiplied: spins -1/+1, -1/0/+1, occupations 0/1. Labels are equal or not, as the states
0..q-1 of the Potts model. Models have an alphabet and samples carry it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin import checks, memory

MOST = 127  # the largest letter: values are kept as int8
SYNTAX = re.compile(r"labels:\d+|-?\d+(,-?\d+)+")


@dataclass(frozen=True)
class Alphabet:
    """The values of a site: two or more ascending integers from -127 to 127; labels are 0, 1, ..., q - 1.

    Raises ValueError for other letters.
    """

    letters: tuple[int, ...]
    labels: bool = False

    def __post_init__(self) -> None:
        letters = tuple(
            checks.whole("every letter of an alphabet", letter, -MOST, MOST)
            for letter in checks.listed("alphabet", self.letters, "its letters, such as (-1, 0, 1)")
        )
        if len(letters) < 2 or list(letters) != sorted(set(letters)):
            raise ValueError(f"an alphabet has two or more ascending letters; got {checks.shown(self.letters)}")
        if checks.flag("labels", self.labels) and letters != tuple(range(len(letters))):
            raise ValueError(f"labels are 0, 1, ..., q - 1; got {checks.shown(self.letters)}")
        object.__setattr__(self, "letters", letters)

    @classmethod
    def of(cls, given: Any) -> Alphabet:
        """An alphabet as it is, numbers from their list, or either from words: "-1,0,1", "labels:3"."""
        if isinstance(given, Alphabet):
            return given
        if not isinstance(given, str):
            return cls(tuple(checks.listed("alphabet", given, "an Alphabet, or its letters, such as (-1, 0, 1)")))
        if not SYNTAX.fullmatch(given):
            raise ValueError(f"an alphabet reads -1,0,1 (numbers) or labels:3 (the labels 0, 1, 2); got {given!r}")
        if given.startswith("labels:"):
            return labels(int(given.removeprefix("labels:")))
        return cls(tuple(map(int, given.split(","))))

    @classmethod
    def stored(cls, settings: Mapping[str, Any]) -> Alphabet:
        """The alphabet in the settings of samples: "states" counts labels, "alphabet" lists numbers, else spins."""
        if "states" in settings:
            return labels(settings["states"])
        return cls(tuple(settings["alphabet"])) if "alphabet" in settings else SPINS

    def settings(self) -> dict[str, Any]:
        """What samples store of it, as JSON can hold it: nothing for spins."""
        if self.labels:
            return {"states": self.q}
        return {} if self == SPINS else {"alphabet": list(self.letters)}

    def __str__(self) -> str:
        if self == SPINS:
            return "spins -1/+1"
        return f"labels 0..{self.q - 1}" if self.labels else f"numbers {', '.join(map(str, self.letters))}"

    @property
    def q(self) -> int:
        """The number of letters."""
        return len(self.letters)

    @property
    def mirrored(self) -> bool:
        """Whether the letters are numbers that may all change their sign, so that operators are even or odd."""
        return not self.labels and tuple(-letter for letter in reversed(self.letters)) == self.letters

    @property
    def bits(self) -> int:
        """How many bits a site takes in a file: as many as q - 1 has in base 2."""
        return (self.q - 1).bit_length()

    @cached_property
    def values(self) -> NDArray[np.int8]:
        """The letters as an array, (q,)."""
        return np.array(self.letters, np.int8)

    def check(self, name: str, values: NDArray[Any]) -> None:
        """Raise ValueError where a value is no letter."""
        for part in memory.parts(np.asarray(values)):
            found = (np.abs(part) == 1) if self == SPINS else np.isin(part, self.letters)
            if not found.all():
                two = self == SPINS and ((values == 0) | (values == 1)).all()
                hint = ". Map 0/1 data by 2 * x - 1" if two else ""
                raise ValueError(f"{name} must be {self}; got {distinct(values)}{hint}")

    def numbers(self, values: ArrayLike, name: str = "values") -> NDArray[np.int8]:
        """The number 0..q-1 of each value's letter, of the same shape; raises ValueError where it is none."""
        array = np.asarray(values)
        self.check(name, array)
        return np.searchsorted(self.values, array).astype(np.int8)


def labels(q: int) -> Alphabet:
    """The labels 0..q-1; raises ValueError for a q outside 2..127."""
    return Alphabet(tuple(range(checks.whole("the number of states q", q, 2, MOST))), labels=True)


SPINS = Alphabet((-1, 1))


def distinct(values: NDArray[Any]) -> str:
    """The values that occur, the first four of them."""
    found = np.unique(values)
    return f"values {', '.join(str(value) for value in found[:4])}{' ...' if found.size > 4 else ''}"
