"""The worm against every covering of small tori, and against exact windings and bond probabilities of larger ones.

Mutants tried by hand, and what sees each:
T 3 % high in the thresholds (the energy of 6x6: 11; the faces of 4x4: 5); among free dimers one leg favoured by 1/16
(every chi-square); two diagonal neighbours swapped, or one face of the two at a leg counted twice (the energy of 6x6);
a weight above the sum of the others that does not turn back (the turns); the noise coupled 3 % too strongly (the
noise).
"""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest
from drawing import chi_square
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles.dimers
from blockspin import statistics
from blockspin.exact import dimers as exact
from blockspin.lattice import Lattice
from blockspin.models.dimers import Dimers, parallel_faces, winding
from blockspin.sampling import worm
from blockspin.sampling.chains import start
from oracles.dimers import columnar_order


def draw(model: Dimers, *, chains: int, draws: int, worms: int, seed: int = 1) -> np.ndarray:
    """Configurations (draw, chain, 4 Lx Ly) from all starts, `worms` apart, after 10 times as many."""
    running = start(model, "worm", chains, seed, "test", clusters=worms)
    running.advance(10)
    drawn = np.empty((draws, *running.values.shape), np.int8)
    for k in range(draws):
        running.advance(1)
        drawn[k] = running.spins()
    return drawn


# the worms between draws are many tau, so that draws count as independent
CASES = [
    ((2, 2), math.inf, 20),
    ((2, 6), math.inf, 30),
    ((4, 4), math.inf, 30),
    ((4, 6), math.inf, 40),
    ((4, 4), 1.5, 60),
    ((4, 2), 0.7, 100),
    ((4, 4), 0.7, 250),
    ((4, 6), 1.0, 150),
]


@pytest.mark.parametrize(("shape", "T", "worms"), CASES, ids=str)
def test_every_covering_comes_with_its_probability(shape: tuple[int, int], T: float, worms: int) -> None:
    # 80,000 draws: each of 272 equally likely coverings is known to 6 %; chi^2 sees that they spread by 3 %
    model = Dimers(Lattice.square(*shape), T)
    known = exact.coverings(model.vertices)
    chance = exact.probabilities(model.vertices, T, known)
    drawn = draw(model, chains=2000, draws=40, worms=worms)
    counts = np.bincount(oracles.dimers.index(drawn, known).ravel(), minlength=len(known))
    assert abs(chi_square(counts, chance)) < 5
    # by the number of parallel faces: some ten classes, which see 0.7 % of T
    _, faces = np.unique(parallel_faces(model, known), return_inverse=True)
    if faces.max():
        assert abs(chi_square(np.bincount(faces, counts), np.bincount(faces, chance))) < 5


@pytest.mark.parametrize("shape", [(12, 8), (16, 16)], ids=str)
def test_winding_sectors(shape: tuple[int, int]) -> None:
    # 20,000 draws know the likeliest sector to 0.7 %
    model = Dimers(Lattice.square(*shape))
    running = start(model, "worm", 500, 2, "test", clusters=30)
    running.advance(4)
    seen = running.record(40)[..., 2:]
    at = seen.reshape(-1, 2).astype(int) + np.array(shape)[::-1] // 2
    chance = oracles.dimers.winding_probabilities(model.vertices)
    counts = np.zeros_like(chance)
    np.add.at(counts, tuple(at.T), 1)
    assert abs(chi_square(counts.ravel(), chance.ravel())) < 5


def test_bond_probabilities_of_the_32x32_torus() -> None:
    model = Dimers(Lattice.square(32))
    drawn = draw(model, chains=100, draws=16, worms=12, seed=3).reshape(16, 100, 64, 64)
    along_x, along_y = drawn[..., 1::2, ::2] > 0, drawn[..., ::2, 1::2] > 0
    pairs = {  # the second bond: its kind and where it is
        "parallel": (along_x, (0, 1), [(0, 0, 0), (0, 1, 0)]),
        "collinear": (along_x, (2, 0), [(0, 0, 0), (2, 0, 0)]),
        "staggered": (along_x, (1, 1), [(0, 0, 0), (1, 1, 0)]),
        "at a right angle": (along_y, (2, 0), [(0, 0, 0), (2, 0, 1)]),
        "three rows on": (along_x, (0, 3), [(0, 0, 0), (0, 3, 0)]),
    }
    for name, (other, step, bonds) in pairs.items():
        both = along_x & np.roll(other, [-x for x in step], (-2, -1))
        seen = statistics.mean_over_chains(both.mean(axis=(-2, -1)).T)
        # the error is about 0.3 % of the probability, that of 1,600 independent pictures
        assert seen.error < 5e-3 * seen.value
        assert abs(seen.z(oracles.dimers.bond_probability(model.vertices, bonds))) < 4.5, name


@pytest.mark.parametrize("T", [0.8, 2.0])
def test_energy_and_columns_of_aligning_dimers(T: float) -> None:
    model = Dimers(Lattice.square(6), T)
    known = exact.coverings(model.vertices)
    chance = exact.probabilities(model.vertices, T, known)
    running = start(model, "worm", 400, 4, "test", clusters=20)
    running.advance(100)
    seen = running.record(100)
    order = np.hypot(*columnar_order(model, known).T)
    # errors of about 0.3 %: T 1 % high shows
    energy, columnar = (statistics.mean_over_chains(seen[..., k]) for k in range(2))
    assert abs(energy.z(-float(chance @ parallel_faces(model, known)) / 36)) < 4.5
    assert abs(columnar.z(float(chance @ order))) < 4.5


@pytest.mark.parametrize("T", [0.01, 0.3, 0.7, 1.5, 100.0, 1e9])
def test_turns_keep_detailed_balance_and_turn_back_only_where_they_must(T: float) -> None:
    chance = worm.turn_probabilities(T)
    np.testing.assert_allclose(chance.sum(axis=2), 1, rtol=1e-12)
    assert chance.min() >= 0
    weights = np.exp(np.array([0, 1, 2]) / T - 2 / T)
    for k in range(256):
        NE, NW, SW, SE = (k >> shift & 3 for shift in (0, 2, 4, 6))
        n = [(NE == 2) + (SE == 2), (NE == 3) + (NW == 3), (NW == 0) + (SW == 0), (SW == 1) + (SE == 1)]
        w = weights[n]
        flow = w[:, None] * chance[k]
        np.testing.assert_allclose(flow, flow.T, rtol=1e-9, atol=1e-15 * w.max())
        back = np.maximum(0, 2 * w - w.sum())
        np.testing.assert_allclose(np.diag(flow), back, atol=1e-12 * w.max())


def test_noise_is_drawn_anew_in_pairs() -> None:
    model = Dimers(Lattice.square(8), noise=0.4)
    drawn = draw(model, chains=500, draws=10, worms=1).reshape(10, 500, 16, 16)
    on_vertex, on_face = drawn[..., ::2, ::2], drawn[..., 1::2, 1::2]
    n = on_vertex.size  # 320,000 pairs: errors of 0.0018
    assert abs((on_vertex * on_face).mean() - math.tanh(0.4)) < 5 / math.sqrt(n)
    for first, second in (
        (on_vertex, 1),
        (on_face, 1),
        (on_vertex[1:], on_vertex[:-1]),
        (on_vertex, np.roll(on_vertex, 1, 1)),
        (on_vertex, np.roll(on_face, 1, 2)),
        (on_vertex, np.roll(on_vertex, 1, 3)),
        (on_vertex, drawn[..., 1::2, ::2]),
    ):
        assert abs((first * second).mean()) < 5 / math.sqrt(n)
    running = start(model, "worm", 500, 1)
    running.values = np.ascontiguousarray(drawn[0]).reshape(500, -1)
    energy = running.observe()[:, 0]  # of the dimers alone
    np.testing.assert_allclose(energy, -parallel_faces(model, drawn[0]) / 64)


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="needs two threads")
@pytest.mark.parametrize("T", [math.inf, 0.9])
def test_numbers_do_not_depend_on_the_threads_or_the_chains_beside(T: float) -> None:
    model, results = Dimers(Lattice.square(6, 10), T, noise=0.5), []
    before = numba.get_num_threads()
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            results.append(draw(model, chains=16, draws=4, worms=3))
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(*results)
    np.testing.assert_array_equal(results[0][:, :3], draw(model, chains=3, draws=4, worms=3))
    assert not np.array_equal(results[0][:, 0], results[0][:, 8])  # the same start, other numbers


@settings(max_examples=40)
@given(
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    T=st.one_of(st.just(math.inf), st.floats(0.05, 5), st.sampled_from([1e-4, 1e9])),
    noise=st.one_of(st.none(), st.sampled_from([0.0, -1e6, 0.7])),
    seed=st.integers(0, 2**40),
)
def test_any_torus_and_temperature_keeps_the_rule_and_the_observables(
    shape: tuple[int, int], T: float, noise: float | None, seed: int
) -> None:
    model = Dimers(Lattice.square(2 * shape[0], 2 * shape[1]), T, noise)
    running = start(model, "worm", 9, seed, "test", clusters=2)
    assert (running.advance(3) >= 6).all()
    spins, observed = running.spins(), running.observe()
    model.check(spins)
    np.testing.assert_allclose(observed[:, 0], -parallel_faces(model, spins) / model.vertices.n_sites, atol=1e-12)
    np.testing.assert_allclose(observed[:, 1], np.hypot(*columnar_order(model, spins).T), atol=1e-12)
    np.testing.assert_array_equal(observed[:, 2:], winding(model, spins))
    images = worm.symmetric_images(model, spins, np.random.default_rng(seed))
    np.testing.assert_array_equal(model.energy(images), model.energy(spins))
    recorded = running.record(2)
    np.testing.assert_array_equal(recorded[:, -1], running.observe())


def test_starts_are_of_all_kinds() -> None:
    model = Dimers(Lattice.square(4, 6), T=0.5)
    running = start(model, "worm", 9, 1)
    spins = running.spins()
    model.check(spins)
    assert len(np.unique(spins, axis=0)) == 8
    energy, order, Wx, Wy = running.observe().T
    np.testing.assert_array_equal(order[:8], [1, 1, 0, 0, 1, 1, 0, 0])
    np.testing.assert_array_equal(energy[:8], [-0.5, -0.5, 0, 0, -0.5, -0.5, 0, 0])
    np.testing.assert_array_equal(Wx[:8], [0, 0, 3, -3, 0, 0, 0, 0])
    np.testing.assert_array_equal(Wy[:8], [0, 0, 0, 0, 0, 0, 2, -2])


def test_symmetric_images_visit_the_orbit_evenly() -> None:
    model = Dimers(Lattice.square(4))
    known = exact.coverings(model.vertices)
    spins = np.repeat(worm.start(model, 1), 4000, axis=0)
    images = worm.symmetric_images(model, spins, np.random.default_rng(1))
    counts = np.bincount(oracles.dimers.index(images, known), minlength=len(known))
    assert (counts > 0).sum() == 4  # the columnar coverings, 1000 times each, with an error of 27
    assert abs(counts[counts > 0] - 1000).max() < 5 * 28


def test_a_step_turns_half_the_vertices() -> None:
    model = Dimers(Lattice.square(16), 1.0)
    running = start(model, "worm", 32, 1, "test")
    running.measure_step()
    turned = running.advance(200).mean() / 200
    assert turned == pytest.approx(128, rel=0.2)


def test_errors_name_the_choices() -> None:
    model = Dimers(Lattice.square(4))
    with pytest.raises(ValueError, match="worm; got 'wolff'"):
        start(model, "wolff", 2, 1)
    running = start(model, "worm", 2, 1)
    running.spins()[1, 1] *= -1
    for call in (lambda: running.advance(1), running.observe):
        with pytest.raises(ValueError, match=r"\(0, 0\).*\(0,\)"):
            call()
