"""The Walsh-Hadamard transform against its definition, ranges and bonds against brute force, and what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockspin.boltzmann_map.couplings import distances, interactions, nearest_neighbour, walsh_hadamard
from blockspin.boltzmann_map.machine import spins
from blockspin.lattice import Lattice


def values(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(1 << n)


@given(n=st.integers(1, 7), seed=st.integers(0, 10**6))
@settings(max_examples=40)
def test_couplings_are_their_definition(n: int, seed: int) -> None:
    H, states = values(n, seed), spins(n)
    found = interactions(H)
    for number in range(1 << n):
        chosen = [i for i in range(n) if number >> i & 1]
        product = states[:, chosen].prod(axis=1)
        assert found.couplings[number] == pytest.approx(-(H * product).mean(), abs=1e-13)
        assert found.bodies[number] == len(chosen)
        assert found.sites(number) == tuple(chosen)
        assert found.of(*chosen) == found.couplings[number]


@given(n=st.integers(1, 10), seed=st.integers(0, 10**6))
@settings(max_examples=40)
def test_the_hamiltonian_comes_back(n: int, seed: int) -> None:
    H, found = values(n, seed), interactions(values(n, seed))
    products = [spins(n)[:, found.sites(number)].prod(axis=1) for number in range(1 << n)]
    np.testing.assert_allclose(-found.couplings @ products, H, atol=1e-12)
    np.testing.assert_allclose(walsh_hadamard(walsh_hadamard(H)) / 2**n, H, atol=1e-12)


def test_a_written_hamiltonian_has_the_couplings_it_was_written_with() -> None:
    s = spins(5)
    H = -0.7 * s[:, 0] * s[:, 3] + 0.2 * s[:, 1] - 1.1 * s[:, 0] * s[:, 2] * s[:, 4] - 3
    found = interactions(H)
    assert [found.sites(int(k)) for k in found.order[:3]] == [(0, 2, 4), (0, 3), (1,)]
    assert found.of(0, 3) == pytest.approx(0.7)
    assert found.of(1) == pytest.approx(-0.2)
    assert found.of() == pytest.approx(3)
    assert len(found.order) == 31
    assert np.isnan(found.ranges).all()


@pytest.mark.parametrize("lattice", [Lattice.chain(7), Lattice.square(2, 3), Lattice.square(3)], ids=str)
def test_ranges_are_the_largest_distance(lattice: Lattice) -> None:
    between = distances(lattice)
    found = interactions(values(lattice.n_sites, 1), between)
    for number in range(1 << lattice.n_sites):
        pairs = itertools.combinations(found.sites(number), 2)
        assert found.ranges[number] == max((between[i, j] for i, j in pairs), default=0.0)


@pytest.mark.parametrize(
    "lattice", [Lattice.chain(2), Lattice.chain(6), Lattice.square(2), Lattice.square(2, 3)], ids=str
)
def test_nearest_neighbours_share_what_two_bonds_carry(lattice: Lattice) -> None:
    s = spins(lattice.n_sites)
    H = -0.37 * sum(s[:, i] * s[:, j] for i, j in lattice.bonds)
    mean, spread = nearest_neighbour(interactions(H), lattice)
    assert mean == pytest.approx(0.37, abs=1e-14)
    assert spread == pytest.approx(0, abs=1e-14)


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"shape \(2\^n,\); got \(3,\)"):
        interactions([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="1 of 4 are not"):
        interactions([1.0, np.inf, 3.0, 2.0])
    with pytest.raises(ValueError, match=r"shape \(2, 2\); got \(3, 3\)"):
        interactions(np.ones(4), np.ones((3, 3)))
    with pytest.raises(ValueError, match=r"24.*25.*2\^25"):
        walsh_hadamard(np.broadcast_to(0.0, 1 << 25))
    with pytest.raises(ValueError, match=r"3.*Hamiltonian"):
        nearest_neighbour(interactions(np.ones(4)), Lattice.chain(3))
