"""Reweighting between couplings against enumeration, Kaufman and transfer matrices; what is refused.

Mutants tried, each seen to fail here: N_k = 1 for every set, ln Z_k of the wrong sign, the jackknife's factor
(n - 1) left out, ln Z not solved again without a group, the features of the wrong sign.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
import xarray as xr

import blockspin as bs
import oracles.enumeration
from blockspin import samples as schema
from blockspin.exact import enumeration, ising2d
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising, Potts
from blockspin.reweighting import reweight
from oracles import transfer

LATTICES = (Lattice.triangular(3, 3), Lattice.chain(10))


def drawn(model: Ising, chains: int, draws: int, seed: int) -> xr.DataArray:
    """Independent draws by their exact probabilities."""
    chance, states = enumeration.probabilities(model), enumeration.states(model.lattice)
    picked = np.random.default_rng(seed).choice(len(states), (chains, draws), p=chance)
    return schema.make(states[picked], model.lattice, model=model.settings())


def sets_of(lattice: Lattice, couplings: Sequence[tuple[float, float]], seed: int) -> list[xr.DataArray]:
    # the sets differ in size, so that their weights matter
    return [drawn(Ising(lattice, K, h), 20, 20 * (1 + k), 100 * seed + k) for k, (K, h) in enumerate(couplings)]


@pytest.mark.parametrize("lattice", LATTICES, ids=str)
def test_between_couplings_it_agrees_with_enumeration_and_its_errors_are_honest(lattice: Lattice) -> None:
    # 30 seeds: the mean of z is known to 0.18, its spread to 13 %; groups of 20 give Student's t, a spread of 1.05
    couplings = [(0.2, 0.0), (0.35, 0.0), (0.5, 0.1)]
    first, target = Ising(lattice, *couplings[0]), Ising(lattice, 0.3, 0.05)
    shift = [enumeration.log_partition(Ising(lattice, *c)) - enumeration.log_partition(first) for c in couplings]
    energy = float(oracles.enumeration.expectation(target, target.energy))
    m = float(oracles.enumeration.expectation(target, lambda s: s.mean(axis=1)))
    log_Z = enumeration.log_partition(target) - enumeration.log_partition(first)
    z = []
    for seed in range(30):
        found = reweight(sets_of(lattice, couplings, seed))
        assert found.log_partition_differences[0] == bs.Estimate(0.0, 0.0)
        z.append(
            [
                *(d.z(s) for d, s in zip(found.log_partition_differences[1:], shift[1:], strict=True)),
                found.mean(target.energy, K=0.3, h=0.05).z(energy),
                found.mean(lambda s: s.mean(axis=1), K=0.3, h=0.05).z(m),
                found.log_partition(K=0.3, h=0.05).z(log_Z),
            ]
        )
    scores = np.array(z)
    assert (np.abs(scores.mean(axis=0)) < 4.5 / math.sqrt(30)).all(), scores.mean(axis=0)
    assert ((scores.std(axis=0) > 0.5) & (scores.std(axis=0) < 1.6)).all(), scores.std(axis=0)


@pytest.mark.parametrize("L", [8, 16])
def test_monte_carlo_samples_agree_with_kaufman(L: int) -> None:
    # errors of 0.5 % or less in ln Z differences, and of 1 % or less in energies
    lattice, couplings = Lattice.square(L), (0.40, 0.43, 0.46)
    found = bs.reweight([bs.sample(Ising(lattice, K), 2000, seed=k) for k, K in enumerate(couplings)])
    log_Z = [ising2d.log_partition(lattice, K) for K in couplings]
    for difference, exact in zip(found.log_partition_differences[1:], log_Z[1:], strict=True):
        assert abs(difference.z(exact - log_Z[0])) < 4.5
        assert difference.error < 0.005 * (exact - log_Z[0])
    bonds = Ising(lattice, 1.0)
    for K in (0.39, 0.415, KC_SQUARE, 0.47):
        energy = found.mean(bonds.energy, K=K)
        assert abs(energy.z(lattice.n_sites * ising2d.energy_per_site(lattice, K))) < 4.5
        assert energy.error < 0.01 * abs(energy.value)
        assert abs(found.log_partition(K=K).z(ising2d.log_partition(lattice, K) - log_Z[0])) < 4.5
    if L == 8:
        U4 = found.mean(
            lambda s: np.stack([s.mean(axis=1) ** 2, s.mean(axis=1) ** 4], axis=1),
            statistic=lambda means: 1 - means[1] / (3 * means[0] ** 2),
            K=KC_SQUARE,
        )
        assert abs(U4.z(transfer.magnetisation_moments(Ising(lattice, KC_SQUARE)).U4)) < 4.5
        assert U4.error < 0.006


@pytest.mark.parametrize("lattice", [Lattice.square(3, 2), Lattice.triangular(3, 2)], ids=str)
def test_potts_sets_agree_with_enumeration(lattice: Lattice) -> None:
    # 4 numbers within 4.5 sigma, of errors below 1.5 %: an energy 7 % off would be seen
    states = np.array(list(itertools.product(range(3), repeat=lattice.n_sites)), np.int8)

    def log_weights(K: float, h: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return -Potts(lattice, K, 3, h).energy(states)  # type: ignore[return-value]

    pool = []
    for seed, (K, h) in enumerate([(0.3, 0.0), (0.6, 0.1)]):
        chance = np.exp(log_weights(K, h))
        picked = np.random.default_rng(seed).choice(len(states), (20, 100), p=chance / chance.sum())
        pool.append(schema.make(states[picked], lattice, states=3, model=Potts(lattice, K, 3, h).settings()))
    found, bonds = reweight(pool), Potts(lattice, 1.0, 3)
    log_Z = [float(np.log(np.exp(log_weights(K, h)).sum())) for K, h in ((0.3, 0.0), (0.6, 0.1), (0.45, 0.05))]
    assert abs(found.log_partition_differences[1].z(log_Z[1] - log_Z[0])) < 4.5
    assert abs(found.log_partition(K=0.45, h=0.05).z(log_Z[2] - log_Z[0])) < 4.5
    chance = np.exp(log_weights(0.45, 0.05) - log_Z[2])
    energy = found.mean(bonds.energy, K=0.45, h=0.05)
    assert abs(energy.z(chance @ bonds.energy(states))) < 4.5
    assert energy.error < 0.015 * abs(energy.value)
    assert abs(found.mean(lambda s: (s == 0).mean(axis=1), K=0.45, h=0.05).z(chance @ (states == 0).mean(axis=1))) < 4.5


def test_one_set_is_reweighted_by_the_ratio_of_weights() -> None:
    model = Ising(Lattice.square(4, 3), 0.3, 0.1)
    one = drawn(model, 20, 40, seed=1)
    spins = schema.features(one)
    weight = np.exp(-Ising(model.lattice, 0.05, 0.02).energy(spins))
    found = reweight([one])
    m = np.abs(spins.mean(axis=1))
    moved = found.mean(lambda s: np.abs(s.mean(axis=1)), K=0.35, h=0.12)
    assert moved.value == pytest.approx(weight @ m / weight.sum(), rel=1e-12)
    assert found.log_partition(K=0.35, h=0.12).value == pytest.approx(np.log(weight.mean()), rel=1e-12)
    assert found.effective_sample_size(K=0.35, h=0.12) == pytest.approx(weight.sum() ** 2 / (weight**2).sum())
    # where it was sampled it is the plain mean, with the plain jackknife error of 20 chains
    here = found.mean(lambda s: np.abs(s.mean(axis=1)))
    chains = np.abs(one.values.mean(axis=(2, 3))).mean(axis=1)
    assert here.value == pytest.approx(chains.mean(), rel=1e-12)
    assert here.error == pytest.approx(chains.std(ddof=1) / math.sqrt(20), rel=1e-9)


def test_the_solution_satisfies_its_equations() -> None:
    couplings = [(0.1, 0.0), (0.3, -0.1), (0.45, 0.2), (0.45, -0.2)]
    found = reweight(sets_of(Lattice.square(4, 3), couplings, seed=1))
    for (K, h), difference in zip(couplings, found.log_partition_differences, strict=True):
        assert found.log_partition(K=K, h=h).value == pytest.approx(difference.value, abs=1e-9)
        assert found.log_partition(K=K, h=h).error == pytest.approx(difference.error, rel=1e-6, abs=1e-9)
    np.testing.assert_allclose(found.overlap.sum(axis=1), 1, rtol=1e-9)
    balance = found.overlap / np.bincount(found.set_of_group[found.group])
    np.testing.assert_allclose(balance, balance.T, rtol=1e-9)


def test_repeated_draws_do_not_shrink_errors() -> None:
    sets = sets_of(Lattice.chain(10), [(0.2, 0.0), (0.5, 0.0)], seed=3)
    often = [one.isel(draw=np.repeat(np.arange(one.sizes["draw"]), 7)) for one in sets]
    energy = Ising(Lattice.chain(10), 1.0).energy
    for K in (0.2, 0.4):
        once, again = (reweight(pool).mean(energy, K=K) for pool in (sets, often))
        assert once.value == pytest.approx(again.value, rel=1e-9)
        assert once.error == pytest.approx(again.error, rel=1e-6)


def test_large_lattices_do_not_overflow() -> None:
    # energies of 10^5: two sets of a single flipped block apart
    lattice = Lattice.square(200)
    spins = np.ones((2, 3, 50, lattice.n_sites), np.int8)
    random = np.random.default_rng(1)
    for index in np.ndindex(2, 3, 50):
        spins[index][: random.integers(0, 40)] = -1
    pool = [
        schema.make(part, lattice, model=Ising(lattice, K).settings())
        for part, K in zip(spins, (1.0, 1.001), strict=True)
    ]
    difference = reweight(pool).log_partition_differences[1]
    assert 79 < difference.value < 80
    assert np.isfinite(difference.error)


def test_what_the_samples_do_not_reach_is_refused() -> None:
    lattice = Lattice.square(4, 3)
    found = reweight(sets_of(lattice, [(0.05, 0.0), (0.15, 0.0)], seed=1))
    for couplings in ({"K": 1.5}, {"h": 2.0}, {"K": -1.5}):
        with pytest.raises(
            ValueError, match=r"do not reach .* draws and .* groups of chains, and 100 and 10 are needed"
        ):
            found.mean(lambda s: s.mean(axis=1), **couplings)
        with pytest.raises(ValueError, match=r"Sampled were K = 0.05, h = 0; K = 0.15, h = 0: add a set nearer by"):
            found.log_partition(**couplings)
    apart = [drawn(Ising(Lattice.square(4), K), 20, 50, seed=1) for K in (-0.9, 0.9)]
    with pytest.raises(
        ValueError, match=r"do not overlap: that at K = 0.9, h = 0 shares .* with those tied to K = -0.9"
    ):
        reweight(apart)
    between = [drawn(Ising(Lattice.square(4), K), 20, 50, seed=1) for K in (-0.5, -0.2, 0.2, 0.5)]
    assert reweight([apart[0], *between, apart[1]]).log_partition_differences[-1].error < 1


def test_bad_arguments_name_the_rule() -> None:
    lattice = Lattice.square(4, 3)
    one = drawn(Ising(lattice, 0.3), 20, 20, seed=1)
    with pytest.raises(ValueError, match="sets"):
        reweight([])
    with pytest.raises(ValueError, match="differ in K and h alone; got"):
        reweight([one, drawn(Ising(Lattice.square(3, 4), 0.3), 20, 20, seed=1)])
    with pytest.raises(ValueError, match=r"at least 2 chains a set; the set at K = 0.3, h = 0 has 1"):
        reweight([one.isel(chain=[0])])
    with pytest.raises(ValueError, match=r"do not say which model made them; give models="):
        reweight([schema.own(one.values)])
    own = reweight([schema.own(one.values)], models=[Ising(lattice, 0.3)])
    assert own.mean(lambda s: s[:, 0] * s[:, 1]) == reweight([one]).mean(lambda s: s[:, 0] * s[:, 1])
    with pytest.raises(ValueError, match="models"):
        reweight([one], models=[Ising(lattice, 0.3)] * 2)
    with pytest.raises(ValueError, match="couplings of this model are K, h; got 'T'"):
        own.mean(lambda s: s[:, 0], T=2.0)
    with pytest.raises(ValueError, match="coupling K must be a finite number; got nan"):
        own.mean(lambda s: s[:, 0], K=math.nan)
    with pytest.raises(ValueError, match="must map spins"):
        own.mean(lambda s: s)
    with pytest.raises(TypeError, match="sets"):
        reweight(one)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"function of configurations \(n, N\), such as model.energy; got 'energy'"):
        own.mean("energy")  # type: ignore[arg-type]
    dimers = bs.Dimers(Lattice.square(2), T=1.0)
    with pytest.raises(ValueError, match=r"reweighted in K and h; dimers on square 2x2, T = 1 has neither"):
        reweight([schema.make(-np.ones((2, 2, 16)), dimers.lattice, model=dimers.settings())])
    assert "sampled at K = 0.3, h = 0" in str(own)
    with pytest.raises(TypeError, match="xarray"):
        reweight([one.values])  # type: ignore[list-item]
