"""Cluster flips of 512 lanes: alone against the exact distribution, and the flood against scipy's components."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest
from drawing import chi_square
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

import oracles.enumeration
from blockspin.exact import enumeration, ising2d
from blockspin.lattice import Lattice
from blockspin.models import KC_CUBIC, KC_SQUARE, KC_TRIANGULAR, Ising
from blockspin.sampling.multispin import flood, lanes, updates
from blockspin.sampling.multispin.coins import SCRATCH, chances_of, coin
from blockspin.sampling.multispin.lanes import LANES, WORDS
from blockspin.sampling.multispin.packing import Layout
from blockspin.sampling.multispin.updates import Replicas
from blockspin.statistics import autocorrelation_time, mean_over_chains

CASES = [
    (Lattice.square(4), 0.2, 0.0),
    (Lattice.square(4), KC_SQUARE, 0.0),
    (Lattice.square(4), 0.6, 0.0),
    (Lattice.square(4), -KC_SQUARE, 0.0),
    (Lattice.square(2, 6), 0.3, 0.0),
    (Lattice.square(3, 4), 0.35, 0.2),
    (Lattice.square(5, 2), 0.2, -0.3),
    (Lattice.square(2, 4), -0.3, 0.15),
    (Lattice.triangular(4), 0.25, 0.0),
    (Lattice.triangular(3, 4), 0.2, 0.1),
    (Lattice.triangular(3, 4), -0.2, 0.0),
    (Lattice.triangular(2, 2), 0.2, 0.0),
    (Lattice.cubic(2, 2, 4), 0.15, 0.0),
    (Lattice.cubic(2, 3, 2), 0.2, -0.1),
]


@pytest.fixture
def flips_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sweep between flips: these are ergodic alone."""
    monkeypatch.setattr(updates, "SWEEPS", 0)


@pytest.mark.usefixtures("flips_alone")
@pytest.mark.parametrize(("lattice", "K", "h"), CASES, ids=str)
def test_distribution(lattice: Lattice, K: float, h: float) -> None:
    model = Ising(lattice, K, h)
    replicas = Replicas.start(model, 4096, 1, "test", clusters=2)
    replicas.advance(200)
    chance, counts = enumeration.probabilities(model), np.zeros(2**lattice.n_sites)
    for _ in range(60):
        replicas.advance(24)  # at least 10 tau of the slowest case, the small clusters of K = 0.2
        counts += np.bincount(oracles.enumeration.index(replicas.spins(), lattice), minlength=len(counts))
    # by state, 250,000 draws, and by (energy, magnetisation): 0.3 % in K shows in the second at z = 5
    assert abs(chi_square(counts, chance)) < 5
    states = enumeration.states(lattice)
    label = np.round(np.stack([Ising(lattice, 1.0).energy(states), states.sum(1, dtype=float)], axis=1))
    _, group = np.unique(label, axis=0, return_inverse=True)
    assert abs(chi_square(np.bincount(group.ravel(), counts), np.bincount(group.ravel(), chance))) < 5


@pytest.mark.usefixtures("flips_alone")
@pytest.mark.parametrize(("shape", "stripes"), [((8, 8), 1), ((4, 128), 64), ((2, 1024), 512)], ids=str)
@pytest.mark.parametrize("K", [0.42, -0.5])
def test_energy_agrees_with_kaufman(shape: tuple[int, int], stripes: int, K: float) -> None:
    model = Ising(Lattice.square(*shape), K)
    chains = 16 * 512 // stripes if stripes < 512 else 32
    replicas = Replicas.start(model, chains, 2, "test", stripes=stripes, clusters=model.lattice.n_sites // 8)
    replicas.advance(100)
    energy = mean_over_chains(replicas.record(200)[..., 0])
    # the error of e K is 2e-4 to 7e-4, and 0.1 % of K is 1 to 5 errors: 0.1 to 0.45 % of K would show
    assert abs(energy.z(model.K * ising2d.energy_per_site(model.lattice, abs(K)) * np.sign(K))) < 4.5


@pytest.mark.parametrize(
    ("lattice", "K", "h", "stripes"),
    [
        (Lattice.square(12), KC_SQUARE, 0.0, 1),
        (Lattice.square(2, 8), 0.4, 0.0, 1),
        (Lattice.square(3, 2), 0.4, 0.1, 1),
        (Lattice.triangular(7, 10), KC_TRIANGULAR, 0.02, 1),
        (Lattice.triangular(3, 128), 0.3, 0.0, 64),
        (Lattice.cubic(4, 3, 6), KC_CUBIC, 0.0, 1),
        (Lattice.square(6, 256), -KC_SQUARE, 0.0, 64),
        (Lattice.square(4, 1024), 0.5, -0.01, 512),
    ],
    ids=str,
)
def test_the_flood_fills_the_components_of_the_seeds(lattice: Lattice, K: float, h: float, stripes: int) -> None:
    model, layout = Ising(lattice, K, h), Layout(lattice, stripes)
    replicas = Replicas.start(model, layout.replicas, 3, "test", stripes=stripes)
    replicas.advance(20)
    where = replicas._rows, layout.half, layout.stripes
    rule = (*(chances_of([1 - np.exp(-2 * abs(J))]) for J in (K, h)), int(np.sign(h)))
    lit, held, bonds, waiting = flood.room(where)
    unlike = np.uint64(2**64 - 1 if K < 0 else 0)
    cells, g = replicas.values[0], replicas.generators[0]
    flood._draw_bonds(cells, g, np.zeros(SCRATCH, np.uint64), held, bonds, where, unlike, rule)
    ghost = _bits(held, layout)
    if h:
        flood._flood(held, bonds, waiting, where)
    flood._seed(lit, held, g[4 * WORDS :], where, max(2, lattice.n_sites // 64))
    seeds = _bits(lit, layout)
    flood._flood(lit, bonds, waiting, where)
    filled, kept, joined = _bits(lit, layout), _bits(held, layout), [_bits(one, layout) for one in bonds]
    spins = replicas.spins()
    there = _ahead(lattice)
    for replica in range(layout.replicas):
        pairs = [(np.flatnonzero(on[replica]), ahead[on[replica]]) for on, ahead in zip(joined, there, strict=True)]
        for here, ahead in pairs:
            assert (spins[replica, here] * spins[replica, ahead] == np.sign(K)).all()
        i, j = (np.concatenate(one) for one in zip(*pairs, strict=True))
        _, label = connected_components(
            coo_array((np.ones(len(i)), (i, j)), shape=(lattice.n_sites,) * 2), directed=False
        )
        by_ghost = np.isin(label, label[ghost[replica]])
        np.testing.assert_array_equal(kept[replica], by_ghost)
        assert not (seeds[replica] & by_ghost).any()
        np.testing.assert_array_equal(filled[replica], np.isin(label, label[seeds[replica]]))
    assert seeds.any(axis=1).mean() > (0.99 if h == 0 else 0.0)
    # half of the bonds between like spins would be 3 sigma off where their chance were 1 % so
    like = sum(int((spins * spins[:, ahead] == np.sign(K)).sum()) for ahead in there)
    chance = 1 - np.exp(-2 * abs(K))
    assert abs(sum(int(on.sum()) for on in joined) - like * chance) < 5 * np.sqrt(like * chance * (1 - chance))


def _ahead(lattice: Lattice) -> list[np.ndarray]:
    """The sites that the steps lead to, in the kernels' order: along the row first."""
    return [lattice.moved(step) for step in sorted(lattice.steps, key=lambda step: any(step[:-1]))]


def _bits(sites: Any, layout: Layout) -> np.ndarray:
    """Sites of one block as (replica, N), bool."""
    L = 2 * layout.half
    words = sites[: layout.rows * (L + 2) * WORDS].reshape(layout.rows, L + 2, WORDS)[:, 1:-1]
    bits = np.unpackbits(words.view(np.uint8), axis=-1, bitorder="little")  # (row, column, lane)
    by_lane = np.moveaxis(bits.reshape(layout.rows, L, layout.replicas, layout.stripes), (2, 0, 3, 1), (0, 1, 2, 3))
    return by_lane.reshape(layout.replicas, -1).astype(bool)


def test_small_chances_keep_their_last_bits() -> None:
    # the bits drawn for all lanes alike decide none of these: 1,024 of 10^7 are expected, with an error of 32
    chance, draws = 1e-4, 20_000
    found = _count(chances_of([chance]), lanes.generators(8, 1, "test")[0], draws)
    assert abs(found - LANES * draws * chance) < 5 * np.sqrt(LANES * draws * chance)


@numba.njit
def _count(chance: Any, g: np.ndarray, draws: int) -> int:
    """How often lanes come up in so many draws of all."""
    scratch, n = np.zeros(SCRATCH, np.uint64), 0
    a, b, c, counter = lanes.loaded(g)
    for _ in range(draws):
        up, a, b, c, counter = coin(~(a ^ a), a, b, c, counter, g[4 * WORDS :], scratch, chance)
        lanes.store(scratch, 0, up)
        for w in range(WORDS):
            word = scratch[w]
            while word:
                word &= word - numba.uint64(1)
                n += 1
    return n


@pytest.mark.usefixtures("flips_alone")
@pytest.mark.parametrize("stripes", [1, 64, 512])
def test_each_replica_has_seeds_of_its_own(stripes: int) -> None:
    lattice = Lattice.square(4, 2 * stripes if stripes > 1 else 6)
    for K, least, most in ((1e-300, 1, 3), (30.0, lattice.n_sites, lattice.n_sites)):
        replicas = Replicas.start(
            Ising(lattice, K), max(2 * LANES // stripes, 128), 4, "test", stripes=stripes, clusters=3
        )
        ordered = replicas.groups == 0
        before = replicas.spins()
        replicas.advance(1)
        turned = (replicas.spins() != before)[ordered]
        assert set(turned.sum(axis=1)) <= set(range(least, most + 1))
        if K < 1:  # sites alike: their counts are Poisson's, and each is met
            assert abs(chi_square(turned.sum(axis=0), np.full(lattice.n_sites, 1 / lattice.n_sites))) < 5
            assert len(np.unique(turned, axis=0)) > 0.9 * len(turned)


@pytest.mark.parametrize("K", [KC_SQUARE, 0.6])
def test_large_clusters_are_flipped_and_forgotten_soon(K: float) -> None:
    replicas = Replicas.start(Ising(Lattice.square(32), K), 512, 5, "test")
    replicas.measure_step()
    replicas.advance(50)
    assert 1 <= replicas.clusters <= 3
    series = replicas.record(200)
    # sweeps alone have 40 at Kc; here 1.6 and 0.6, known to 4 %
    assert max(autocorrelation_time(one).tau for one in np.moveaxis(series, -1, 0)) < 2.5


@pytest.mark.parametrize(
    ("model", "flips"),
    [
        (Ising(Lattice.square(32), 0.2), False),
        (Ising(Lattice.square(32), -KC_SQUARE), True),
        (Ising(Lattice.square(32), 0.3, 1.0), False),
        (Ising(Lattice.square(32), KC_SQUARE, 1e-4), True),
        (Ising(Lattice.triangular(32), -0.6), False),  # frustrated: its clusters percolate
        (Ising(Lattice.cubic(6), 0.6), True),
    ],
    ids=str,
)
def test_small_clusters_are_left_to_sweeps(model: Ising, flips: bool) -> None:
    replicas = Replicas.start(model, 512, 6, "test")
    replicas.measure_step()
    assert (replicas.clusters > 0) == flips
