"""Accidents that befall files, and what may come of them: the right result, or one error that names the file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

TIERS = [pytest.param(30, id="30"), pytest.param(1000, id="1000", marks=pytest.mark.slow)]
WRONG: list[Any] = [None, True, -1, 0.5, 10**30, "", "x", [], [1], {}, {"a": 1}, [None]]


def damaged(good: bytes, random: np.random.Generator) -> bytes:
    """The bytes of a file after an accident."""
    ways = [cut, flipped, flipped, noise, erased, swapped, appended, repeated]
    if good.lstrip()[:1] == b"{":
        ways += [_wrong_value] * 6
    return ways[random.integers(len(ways))](good, random)


def cut(good: bytes, random: np.random.Generator) -> bytes:
    return good[: random.integers(len(good))]


def flipped(good: bytes, random: np.random.Generator) -> bytes:
    spoilt = bytearray(good)
    for place in random.integers(0, len(good), random.integers(1, 4)):
        spoilt[place] ^= 1 << int(random.integers(8))
    return bytes(spoilt)


def noise(good: bytes, random: np.random.Generator) -> bytes:
    first, last = _span(good, random)
    return good[:first] + random.bytes(last - first) + good[last:]


def erased(good: bytes, random: np.random.Generator) -> bytes:
    first, last = _span(good, random)
    return good[:first] + bytes([[0, 255][random.integers(2)]]) * (last - first) + good[last:]


def swapped(good: bytes, random: np.random.Generator) -> bytes:
    a, b, c, d = sorted(random.integers(0, len(good), 4))
    return good[:a] + good[c:d] + good[b:c] + good[a:b] + good[d:]


def appended(good: bytes, random: np.random.Generator) -> bytes:
    return good + random.bytes(random.integers(1, 200))


def repeated(good: bytes, random: np.random.Generator) -> bytes:
    first, last = _span(good, random)
    return good[:last] + good[first:]


def _wrong_value(good: bytes, random: np.random.Generator) -> bytes:
    """JSON with one value of a wrong kind, however deep."""
    stored = json.loads(good)
    places = list(_places(stored))
    inside, key = places[random.integers(len(places))]
    inside[key] = WRONG[random.integers(len(WRONG))]
    return json.dumps(stored).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(entry, (dict, list)):
            yield from _places(entry)


def _span(good: bytes, random: np.random.Generator) -> tuple[int, int]:
    first = int(random.integers(len(good)))
    return first, min(len(good), first + int(2 ** random.uniform(0, 9)))


@contextmanager
def names(path: Path, *errors: type[Exception]) -> Iterator[None]:
    """What is raised is one of these errors, in one line that holds the name of the file."""
    said = path.name
    try:
        yield
    except errors as error:
        said = str(error)
    assert path.name in said
    assert "\n" not in said


def check_every_accident(path: Path, n: int, use: Callable[[], None], *errors: type[Exception]) -> None:
    """`use` raises one of the errors or nothing, however the file is damaged; the file is then put back."""
    good, random = path.read_bytes(), np.random.default_rng(len(path.name))
    for number in range(n):
        path.write_bytes(damaged(good, random))
        try:
            with names(path, *errors):
                use()
        except BaseException as error:
            error.add_note(f"accident {number} of {path.name}")
            raise
    path.write_bytes(good)
