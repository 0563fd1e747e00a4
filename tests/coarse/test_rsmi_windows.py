"""Windows: every block with its shell. Tried on purpose: buffer left out of the shell, shell without the wrap."""

from __future__ import annotations

import numpy as np
import pytest

from blockspin.coarse.rsmi.windows import cut, windows
from blockspin.lattice import Lattice


@pytest.mark.parametrize(
    ("lattice", "b", "buffer", "environment"),
    [
        (Lattice.square(6), 2, 1, 1),
        (Lattice.square(12, 16), 4, 0, 2),
        (Lattice.chain(12), 3, 2, 1),
        (Lattice.cubic(6), 2, 1, 1),
    ],
    ids=str,
)
def test_the_environment_is_a_shell_beyond_the_buffer(lattice: Lattice, b: int, buffer: int, environment: int) -> None:
    found = windows(lattice, b, buffer, environment)
    d = lattice.dimension
    assert found.blocks.shape == (lattice.coarse(b).n_sites, b**d)
    inner, outer = b + 2 * buffer, b + 2 * (buffer + environment)
    assert found.environments.shape == (len(found.blocks), outer**d - inner**d)
    # the largest step along an axis from the block's nearest site
    steps = np.abs(
        lattice.displacement(
            lattice.coordinates[found.environments][:, :, None], lattice.coordinates[found.blocks][:, None]
        )
    )
    distance = steps.max(axis=-1).min(axis=2)
    assert distance.min() == buffer + 1
    assert distance.max() == buffer + environment
    assert all(len(set(row)) == len(row) for row in found.environments.tolist())


def test_on_the_torus_of_six_the_environment_is_all_the_rest() -> None:
    found = windows(Lattice.square(6), 2, 1, 1)
    assert found.environments.shape == (9, 20)


def test_windows_are_cut_row_by_row() -> None:
    lattice = Lattice.square(6)
    places = windows(lattice, 2, 1, 1)
    X = np.where(np.random.default_rng(1).random((5, 36)) < 0.5, 1, -1).astype(np.int8)
    inside, outside = cut(X, places, 1000, np.random.default_rng(2))
    np.testing.assert_array_equal(inside, X[:, places.blocks].reshape(45, 4))
    np.testing.assert_array_equal(outside, X[:, places.environments].reshape(45, 20))
    some_inside, some_outside = cut(X, places, 10, np.random.default_rng(2))
    assert (len(some_inside), len(some_outside)) == (10, 10)
    for number in range(10):
        row = slice(9 * (number // 2), 9 * (number // 2) + 9)
        both = (inside[row] == some_inside[number]).all(axis=1) & (outside[row] == some_outside[number]).all(axis=1)
        assert both.any()


@pytest.mark.parametrize(
    ("b", "buffer", "environment", "why"),
    [
        (2, 2, 1, r"2 \+ 2 \(2 \+ 1\) = 8 sites a side on square 6x6"),
        (3, 1, 1, "= 7 sites a side"),
        (5, 0, 1, "must divide every extent"),
        (2, -1, 1, "buffer"),
        (2, 1, 0, "environment"),
        (2, 0.5, 1, "buffer"),
    ],
)
def test_geometry_that_does_not_fit_is_refused(b: int, buffer: int, environment: int, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        windows(Lattice.square(6), b, buffer, environment)
