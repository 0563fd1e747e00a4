"""The Monte Carlo updates against the exact distribution over all states, on several geometries.

Mutants tried by hand, and what sees each: K 3 % high in the thresholds; a bond counted twice (Lx = 1 coupled to
itself, or an extent of 2 taken as one bond); Wolff's p with the wrong sign; the wrap-around bond left out; flips
shared by neighbouring clusters; a join skipped too often; the ghost spin flipping; a clean bond taken for a dirty one;
a step between rows left out; the triangular step back taken forward.
`test_distribution` fails for every one of them (z > 7 each).
"""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest
from drawing import a_fifth, chi_squares, draw
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles.chain
import oracles.strip
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, KC_TRIANGULAR, Ising
from blockspin.sampling import cluster
from blockspin.sampling.chains import start
from blockspin.sampling.cluster import ClusterChains
from blockspin.sampling.words import generators
from blockspin.statistics import mean_over_chains

ALGORITHMS = ["swendsen-wang", "wolff", "heat-bath"]


SQUARE, RECTANGLE, THIN, TINY = Lattice.square(4), Lattice.square(3, 4), Lattice.square(2, 5), Lattice.square(2)
RING, ODD, PAIR = Lattice.chain(10), Lattice.square(3), Lattice.chain(2)

# spacing is many tau, so that draws count as independent: lag-1 correlations are below 0.01
CASES = [
    (lattice, K, h, algorithm)
    for lattice, K, h, algorithms in (
        (Lattice.triangular(3, 4), 0.2, 0.0, ALGORITHMS),
        (Lattice.triangular(4), KC_TRIANGULAR, 0.0, ["swendsen-wang", "wolff"]),
        (Lattice.triangular(4, 2), 0.15, 0.0, ALGORITHMS),  # double bonds along one axis
        (Lattice.triangular(3), -0.4, 0.0, ["swendsen-wang", "heat-bath"]),
        (Lattice.triangular(4, 3), -0.3, 0.2, ["swendsen-wang", "heat-bath"]),
        (Lattice.cubic(2, 2, 3), 0.12, 0.0, ALGORITHMS),
        (Lattice.cubic(3, 2, 2), 0.15, 0.0, ALGORITHMS),
        (Lattice.cubic(2, 3, 2), 0.1, -0.15, ["swendsen-wang", "heat-bath"]),
        (Lattice.cubic(2), -0.2, 0.0, ["swendsen-wang", "wolff"]),
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


@pytest.mark.parametrize(("lattice", "K", "h", "algorithm"), a_fifth(CASES), ids=lambda value: str(value))
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
@pytest.mark.parametrize("model", [Ising(Lattice.triangular(12, 7), KC_TRIANGULAR), Ising(Lattice.cubic(7, 3, 3), 0.2)])
def test_energy_agrees_with_the_transfer_matrix(model: Ising, algorithm: str) -> None:
    running = start(model, algorithm, 200, 1, "test", clusters=max(1, model.lattice.n_sites // 8))
    running.advance(150)
    # errors of e are 0.0006 to 0.002; K 3 % high moves e by 20 to 40 of them
    assert abs(mean_over_chains(running.record(100)[..., 0]).z(oracles.strip.energy_per_site(model))) < 4.5


def test_the_triangular_lattice_has_its_critical_energy() -> None:
    # sum_<ij> s s / N = 2 at Kc (Wannier 1945); the torus differs by a/L to leading order, which 2 e(2L) - e(L) removes
    means = []
    for L in (24, 48):
        running = start(Ising(Lattice.triangular(L), KC_TRIANGULAR), "swendsen-wang", 3200 // L, 2, "test")
        running.advance(150)
        means.append(mean_over_chains(running.record(150)[..., 0]))
    value = (2 * means[1].value - means[0].value) / KC_TRIANGULAR
    error = math.hypot(2 * means[1].error, means[0].error) / KC_TRIANGULAR
    assert error < 0.01  # 0.05 % of Kc would move e by as much
    assert abs(value + 2) < 4.5 * error


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
    ClusterChains(model, algorithm, spins, generators(3, 5, "test")).advance(9)
    ClusterChains(model, algorithm, few, generators(3, 2, "test")).advance(9)
    np.testing.assert_array_equal(spins[:2], few)
    assert not np.array_equal(spins[0], spins[1])


EXTENT = st.integers(2, 9)


@settings(max_examples=80)
@given(
    lattice=st.one_of(
        st.builds(Lattice.chain, st.integers(2, 300)),
        st.builds(Lattice.square, st.integers(2, 40), st.integers(2, 40)),
        st.builds(Lattice.triangular, EXTENT, EXTENT),
        st.builds(Lattice.cubic, EXTENT, EXTENT, EXTENT),
    ),
    K=st.one_of(st.floats(-2, 2), st.sampled_from([0.0, 1e-300, -1e-9, 30.0, -30.0, 1e6])),
    h=st.one_of(st.just(0.0), st.floats(-2, 2), st.sampled_from([1e6, -1e6])),
    algorithm=st.sampled_from(ALGORITHMS),
    seed=st.integers(0, 2**40),
)
def test_any_lattice_and_coupling_keeps_spins_and_observables(
    lattice: Lattice, K: float, h: float, algorithm: str, seed: int
) -> None:
    model, triangular = Ising(lattice, K, h), lattice.kind == "triangular"
    odd = triangular or any(extent % 2 for extent in lattice.shape)
    if algorithm == "wolff" and (h != 0 or (K < 0 and odd)):
        with pytest.raises(ValueError, match="Wolff's algorithm"):
            cluster.check(model, "wolff")
        return
    runs = []
    for record in (False, True):
        running = start(model, algorithm, 3, seed, "test", clusters=2)
        seen = running.record(3) if record else running.advance(3)
        runs.append(running.spins())
    np.testing.assert_array_equal(*runs)
    assert (np.abs(runs[0]) == 1).all()
    np.testing.assert_array_equal(running.observe(), seen[:, -1])
    np.testing.assert_allclose(seen[:, -1, 0], model.energy(runs[0]) / lattice.n_sites, rtol=1e-12, atol=1e-12)
    place = lattice.coordinates.sum(axis=1)
    m = (runs[0] * (np.exp(2j * np.pi * place / (3 if triangular else 2)) if K < 0 else 1)).mean(axis=1)
    signed = h != 0 and not (triangular and K < 0)
    np.testing.assert_allclose(seen[:, -1, 1], m.real if signed else np.abs(m), atol=1e-12)


def test_names_of_the_order_parameter() -> None:
    assert cluster.names(Ising(SQUARE, 1.0)) == ("energy", "abs_m")
    assert cluster.names(Ising(SQUARE, 1.0, 0.1)) == ("energy", "m")
    assert cluster.names(Ising(SQUARE, -1.0)) == ("energy", "abs_staggered_m")
    assert cluster.names(Ising(Lattice.triangular(4), -1.0, 0.1)) == ("energy", "abs_sublattice_m")


def test_the_ground_state_at_huge_coupling_flips_only_as_a_whole() -> None:
    for lattice in (Lattice.square(9, 5), Lattice.cubic(2, 3, 4), Lattice.triangular(5, 7)):
        model, N = Ising(lattice, 1e3), lattice.n_sites
        for algorithm in ("swendsen-wang", "wolff"):
            spins = np.ones((50, N), np.int8)
            flipped = ClusterChains(model, algorithm, spins, generators(1, 50, "test")).advance(1)
            assert (np.abs(spins.sum(axis=1, dtype=int)) == N).all()
            assert set(flipped) <= {0, N, 2 * N}
        spins[:, 7] *= -1  # heat bath mends one flaw at once, and stays
        ClusterChains(model, "heat-bath", spins, generators(1, 50, "test")).advance(2)
        assert (np.abs(spins.sum(axis=1, dtype=int)) == N).all()


@pytest.mark.slow
def test_the_flips_of_unlinked_sites_are_fair_and_independent() -> None:
    # K = 0: every site is a cluster of its own, and a sweep must give fair coins, site by site
    lattice = Lattice.square(64, 64)
    spins = np.ones((100, lattice.n_sites), np.int8)
    ClusterChains(Ising(lattice, 0.0), "swendsen-wang", spins, generators(1, 100, "test")).advance(1)
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
    with pytest.raises(ValueError, match="swendsen-wang, wolff, heat-bath; got 'metropolis'"):
        start(Ising(SQUARE, 0.4), "metropolis", 1, 1)
    with pytest.raises(ValueError, match=r"needs h = 0; got h = 0\.1"):
        start(Ising(SQUARE, 0.4, 0.1), "wolff", 1, 1)
    with pytest.raises(ValueError, match="triangular 4x4"):
        cluster.check(Ising(Lattice.triangular(4), -0.4), "wolff")
    with pytest.raises(ValueError, match="even extents; got square 3x3"):
        start(Ising(ODD, -0.4), "wolff", 1, 1)
