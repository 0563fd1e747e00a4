"""The Monte Carlo updates against the exact distribution over all states, on several geometries.

Mutants tried by hand, and what sees each: K 3 % high in the thresholds; a bond counted twice (Lx = 1 coupled to
itself, or an extent of 2 taken as one bond); Wolff's p with the wrong sign; the wrap-around bond left out; flips
shared by neighbouring clusters; a join skipped too often; the ghost spin flipping; a clean bond taken for a dirty one.
`test_distribution` fails for every one of them (z > 8 each).
"""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest
from drawing import chi_squares, draw
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles.chain
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from blockspin.sampling import cluster

ALGORITHMS = ["swendsen-wang", "wolff", "heat-bath"]


SQUARE, RECTANGLE, THIN, TINY = Lattice.square(4), Lattice.square(3, 4), Lattice.square(2, 5), Lattice.square(2)
RING, ODD, PAIR = Lattice.chain(10), Lattice.square(3), Lattice.chain(2)

# spacing is many tau, so that draws count as independent: lag-1 correlations are below 0.01
CASES = [
    (lattice, K, h, algorithm)
    for lattice, K, h, algorithms in (
        (SQUARE, 0.3, 0.0, ALGORITHMS),
        (SQUARE, KC_SQUARE, 0.0, ["swendsen-wang", "wolff"]),
        (RECTANGLE, 0.35, 0.0, ALGORITHMS),
        (THIN, 0.3, 0.0, ALGORITHMS),
        (TINY, 0.2, 0.0, ALGORITHMS),
        (RING, 0.6, 0.0, ALGORITHMS),
        (PAIR, 0.25, 0.0, ALGORITHMS),
        (RING, -0.5, 0.0, ALGORITHMS),
        (SQUARE, -0.3, 0.0, ["swendsen-wang", "wolff"]),
        (ODD, -0.3, 0.0, ["swendsen-wang", "heat-bath"]),
        (RECTANGLE, 0.3, 0.15, ["swendsen-wang", "heat-bath"]),
        (RECTANGLE, -0.25, -0.3, ["swendsen-wang", "heat-bath"]),
        (RING, 0.4, -0.2, ["swendsen-wang", "heat-bath"]),
        (RECTANGLE, 0.02, 0.0, ["wolff"]),
        (RECTANGLE, 0.0, 0.0, ALGORITHMS),
    )
    for algorithm in algorithms
]


@pytest.mark.parametrize(("lattice", "K", "h", "algorithm"), CASES, ids=lambda value: str(value))
def test_distribution(lattice: Lattice, K: float, h: float, algorithm: str) -> None:
    model = Ising(lattice, K, h)
    spacing = {"swendsen-wang": 6, "wolff": 6, "heat-bath": 30}[algorithm]
    clusters = max(1, lattice.n_sites // 4) if algorithm == "wolff" else 1
    drawn = draw(model, algorithm, chains=2000, draws=100, spacing=spacing, clusters=clusters)
    # by state: 200,000 draws see a probability off by 1/sqrt(expected), from 1 % for the likeliest; by (energy,
    # magnetisation): some 100 classes, sensitive to 0.3 % in K (z = 5)
    by_state, by_class = chi_squares(model, drawn)
    assert abs(by_state) < 5
    assert abs(by_class) < 5


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_correlation_around_the_ring(algorithm: str) -> None:
    model = Ising(Lattice.chain(16), 0.7)
    drawn = draw(model, algorithm, chains=500, draws=100, spacing=20, clusters=4)
    field = np.fft.rfft(drawn, axis=-1)
    correlation = np.fft.irfft(np.abs(field) ** 2, n=16, axis=-1) / 16
    means = correlation.mean(axis=0)[:, 1:9]
    value, error = means.mean(axis=0), means.std(axis=0, ddof=1) / math.sqrt(len(means))
    # error about 0.001: a 0.5 % change of K would show at r = 1
    z = (value - oracles.chain.correlation(model, np.arange(1, 9))) / error
    assert np.abs(z).max() < 4.5


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="needs two threads")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_numbers_do_not_depend_on_the_threads(algorithm: str) -> None:
    model, results = Ising(Lattice.square(13, 10), 0.43), []
    before = numba.get_num_threads()
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            results.append(draw(model, algorithm, chains=7, draws=5, spacing=3))
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_chains_are_independent_of_how_many_run(algorithm: str) -> None:
    model = Ising(Lattice.square(6), 0.4)
    spins = np.ones((5, 36), np.int8)
    few = spins[:2].copy()
    cluster.advance(model, algorithm, spins, cluster.generators(3, 5, "test"), 9)
    cluster.advance(model, algorithm, few, cluster.generators(3, 2, "test"), 9)
    np.testing.assert_array_equal(spins[:2], few)
    assert not np.array_equal(spins[0], spins[1])


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(2, 40), st.integers(2, 40)),
    K=st.one_of(st.floats(-2, 2), st.sampled_from([0.0, 1e-300, -1e-9, 30.0, -30.0, 1e6])),
    h=st.one_of(st.just(0.0), st.floats(-2, 2), st.sampled_from([1e6, -1e6])),
    algorithm=st.sampled_from(ALGORITHMS),
    seed=st.integers(0, 2**40),
)
def test_any_lattice_and_coupling_keeps_spins_and_observables(
    shape: tuple[int, int], K: float, h: float, algorithm: str, seed: int
) -> None:
    model = Ising(Lattice.square(*shape), K, h)
    if algorithm == "wolff" and (h != 0 or (K < 0 and any(extent % 2 for extent in shape))):
        with pytest.raises(ValueError, match="Wolff's algorithm"):
            cluster.check(model, "wolff")
        return
    runs = []
    for _ in range(2):
        spins = np.ones((2, model.lattice.n_sites), np.int8)
        cluster.advance(model, algorithm, spins, cluster.generators(seed, 2, "test"), 4, clusters=2)
        runs.append(spins)
    np.testing.assert_array_equal(*runs)
    assert (np.abs(runs[0]) == 1).all()
    observed = cluster.observe(model, runs[0])
    np.testing.assert_allclose(observed[:, 0], model.energy(runs[0]) / model.lattice.n_sites, rtol=1e-12, atol=1e-12)
    parity = 1 if K >= 0 else 1 - 2 * (model.lattice.coordinates.sum(axis=1) % 2)
    order = (runs[0] * parity).mean(axis=1)
    np.testing.assert_allclose(observed[:, 1], np.abs(order) if h == 0 else order, atol=1e-12)


def test_the_ground_state_at_huge_coupling_flips_only_as_a_whole() -> None:
    model = Ising(Lattice.square(9, 5), 1e3)
    for algorithm in ("swendsen-wang", "wolff"):
        spins = np.ones((50, 45), np.int8)
        flipped = cluster.advance(model, algorithm, spins, cluster.generators(1, 50, "test"), 1)
        assert (np.abs(spins.sum(axis=1, dtype=int)) == 45).all()
        assert set(flipped) <= {0, 45, 90}


@pytest.mark.slow
def test_the_flips_of_unlinked_sites_are_fair_and_independent() -> None:
    # K = 0: every site is a cluster of its own, and a sweep must give fair coins, site by site
    lattice = Lattice.square(64, 64)
    spins = np.ones((100, lattice.n_sites), np.int8)
    cluster.advance(Ising(lattice, 0.0), "swendsen-wang", spins, cluster.generators(1, 100, "test"), 1)
    n = spins.size
    assert abs(spins.sum(dtype=int)) < 5 * math.sqrt(n)
    grid = spins.reshape(100, 64, 64).astype(int)
    for axis in (0, 1, 2):
        for step in (1, 2, 8):
            assert abs((grid * np.roll(grid, step, axis)).sum()) < 5 * math.sqrt(n)


def test_wolff_moves_the_parity_of_a_nearly_free_lattice() -> None:
    # clusters of one site each: a fixed number of them would flip the parity of the up spins for certain
    model = Ising(Lattice.square(4), 1e-6)
    drawn = draw(model, "wolff", chains=200, draws=50, spacing=1, clusters=1)
    parity = np.prod(drawn.astype(int), axis=-1)
    # 10,000 coins: a bias of 0.05 shows at 5 sigma
    assert abs((parity[1:] * parity[:-1]).mean()) < 0.05


def test_errors_name_the_choices() -> None:
    spins, state = np.ones((1, 16), np.int8), cluster.generators(1, 1, "test")
    with pytest.raises(ValueError, match="swendsen-wang, wolff, heat-bath; got 'metropolis'"):
        cluster.advance(Ising(SQUARE, 0.4), "metropolis", spins, state, 1)
    with pytest.raises(ValueError, match=r"needs h = 0; got h = 0\.1"):
        cluster.advance(Ising(SQUARE, 0.4, 0.1), "wolff", spins, state, 1)
    with pytest.raises(ValueError, match="even extents; got square 3x3"):
        cluster.advance(Ising(ODD, -0.4), "wolff", np.ones((1, 9), np.int8), cluster.generators(1, 1), 1)
