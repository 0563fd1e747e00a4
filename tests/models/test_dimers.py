"""The dimers' Hamiltonian against a sum over faces written out, the layout, windings, settings and errors."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockspin.exact import dimers as exact
from blockspin.lattice import Lattice
from blockspin.models.dimers import Dimers, parallel_faces, winding
from blockspin.samples import make
from oracles.dimers import columnar_order

SHAPES = [(2, 2), (2, 4), (4, 4), (4, 6)]


def faces_by_hand(cells: np.ndarray) -> int:
    """Faces of one picture with a dimer on two opposite sides, each side looked up in the layout of the docstring."""
    X, Y = cells.shape
    total = 0
    for x in range(1, X, 2):
        for y in range(1, Y, 2):
            below, above = cells[x, y - 1], cells[x, (y + 1) % Y]  # bonds along x under and over the face
            left, right = cells[x - 1, y], cells[(x + 1) % X, y]
            total += (below > 0 and above > 0) + (left > 0 and right > 0)
    return total


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_energy_counts_faces_with_parallel_dimers(shape: tuple[int, int]) -> None:
    model = Dimers(Lattice.square(*shape), T=0.7)
    states = exact.coverings(model.vertices)[::3]
    expected = np.array([faces_by_hand(s.reshape(model.lattice.shape)) for s in states])
    np.testing.assert_array_equal(parallel_faces(model, states), expected)
    np.testing.assert_allclose(model.energy(states), -expected / 0.7, rtol=1e-14)
    np.testing.assert_allclose(model.energy(states.reshape(-1, 1, *model.lattice.shape))[:, 0], -expected / 0.7)
    assert (Dimers(model.vertices).energy(states) == 0).all()


def test_noise_couples_each_vertex_to_one_face_alone() -> None:
    rng = np.random.default_rng(1)
    model = Dimers(Lattice.square(4, 6), T=1.1, noise=0.8)
    bare = exact.coverings(model.vertices)[::500]
    cells = bare.reshape(-1, *model.lattice.shape).copy()
    cells[:, ::2, ::2] = rng.choice([-1, 1], cells[:, ::2, ::2].shape)
    cells[:, 1::2, 1::2] = rng.choice([-1, 1], cells[:, ::2, ::2].shape)
    pairs = sum(cells[:, 2 * x, 2 * y].astype(int) * cells[:, 2 * x + 1, 2 * y + 1] for x in range(4) for y in range(6))
    np.testing.assert_allclose(model.energy(cells), Dimers(model.vertices, 1.1).energy(bare) - 0.8 * pairs, rtol=1e-12)


def test_any_other_state_is_forbidden() -> None:
    model = Dimers(Lattice.square(4, 4))
    state = exact.coverings(model.vertices)[7].reshape(model.lattice.shape)
    assert model.energy(state) == 0
    for cell in np.ndindex(*state.shape):  # a dimer more or less, or a vertex or face that is +1
        broken = state.copy()
        broken[cell] *= -1
        assert model.energy(broken) == math.inf
        with pytest.raises(ValueError, match=r"exactly one dimer|must hold -1"):
            model.check(broken)
    assert model.energy(np.zeros_like(state)) == math.inf


def test_windings_and_columns_of_known_states() -> None:
    model = Dimers(Lattice.square(4, 6))
    x, y = np.indices((4, 6))
    cells = np.full((4, *model.lattice.shape), -1, np.int8)
    cells[0, 1::2, ::2][x % 2 == 0] = 1  # columns along x
    cells[1, ::2, 1::2][y % 2 == 1] = 1  # columns along y
    cells[2, 1::2, ::2][(x + y) % 2 == 0] = 1  # staggered along x: Wx = Ly/2
    cells[3, ::2, 1::2][(x + y) % 2 == 1] = 1  # staggered along y: Wy = -Lx/2
    np.testing.assert_array_equal(winding(model, cells), [[0, 0], [0, 0], [3, 0], [0, -2]])
    np.testing.assert_allclose(columnar_order(model, cells), [[1, 0], [0, -1], [0, 0], [0, 0]])
    np.testing.assert_array_equal(parallel_faces(model, cells), [12, 12, 0, 0])
    with pytest.raises(ValueError, match=r"\(0, 0\).*\(0,\).*4"):
        winding(model, np.ones((1, *model.lattice.shape)))


def test_winding_does_not_depend_on_where_it_is_counted() -> None:
    model = Dimers(Lattice.square(4, 6))
    states = exact.coverings(model.vertices)
    moved = np.roll(states.reshape(-1, *model.lattice.shape), (2, 2), (1, 2))  # by one vertex along x and y: sign kept
    np.testing.assert_array_equal(winding(model, states), winding(model, moved))


def test_samples_and_settings_keep_the_model() -> None:
    model = Dimers(Lattice.square(2, 4), T=math.inf, noise=None)
    samples = make(exact.coverings(model.vertices)[None], model.lattice, model=model.settings())
    assert samples.shape == (1, 36, 4, 8)


@settings(max_examples=30)
@given(T=st.one_of(st.just(math.inf), st.floats(1e-3, 1e3)), noise=st.one_of(st.none(), st.floats(-50, 50)))
def test_settings_survive_json(T: float, noise: float | None) -> None:
    model = Dimers(Lattice.square(4, 6), T, noise)
    assert Dimers.from_settings(json.loads(json.dumps(model.settings(), allow_nan=False))) == model


def test_errors_name_what_came() -> None:
    with pytest.raises(TypeError, match="must be a Lattice"):
        Dimers((4, 4))  # type: ignore[arg-type]
    for lattice in (Lattice.square(3, 4), Lattice.square(4, 5), Lattice.chain(4), Lattice.triangular(4)):
        with pytest.raises(ValueError, match=f"even extents; got {lattice}"):
            Dimers(lattice)
    for T in (0, -1.0, math.nan, "1", None, True):
        with pytest.raises(ValueError, match="above 0"):
            Dimers(Lattice.square(4), T)  # type: ignore[arg-type]
    for noise in (math.inf, math.nan, "1", True):
        with pytest.raises(ValueError, match="noise"):
            Dimers(Lattice.square(4), 1.0, noise)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"\(\.\.\., 8, 8\).*\(\.\.\., 64\).*\(4, 4\)"):
        Dimers(Lattice.square(4)).energy(np.ones((4, 4)))
    with pytest.raises(ValueError, match="missing: T, vertices"):
        Dimers.from_settings({"model": "dimers"})
    with pytest.raises(ValueError, match="got 'ising'"):
        Dimers.from_settings(Dimers(Lattice.square(4)).settings() | {"model": "ising"})
