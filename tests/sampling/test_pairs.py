"""The generic heat bath and Wolff's clusters by reflection, of any model on any lattice, against exact sums.

Mutants tried, and the largest z by which `test_distribution` saw each: joining 5 % too often (52), by the letter after
its reflection (2,700), in the first shell only (2,900); a symmetry of the bonds that the field breaks (2,900); site
energies left out of the table (1,800) or of the products (410); products of the first shell's weights alone (6,000, and
more for Potts); digits of a surrounding reversed (1,800,000); K 3 % high in the table (27); the last letter drawn by
the first one's chance (86,000); a step back taken forward (190,000). A step of a shell left out changes energy and
sampler alike: `tests/models/test_pair.py` sees it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numba
import numpy as np
import pytest
from drawing import a_fifth, chi_squares, draw
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles.strip
from blockspin.alphabet import Alphabet
from blockspin.exact import enumeration, ising2d
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, BlumeCapel, Ising, PairModel, Potts, potts_kc
from blockspin.sampling import pair_chains, pairs
from blockspin.sampling.chains import start
from blockspin.sampling.configurations import starts
from blockspin.statistics import mean_over_chains

WOLFF, BATH = "wolff", "heat-bath"
square, triangular, cubic, ring = Lattice.square, Lattice.triangular, Lattice.cubic, Lattice.chain
TRICRITICAL = {"K": 1 / 0.608578, "D": 1.9658149 / 0.608578}


@dataclass(frozen=True)
class Clock(PairModel):
    """H = -K sum_<ij> cos(2 pi (s_i - s_j)/4): labels that are not all alike."""

    name: ClassVar = "clock"
    alphabet: ClassVar = Alphabet((0, 1, 2, 3), labels=True)
    lattice: Lattice
    K: float

    def bond(self, a: Any, b: Any) -> Any:
        return -self.K * np.cos(np.pi / 2 * (a - b))


@dataclass(frozen=True)
class Gas(PairModel):
    """H = -K sum_<ij> s_i s_j - mu sum_i s_i, with s_i = 0, 1: numbers without a symmetry."""

    name: ClassVar = "gas"
    alphabet: ClassVar = (0, 1)
    lattice: Lattice
    K: Any
    mu: float

    def bond(self, a: Any, b: Any) -> Any:
        return -self.K * a * b

    def site(self, a: Any) -> Any:
        return -self.mu * a


def models(lattice: Lattice) -> dict[str, PairModel]:
    """Models that are disordered, so that some sweeps of heat bath make draws independent."""
    k = 2 / lattice.coordination
    return {
        "spin 1": BlumeCapel(lattice, k, 0.3),
        "spin 1, K < 0, field": BlumeCapel(lattice, -k, -0.2, 0.3),
        "spin 1, shells": BlumeCapel(lattice, (0.7 * k, 0.3 * k), 0.2),
        "Ising, shells": Ising(lattice, (0.5 * k, -0.2 * k)),
        "Ising, shells, field": Ising(lattice, (-0.5 * k, 0.2 * k), 0.2),
        "Potts": Potts(lattice, 1.4 * k, 3),
        "Potts, shells": Potts(lattice, (k, -0.5 * k), 3),
        "Potts, K < 0": Potts(lattice, -1.2 * k, 4),
        "Potts, field": Potts(lattice, k, 3, -0.7),
        "clock": Clock(lattice, 1.2 * k),
        "gas": Gas(lattice, 1.4 * k, -1.0),
        "gas, shells": Gas(lattice, (k, -0.6 * k), -0.4),
    }


LATTICES = [ring(7), square(3), square(4, 2), triangular(3), cubic(2)]
CASES = [
    (name, lattice, algorithm)
    for lattice in LATTICES
    for name, model in models(lattice).items()
    for algorithm in ([WOLFF, BATH] if len(pairs.reflections(model)) else [BATH])
]


@pytest.mark.parametrize(("name", "lattice", "algorithm"), a_fifth(CASES), ids=str)
def test_distribution(name: str, lattice: Lattice, algorithm: str) -> None:
    model = models(lattice)[name]
    # 100,000 draws: by state a probability off by 1/sqrt(expected) shows, by class about 0.5 % in K
    spacing, clusters = (6, 4) if algorithm == WOLFF else (15, 1)
    drawn = draw(model, algorithm, chains=1000, draws=100, spacing=spacing, clusters=clusters)
    assert max(map(abs, chi_squares(model, drawn))) < 5
    chance, states = enumeration.probabilities(model), enumeration.states(lattice, model.letters)
    means = {"energy": (model.energy(drawn), chance @ model.energy(states))}
    for letter in model.letters.letters:
        means[f"letter {letter}"] = ((drawn == letter).mean(axis=-1), chance @ (states == letter).mean(axis=1))
    z = {what: mean_over_chains(seen.T).z(float(known)) for what, (seen, known) in means.items()}
    assert max(map(abs, z.values())) < 4, z


def test_the_cases_take_tables_and_products() -> None:
    every = [model for lattice in LATTICES for model in models(lattice).values()]
    assert {bool(pairs.tables_of(model).up_to.size) for model in every} == {True, False}


def running_means(model: PairModel, algorithm: str, chains: int = 200, steps: int = 200) -> tuple[Any, np.ndarray]:
    """<H>/N with its error, and draws (chain, draw, N), after as many steps as are recorded."""
    running = start(model, algorithm, chains, 1, "test", clusters=max(1, model.lattice.n_sites // 8))
    running.advance(150)
    return mean_over_chains(running.record(steps)[..., 0]), running.spins()


@pytest.mark.parametrize("algorithm", [WOLFF, BATH])
@pytest.mark.parametrize(
    "model",
    [
        Potts(triangular(11, 4), 0.6, 3),
        Potts(cubic(5, 2, 2), 0.45, 4),
        Potts(square(24, 5), potts_kc(3), 3),
        Potts(square(9, 4), potts_kc(4), 4),
        Potts(square(15, 2), 1.2, 10),
        BlumeCapel(triangular(9, 4), 0.4, 0.3),
        BlumeCapel(cubic(4, 3, 2), 0.4, 0.5),
        Clock(square(10, 4), 0.8),
    ],
    ids=str,
)
def test_energy_agrees_with_the_transfer_matrix(model: PairModel, algorithm: str) -> None:
    # errors of e are 0.0006 to 0.009; K 3 % high moves e by 5 to 40 of them
    assert abs(running_means(model, algorithm)[0].z(oracles.strip.energy_per_site(model))) < 4.5


@pytest.mark.parametrize("algorithm", [WOLFF, BATH])
@pytest.mark.parametrize(
    "model",
    [
        BlumeCapel(square(4), 0.590473, 0.0),
        BlumeCapel(square(6, 4), 0.590473, 0.0),
        BlumeCapel(square(4), **TRICRITICAL),
        BlumeCapel(square(6, 4), **TRICRITICAL),
        BlumeCapel(square(6), 0.5, 0.2, 0.1),
    ],
    ids=str,
)
def test_spins_of_three_letters_agree_with_the_transfer_matrix(model: BlumeCapel, algorithm: str) -> None:
    if algorithm == WOLFF and model.h:
        return
    N = model.lattice.n_sites
    energy, values = running_means(model, algorithm, chains=1000)
    assert abs(energy.z(oracles.strip.energy_per_site(model))) < 4.5
    # of the last states of 1000 chains; H has -h s and D s^2 of each site
    for function, known in (
        (values, oracles.strip.conjugate(model, "h") / N),
        (np.abs(values), -oracles.strip.conjugate(model, "D") / N),
    ):
        seen = function.mean(axis=1)
        assert abs(seen.mean() - known) < 4.5 * seen.std(ddof=1) / math.sqrt(len(seen))


def equilibrium_energy(model: Potts, chains: int, steps: int, *, ordered: bool | None = None) -> np.ndarray:
    """H/N after each of so many steps of about N sites, (chain, step), after as many more."""
    running = start(model, WOLFF, chains, 2, "test")
    if ordered is not None:
        running.values[:] = starts(model, 2 * chains, np.random.default_rng(2))[0 if ordered else 1 :: 2]
    running.advance(steps // 4)
    running.measure_step()
    running.advance(steps)
    return running.record(steps)[..., 0]


def test_two_states_have_the_energy_of_kaufman() -> None:
    model = Potts(square(40), potts_kc(2), 2)
    energy = equilibrium_energy(model, chains=60, steps=150)
    # H = -K sum delta = (H_Ising - K 2 N)/2 at K_Ising = K/2; the error is 0.001, 0.2 % of K would show
    ising = ising2d.energy_per_site(model.lattice, KC_SQUARE)
    assert abs(mean_over_chains(energy).z(model.K * (ising - 2) / 2)) < 4.5


@pytest.mark.slow
def test_ten_states_have_the_energies_of_both_phases() -> None:
    # of first order: at Kc the ordered and the random start stay in their phases at L = 96 = 9 correlation lengths;
    # e = -(1 + 1/sqrt q) -+ half of the latent heat 0.69605 (Baxter 1973), errors 0.0005
    K = potts_kc(10)
    for ordered, exact in ((True, -1.664253), (False, -0.968203)):
        energy = equilibrium_energy(Potts(square(96), K, 10), chains=40, steps=600, ordered=ordered) / K
        assert abs(mean_over_chains(energy).z(exact)) < 4.5


@pytest.mark.slow
def test_three_states_have_the_bulk_energy_of_self_duality() -> None:
    # e = -(1 + 1/sqrt 3) at Kc; the torus lies below by a L^(y_t - 2) = a L^-0.8 to leading order, ten error bars at
    # L = 32, which each pair removes. (For q = 4 the corrections are logarithms, and no L at hand removes them.)
    exact, factor = -(1 + 1 / math.sqrt(3)), 2**0.8
    means = []
    for L in (16, 32, 64):
        energy = equilibrium_energy(Potts(square(L), potts_kc(3), 3), chains=40, steps=2000) / potts_kc(3)
        means.append(mean_over_chains(energy))
    for small, large in pairwise(means):
        assert small.value < large.value < exact
        error = math.hypot(factor * large.error, small.error) / (factor - 1)
        assert error < 0.01  # K 0.2 % high would move e by as much
        assert abs((factor * large.value - small.value) / (factor - 1) - exact) < 4.5 * error


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="needs two threads")
@pytest.mark.parametrize("algorithm", [WOLFF, BATH])
def test_the_draws_do_not_depend_on_the_threads_nor_on_how_many_run(algorithm: str) -> None:
    model, results, before = Potts(cubic(5, 4, 3), 0.4, 5), [], numba.get_num_threads()
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            results.append(draw(model, algorithm, chains=7, draws=5, spacing=3))
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(*results)
    many, few = (start(model, algorithm, chains, 3, "test") for chains in (5, 2))
    many.values[:] = few.values[0]
    few.values[:] = few.values[0]
    for running in (many, few):
        running.advance(9)
    np.testing.assert_array_equal(many.values[:2], few.values)
    assert not np.array_equal(many.values[0], many.values[1])


EXTREME = st.sampled_from([0.0, 1e-300, 1e-9, 30.0, 1e6])
USUAL = st.integers(-2000, 2000).map(lambda n: n / 1000)  # energies nearer than 1e-12 are taken as equal
EXTENT = st.integers(2, 9)


@settings(max_examples=30)
@given(
    lattice=st.one_of(
        st.builds(ring, st.integers(2, 300)),
        st.builds(square, EXTENT, EXTENT),
        st.builds(triangular, EXTENT, EXTENT),
        st.builds(cubic, EXTENT, EXTENT, EXTENT),
    ),
    K=st.one_of(USUAL, EXTREME, EXTREME.map(lambda K: -K)),
    h=st.one_of(st.just(0.0), USUAL, st.sampled_from([1e6, -1e6])),
    q=st.one_of(st.none(), st.integers(2, 10), st.just(64)),
    algorithm=st.sampled_from([WOLFF, BATH]),
    seed=st.integers(0, 2**40),
)
def test_any_lattice_coupling_and_q_keep_letters_and_observables(
    lattice: Lattice, K: float, h: float, q: int | None, algorithm: str, seed: int
) -> None:
    model: PairModel = BlumeCapel(lattice, K, 0.3, h) if q is None else Potts(lattice, K, q, h)
    if algorithm == WOLFF and not len(pairs.reflections(model)):
        with pytest.raises(ValueError, match="symmetry"):
            start(model, algorithm, 1, seed)
        return
    running, again = (start(model, algorithm, 3, seed, clusters=2) for _ in range(2))
    seen, values = running.record(3), running.spins()
    model.letters.check("values", values)
    np.testing.assert_allclose(seen[:, -1, 0], model.energy(values) / lattice.n_sites, rtol=1e-12, atol=1e-12)
    if model.aligning and not (q is None and model.free):  # free spins may be alike by chance, as 0 and 1 at D = h
        np.testing.assert_allclose(seen[:, -1, 1], order(model, values), atol=1e-12)
    again.advance(3)
    np.testing.assert_array_equal(values, again.spins())
    np.testing.assert_array_equal(again.observe(), seen[:, -1])


def order(model: Any, values: np.ndarray) -> np.ndarray:
    """The order parameter where neighbours align, written out: m, its absolute value, or the densities' length."""
    if isinstance(model, BlumeCapel):
        m = values.mean(axis=1)
        return m if model.h else np.abs(m)
    share = np.stack([(values == a).mean(axis=1) for a in range(model.q)], axis=-1)
    if model.h and model.q == 2:
        return share[:, 1]
    alike = share[:, 1:] if model.h else share  # a field tells state 0 apart
    away = alike - alike.mean(axis=1, keepdims=True)
    return np.linalg.norm(away, axis=1) / math.sqrt(1 - 1 / alike.shape[1])


def test_ground_states_have_order_1() -> None:
    for model in (
        Ising(cubic(2, 4, 2), (-1.0, 0.0)),
        BlumeCapel(square(4), 1.0, 0.5),
        Potts(square(4), 1.0, 5),
        Potts(square(4, 6), -1.0, 4),
        Potts(triangular(6, 3), -1.0, 3),
    ):
        running = start(model, BATH, 40, 1)
        ordered = running.spins()[::2]
        full = np.abs(ordered).min(axis=1) > 0 if isinstance(model, BlumeCapel) else np.full(20, True)
        np.testing.assert_allclose(running.observe()[::2, 1][full], 1.0, atol=1e-12)
        assert np.ptp(model.energy(ordered[full])) == 0
        assert model.energy(ordered[full]).max() <= model.energy(running.spins()[1::2]).min()
    names = [pair_chains.names(Potts(square(4), K, 5))[1] for K in (1.0, -1.0)]
    assert [*names, pair_chains.names(BlumeCapel(square(4), 1.0, 0.0, 0.1))[1]] == ["order", "sublattice_order", "m"]


def test_the_ordered_state_at_huge_coupling_changes_only_as_a_whole() -> None:
    for model in (Potts(triangular(5, 7), 1e3, 4), Potts(cubic(3, 4, 5), 1e3, 4), BlumeCapel(cubic(2, 3, 4), 1e3, 0.0)):
        running = start(model, WOLFF, 60, 1)
        running.values[:] = 0
        running.advance(1)
        assert (running.values == running.values[:, :1]).all()
        assert set(np.unique(running.values)) == ({0, 1, 2, 3} if isinstance(model, Potts) else {2})
        running = start(model, BATH, 60, 1)
        running.values[:] = 0
        running.values[:, 7] = 2  # heat bath mends one flaw at once, and stays
        running.advance(2)
        assert (running.values == 0).all()


@pytest.mark.slow
def test_a_lattice_of_4096_squared_is_served() -> None:
    model = Potts(square(4096), potts_kc(3), 3)
    for algorithm in (WOLFF, BATH):
        running = start(model, algorithm, 1, 1)
        before = running.values.copy()
        running.advance(1)
        assert (running.values != before).any()
    assert running.observe()[0, 0] == pytest.approx(model.energy(running.values)[0] / 4096**2, rel=1e-12)


def test_errors_name_the_rule_and_the_choices() -> None:
    with pytest.raises(ValueError, match="got 'swendsen-wang'"):
        pair_chains.check(Potts(square(4), 0.4, 3), "swendsen-wang")
    with pytest.raises(ValueError, match="symmetry"):
        pair_chains.check(Gas(square(4), 0.4, 0.1), WOLFF)
