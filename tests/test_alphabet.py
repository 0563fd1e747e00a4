"""Alphabets: how they are given, stored and told apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from blockspin.alphabet import SPINS, Alphabet, labels


@pytest.mark.parametrize(
    ("given", "letters", "of_labels", "bits", "mirrored"),
    [
        ((-1, 1), (-1, 1), False, 1, True),
        ("-1,0,1", (-1, 0, 1), False, 2, True),
        ([0, 1], (0, 1), False, 1, False),
        (np.array([-3, -1, 1, 3]), (-3, -1, 1, 3), False, 2, True),
        ("labels:5", (0, 1, 2, 3, 4), True, 3, False),
        (labels(2), (0, 1), True, 1, False),
    ],
)
def test_an_alphabet_is_given_and_stored(
    given: Any, letters: tuple[int, ...], of_labels: bool, bits: int, mirrored: bool
) -> None:
    found = Alphabet.of(given)
    assert (found.letters, found.labels, found.q, found.bits) == (letters, of_labels, len(letters), bits)
    assert found.mirrored == mirrored
    assert Alphabet.stored(found.settings()) == found
    values = np.random.default_rng(1).choice(found.values, (3, 4))
    np.testing.assert_array_equal(found.values[found.numbers(values)], values)
    with pytest.raises(ValueError, match="77"):
        found.numbers([letters[0], 77])


def test_labels_are_no_numbers() -> None:
    assert Alphabet((0, 1)) != labels(2)
    assert Alphabet.of((-1, 1)) == SPINS
    assert SPINS.settings() == {}


@pytest.mark.parametrize(
    "given", [(), (1,), (1, -1), (0, 0), (0, 128), (-128, 0), (0, 0.5), (0, True), "0", "0;1", "labels:1", "labels:128"]
)
def test_what_is_no_alphabet_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match=r"alphabet|number of states"):
        Alphabet.of(given)


def test_labels_are_0_to_q() -> None:
    with pytest.raises(ValueError, match="labels"):
        Alphabet((1, 2), labels=True)
    for given in (3, None):
        with pytest.raises(TypeError, match="alphabet"):
            Alphabet.of(given)
